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

__all__ = ["ROWS_PER_BATCH", "Batch", "EventLog", "FileLog", "Piece"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What can be read of a log by itself: row groups of a Parquet file, or a whole file of JSON lines (no groups).

    Its rows are numbered in the log from `offset + first`; `first` is the position of its first row in the file.
    """

    path: Path
    offset: int
    first: int = 0
    groups: range | None = None


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
        for piece in self.pieces():
            yield from self.read(piece, clock=clock)

    def pieces(self, *, rows: int | None = None) -> list[Piece]:
        """The files in pieces of so many rows, rounded up to row groups; each file whole where None."""
        found: list[Piece] = []
        offset = 0
        for path in self.paths:
            if _is_parquet(path):
                found += _cut(path, offset, rows)
                offset += _row_count(path)
            else:
                found.append(Piece(path=path, offset=offset))
                # A file has no more lines than bytes, and how many it has need not be known to number what follows.
                offset += path.stat().st_size
        return found

    def read(self, piece: Piece, *, clock: datetime | None = None) -> Iterator[Batch]:
        """The rows of a piece, a few at a time."""
        first = piece.first
        read = self._json(piece, clock) if piece.groups is None else self._parquet(piece, clock)
        for checked, count in read:
            numbers = checked.good + (piece.offset + first)
            yield Batch(
                source=str(piece.path), offset=piece.offset, numbers=numbers, rows=checked.rows,
                rejected=checked.rejected,
            )  # fmt: skip
            first += count

    def _parquet(self, piece: Piece, clock: datetime | None) -> Iterator[tuple[Checked, int]]:
        first = piece.first
        for rows in _parquet_batches(piece.path, piece.groups or range(0)):
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

    def _json(self, piece: Piece, clock: datetime | None) -> Iterator[tuple[Checked, int]]:
        first = 0
        with piece.path.open("rb") as lines:
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


def _cut(path: Path, offset: int, rows: int | None) -> Iterator[Piece]:
    """The row groups of a file, as many together as it takes for so many rows."""
    with _open_parquet(path) as file:
        counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    begin = first = together = 0
    for group, count in enumerate(counts):
        together += count
        if group + 1 == len(counts) or (rows is not None and together >= rows):
            yield Piece(path=path, offset=offset, first=first, groups=range(begin, group + 1))
            begin, first, together = group + 1, first + together, 0


def _parquet_batches(path: Path, groups: range) -> Iterator[pa.RecordBatch]:
    with _open_parquet(path) as file:
        try:
            for group in groups:
                columns = _saying_anything(file, group)
                yield from file.iter_batches(
                    batch_size=ROWS_PER_BATCH, row_groups=[group], columns=columns, use_threads=False
                )
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
