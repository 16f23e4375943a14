"""Pledges: what programmes hold of a merchant's deposit, for the claims that may still come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scoring.errors import ProgrammeUnknown
from scoring.programmes import ProgrammePolicy

__all__ = ["Member", "pledged_cents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What became of a merchant and a programme: whether it carries it, and since when it does or no longer does."""

    programme: str
    joined: bool
    since: datetime

    def holds(self, claim_days: int, *, as_of: datetime) -> bool:
        """Whether claims may still come: who left a programme keeps its promises on the orders that carry them."""
        return self.joined or as_of - self.since < timedelta(days=claim_days)


def pledged_cents(members: Sequence[Member], *, policy: ProgrammePolicy, as_of: datetime, but: str = "") -> int:
    """What all programmes `but` one hold of the deposit (cents); one that the policy no longer has holds nothing.

    >>> pledged_cents([], policy=None, as_of=None)
    0
    """
    held = 0
    for one in members:
        try:
            programme = policy.programme(one.programme)
        except ProgrammeUnknown:
            continue
        if one.programme != but and one.holds(programme.claim_days, as_of=as_of):
            held += programme.pledge_cents
    return held
