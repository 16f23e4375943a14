"""Stop rules: what no good record outweighs, for every programme and every night."""

from typing import Annotated

from pydantic import Field

from scoring.condition_policy import Code
from scoring.policy_text import PolicyPart, Share, Text

__all__ = ["BrokenPromise", "StopRule", "StopRules", "TooMany"]

Positive = Annotated[int, Field(gt=0)]


class StopRule(PolicyPart):
    """What no good record outweighs. `ends` = whoever is stopped by it loses the programme, after notice."""

    code: Code
    ends: bool = False
    text: Text
    text_zh: Text


class TooMany(StopRule):
    """A count that may not reach a number."""

    metric: Text
    at_least: Positive


class BrokenPromise(StopRule):
    """A rate of kept promises `under` the limit, with so many promises not kept.

    It counts what was not kept, not what was due: else the tenth order, sent in time, could stop a merchant.
    """

    metric: Text
    under: Share
    failures_at_least: Positive


class StopRules(PolicyPart):
    """Every stop rule; they hold for all programmes."""

    fake_confirmed: StopRule
    paper_expired: StopRule
    identity_failed: StopRule
    link_confirmed: StopRule
    debt_above_deposit: StopRule
    unsafe_food: TooMany
    dispatch_broken: BrokenPromise

    @property
    def all(self) -> tuple[StopRule, ...]:
        """The rules, by their codes."""
        rules = (
            self.fake_confirmed, self.paper_expired, self.debt_above_deposit, self.dispatch_broken,
            self.identity_failed, self.link_confirmed, self.unsafe_food,
        )  # fmt: skip
        return tuple(sorted(rules, key=lambda rule: rule.code))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The features that they look at."""
        return ("merchant_debt_cents", "deposit_cents", self.unsafe_food.metric, self.dispatch_broken.metric)
