"""Commands of the features floor."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from features.database import open_engine
from features.engine import COLUMNS_KEPT, features_of
from features.errors import OutputUnwritable
from features.importers.commands import app as imports
from features.log import EventLog, FileLog
from features.partition import Accepted, divided
from features.progress import shown
from features.settings import Settings
from features.simulator.commands import app as simulator
from features.spine import Spine, midnight, read_spine
from features.store import EventStore

__all__ = ["app", "as_of_day", "check_writable", "read_log", "tell", "write_parquet"]

app = typer.Typer()
app.add_typer(simulator)
app.add_typer(imports, name="import", help="Turn another system's tables into an event log.")

Events = Annotated[
    list[Path] | None,
    typer.Option("--events", help="An event log: Parquet, or JSON lines; repeat it for several.", exists=True),
]
FromStore = Annotated[bool, typer.Option("--store", help="Read the events of the store.")]


def read_log(events: list[Path] | None, store: bool) -> EventLog:
    """The log that the options name; it must be one or the other."""
    settings = Settings()
    if bool(events) == store:
        raise typer.BadParameter("give either --events FILE or --store")
    if events:
        return FileLog(events, currency=settings.currency)
    held = EventStore(open_engine(settings.database))
    held.settle_currency(settings.currency)
    return held.log()


def tell(outcome: Accepted) -> None:
    """Say on standard error what became of a log's rows."""
    typer.echo(f"{outcome.accepted} events, {outcome.duplicates} duplicates", err=True)
    for code, count in sorted(outcome.rejected.items()):
        typer.echo(f"rejected {count} x {code}, for instance {outcome.example[code]}", err=True)


def as_of_day(text: str) -> datetime:
    """The midnight UTC that a date or a moment names; anything else is wrong usage."""
    try:
        moment = midnight(date.fromisoformat(text)) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date") from error
    if moment.utcoffset() is None or moment.timestamp() % 86_400:
        raise typer.BadParameter(f"{text!r} is no midnight UTC")
    return moment


@app.command()
def features(
    out: Annotated[Path, typer.Option("--out", help="The feature file to write (Parquet).")],
    events: Events = None,
    store: FromStore = False,
    spine: Annotated[Path | None, typer.Option(help="Merchants and midnights to answer.", exists=True)] = None,
    as_of: Annotated[str | None, typer.Option(help="A day: every merchant known by its midnight UTC.")] = None,
    engine: Annotated[str, typer.Option(help="What divides the log: duckdb.")] = "duckdb",
) -> None:
    """Compute every feature of the catalogue as of the moments of a spine."""
    if engine != "duckdb":
        raise typer.BadParameter("the only engine is duckdb", param_hint="--engine")
    check_writable(out)
    wanted = _wanted(spine, as_of)
    with divided(read_log(events, store), COLUMNS_KEPT, watch=shown) as log:
        tell(log.outcome)
        rows = features_of(log, wanted if isinstance(wanted, Spine) else log.everybody(wanted), watch=shown)
    write_parquet(rows, out)
    typer.echo(f"{out}: {rows.num_rows} rows, {rows.num_columns - 2} features", err=True)


def _wanted(spine: Path | None, as_of: str | None) -> Spine | datetime:
    """The rows to answer, or the midnight to answer everybody at."""
    if spine is not None and as_of is None:
        return read_spine(spine)
    if as_of is not None and spine is None:
        return as_of_day(as_of)
    raise typer.BadParameter("give either --spine FILE or --as-of DATE")


def check_writable(out: Path) -> None:
    """Raise `OutputUnwritable` before any work is done for a file that could not be kept."""
    if out.is_dir() or not out.name:
        raise OutputUnwritable(f"{out} is a folder, and a file is to be written")
    if not out.absolute().parent.is_dir():
        raise OutputUnwritable(f"{out} cannot be written: its folder does not exist")


def write_parquet(rows: pa.Table, out: Path) -> None:
    """Write a file whole or not at all. Raises `OutputUnwritable`."""
    half = out.with_name(f".{out.name}.half")
    try:
        pq.write_table(rows, half)
        half.replace(out)
    except OSError as error:
        raise OutputUnwritable(f"{out} cannot be written: {error.strerror}") from error
    finally:
        half.unlink(missing_ok=True)
