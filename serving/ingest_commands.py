"""`goodfaith ingest`: files of events into the store."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="Event logs: Parquet, or JSON lines.", exists=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take events into the store; rejected rows go to FILE.rejected.jsonl with their reasons."""
    from features.store import EventStore
    from serving.ingest import ingest_file, rejects_of
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
