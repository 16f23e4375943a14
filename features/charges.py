"""What speaks against merchants in label windows: their own faults by orders, and fakes."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from features.exemptions import exempted
from features.known import Known, Rows, days
from features.label_spec import LabelSpec
from features.label_windows import Windows
from features.measures import Events, Is
from features.outcomes import PARTIES, attributed_faults, blamed_on_others
from features.selection import select
from features.spells import joined
from features.verdicts import OUT_OF_REACH, Charge

__all__ = ["Case", "case_of"]

Ints = npt.NDArray[np.int64]

_MILLION = 1_000_000
_FAKES = (
    Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
    Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The orders that count in which windows (n,): of each pair the window, and the order's place in `orders`."""

    orders: Rows
    window: Ints
    order: Ints

    def per(self, windows: Windows) -> Ints:
        """How many orders count in each window."""
        return np.bincount(self.window, minlength=len(windows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is found in label windows: `charges`, how many orders count, and by whose fault which order went wrong.

    `party` (n,) is a place in `PARTIES`, or -1 where an order went well, for each pair of `counted`.
    """

    charges: tuple[Charge, ...]
    counted: Counted
    count: Ints
    party: Ints


def case_of(known: Known, windows: Windows, spec: LabelSpec) -> Case:
    """What a kind of label finds in the windows of some merchants."""
    return _CASES[spec.kind](known, windows, spec)


def _placed(known: Known, windows: Windows, spec: LabelSpec) -> Counted:
    """Orders placed in the windows, less the exempt ones."""
    where = (Is(column="source", words=spec.sources),) if spec.sources else ()
    orders = select(known, Events(event_type="order_placed", where=where))
    window, order = windows.pairs(orders)
    pair, _ = windows.standing(window, order, exempted(known, orders, spec.exemptions))
    counts = np.ones(len(window), dtype=np.bool_)
    counts[pair] = False
    return Counted(orders=orders, window=window[counts], order=order[counts])


def _own_fault(known: Known, windows: Windows, spec: LabelSpec) -> Case:
    counted = _placed(known, windows, spec)
    count = counted.per(windows)
    pair, faults = _faults(known, windows, spec, counted)
    # What floats leave of a product is far less than this part of a millionth.
    needed = np.maximum(np.ceil(spec.threshold * count * _MILLION - 1e-3).astype(np.int64), 1)
    enough = count >= max(spec.min_orders, 1)
    charge = Charge(**faults, names=spec.components, needed=np.where(enough, needed, OUT_OF_REACH))
    return Case(charges=(charge,), counted=counted, count=count, party=_parties(known, windows, counted, pair))


def _faults(known: Known, windows: Windows, spec: LabelSpec, counted: Counted) -> tuple[Ints, dict[str, Ints]]:
    """For each order with a fault of the merchant's own, its pair, and its gravest fault; of equals the first known."""
    parts = attributed_faults(known, counted.orders, spec.components)
    what = np.concatenate([np.full(len(part.happened), number) for number, part in enumerate(parts)])
    happened = np.concatenate([part.happened for part in parts])
    spells = joined([part.spells for part in parts])
    weight = np.array([round(spec.weights.get(name, 1.0) * _MILLION) for name in spec.components])[what]
    delay = np.array([spec.delay_of(name) for name in spec.components])[what]
    pair, fault = windows.standing(counted.window, counted.order, spells, delay)
    order = np.lexsort((what[fault], happened[fault], spells.start[fault], -weight[fault], pair))
    pair, fault = pair[order], fault[order]
    first = np.append(True, pair[1:] != pair[:-1])[: len(pair)]
    pair, fault = pair[first], fault[first]
    return pair, {
        "row": counted.window[pair], "what": what[fault], "weight": weight[fault], "happened": happened[fault],
        "known": spells.start[fault],
    }  # fmt: skip


def _parties(known: Known, windows: Windows, counted: Counted, own: Ints) -> Ints:
    """Whose fault each counted order's going wrong was; `own` are the pairs where it was the merchant's."""
    party = np.full(len(counted.window), -1)
    # The first to decide is written last.
    for name, spells in reversed(blamed_on_others(known, counted.orders)):
        pair, _ = windows.standing(counted.window, counted.order, spells)
        party[pair] = PARTIES.index(name)
    party[own] = PARTIES.index("merchant")
    return party


def _counterfeit(known: Known, windows: Windows, spec: LabelSpec) -> Case:
    counted = _placed(known, windows, spec)
    found = [(rows, *windows.pairs(rows)) for rows in (select(known, events) for events in _FAKES)]
    row = np.concatenate([window for _, window, _ in found])
    charge = Charge(
        names=("fake_confirmed",), row=row, what=np.zeros_like(row), weight=np.ones_like(row),
        happened=np.concatenate([rows.time[event] for rows, _, event in found]),
        known=np.concatenate([days(rows.start)[event] for rows, _, event in found]),
        needed=np.ones(len(windows), dtype=np.int64),
    )  # fmt: skip
    nobody = np.full(len(counted.window), -1)
    return Case(charges=(charge,), counted=counted, count=counted.per(windows), party=nobody)


_CASES: MappingProxyType[str, Callable[[Known, Windows, LabelSpec], Case]] = MappingProxyType(
    {"own_fault": _own_fault, "counterfeit": _counterfeit}
)
