"""What a merchant's place with a programme costs in a month: losses, what is not earned, and people's looks."""

from dataclasses import dataclass

from scoring.admission import Outcome
from scoring.cost_policy import CostPolicy
from scoring.what_if import Judged

__all__ = ["Cost", "Promise", "cost_of"]

#: Order value is that of 90 days.
_MONTHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cents a month: `loss` by merchants that turn bad, `lost` by good ones that may not promise, `review` by looks."""

    loss: float = 0.0
    lost: float = 0.0
    review: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.loss + self.lost + self.review

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(loss=self.loss + other.loss, lost=self.lost + other.lost, review=self.review + other.review)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A merchant that would make a promise: its order value of 90 days, its pace, and how likely it turns bad."""

    value_cents: int
    orders_a_month: float
    p_bad: float


def cost_of(judged: Judged, promise: Promise, costs: CostPolicy) -> Cost:
    """What an answer costs on average in a month.

    Under a cap only so much of the value is under the promise; the rest earns nothing by it. While a person looks
    nothing is promised.
    """
    value = promise.value_cents / _MONTHS
    under = value * _share_under(judged, promise.orders_a_month)
    looks = judged.outcome is Outcome.REVIEW
    return Cost(
        loss=promise.p_bad * costs.loss_share * under,
        lost=(1 - promise.p_bad) * costs.lost_share * (value - under),
        review=costs.review_cents * 30 / costs.review_days if looks else 0.0,
    )


def _share_under(judged: Judged, orders_a_month: float) -> float:
    if not judged.carried:
        return 0.0
    return 1.0 if judged.cap is None else min(1.0, judged.cap / max(orders_a_month, 1.0))
