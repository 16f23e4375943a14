"""The command line of the simulator: `goodfaith simulate`."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from features.progress import shown
from features.settings import Settings
from features.simulator.receiver import Address, Receiver
from features.simulator.scenario import Scenario
from features.simulator.stream import Streamer, opened_outbox
from features.simulator.write import Written, write_marketplace

__all__ = ["app"]

app = typer.Typer()

_SPEED, _LIVE, _FASTEST = 1000.0, 7, 1_000_000


@app.command()
def simulate(
    out: Annotated[Path | None, typer.Option(help="The folder to write events.parquet and truth.parquet into.")] = None,
    merchants: Annotated[int, typer.Option(help="How many merchants there are.", min=1, max=100_000)] = 2000,
    days: Annotated[int, typer.Option(help="How many days the marketplace runs.", min=1, max=3650)] = 540,
    start: Annotated[str | None, typer.Option(help="Its first day (UTC); else such that it ends yesterday.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.", min=0, max=2**31)] = 1,
    to: Annotated[
        str | None, typer.Option(help="The URL of a running service to send the events to; GOODFAITH_KEY is the key.")
    ] = None,
    speed: Annotated[
        str | None, typer.Option(help=f"How much faster than ours its clock runs, such as {_SPEED:.0f}x (the default).")
    ] = None,
    live: Annotated[
        int | None,
        typer.Option(help=f"How many of the last days go out at that speed ({_LIVE}); what is before, at once.", min=1),
    ] = None,
) -> None:
    """Make up a marketplace with known truth: reliable, sloppy, fake-selling and bust-out merchants over time.

    Its events become files (--out), or are sent to a running service (--to), or both.
    """
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days) if start is None else _day(start)
    scenario = Scenario(merchants=merchants, days=days, start=first, seed=seed)
    if to is None:
        if out is None:
            raise typer.BadParameter("where shall the events go: --out DIR, --to URL, or both?", param_hint="--out")
        if speed is not None or live is not None:
            raise typer.BadParameter("--speed and --live say how events go to a service", param_hint="--to")
        _write(scenario, out)
        return
    pace = _speed(speed) if speed is not None else _SPEED
    if first > today:
        raise typer.BadParameter("a service takes nothing that is known in the future", param_hint="--start")
    with closing(_receiver(to)) as receiver, _folder(out) as folder:
        receiver.greet()
        log = _write(scenario, folder, told=out is not None).events
        stopped = _stream(log, receiver, speed=pace, live=timedelta(days=live or _LIVE))
    if stopped:
        _say(f"Stopped. The same command with --start {first} may follow: what the service has is a duplicate then.")
        raise typer.Exit(1)


def _write(scenario: Scenario, out: Path, *, told: bool = True) -> Written:
    written = write_marketplace(scenario, out, watch=shown)
    last = scenario.start + timedelta(days=scenario.days - 1)
    about = f"{written.n_events:,} events, {scenario.start} to {last}, among them {written.n_orders:,} orders"
    typer.echo(f"{written.events}: {about}" if told else about)
    if told:
        typer.echo(f"{written.truth}: the truth about {written.n_merchants:,} merchants")
    return written


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """The folder that is asked for, or else one that goes when it is not needed any more."""
    if out is not None:
        yield out
        return
    with TemporaryDirectory(prefix="goodfaith-") as folder:
        yield Path(folder)


def _receiver(to: str) -> Receiver:
    try:
        address = Address.parse(to)
    except ValueError as error:
        raise typer.BadParameter(f"{error}", param_hint="--to") from error
    key = Settings().key.get_secret_value()
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise typer.BadParameter("GOODFAITH_KEY must be set to an API key of that service", param_hint="--to")
    return Receiver(address, key.strip(), sleep=time.sleep, say=_say)


def _stream(log: Path, receiver: Receiver, *, speed: float, live: timedelta) -> bool:
    """Send a log; however it ends, say how far it came. Whether it was stopped is the answer."""
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
    return stopped


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _speed(text: str) -> float:
    """How many times faster: `1000x` or `1000`."""
    try:
        speed = float(text.removesuffix("x"))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no speed such as 1000x", param_hint="--speed") from error
    if not 1 <= speed <= _FASTEST:
        raise typer.BadParameter(f"{text!r} is not between 1x and {_FASTEST}x", param_hint="--speed")
    return speed


def _day(text: str) -> date:
    """A day of this century; anything else is wrong usage."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date", param_hint="--start") from error
    if not 2000 <= day.year < 2100:
        raise typer.BadParameter(f"{text!r} is no day of this century", param_hint="--start")
    return day
