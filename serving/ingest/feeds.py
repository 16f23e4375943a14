"""Who says what: feeds, the types of events that each may write, and rights, which name types that go together.

A feed that lists no types may write all, rulings and reversals too: that is what a key without a list is. One that
lists some writes these alone, and takes back (`event_reversed`) only what it may write itself, so that nobody undoes a
ruling with the right to correct orders (docs/decisions/0018).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from features.events import EVENT_TYPES
from features.live import lock_merchants
from features.lookup import types_of

__all__ = ["ANYBODY", "NOT_ALLOWED", "REVERSAL", "RIGHTS", "Feed", "types_named"]

#: The code and the sentence for an event that its feed may not write.
NOT_ALLOWED = ("event_not_allowed", "This key may not write, or take back, events of this type.")

REVERSAL = "event_reversed"

#: Event types by the desk that knows of them; every type has one right, and rulings and reversals have their own.
RIGHTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "merchants": ("merchant_registered", "account_changed", "link_observed", "deposit_changed"),
        "listings": ("listing_changed",),
        "orders": ("order_placed", "order_shipped", "parcel_scanned", "order_delivered", "order_cancelled",
                   "order_confirmed"),
        "service": ("return_requested", "return_answered", "message_received", "message_answered",
                    "service_requested", "service_completed"),
        "money": ("refund_paid", "advance_recovered", "advance_written_off"),
        "voices": ("review_posted", "dispute_opened", "fake_report_filed", "complaint_received"),
        "checks": ("qualification_checked", "return_inspected", "inspection_completed", "advert_checked"),
        "rulings": ("dispute_resolved", "fake_report_resolved", "complaint_closed"),
        "acts": ("penalty_applied", "reinstated", "programme_joined", "programme_left"),
        "reversals": (REVERSAL,),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A sender of events: its name, which stands for `source` where they name none, and the types it may write.

    `event_types` is None where it may write all.
    """

    name: str | None = None
    event_types: frozenset[str] | None = None

    def allowed(self, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """Which events (n,) are of a type that it may write."""
        if self.event_types is None:
            return np.ones(rows.num_rows, dtype=bool)
        return _among(rows, self.event_types)

    def overreaching(self, tx: Connection, rows: pa.Table) -> list[int]:
        """Which events (by place) take back what this feed may not write, or what nobody has written yet.

        A reversal waits for what it names only where its sender may take back anything.
        """
        if self.event_types is None or REVERSAL not in self.event_types:
            return []
        places = np.flatnonzero(_among(rows, {REVERSAL}))
        if not len(places):
            return []
        # Whoever writes what is named here holds its merchant: it is there by now, or will find these events there.
        lock_merchants(tx, rows.column("merchant_id").unique().to_pylist())
        named = rows.column("reverses").take(pa.array(places)).to_pylist()
        told = dict(zip(rows.column("event_id").to_pylist(), rows.column("event_type").to_pylist(), strict=True))
        # What is stored stands against what was sent along under the same id.
        known = told | types_of(tx, named)
        return [place for place, target in zip(places.tolist(), named, strict=True) if not self._writes(known, target)]

    def _writes(self, known: Mapping[str, str], event_id: str) -> bool:
        return self.event_types is None or known.get(event_id) in self.event_types


#: A feed without a name that may write everything.
ANYBODY = Feed()


def types_named(words: Iterable[str]) -> tuple[str, ...]:
    """The event types that rights and types name, in the vocabulary's order; raises `KeyError` for any other word."""
    named = {one for word in words for one in RIGHTS.get(word) or (EVENT_TYPES[word].name,)}
    return tuple(one for one in EVENT_TYPES if one in named)


def _among(rows: pa.Table, event_types: Iterable[str]) -> npt.NDArray[np.bool_]:
    found = pc.is_in(rows.column("event_type"), value_set=pa.array(sorted(event_types), pa.string()))
    return np.asarray(found.to_numpy())
