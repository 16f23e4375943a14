"""What speaks against merchants in label windows: orders spoilt by their own fault, and fakes."""

import numpy as np
import numpy.typing as npt

from features.cases import Case, Counted, orders_placed, parties
from features.known import Known, days
from features.label_spec import LabelSpec
from features.label_windows import Windows
from features.measures import Events, Is
from features.outcomes import attributed_faults
from features.selection import select
from features.spells import joined
from features.verdicts import OUT_OF_REACH, Charge

__all__ = ["counterfeit", "own_fault"]

Ints = npt.NDArray[np.int64]

_MILLION = 1_000_000
_FAKES = (
    Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
    Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),)),
)


def own_fault(known: Known, windows: Windows, spec: LabelSpec) -> Case:
    """Too great a share of the orders placed was spoilt by the merchant."""
    counted = orders_placed(known, windows, spec)
    count = counted.per(windows)
    # What floats leave of a product is far less than this part of a millionth.
    needed = np.maximum(np.ceil(spec.threshold * count * _MILLION - 1e-3).astype(np.int64), 1)
    enough = count >= max(spec.min_orders, 1)
    pair, charge = _faults(known, windows, spec, counted, np.where(enough, needed, OUT_OF_REACH))
    return Case(charges=(charge,), counted=counted, count=count, party=parties(known, windows, counted, pair))


def _faults(known: Known, windows: Windows, spec: LabelSpec, counted: Counted, needed: Ints) -> tuple[Ints, Charge]:
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
    return pair, Charge(
        names=spec.components, row=counted.window[pair], what=what[fault], weight=weight[fault],
        happened=happened[fault], known=spells.start[fault], needed=needed,
    )  # fmt: skip


def counterfeit(known: Known, windows: Windows, spec: LabelSpec) -> Case:
    """A fake was confirmed, whatever was sold."""
    counted = orders_placed(known, windows, spec)
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
