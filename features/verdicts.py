"""Verdicts: whether what speaks against a merchant in a label window reaches its threshold, and since when."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.events import Kind
from features.known import NO_TIME
from features.spine import Spine

__all__ = ["OUT_OF_REACH", "Charge", "Verdicts"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_DAY = 86_400_000_000
#: A threshold for windows that must not be called bad, whatever happened.
OUT_OF_REACH = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Bad things (n,) in label windows, and what they must come to (windows,) for the merchant to be bad.

    `row` is the window of each, `what` its name's place in `names`, `weight` more than 0, `happened` microseconds,
    `known` the day on which it became known. `outlives`: that the merchant was removed meanwhile changes nothing.
    """

    names: tuple[str, ...]
    row: Ints
    what: Ints
    weight: Ints
    happened: Ints
    known: Ints
    needed: Ints
    outlives: bool = False

    @property
    def bad(self) -> Ints:
        """The windows in which it is reached."""
        total = np.zeros(len(self.needed), dtype=np.int64)
        np.add.at(total, self.row, self.weight)
        return np.flatnonzero(total >= self.needed)

    def reached(self, rows: Ints, clock: Ints) -> Ints:
        """The value of a clock (n,) of the thing with which each of the bad windows reached its threshold."""
        order = np.lexsort((clock, self.row))
        heap = np.cumsum(self.weight[order])
        begin = np.searchsorted(self.row[order], rows)
        before = np.where(begin > 0, heap[begin - 1], 0)
        return np.asarray(clock[order][np.searchsorted(heap, before + self.needed[rows])])

    def mostly(self, rows: Ints) -> list[str]:
        """What speaks most against each of these windows; of equals, the one that is named first."""
        total = np.zeros((len(self.needed), len(self.names)), dtype=np.int64)
        np.add.at(total, (self.row, self.what), self.weight)
        return [self.names[what] for what in total[rows].argmax(axis=1).tolist()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What is told of label windows (n,): `label` 1 = bad, 0 = good, -1 = unknown; times in microseconds."""

    label: Ints
    reason: npt.NDArray[np.object_]
    happened: Ints
    known: Ints
    censored: Mask

    @classmethod
    def open(cls, count: int) -> "Verdicts":
        """None told yet: so far, nobody has sold enough."""
        return cls(
            label=np.full(count, -1), reason=np.full(count, "too_few_orders", dtype=object),
            happened=np.full(count, NO_TIME), known=np.full(count, NO_TIME), censored=np.zeros(count, dtype=np.bool_),
        )  # fmt: skip

    def blame(self, charge: Charge) -> None:
        """Call those bad who reach a threshold; of several charges the one that was reached first gives the reason."""
        rows = charge.bad
        happened, known = charge.reached(rows, charge.happened), (charge.reached(rows, charge.known) + 1) * _DAY
        already = self.label[rows] == 1
        first = ~already | (happened < self.happened[rows])
        self.known[rows] = np.where(already, np.minimum(known, self.known[rows]), known)
        self.reason[rows[first]] = [f"bad_{name}" for name in charge.mostly(rows[first])]
        self.happened[rows[first]], self.label[rows], self.censored[rows] = happened[first], 1, False

    def clear(self, rows: Mask, known: Ints) -> None:
        """Call those good, of some windows (n,), who are not bad; that is known on a day (n,)."""
        good = rows & (self.label < 0)
        self.label[good], self.reason[good], self.known[good] = 0, "good", known[good] * _DAY

    def censor(self, rows: Mask) -> None:
        """Take back what is told of some of the windows (n,): the merchant was removed."""
        self.label[rows], self.reason[rows], self.censored[rows] = -1, "removed", True
        self.happened[rows] = self.known[rows] = NO_TIME

    def take(self, places: Ints, part: "Verdicts") -> None:
        """Take over what is told of some of the windows."""
        for name in ("label", "reason", "happened", "known", "censored"):
            getattr(self, name)[places] = getattr(part, name)

    def table(self, rows: Spine, mature: Mask) -> pa.Table:
        """The label file: where a label is immature, nothing is told."""

        def moments(times: Ints) -> pa.Array:
            return pa.array(times, mask=~mature | (times == NO_TIME)).cast(Kind.TIME.arrow)

        return pa.table(
            {
                "merchant_id": rows.merchant_id,
                "as_of": rows.as_of,
                "label": pa.array(self.label.astype(np.int8), mask=~mature | (self.label < 0)),
                "reason": pa.array(np.where(mature, self.reason, "immature"), pa.string()),
                "happened_at": moments(self.happened),
                "known_at": moments(self.known),
                "mature": pa.array(mature),
                "censored": pa.array(self.censored & mature),
            }
        )
