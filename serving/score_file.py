"""The file that `goodfaith score` writes: one row per merchant (contracts 3.3)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scoring.assessment import Assessment
from serving.errors import OutputUnwritable

__all__ = ["SCHEMA", "ScoreFile", "score_table", "writing_scores"]

SCHEMA = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("score", pa.int64()),
        ("band", pa.string()),
        ("p_bad", pa.float64()),
        ("p_counterfeit", pa.float64()),
        ("counterfeit_level", pa.string()),
        ("reasons", pa.list_(pa.string())),
    ]
)


def score_table(batch: Sequence[Assessment]) -> pa.Table:
    """Assessments as rows of the file; `reasons` are codes, the heaviest first."""
    rows = [
        {
            "merchant_id": one.merchant_id,
            "as_of": one.as_of,
            "score": one.score,
            "band": str(one.band),
            "p_bad": one.p_bad,
            "p_counterfeit": one.counterfeit.p,
            "counterfeit_level": str(one.counterfeit.level),
            "reasons": [reason.code for reason in one.reasons],
        }
        for one in batch
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


class ScoreFile:
    """A score file while it is being written; raises `OutputUnwritable`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = path.with_name(f".{path.name}.unfinished")
        with self._writable():
            self._writer = pq.ParquetWriter(self._unfinished, SCHEMA)

    def add(self, batch: Sequence[Assessment]) -> None:
        """Write some more rows."""
        with self._writable():
            self._writer.write_table(score_table(batch))

    def finish(self) -> None:
        """Give the file its name."""
        with self._writable():
            self._writer.close()
            self._unfinished.replace(self.path)

    def give_up(self) -> None:
        """Leave nothing behind of a file that was not finished."""
        self._writer.close()
        self._unfinished.unlink(missing_ok=True)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputUnwritable(f"{self.path} cannot be written: {error.strerror or error}") from error


@contextmanager
def writing_scores(path: Path) -> Iterator[ScoreFile]:
    """Write a score file that appears under its name only when it is whole."""
    file = ScoreFile(path)
    try:
        yield file
        file.finish()
    finally:
        file.give_up()
