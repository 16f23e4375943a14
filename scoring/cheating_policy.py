"""What cheating costs and is worth, read from reviewed TOML; the shipped text is `scoring/policies/cheating.toml`."""

from typing import Annotated, ClassVar

from pydantic import Field

from scoring.policy_text import Cents, Policy, PolicyPart, Share, Text

__all__ = ["CheatingPolicy", "Costs", "Search", "Worth"]

Positive = Annotated[int, Field(gt=0)]


class Search(PolicyPart):
    """How far the search for the least goes: things done, days, and things that one account does."""

    things_at_most: Positive
    days_at_most: Positive
    per_account: Positive


class Costs(PolicyPart):
    """What whoever cheats pays, in minor units; shares are of an order's amount.

    Of the false claims one in `upheld_every` is upheld.
    """

    account_cents: Cents
    shop_cents: Cents
    platform_fee: Share
    parcel_cents: Cents
    hire_cents: Cents
    return_freight_cents: Cents
    express_cents: Cents
    coupon_cents: Cents
    loss_share: Share
    report_cents: Cents
    message_cents: Cents
    upheld_every: Positive


class Worth(PolicyPart):
    """What a gain is worth: `margin` is the share that a merchant keeps of a sale."""

    margin: Share


class CheatingPolicy(Policy):
    """Everything arguable about the price of cheating; amounts in minor units of `currency`."""

    kind: ClassVar[str] = "cheating"

    currency: Text
    search: Search
    costs: Costs
    worth: Worth
