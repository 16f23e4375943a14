"""Out-of-time splits: learn from earlier moments, be tested on later ones, with a gap in which labels mature."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import OneSided, SplitLeaks
from training.recipe import Split

__all__ = ["Parts", "cut", "time_folds"]

Mask = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Which rows are learned from, which are tested on, and which of the latter show merchants never learned from.

    All masks are (n,). `overlap` says in words how far training labels reach into the test, "" when they do not.
    `kin` tells that several rows may be of one merchant.
    """

    name: str
    train: Mask
    test: Mask
    unseen: Mask
    overlap: str = ""
    kin: bool = True

    @property
    def sides(self) -> dict[str, Mask]:
        """Of which test rows figures are told; a side may be empty."""
        if not self.kin:
            return {"all": self.test}
        return {"all": self.test, "unseen": self.unseen, "returning": self.test & ~self.unseen}


def _first_test_moment(split: Split, as_of: Moments) -> Any:
    if split.test_from is not None:
        return np.datetime64(split.test_from, "us")
    moments = np.unique(as_of)
    months = max(1, round((split.test_share or 0.0) * len(moments)))
    return moments[-months]


def _between(as_of: Moments, first: date | None, last: date | None) -> Mask:
    inside = np.ones(len(as_of), dtype=np.bool_)
    if first is not None:
        inside &= as_of >= np.datetime64(first, "us")
    if last is not None:
        inside &= as_of <= np.datetime64(last, "us")
    return inside


def _stated(split: Split, train: Mask, test: Mask, as_of: Moments, gap: timedelta) -> str:
    """The overlap in words; raises SplitLeaks when there is one that the recipe does not state."""
    if not train.any() or not test.any():
        return ""
    reach = as_of[train].max() + np.timedelta64(gap) - as_of[test].min()
    days = int(reach / np.timedelta64(1, "D"))
    if days <= 0:
        return ""
    if split.overlap != "stated":
        raise SplitLeaks(
            f"split {split.name}: training labels mature up to {days} days after the test begins; leave `train_to` "
            f"away or end {days} days earlier"
        )
    return f"training labels mature up to {days} days after the test begins"


def cut(split: Split, *, as_of: Moments, merchants: npt.NDArray[np.object_], gap: timedelta) -> Parts:
    """Cut rows, given by their moments (n,) and merchants (n,), into training and test.

    Every training label is mature (`as_of + gap`) by the first test moment, unless the split states its overlap.
    Raises OneSided when there is no row at all, SplitLeaks when `train_to` reaches too far.
    """
    if len(as_of) == 0:
        raise OneSided(f"split {split.name}", rows=0, bad=0)
    first = _first_test_moment(split, as_of)
    test = (as_of >= first) & _between(as_of, None, split.test_to)
    train = (as_of < first) & _between(as_of, split.train_from, split.train_to)
    if split.overlap != "stated" and split.train_to is None:
        train &= as_of + np.timedelta64(gap) <= first
    unseen = test & ~np.isin(merchants.astype(str), np.unique(merchants[train].astype(str)))
    overlap = _stated(split, train, test, as_of, gap)
    return Parts(name=split.name, train=train, test=test, unseen=unseen, overlap=overlap)


def time_folds(as_of: Moments, *, gap: timedelta, folds: int) -> list[tuple[Mask, Mask]]:
    """Rolling origin within training rows: masks (n,) of what is learned from and of the later rows it is judged on.

    The later half of the moments is cut into so many blocks; what is learned from is mature when its block begins.
    Blocks that nothing can be learned for are left out.
    """
    moments = np.unique(as_of)
    blocks = [block for block in np.array_split(moments[len(moments) // 2 :], folds) if len(block)]
    pairs = [(as_of + np.timedelta64(gap) <= block[0], (as_of >= block[0]) & (as_of <= block[-1])) for block in blocks]
    return [(learned, judged) for learned, judged in pairs if learned.any()]
