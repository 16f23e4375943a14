"""What a label is about: when a merchant is called bad, and how long it takes until that is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from features.exemptions import Exemption

__all__ = ["KINDS", "LabelSpec", "Undelivered", "Unrecovered"]

#: What a label may be about: too many orders spoilt by the merchant's own fault, a fake confirmed, or money taken for
#: goods that never came and advances that were never repaid.
KINDS = ("own_fault", "counterfeit", "bust_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Goods that have not come `grace_days` after they were due: at least this share of the value due, and cents."""

    share: float
    cents: int
    grace_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecovered:
    """Advances for the merchant that it has not repaid: at least so many cents, and this share of the value due."""

    share: float
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpec:
    """When a merchant is called bad.

    Kind `own_fault`: of the orders placed in the window (those from `sources`, if any are named), at least
    `threshold` (a share) show one of the fault `components`; an order counts what its gravest component weighs
    (`weights`, 1 where none is stated). Kind `counterfeit`: a fake is confirmed. Kind `bust_out`: of the orders to be
    delivered within the window, too much never came (`undelivered`), or too much of what the platform advanced within
    it was never repaid (`unrecovered`); either may be left away. A merchant with fewer than `min_orders` orders in the
    window is not labelled good, nor bad for its orders. A component is looked at with what is known `delay_days` after
    the window, or as many as `delays` says for it. Exempt orders count nowhere.
    """

    target: str
    kind: str
    components: tuple[str, ...] = ()
    threshold: float = 0.0
    min_orders: int = 0
    horizon_days: int
    delay_days: int
    sources: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    delays: Mapping[str, int] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    undelivered: Undelivered | None = None
    unrecovered: Unrecovered | None = None

    def delay_of(self, component: str) -> int:
        """By how many days after the window a component is known."""
        return self.delays.get(component, self.delay_days)

    @property
    def gap(self) -> timedelta:
        """How long after its moment a label is mature: the horizon and the longest reporting delay."""
        return timedelta(days=self.horizon_days + self.longest_delay)

    @property
    def longest_delay(self) -> int:
        """After how many days all of it is known: nobody is cleared before."""
        return max(self.delay_days, *self.delays.values(), 0)
