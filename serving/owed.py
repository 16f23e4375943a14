"""What merchants owe and have left with us, remembered for as long as nothing that is stored of them changes."""

from dataclasses import dataclass
from typing import Any

from features.database import day_of
from scoring.pledges import Member
from serving.decide import Sitting
from serving.ledger.deposits import drawn_cents
from serving.standing import members_of, membership

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

    def of(self, merchant_id: str, sitting: Sitting) -> Owed:
        """What is owed by a merchant at a sitting."""
        mark = sitting.standing(merchant_id).changes, day_of(sitting.now)
        seen, owed = self._known.get(merchant_id, (None, None))
        if owed is None or seen != mark:
            owed = _owed(merchant_id, sitting)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[merchant_id] = mark, owed
        return owed


def _owed(merchant_id: str, sitting: Sitting) -> Owed:
    found = sitting.service.readings(sitting.tx, merchant_id, _OWED, sitting.now)
    debt, deposit = (_cents(found[name].value) for name in _OWED)
    # What debts have drawn is gone, though a new balance is told only later.
    left = None if deposit is None else deposit - drawn_cents(sitting.tx, merchant_id)
    members = members_of(membership(sitting.tx, merchant_id))
    return Owed(debt_cents=debt or 0, deposit_cents=left, members=members)


def _cents(value: Any) -> int | None:
    return None if value is None else int(value)
