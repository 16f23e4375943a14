"""A marketplace in files: the event log, the truth and the texts, written piece by piece, all whole or not at all."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from features.errors import OutputUnwritable
from features.progress import Watch, silently
from features.simulator.authors import TEXTS
from features.simulator.crew import pieces_of
from features.simulator.scenario import Scenario
from features.simulator.sheet import FILLED
from features.simulator.simulate import TOGETHER
from features.simulator.truth import TABLES

__all__ = ["Written", "write_marketplace"]

_NAMES = ("events.parquet", "texts.parquet", *(f"{name}.parquet" for name in TABLES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written: files (`texts` is null if none were wanted), and how much they tell of how many merchants."""

    events: Path
    truth: Path
    texts: Path | None
    n_events: int
    n_orders: int
    n_merchants: int
    n_texts: int


def write_marketplace(
    scenario: Scenario, folder: Path, *, texts: bool = True, processes: int = 1, watch: Watch = silently
) -> Written:
    """Simulate a marketplace into `folder`, which is made if need be; without `texts`, earlier ones go, too.

    The files are the same, to the byte, for any number of `processes`.

    Raises `OutputUnwritable`; then nothing is left behind.
    """
    n_events = n_orders = n_texts = 0
    made = pieces_of(scenario, texts=texts, processes=processes)
    pieces = watch(made, title="Simulating", total=-(-scenario.merchants // TOGETHER))
    with (
        _appearing(folder, texts=texts) as halves,
        ExitStack() as files,
    ):
        schemas = (FILLED, TEXTS, *TABLES.values())
        writers = [files.enter_context(pq.ParquetWriter(half, schema, compression="zstd"))
                   for half, schema in zip(halves, schemas, strict=True)]  # fmt: skip
        for piece in pieces:
            for writer, table in zip(writers, (piece.events, piece.texts, *piece.tables.values()), strict=True):
                writer.write_table(table)
            n_texts += piece.texts.num_rows
            n_events += piece.events.num_rows
            n_orders += sum(piece.truth["n_orders"].to_pylist())
    return Written(
        events=folder / _NAMES[0], truth=folder / _NAMES[2], texts=folder / _NAMES[1] if texts else None,
        n_events=n_events, n_orders=n_orders, n_merchants=scenario.merchants, n_texts=n_texts,
    )  # fmt: skip


@contextmanager
def _appearing(folder: Path, *, texts: bool) -> Iterator[list[Path]]:
    """Paths to write to, which become the files when the block ends well and vanish when it does not.

    Without `texts` that file is none in the end, so that no earlier one stands beside events of which it does not tell.
    """
    halves = [folder / f".{name}.half" for name in _NAMES]
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield halves
            for half, name in zip(halves, _NAMES, strict=True):
                half.replace(folder / name)
            if not texts:
                (folder / _NAMES[1]).unlink()
        finally:
            for half in halves:
                half.unlink(missing_ok=True)
            if made and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise OutputUnwritable(f"{folder} cannot be written: {error.strerror}") from error
