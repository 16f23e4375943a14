"""`goodfaith ingest` and `goodfaith consume`: events into the store, from files and from a broker."""

import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.settings import Settings
from serving.key_commands import May, listed_types

__all__ = ["app"]

app = typer.Typer()


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="Event logs: Parquet, or JSON lines.", exists=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Write nothing: say what is odd about the files, together.")
    ] = False,
) -> None:
    """Take events into the store; rejected rows go to FILE.rejected.jsonl with their reasons.

    With --check-only nothing is written, and it ends with 1 where a finding says to stop.
    """
    if check_only:
        _check(files, as_json)
    else:
        _take_in(files, as_json)


@app.command()
def consume(
    stream: Annotated[str, typer.Option(help="The stream that events come by; dead letters go to STREAM.rejected.")],
    group: Annotated[str, typer.Option(help="The group of consumers that share the stream.")] = "goodfaith",
    name: Annotated[str, typer.Option(help="This consumer's name in the group; by default that of the machine.")] = "",
    source: Annotated[str, typer.Option(help="What is noted as the source of events that name none.")] = "",
    may: May = None,
) -> None:
    """Take in events from a stream of Redis (GOODFAITH_BROKER_URL) until interrupted.

    Entries are acknowledged once their events are on disk; what cannot go in becomes a dead letter with its reason.
    """
    from serving.ingest.consume import Stream, consume_from
    from serving.ingest.feeds import Feed

    listed = listed_types(may)
    feed = Feed(name=source or stream, event_types=None if listed is None else frozenset(listed))
    read = Stream(name=stream, group=group, consumer=name or socket.gethostname())
    consume_from(read, feed, Settings(), clock=lambda: datetime.now(UTC))


def _check(files: list[Path], as_json: bool) -> None:
    from features.progress import shown
    from serving.check_log import check_files, told

    report = check_files(files, Settings(), now=datetime.now(UTC), watch=shown)
    if as_json:
        named = {"files": [str(path) for path in files]}
        typer.echo(json.dumps(named | report.plain(), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(told(report)))
    if report.stops:
        raise typer.Exit(1)


def _take_in(files: list[Path], as_json: bool) -> None:
    from features.store import EventStore
    from serving.ingest.files import ingest_file, rejects_of
    from serving.store import opened

    settings, told = Settings(), []
    with opened(settings.database) as engine:
        held = EventStore(engine)
        held.settle_currency(settings.currency)
        for path in files:
            outcome = ingest_file(held, path, currency=settings.currency, now=datetime.now(UTC))
            told.append({"file": str(path), **outcome.plain()})
            if as_json:
                continue
            rejected = sum(outcome.rejected.values())
            typer.echo(f"{path}: {outcome.accepted} accepted, {outcome.duplicates} duplicate, {rejected} rejected")
            for code, count in sorted(outcome.rejected.items()):
                typer.echo(f"  {code}: {count}")
            if rejected:
                typer.echo(f"  see {rejects_of(path)}")
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
