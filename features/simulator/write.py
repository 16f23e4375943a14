"""A marketplace in files: the event log and the truth, written piece by piece, both whole or not at all."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from features.errors import OutputUnwritable
from features.progress import Watch, silently
from features.simulator.scenario import Scenario
from features.simulator.sheet import FILLED
from features.simulator.simulate import TOGETHER, simulate
from features.simulator.truth import TABLES

__all__ = ["Written", "write_marketplace"]

_NAMES = ("events.parquet", *(f"{name}.parquet" for name in TABLES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written: two files, and how many events and orders of how many merchants they tell of."""

    events: Path
    truth: Path
    n_events: int
    n_orders: int
    n_merchants: int


def write_marketplace(scenario: Scenario, folder: Path, *, watch: Watch = silently) -> Written:
    """Simulate a marketplace into `folder`, which is made if need be.

    Raises `OutputUnwritable`; then nothing is left behind.
    """
    n_events = n_orders = 0
    pieces = watch(simulate(scenario), title="Simulating", total=-(-scenario.merchants // TOGETHER))
    with (
        _appearing(folder) as halves,
        ExitStack() as files,
    ):
        schemas = (FILLED, *TABLES.values())
        log, *tables = [files.enter_context(pq.ParquetWriter(half, schema, compression="zstd"))
                        for half, schema in zip(halves, schemas, strict=True)]  # fmt: skip
        for piece in pieces:
            log.write_table(piece.events)
            for writer, table in zip(tables, piece.tables.values(), strict=True):
                writer.write_table(table)
            n_events += piece.events.num_rows
            n_orders += sum(piece.truth["n_orders"].to_pylist())
    return Written(
        events=folder / _NAMES[0], truth=folder / _NAMES[1],
        n_events=n_events, n_orders=n_orders, n_merchants=scenario.merchants,
    )  # fmt: skip


@contextmanager
def _appearing(folder: Path) -> Iterator[list[Path]]:
    """Paths to write to, which become the files when the block ends well and vanish when it does not."""
    halves = [folder / f".{name}.half" for name in _NAMES]
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield halves
            for half, name in zip(halves, _NAMES, strict=True):
                half.replace(folder / name)
        finally:
            for half in halves:
                half.unlink(missing_ok=True)
            if made and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise OutputUnwritable(f"{folder} cannot be written: {error.strerror}") from error
