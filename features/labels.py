"""Labels: what became of a merchant after a moment, and what can be known of that.

A label looks at a label window [as_of, as_of + horizon), with what is known once the reporting delay has passed
too. It is mature when the log reaches that far. A merchant that was removed before it turned out bad is
censored: nobody knows what it would have done (docs/decisions/0007-labels.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.cases import Case
from features.charges import counterfeit, own_fault
from features.engine import COLUMNS_KEPT
from features.known import Known
from features.label_spec import LabelSpec
from features.label_windows import Windows
from features.log import EventLog
from features.losses import bust_out
from features.outcomes import PARTIES
from features.partition import divided
from features.progress import Watch, silently
from features.removals import closed, first_removal
from features.spells import FOREVER
from features.spine import Spine, spine_of
from features.verdicts import Verdicts

__all__ = ["Labels", "build_labels", "labels_of"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_DAY = 86_400_000_000
_CASES: MappingProxyType[str, Callable[[Known, Windows, LabelSpec], Case]] = MappingProxyType(
    {"own_fault": own_fault, "counterfeit": counterfeit, "bust_out": bust_out}
)
_COLUMNS = tuple(dict.fromkeys((*COLUMNS_KEPT, "source")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of a spine's rows, and how many of the orders behind the mature ones went wrong by whose fault."""

    rows: pa.Table
    parties: Mapping[str, int]


def build_labels(log: EventLog, spine: pa.Table | Spine, spec: LabelSpec, *, parts: int | None = None) -> pa.Table:
    """Labels of the spine's rows, in its order.

    Columns `merchant_id, as_of, label, reason, happened_at, known_at, mature, censored`. `label` is 1 = bad, 0 =
    good, null where it is immature, censored or rests on too few orders; `reason` says why (`bad_*`, `good`,
    `immature`, `removed`, `too_few_orders`). `happened_at` is when the threshold was reached, `known_at` the first
    midnight at which that, or that it was not, was known.
    """
    return labels_of(log, spine, spec, parts=parts).rows


def labels_of(
    log: EventLog, spine: pa.Table | Spine, spec: LabelSpec, *, parts: int | None = None, watch: Watch = silently
) -> Labels:
    """`build_labels`, and whose fault what went wrong was; an order that is judged several times counts as it ended."""
    rows = spine if isinstance(spine, Spine) else spine_of(spine)
    verdicts, faults = Verdicts.open(len(rows)), np.zeros(len(PARTIES), dtype=np.int64)
    with divided(log, _COLUMNS, parts=parts, watch=watch) as parted:
        merchant = rows.merchants(parted.merchants)
        mature = (rows.day + spec.horizon_days + spec.longest_delay) * _DAY <= parted.last_known
        for part in watch(range(parted.count), title="judging what became of merchants", total=parted.count):
            own = np.flatnonzero((merchant >= 0) & (merchant % parted.count == part))
            start = rows.day[own]
            windows = Windows(
                merchant=merchant[own], start=start, end=start + spec.horizon_days, delay=spec.longest_delay
            )
            known = parted.part(part)
            case = _CASES[spec.kind](known, windows, spec)
            verdicts.take(own, _judge(known, windows, case, spec))
            faults += _faults_of(case, windows, mature[own])
    # Whose fault a fake is, nobody has to ask.
    parties = {} if spec.kind == "counterfeit" else dict(zip(PARTIES, faults.tolist(), strict=True))
    return Labels(rows=verdicts.table(rows, mature), parties=MappingProxyType(parties))


def _judge(known: Known, windows: Windows, case: Case, spec: LabelSpec) -> Verdicts:
    verdicts = Verdicts.open(len(windows))
    for charge in case.charges:
        if not charge.outlives:
            verdicts.blame(charge)
    verdicts.clear(case.count >= spec.min_orders, windows.until)
    removed = first_removal(known, windows)
    untold = (verdicts.label != 1) | (removed <= verdicts.happened)
    verdicts.censor((removed < FOREVER) & untold)
    for charge in case.charges:
        if charge.outlives:
            verdicts.blame(charge)
    # Nobody has to judge a shop that is closed, whatever comes to light of it.
    verdicts.censor(closed(known, windows))
    return verdicts


def _faults_of(case: Case, windows: Windows, mature: Mask) -> Ints:
    """How many orders of mature windows went wrong by each party's fault, each as its last window tells it."""
    pairs = np.flatnonzero(mature[case.counted.window])
    latest = pairs[np.argsort(-windows.until[case.counted.window[pairs]], kind="stable")]
    _, first = np.unique(case.counted.order[latest], return_index=True)
    party = case.party[latest[first]]
    return np.bincount(party[party >= 0], minlength=len(PARTIES))
