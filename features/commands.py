"""Commands of the features floor."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
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
from features.spark.session import HERE, spark_session
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


class Engine(StrEnum):
    """What divides a log by merchant and works on the parts: DuckDB on this machine, or Spark on one or many."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@app.command()
def features(
    out: Annotated[Path, typer.Option("--out", help="The feature file to write (Parquet).")],
    events: Events = None,
    store: FromStore = False,
    spine: Annotated[Path | None, typer.Option(help="Merchants and midnights to answer.", exists=True)] = None,
    as_of: Annotated[str | None, typer.Option(help="A day: every merchant known by its midnight UTC.")] = None,
    engine: Annotated[Engine, typer.Option(help="What divides the log by merchant.")] = Engine.DUCKDB,
    master: Annotated[
        str | None, typer.Option(help="With --engine spark: where it runs; on all cores of this machine unless said.")
    ] = None,
) -> None:
    """Compute every feature of the catalogue as of the moments of a spine."""
    if master and engine is not Engine.SPARK:
        raise typer.BadParameter("only --engine spark has a master", param_hint="--master")
    if store and not (master or HERE).startswith("local"):
        raise typer.BadParameter("a cluster does not see the store; give it --events that all its machines see")
    check_writable(out)
    wanted, log = _wanted(spine, as_of), read_log(events, store)
    rows = _on_duckdb(log, wanted) if engine is Engine.DUCKDB else _on_spark(log, wanted, master or HERE)
    write_parquet(rows, out)
    typer.echo(f"{out}: {rows.num_rows} rows, {rows.num_columns - 2} features", err=True)


def _on_duckdb(log: EventLog, wanted: Spine | datetime) -> pa.Table:
    with divided(log, COLUMNS_KEPT, watch=shown) as parted:
        tell(parted.outcome)
        return features_of(parted, wanted if isinstance(wanted, Spine) else parted.everybody(wanted), watch=shown)


def _on_spark(log: EventLog, wanted: Spine | datetime, master: str) -> pa.Table:
    typer.echo(f"computing features on Spark ({master}) ...", err=True)
    with spark_session(master) as spark, TemporaryDirectory(prefix="goodfaith-") as folder:
        # Without pyspark there is a session no more than there are these, and the session says so.
        from features.spark.engine import features_on_spark
        from features.spark.reading import as_files

        files = as_files(log, Path(folder), currency=Settings().currency)
        return features_on_spark(spark, files, wanted, heard=tell)


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
