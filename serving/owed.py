"""What merchants owe and have left with us, remembered for as long as nothing that is stored of them changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from features.database import day_of
from scoring.pledges import Member
from serving.decide import Sitting
from serving.ledger.deposits import drawn_cents
from serving.standing import members_of, memberships

__all__ = ["Owed", "OwedBy"]

#: Each takes some hundred bytes.
_MOST = 50_000
_OWED = ("merchant_debt_cents", "deposit_cents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A merchant's debts, what is left of its deposit, and the programmes that hold some of that."""

    debt_cents: int
    deposit_cents: int | None
    members: tuple[Member, ...]


class OwedBy:
    """Works it out of a merchant's tiles and events, and then remembers it.

    What is remembered is never out of date: the store counts the changes of each merchant, and within a transaction
    in which the merchant is held the count is the same only if everything else is. A new day makes it anew, too.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int], Owed]] = {}

    def look_up(self, merchant_ids: Iterable[str], sitting: Sitting) -> None:
        """Work out what is not remembered, of all of them at once: alone it takes several times as long."""
        marks = {one: _mark(one, sitting) for one in merchant_ids}
        new = [one for one, mark in marks.items() if self._known.get(one, (None, None))[0] != mark]
        sitting.service.metrics.looked_up(remembered=len(marks) - len(new), read=len(new))
        if not new:
            return
        if len(self._known) + len(new) > _MOST:
            self._known.clear()
        self._known |= {one: (marks[one], owed) for one, owed in _owed(new, sitting).items()}

    def of(self, merchant_id: str, sitting: Sitting) -> Owed:
        """What is owed by a merchant at a sitting. Raises `MerchantUnknown`."""
        seen, owed = self._known.get(merchant_id, (None, None))
        if owed is None or seen != _mark(merchant_id, sitting):
            self.look_up([merchant_id], sitting)
            owed = self._known[merchant_id][1]
        return owed


def _mark(merchant_id: str, sitting: Sitting) -> tuple[int, int]:
    return sitting.standing(merchant_id).changes, day_of(sitting.now)


def _owed(merchant_ids: Sequence[str], sitting: Sitting) -> dict[str, Owed]:
    tx = sitting.tx
    found = sitting.service.readings(tx, merchant_ids, _OWED, sitting.now)
    drawn, joined = drawn_cents(tx, merchant_ids), memberships(tx, merchant_ids)
    owed = {}
    for one in merchant_ids:
        debt, deposit = (_cents(found[one][name].value) for name in _OWED)
        # What debts have drawn is gone, though a new balance is told only later.
        left = None if deposit is None else deposit - drawn[one]
        owed[one] = Owed(debt_cents=debt or 0, deposit_cents=left, members=members_of(joined[one]))
    return owed


def _cents(value: Any) -> int | None:
    return None if value is None else int(value)
