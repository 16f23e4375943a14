"""The command line of the importers: `goodfaith import SOURCE ...`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from features.importers.olist import ImportReport, import_olist
from features.importers.olist_facts import FACTS, LEFT_OUT

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def importers() -> None:
    """Turn another system's data into an event log."""


@app.command()
def olist(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder with the Olist tables, CSV or Parquet.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The event log to write (Parquet).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import Olist's Brazilian marketplace (Kaggle, CC BY-NC-SA 4.0); amounts are in BRL."""
    report = import_olist(source, out)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _print(report, out, Console())


def _print(report: ImportReport, out: Path, console: Console) -> None:
    meanings = {question.name: question.text for question in (*LEFT_OUT, *FACTS)}
    console.print(_table("Events", report.events, {}))
    console.print(_table("Left out", report.left_out, meanings))
    console.print(_table("Facts to check", report.facts, meanings))
    console.print(f"{sum(report.events.values()):,} events in BRL written to {out}", highlight=False, soft_wrap=True)


def _table(title: str, numbers: dict[str, int] | dict[str, int | float | None], meanings: dict[str, str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("number", justify="right", no_wrap=True)
    if meanings:
        table.add_column("meaning")
    for name, number in numbers.items():
        table.add_row(name, _written(number), *([meanings[name]] if meanings else []))
    return table


def _written(number: int | float | None) -> str:
    if number is None:
        return "-"
    return f"{number:.2%}" if isinstance(number, float) else f"{number:,}"
