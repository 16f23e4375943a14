"""What `goodfaith simulate --to` asks and tells: wrong usage is named, and how far the events came."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from features.progress import shown
from features.settings import Settings
from features.simulator.receiver import Address, Receiver
from features.simulator.stream import Streamer, opened_outbox

__all__ = ["LIVE", "SPEED", "folder_for", "receiver_at", "send_log", "speed_of"]

#: How many times faster the clock runs, and for how many of the last days, unless told otherwise.
SPEED, LIVE = 1000, 7
_FASTEST = 1_000_000


def speed_of(text: str) -> float:
    """How many times faster: `1000x` or `1000`. Anything else is wrong usage."""
    try:
        speed = float(text.removesuffix("x"))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no speed such as 1000x", param_hint="--speed") from error
    if not 1 <= speed <= _FASTEST:
        raise typer.BadParameter(f"{text!r} is not between 1x and {_FASTEST}x", param_hint="--speed")
    return speed


@contextmanager
def receiver_at(url: str) -> Iterator[Receiver]:
    """The service at a URL, if it takes events from us. Another address, or no key, is wrong usage.

    Raises `StreamFailed` when it refuses, or is not there.
    """
    try:
        address = Address.parse(url)
    except ValueError as error:
        raise typer.BadParameter(f"{error}", param_hint="--to") from error
    key = Settings().key.get_secret_value()
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise typer.BadParameter("GOODFAITH_KEY must be set to an API key of that service", param_hint="--to")
    receiver = Receiver(address, key.strip(), sleep=time.sleep, say=_say)
    try:
        receiver.greet()
        yield receiver
    finally:
        receiver.close()


@contextmanager
def folder_for(out: Path | None) -> Iterator[Path]:
    """The folder that is asked for, or else one that goes when it is not needed any more."""
    if out is not None:
        yield out
        return
    with TemporaryDirectory(prefix="goodfaith-") as folder:
        yield Path(folder)


def send_log(log: Path, receiver: Receiver, *, speed: float, live: timedelta) -> None:
    """Send a log; however it ends, say how far it came. Stopped by Ctrl-C, the command ends with 1."""
    streamer = Streamer(receiver=receiver, clock=lambda: datetime.now(UTC), sleep=time.sleep, say=_say, watch=shown)
    stopped = False
    try:
        with opened_outbox(log) as outbox:
            streamer.run(outbox, speed=speed, live=live)
    except KeyboardInterrupt:
        stopped = True
    finally:
        told = streamer.told
        until = f"until {told.until:%Y-%m-%d %H:%M} of the marketplace: " if told.until else ""
        typer.echo(f"{until}{told.sentence()}; at most {told.behind.total_seconds():.1f} s late")
        if told.rejected["event_id_conflict"]:
            _say("the service knows these ids from another marketplace; another --seed makes new ones")
    if stopped:
        _say("Stopped. Given again with the same --start, the command sends again what is there already: duplicates.")
        raise typer.Exit(1)


def _say(text: str) -> None:
    typer.echo(text, err=True)
