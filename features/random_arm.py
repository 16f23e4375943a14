"""How many sell fakes, and how many of them are found: what inspections at random tell, and no other channel can.

Reports and inspections after reports find whom somebody suspects. Only goods that were picked at random say how many
fakes there are, and how many of those who sell them the other channels had missed.
"""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from features.known import Known, Rows
from features.log import EventLog
from features.measures import Events, Is
from features.partition import divided
from features.selection import select
from features.spells import FOREVER

__all__ = ["RandomArm", "Share", "random_arm"]

Ints = npt.NDArray[np.int64]

#: Under so many nothing is told: even where none of 30 had a fake, one in nine may have one (95 %).
LEAST_INSPECTED = 30
#: Of 10 the interval is still more than half as wide as all there is.
LEAST_CONFIRMED = 10

_COLUMNS = ("event_id", "event_time", "known_at", "reverses", "listing_id", "outcome", "trigger")
_FAILED = Is(column="outcome", words=("failed_counterfeit",))
_AT_RANDOM = Is(column="trigger", words=("random",))
_INSPECTED = Events(event_type="inspection_completed", where=(_AT_RANDOM,))
_FOUND = Events(event_type="inspection_completed", where=(_AT_RANDOM, _FAILED))
#: An inspection that does not say what it was held for is of neither arm.
_OTHERWISE = (
    Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
    Events(
        event_type="inspection_completed",
        where=(Is(column="trigger", words=("report", "score", "brand")), _FAILED),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`found` of `of`; the share and its exact 95 % interval (Clopper and Pearson 1934) are None where it is too few.

    Of ten without one, the true share is at most 1 - 0.025 ** (1 / 10):

    >>> none = Share.of_counts(0, 10, least=10)
    >>> none.low, round(none.high, 4), round(1 - 0.025 ** (1 / 10), 4)
    (0.0, 0.3085, 0.3085)
    """

    found: int
    of: int
    share: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of_counts(cls, found: int, of: int, *, least: int) -> "Share":
        """The share of two counts, told where there are at least so many."""
        if of < least:
            return cls(found=found, of=of)
        low = float(betaincinv(found, of - found + 1, 0.025)) if found else 0.0
        high = float(betaincinv(found + 1, of - found, 0.975)) if found < of else 1.0
        return cls(found=found, of=of, share=found / of, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomArm:
    """What inspections at random tell.

    `merchants` and `listings`: of those inspected at random, the ones of which a fake was found so. It is a floor:
    an inspection looks at a piece or two, and misses some. `recall`: of the merchants found so, those whom reports or
    other inspections had found before that was known.
    """

    merchants: Share
    listings: Share
    recall: Share

    def plain(self) -> dict[str, dict[str, float | None]]:
        """The same as plain values."""
        return {name: asdict(getattr(self, name)) for name in ("merchants", "listings", "recall")}


def random_arm(log: EventLog) -> RandomArm:
    """What the inspections at random of a whole log tell, as known at its end."""
    total = np.zeros(6, dtype=np.int64)
    with divided(log, _COLUMNS) as parted:
        for part in range(parted.count):
            total += _counts(parted.part(part))
    bad, inspected, bad_listings, listings, recalled, confirmed = total.tolist()
    return RandomArm(
        merchants=Share.of_counts(bad, inspected, least=LEAST_INSPECTED),
        listings=Share.of_counts(bad_listings, listings, least=LEAST_INSPECTED),
        recall=Share.of_counts(recalled, confirmed, least=LEAST_CONFIRMED),
    )


def _counts(known: Known) -> Ints:
    """Merchants and listings found and inspected; merchants found otherwise before, and merchants found at random."""
    inspected, found = _standing(known, _INSPECTED), _standing(known, _FOUND)
    merchants, first = _first_known(found)
    otherwise = [_standing(known, events) for events in _OTHERWISE]
    before = np.full(int(merchants.max(initial=-1)) + 1, FOREVER)
    for rows in otherwise:
        relevant = rows.where(np.isin(rows.merchant, merchants))
        np.minimum.at(before, relevant.merchant, relevant.start)
    recalled = int((before[merchants] < first).sum())
    counts = (_distinct(rows.merchant) for rows in (found, inspected))
    listings = (_distinct(known.keys(rows, "listing_id")) for rows in (found, inspected))
    return np.array([*counts, *listings, recalled, len(merchants)])


def _standing(known: Known, events: Events) -> Rows:
    """Those that were never taken back."""
    rows = select(known, events)
    return rows.where(rows.end == FOREVER)


def _first_known(rows: Rows) -> tuple[Ints, Ints]:
    """The merchants of some events, and when the first of each became known."""
    order = np.lexsort((rows.start, rows.merchant))
    merchants, at = np.unique(rows.merchant[order], return_index=True)
    return merchants, rows.start[order][at]


def _distinct(keys: Ints) -> int:
    return len(np.unique(keys[keys >= 0]))
