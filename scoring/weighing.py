"""What a change of policy comes to: who gains and loses, the order value touched, refunds moved, and what it costs."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, TypeVar

from scoring.admission import Outcome
from scoring.cost_policy import CostPolicy
from scoring.cutoffs import Cutoff, cutoffs
from scoring.promise_cost import Cost, Promise, cost_of
from scoring.refunds import RefundOutcome
from scoring.what_if import (
    Change,
    Move,
    PastRefund,
    Policies,
    RefundChange,
    Subject,
    place_changes,
    refund_changes,
)

__all__ = ["Cost", "Past", "RefundSums", "Side", "Tally", "WhatIf", "what_if"]

T = TypeVar("T")

#: Under which policy.
Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Places by what becomes of them, with the merchants behind them and their order value of 90 days.

    A merchant counts once in each of `merchants_gaining` and `merchants_losing`, however many places it gains or loses.
    """

    gains: int
    loses: int
    caps: int
    answers: int
    places: int
    merchants_gaining: int
    merchants_losing: int
    value_gaining_cents: int
    value_losing_cents: int

    @property
    def moved(self) -> bool:
        """Whether anything changes."""
        return any((self.gains, self.loses, self.caps, self.answers))

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Self:
        """Add up."""
        moves = Counter(one.move for one in changes)
        gaining, losing = ({one.merchant_id: one.value_cents for one in changes if one.move is move}
                           for move in (Move.GAINS, Move.LOSES))  # fmt: skip
        return cls(
            gains=moves[Move.GAINS],
            loses=moves[Move.LOSES],
            caps=moves[Move.CAP],
            answers=moves[Move.ANSWER],
            places=len(changes),
            merchants_gaining=len(gaining),
            merchants_losing=len(losing),
            value_gaining_cents=sum(gaining.values()),
            value_losing_cents=sum(losing.values()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSums:
    """Refunds under one policy: by outcome, what is paid at once, and what that costs on average (cents)."""

    outcomes: Mapping[RefundOutcome, int]
    instant_cents: int
    loss_cents: int

    @classmethod
    def of(cls, refunds: Sequence[RefundChange], side: Side) -> Self:
        """Add up one side."""
        judged = [(one.amount_cents, getattr(one, side)) for one in refunds]
        return cls(
            outcomes=Counter(one.outcome for _, one in judged),
            instant_cents=sum(cents for cents, one in judged if one.outcome is RefundOutcome.INSTANT),
            loss_cents=sum(one.loss_cents for _, one in judged),
        )

    @property
    def reviews(self) -> int:
        """How many a person looks at."""
        return self.outcomes.get(RefundOutcome.REVIEW, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Everything that a changed policy would do as of a moment; refunds are those of the last `days`."""

    as_of: datetime
    days: int
    recorded: bool
    merchants: int
    modelled: int
    before: Policies
    after: Policies
    changes: tuple[Change, ...]
    refunds: tuple[RefundChange, ...]
    cutoffs: tuple[Cutoff, ...]
    costs: CostPolicy

    @property
    def total(self) -> Tally:
        """All places."""
        return Tally.of(self.changes)

    def by_programme(self) -> dict[str, Tally]:
        """By programme, in the policy's order."""
        return self._by(lambda one: one.programme)

    def by_category(self) -> dict[str, Tally]:
        """By the merchant's own category, by name."""
        return dict(sorted(self._by(lambda one: one.category).items()))

    def by_size(self) -> dict[str, Tally]:
        """By orders a year, the smallest first."""
        found = self._by(lambda one: one.size)
        return {name: found[name] for name in self.costs.size_names if name in found}

    def answers(self) -> dict[tuple[Outcome, Outcome], int]:
        """How many places go from which answer to which."""
        return Counter((one.before.outcome, one.after.outcome) for one in self.changes)

    def refund_sums(self, side: Side) -> RefundSums:
        """Refunds under one side."""
        return RefundSums.of(self.refunds, side)

    def refunds_by_category(self) -> dict[str, tuple[RefundSums, RefundSums]]:
        """Refunds before and after, by the category of the goods, by name."""
        groups = _grouped(self.refunds, lambda one: one.category)
        return {
            name: (RefundSums.of(own, "before"), RefundSums.of(own, "after")) for name, own in sorted(groups.items())
        }

    def cost(self, side: Side) -> Cost:
        """What all promises cost in a month, under one side."""
        parts = (cost_of(getattr(one, side), _promise(one), self.costs) for one in self.changes)
        return sum(parts, Cost())

    def refund_cost(self, side: Side) -> Cost:
        """What refunds cost in a month, under one side: what is lost on average, and people's looks."""
        sums, months = self.refund_sums(side), self.days / 30
        return Cost(loss=sums.loss_cents / months, review=sums.reviews * self.costs.review_cents / months)

    def reviews_a_day(self, side: Side) -> float:
        """Looks that a day asks of people: doors under review, each once in a period, and refunds."""
        doors = sum(getattr(one, side).outcome is Outcome.REVIEW for one in self.changes)
        return doors / self.costs.review_days + self.refund_sums(side).reviews / self.days

    def _by(self, key: Callable[[Change], str]) -> dict[str, Tally]:
        return {name: Tally.of(own) for name, own in _grouped(self.changes, key).items()}


def _promise(one: Change) -> Promise:
    return Promise(value_cents=one.value_cents, orders_a_month=one.orders_a_month, p_bad=one.p_bad)


def _grouped(many: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for one in many:
        groups.setdefault(key(one), []).append(one)
    return groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is replayed: merchants as of a moment, and the refunds asked for in the `days` before it.

    `recorded` = these were decided on; else they are rebuilt from returns.
    """

    as_of: datetime
    days: int
    subjects: tuple[Subject, ...]
    refunds: tuple[PastRefund, ...]
    recorded: bool


def what_if(past: Past, before: Policies, after: Policies, *, costs: CostPolicy) -> WhatIf:
    """Judge everything twice and weigh the difference. Raises `ScaleDiffers`, `TimeNaive`."""
    return WhatIf(
        as_of=past.as_of,
        days=past.days,
        recorded=past.recorded,
        merchants=len(past.subjects),
        modelled=sum(one.thought.modelled for one in past.subjects),
        before=before,
        after=after,
        changes=place_changes(past.subjects, before, after, costs=costs, as_of=past.as_of),
        refunds=refund_changes(past.refunds, before, after),
        cutoffs=cutoffs(past.subjects, before, after, costs=costs, as_of=past.as_of),
        costs=costs,
    )
