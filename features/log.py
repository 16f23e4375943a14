"""An event log in files: read in batches, validated, the same however often and in whatever order it is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.columns import coerce
from features.errors import LogUnreadable, UnknownColumns
from features.events import COLUMNS, REQUIRED_COMMON
from features.jsonrows import check_rows, parse_line
from features.validation import Checked, Rejection, check

__all__ = ["ROWS_PER_BATCH", "Batch", "EventLog", "FileLog"]

#: Rows per batch: large enough for the kernels to pay, small enough to keep a few at a time.
ROWS_PER_BATCH, _JSON_ROWS = 262_144, 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a log.

    `rows` are the accepted events with canonical columns (those the source has), `numbers` (k,) their
    positions in the whole log, where those of `source` begin at `offset`; `rejected` are the others, with their
    positions in `source`.
    """

    source: str
    offset: int = 0
    numbers: npt.NDArray[np.int64]
    rows: pa.Table
    rejected: tuple[Rejection, ...] = ()


class EventLog(Protocol):
    """Anything that events can be read from, again and again."""

    @property
    def rows(self) -> int:
        """About how many rows there are, for deciding how finely to divide them."""

    @property
    def settled(self) -> bool:
        """Whether every event id is known to stand only once."""

    def batches(self, *, clock: datetime | None = None) -> Iterator[Batch]:
        """All rows, in the log's own order; `clock` is the moment that no event may be known after."""


class FileLog:
    """Events in Parquet files or JSON lines, taken together as one log."""

    settled = False

    def __init__(self, paths: Sequence[Path], *, currency: str) -> None:
        self.paths = tuple(paths)
        self.currency = currency
        for path in self.paths:
            if _is_parquet(path):
                _refuse_unknown_columns(path)

    @property
    def rows(self) -> int:
        """Rows of the Parquet files; for JSON, an estimate from the size."""
        return sum(_row_count(path) for path in self.paths)

    def batches(self, *, clock: datetime | None = None) -> Iterator[Batch]:
        """All rows of all files, a few at a time."""
        offset = 0
        for path in self.paths:
            read = self._parquet if _is_parquet(path) else self._json
            first = 0
            for checked, count in read(path, clock):
                numbers = checked.good + (offset + first)
                yield Batch(
                    source=str(path), offset=offset, numbers=numbers, rows=checked.rows, rejected=checked.rejected
                )
                first += count
            offset += first

    def _parquet(self, path: Path, clock: datetime | None) -> Iterator[tuple[Checked, int]]:
        first = 0
        for rows in _parquet_batches(path):
            yield self._checked(rows, first, clock), rows.num_rows
            first += rows.num_rows

    def _checked(self, rows: pa.RecordBatch, first: int, clock: datetime | None) -> Checked:
        columns = {name: coerce(rows.column(name), COLUMNS[name]) for name in rows.schema.names}

        def sent(row: int, name: str) -> Any:
            try:
                return rows.column(name)[row].as_py()
            except (ValueError, OverflowError):
                return "a value that cannot be written down"

        return check(columns, sent, currency=self.currency, first=first, clock=clock)

    def _json(self, path: Path, clock: datetime | None) -> Iterator[tuple[Checked, int]]:
        first = 0
        with path.open("rb") as lines:
            while chunk := list(islice(lines, _JSON_ROWS)):
                rows = [parse_line(line) for line in chunk if line.strip()]
                yield check_rows(rows, currency=self.currency, first=first, clock=clock), len(rows)
                first += len(rows)


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1" or path.suffix == ".parquet"
    except OSError as error:
        raise LogUnreadable(f"{path} cannot be read: {error.strerror}") from error


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise LogUnreadable(f"{path} is no readable Parquet file: {error}") from error


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with _open_parquet(path) as file:
        try:
            for group in range(file.num_row_groups):
                columns = _saying_anything(file, group)
                yield from file.iter_batches(batch_size=ROWS_PER_BATCH, row_groups=[group], columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise LogUnreadable(f"{path} is broken: {error}") from error


def _saying_anything(file: pq.ParquetFile, group: int) -> list[str]:
    """The columns of a row group that are not null throughout; to read the others costs as much as to read these."""
    about = file.metadata.row_group(group)
    parts = [about.column(number) for number in range(about.num_columns)]
    saying = {
        part.path_in_schema.split(".")[0]
        for part in parts
        if part.statistics is None or not part.statistics.has_null_count or part.statistics.null_count < about.num_rows
    }
    # Of a list, the statistics count the items that are null, which says nothing about the lists.
    kept = {*saying, *REQUIRED_COMMON, *(f.name for f in file.schema_arrow if pa.types.is_nested(f.type))}
    # Rows that say nothing at all are rows still, and are rejected one by one.
    return [name for name in file.schema_arrow.names if name in kept] or file.schema_arrow.names


def _refuse_unknown_columns(path: Path) -> None:
    with _open_parquet(path) as file:
        names = file.schema_arrow.names
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise UnknownColumns(f"{path} has columns that no event uses: {', '.join(map(repr, unknown))}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LogUnreadable(f"{path} has a column more than once: {', '.join(map(repr, twice))}")


def _row_count(path: Path) -> int:
    if not _is_parquet(path):
        return path.stat().st_size // 200
    with _open_parquet(path) as file:
        return int(file.metadata.num_rows)
