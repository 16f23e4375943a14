"""A log divided by merchant, so that only a part of it need be in memory at a time.

One pass reads and validates the log and writes each accepted event to its merchant's part (`features/parts.py`), in a
temporary folder. All events of a merchant are in one part.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.duplicates import Discarded, EventIds
from features.errors import NothingAccepted
from features.known import Known, type_codes
from features.log import ROWS_PER_BATCH, Batch, EventLog
from features.parts import Parts
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
    _load: Callable[[int, str], pa.Table]

    def everybody(self, as_of: datetime) -> Spine:
        """Every merchant with an event known before a midnight, by name."""
        moment = (as_of - _EPOCH) // timedelta(microseconds=1)
        known = (name for name, number in self.merchants.items() if self.first_known[number] < moment)
        return everybody_at(known, as_of)

    def part(self, number: int) -> Known:
        """All events of the merchants of a part."""
        return Known(partial(self._load, number))


class _Merchants:
    """Numbers for merchants, given out as they come, and when each was first known of."""

    def __init__(self) -> None:
        self._names = pa.array([], pa.string())
        self.first_known = np.zeros(0, dtype=np.int64)
        self.last_known = 0

    @property
    def number_of(self) -> dict[str, int]:
        """The number of each merchant."""
        return {name: number for number, name in enumerate(self._names.to_pylist())}

    def take(self, rows: pa.Table) -> pa.Array:
        """The merchants of some rows."""
        names = rows.column("merchant_id").combine_chunks().dictionary_encode()
        fresh = names.dictionary.filter(pc.invert(pc.is_in(names.dictionary, value_set=self._names)))
        self._names = pa.concat_arrays([self._names, fresh])
        own = pc.index_in(names.dictionary, value_set=self._names)
        numbers = own.to_numpy().astype(np.int64)[names.indices.to_numpy()]
        known = rows.column("known_at").cast(pa.int64()).to_numpy()
        unseen = np.full(len(fresh), np.iinfo(np.int64).max)
        self.first_known = np.append(self.first_known, unseen)
        np.minimum.at(self.first_known, numbers, known)
        self.last_known = max(self.last_known, int(known.max(initial=0)))
        return pa.array(numbers)


def kept(rows: pa.Table, column: str) -> pa.ChunkedArray:
    """A column as it is kept. Of free text only whether there is any: features ask no more, and there may be much."""
    said = rows.column(column)
    return pc.if_else(said.is_valid(), "", pa.scalar(None, pa.string())) if column == "text" else said


def _numbered(batch: Batch, merchants: _Merchants) -> pa.Table:
    rows = batch.rows
    if "text" in rows.column_names:
        rows = rows.set_column(rows.column_names.index("text"), "text", kept(rows, "text"))
    rows = rows.append_column("number", pa.array(batch.numbers)).append_column("type", type_codes(rows))
    return rows.append_column("merchant", merchants.take(rows))


@contextmanager
def divided(
    log: EventLog, columns: Sequence[str], *, parts: int | None = None, watch: Watch = silently
) -> Iterator[Divided]:
    """Read a log and divide it; `columns` are those to keep of each event. Raises `NothingAccepted`."""
    count = parts or max(1, -(-log.rows // ROWS_PER_PART))
    with TemporaryDirectory(prefix="goodfaith-") as folder, ExitStack() as stack:
        kept = Parts(Path(folder), columns, count, stack)
        merchants, ids, outcome = _Merchants(), EventIds(), Accepted()
        for batch in watch(log.batches(), title="reading events", total=-(-log.rows // ROWS_PER_BATCH)):
            outcome.take(batch)
            if batch.rows.num_rows:
                kept.write(_numbered(batch, merchants))
                if not log.settled:
                    ids.see(batch)
        discarded = ids.discarded(log)
        outcome.discard(discarded)
        outcome.check()
        # What reading needed is of other sizes than what a part needs, and would stay beside it.
        pa.default_memory_pool().release_unused()
        yield Divided(
            merchants=merchants.number_of,
            first_known=merchants.first_known,
            last_known=merchants.last_known,
            outcome=outcome,
            count=count,
            _load=lambda part, event_type: _standing(kept.load(part, event_type), discarded.numbers),
        )


def _standing(rows: pa.Table, discarded: Ints) -> pa.Table:
    if not len(discarded):
        return rows
    return rows.filter(pa.array(~np.isin(rows.column("number").to_numpy(), discarded)))
