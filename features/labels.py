"""Labels: what became of a merchant after a moment, and what can be known of that.

A label looks at a label window [as_of, as_of + horizon), with what is known once the reporting delay has passed
too. It is mature when the log reaches that far. A merchant removed within its window, before it turned out bad,
is censored: nobody knows what it would have done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.engine import COLUMNS_KEPT
from features.events import Kind
from features.faults import own_faults
from features.known import Known, Rows, days
from features.log import EventLog
from features.measures import Events, Is
from features.partition import divided
from features.selection import select
from features.spells import match
from features.spine import Spine, spine_of

__all__ = ["KINDS", "LabelSpec", "build_labels"]

Ints = npt.NDArray[np.int64]

#: What a label may be about: too many orders spoilt by the merchant's own fault, or a fake confirmed.
KINDS = ("own_fault", "counterfeit")

_DAY = 86_400_000_000
_REMOVALS = Events(event_type="penalty_applied", where=(Is(column="penalty", words=("removal",)),))
_FAKES = (
    Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
    Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),)),
)
_COLUMNS = (*COLUMNS_KEPT, "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpec:
    """When a merchant is called bad.

    Kind `own_fault`: of the orders placed in the window (those from `sources`, if any are named), at least
    `threshold` (a share) show one of the fault `components`. Kind `counterfeit`: a fake is confirmed. A merchant
    with fewer than `min_orders` orders in the window is not labelled good, nor bad for its own faults.
    """

    target: str
    kind: str
    components: tuple[str, ...] = ()
    threshold: float = 0.0
    min_orders: int = 0
    horizon_days: int
    delay_days: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Bad things in label windows (n,): of which row, what, when it happened (microseconds), when known (days)."""

    row: Ints
    what: Ints
    happened: Ints
    known: Ints
    names: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Verdicts:
    """What is told of each row of a spine."""

    label: list[int | None]
    reason: list[str]
    happened_at: list[int | None]
    known_at: list[int | None]
    censored: list[bool] = field(default_factory=list)


def build_labels(log: EventLog, spine: pa.Table | Spine, spec: LabelSpec, *, parts: int | None = None) -> pa.Table:
    """Labels of the spine's rows, in its order.

    Columns `merchant_id, as_of, label, reason, happened_at, known_at, mature, censored`. `label` is 1 = bad, 0 =
    good, null where it is immature, censored or rests on too few orders; `reason` says why (`bad_*`, `good`,
    `immature`, `removed`, `too_few_orders`). `happened_at` is when the threshold was reached, `known_at` the first
    midnight at which that, or that it was not, was known.
    """
    rows = spine if isinstance(spine, Spine) else spine_of(spine)
    verdicts = _Verdicts(
        label=[None] * len(rows), reason=["too_few_orders"] * len(rows),
        happened_at=[None] * len(rows), known_at=[None] * len(rows), censored=[False] * len(rows),
    )  # fmt: skip
    with divided(log, _COLUMNS, parts=parts) as parted:
        merchant = rows.merchants(parted.merchants)
        mature = (rows.day + spec.horizon_days + spec.delay_days) * _DAY <= parted.last_known
        for part in range(parted.count):
            own = np.flatnonzero((merchant >= 0) & (merchant % parted.count == part))
            _judge(parted.part(part), _Windows.of(merchant[own], rows.day[own], spec), spec, own, verdicts)
    return _table(rows, mature, verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windows:
    """Label windows (n,) in days: from `start`, before `end`, with what is known before `until`."""

    merchant: Ints
    start: Ints
    end: Ints
    until: Ints

    @classmethod
    def of(cls, merchant: Ints, day: Ints, spec: LabelSpec) -> "_Windows":
        end = day + spec.horizon_days
        return cls(merchant=merchant, start=day, end=end, until=end + spec.delay_days)

    def pairs(self, rows: Rows) -> tuple[Ints, Ints]:
        """All (window, event) with the event inside the window and known in time."""
        at = (rows.merchant << 24) + days(rows.time) + 2**22
        order = np.argsort(at, kind="stable")
        begin = np.searchsorted(at[order], (self.merchant << 24) + self.start + 2**22)
        count = np.searchsorted(at[order], (self.merchant << 24) + self.end + 2**22) - begin
        window = np.repeat(np.arange(len(begin)), count)
        event = order[np.repeat(begin - (np.cumsum(count) - count), count) + np.arange(len(window))]
        live = self.knows(window, days(rows.start)[event], days(rows.end)[event])
        return window[live], event[live]

    def knows(self, window: Ints, start: Ints, end: Ints) -> npt.NDArray[np.bool_]:
        """Whether what is known from day `start` until day `end` counts when each window is judged."""
        return (start < self.until[window]) & (self.until[window] <= end)


def _judge(known: Known, windows: _Windows, spec: LabelSpec, own: Ints, verdicts: _Verdicts) -> None:
    """Judge the windows of one part; `own` are their places in the spine."""
    window, order = windows.pairs(orders := _orders(known, spec))
    count = np.bincount(window, minlength=len(own))
    if spec.kind == "own_fault":
        found = _faults(known, windows, spec, orders, (window, order))
        needed = np.maximum(np.ceil(spec.threshold * count - 1e-9).astype(np.int64), 1)
        enough = count >= max(spec.min_orders, 1)
    else:
        found = _fakes(known, windows)
        needed, enough = np.ones(len(own), dtype=np.int64), np.ones(len(own), dtype=np.bool_)
    bad = (np.bincount(found.row, minlength=len(own)) >= needed) & enough
    good = ~bad & (count >= spec.min_orders)
    _tell_bad(found, np.flatnonzero(bad), needed, own, verdicts)
    for row, until in zip(own[good].tolist(), windows.until[good].tolist(), strict=True):
        verdicts.label[row], verdicts.reason[row], verdicts.known_at[row] = 0, "good", until * _DAY
    _censor(known, windows, own, verdicts)


def _censor(known: Known, windows: _Windows, own: Ints, verdicts: _Verdicts) -> None:
    """Take back what is told of merchants that were removed before they turned out bad."""
    removals = select(known, _REMOVALS)
    window, event = windows.pairs(removals)
    for row, removed_at in zip(own[window].tolist(), removals.time[event].tolist(), strict=True):
        happened_at = verdicts.happened_at[row]
        if happened_at is None or removed_at <= happened_at:
            verdicts.label[row] = verdicts.happened_at[row] = verdicts.known_at[row] = None
            verdicts.reason[row], verdicts.censored[row] = "removed", True


def _orders(known: Known, spec: LabelSpec) -> Rows:
    where = (Is(column="source", words=spec.sources),) if spec.sources else ()
    return select(known, Events(event_type="order_placed", where=where))


def _faults(known: Known, windows: _Windows, spec: LabelSpec, orders: Rows, pairs: tuple[Ints, Ints]) -> _Found:
    """For each order with a fault of the merchant's own, its first known one."""
    window, order = pairs
    parts = own_faults(known, orders, spec.components)
    at = np.concatenate([part.spells.key for part in parts])
    what = np.concatenate([np.full(len(part.happened), number) for number, part in enumerate(parts)])
    happened = np.concatenate([part.happened for part in parts])
    start = np.concatenate([part.spells.start for part in parts])
    end = np.concatenate([part.spells.end for part in parts])
    pair, fault = match(order, at)
    live = windows.knows(window[pair], start[fault], end[fault])
    pair, fault = pair[live], fault[live]
    by_pair = np.lexsort((what[fault], happened[fault], start[fault], pair))
    pair, fault = pair[by_pair], fault[by_pair]
    first = np.append(True, pair[1:] != pair[:-1])[: len(pair)]
    pair, fault = pair[first], fault[first]
    return _Found(
        row=window[pair], what=what[fault], happened=happened[fault], known=start[fault], names=spec.components
    )


def _fakes(known: Known, windows: _Windows) -> _Found:
    found = []
    for events in _FAKES:
        rows = select(known, events)
        window, event = windows.pairs(rows)
        found.append((window, rows.time[event], days(rows.start)[event]))
    row, happened, since = (np.concatenate(part) for part in zip(*found, strict=True))
    return _Found(row=row, what=np.zeros_like(row), happened=happened, known=since, names=("fake_confirmed",))


def _tell_bad(found: _Found, bad: Ints, needed: Ints, own: Ints, verdicts: _Verdicts) -> None:
    """When the thing that reached the threshold happened, when that was known, and what it mostly was."""
    by_time, by_known = np.lexsort((found.happened, found.row)), np.lexsort((found.known, found.row))
    begin = np.searchsorted(found.row[by_time], bad)
    end = np.searchsorted(found.row[by_time], bad, side="right")
    for row, first, last in zip(bad.tolist(), begin.tolist(), end.tolist(), strict=True):
        deciding, place = first + int(needed[row]) - 1, int(own[row])
        counts = np.bincount(found.what[by_time[first:last]], minlength=len(found.names))
        verdicts.label[place] = 1
        verdicts.reason[place] = f"bad_{found.names[int(counts.argmax())]}"
        verdicts.happened_at[place] = int(found.happened[by_time[deciding]])
        verdicts.known_at[place] = (int(found.known[by_known[deciding]]) + 1) * _DAY


def _table(rows: Spine, mature: npt.NDArray[np.bool_], verdicts: _Verdicts) -> pa.Table:
    ripe = pa.array(mature)

    def shown(values: Sequence[Any], kind: pa.DataType, unripe: Any = None) -> pa.Array:
        kept = [value if is_mature else unripe for value, is_mature in zip(values, ripe.to_pylist(), strict=True)]
        return pa.array(kept, pa.int64() if pa.types.is_timestamp(kind) else kind).cast(kind)

    return pa.table(
        {
            "merchant_id": rows.merchant_id,
            "as_of": rows.as_of,
            "label": shown(verdicts.label, pa.int8()),
            "reason": shown(verdicts.reason, pa.string(), "immature"),
            "happened_at": shown(verdicts.happened_at, Kind.TIME.arrow),
            "known_at": shown(verdicts.known_at, Kind.TIME.arrow),
            "mature": ripe,
            "censored": shown(verdicts.censored, pa.bool_(), False),
        }
    )
