"""A log divided by merchant, so that only a part of it need be in memory at a time.

One pass reads and validates the log and writes each accepted event to its merchant's part; parts are Arrow
streams in a temporary folder. All events of a merchant are in one part.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.duplicates import Discarded, EventIds
from features.errors import NothingAccepted
from features.events import SCHEMA
from features.known import Known, type_codes
from features.log import ROWS_PER_BATCH, Batch, EventLog
from features.progress import Watch, silently
from features.spine import Spine, everybody_at

__all__ = ["Accepted", "Divided", "divided", "kept"]

Ints = npt.NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Rows per part that are worth a part of its own.
ROWS_PER_PART = 500_000


@dataclass(slots=True, kw_only=True)
class Accepted:
    """What became of the rows of a log: how many stand, repeat others, or were rejected, by code."""

    accepted: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    example: dict[str, str] = field(default_factory=dict)

    def take(self, batch: Batch) -> None:
        """Count a batch."""
        self.accepted += batch.rows.num_rows
        for rejection in batch.rejected:
            self.rejected[rejection.code] += 1
            self.example.setdefault(rejection.code, f"row {rejection.index}: {rejection.detail}")

    def discard(self, discarded: Discarded) -> None:
        """Count the rows that do not stand."""
        self.accepted -= len(discarded.numbers)
        self.duplicates += discarded.duplicates
        for source, rejection in discarded.conflicts:
            self.rejected[rejection.code] += 1
            self.example.setdefault(rejection.code, f"{source} row {rejection.index}: {rejection.event_id}")

    def check(self) -> None:
        """Raise `NothingAccepted` where there were rows and none of them stands."""
        if self.accepted or not self.rejected:
            return
        listed = "; ".join(f"{count} x {code} ({self.example[code]})" for code, count in self.rejected.most_common())
        hint = " Set GOODFAITH_CURRENCY to the log's currency." if "currency_mismatch" in self.rejected else ""
        raise NothingAccepted(f"No row of the log was accepted: {listed}.{hint}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """A log in parts: `merchants` numbers merchants; the merchant with number i is in part i modulo `count`."""

    merchants: dict[str, int]
    first_known: Ints
    last_known: int
    outcome: Accepted
    count: int
    _load: Callable[[int], pa.Table]

    def everybody(self, as_of: datetime) -> Spine:
        """Every merchant with an event known before a midnight, by name."""
        moment = (as_of - _EPOCH) // timedelta(microseconds=1)
        known = (name for name, number in self.merchants.items() if self.first_known[number] < moment)
        return everybody_at(known, as_of)

    def part(self, number: int) -> Known:
        """All events of the merchants of a part."""
        return Known(self._load(number))


class _Parts:
    """Writes batches to parts: in memory where there is one part, else to one file each."""

    def __init__(self, folder: Path, schema: pa.Schema, count: int, stack: ExitStack) -> None:
        self.schema, self.count = schema, count
        self._kept: list[pa.Table] = []
        self._paths = [folder / f"{number}.arrows" for number in range(count)]
        self._stack = stack
        self._writers: list[pa.RecordBatchStreamWriter] = []
        if count > 1:
            self._writers = [stack.enter_context(pa.ipc.new_stream(str(path), schema)) for path in self._paths]

    def write(self, rows: pa.Table) -> None:
        if self.count == 1:
            self._kept.append(rows)
            return
        merchant = rows.column("merchant").to_numpy()
        part = merchant % self.count
        place = part * (merchant.max(initial=0) // self.count + 1) + merchant // self.count
        # NumPy sorts 16 bits by radix, several times faster than wider numbers.
        narrow = np.uint16 if place.max(initial=0) < 2**16 else np.int64
        order = np.argsort(place.astype(narrow), kind="stable")
        cuts = np.searchsorted(part[order], np.arange(self.count + 1))
        ordered = _ordered(rows, order)
        for writer, begin, end in zip(self._writers, cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            writer.write_table(ordered.slice(begin, end - begin))

    def load(self, number: int) -> pa.Table:
        if self.count == 1:
            return pa.concat_tables(self._kept) if self._kept else self.schema.empty_table()
        self._writers[number].close()
        with pa.memory_map(str(self._paths[number])) as file:
            return pa.ipc.open_stream(file).read_all()


def _ordered(rows: pa.Table, order: Ints) -> pa.Table:
    """Rows in another order; columns that say nothing need not be touched."""
    saying = [name for name in rows.column_names if rows.column(name).null_count < rows.num_rows]
    ordered = rows.select(saying).take(pa.array(order)).combine_chunks()
    columns = {name: ordered.column(name) for name in saying}
    return pa.table({name: columns.get(name, rows.column(name)) for name in rows.column_names}, schema=rows.schema)


def _schema(columns: Sequence[str]) -> pa.Schema:
    numbers = [pa.field("number", pa.int64()), pa.field("merchant", pa.int64()), pa.field("type", pa.int8())]
    return pa.schema(numbers + [SCHEMA.field(name) for name in columns])


class _Merchants:
    """Numbers for merchants, given out as they come, and when each was first known of."""

    def __init__(self) -> None:
        self.number_of: dict[str, int] = {}
        self.first_known = np.zeros(0, dtype=np.int64)
        self.last_known = 0

    def take(self, rows: pa.Table) -> pa.Array:
        """The merchants of some rows."""
        names = rows.column("merchant_id").combine_chunks().dictionary_encode()
        own = [self.number_of.setdefault(name, len(self.number_of)) for name in names.dictionary.to_pylist()]
        numbers = np.array(own, dtype=np.int64)[names.indices.to_numpy()]
        known = rows.column("known_at").cast(pa.int64()).to_numpy()
        unseen = np.full(len(self.number_of) - len(self.first_known), np.iinfo(np.int64).max)
        self.first_known = np.append(self.first_known, unseen)
        np.minimum.at(self.first_known, numbers, known)
        self.last_known = max(self.last_known, int(known.max(initial=0)))
        return pa.array(numbers)


def kept(rows: pa.Table, column: str) -> pa.ChunkedArray:
    """A column as it is kept. Of free text only whether there is any: features ask no more, and there may be much."""
    said = rows.column(column)
    return pc.if_else(said.is_valid(), "", pa.scalar(None, pa.string())) if column == "text" else said


def _numbered(batch: Batch, merchants: _Merchants, schema: pa.Schema) -> pa.Table:
    rows = batch.rows
    columns = {"number": pa.array(batch.numbers), "merchant": merchants.take(rows), "type": type_codes(rows)}
    for field_ in schema:
        if field_.name not in columns:
            present = field_.name in rows.column_names
            columns[field_.name] = kept(rows, field_.name) if present else pa.nulls(rows.num_rows, field_.type)
    return pa.table(columns, schema=schema)


@contextmanager
def divided(
    log: EventLog, columns: Sequence[str], *, parts: int | None = None, watch: Watch = silently
) -> Iterator[Divided]:
    """Read a log and divide it; `columns` are those to keep of each event. Raises `NothingAccepted`."""
    count = parts or max(1, -(-log.rows // ROWS_PER_PART))
    with TemporaryDirectory(prefix="goodfaith-") as folder, ExitStack() as stack:
        schema = _schema(columns)
        store = _Parts(Path(folder), schema, count, stack)
        merchants, ids, outcome = _Merchants(), EventIds(), Accepted()
        for batch in watch(log.batches(), title="reading events", total=-(-log.rows // ROWS_PER_BATCH)):
            outcome.take(batch)
            if batch.rows.num_rows:
                store.write(_numbered(batch, merchants, schema))
                if not log.settled:
                    ids.see(batch)
        discarded = ids.discarded(log)
        outcome.discard(discarded)
        outcome.check()
        yield Divided(
            merchants=merchants.number_of,
            first_known=merchants.first_known,
            last_known=merchants.last_known,
            outcome=outcome,
            count=count,
            _load=lambda number: _standing(store.load(number), discarded.numbers),
        )


def _standing(rows: pa.Table, discarded: Ints) -> pa.Table:
    if not len(discarded):
        return rows
    return rows.filter(pa.array(~np.isin(rows.column("number").to_numpy(), discarded)))
