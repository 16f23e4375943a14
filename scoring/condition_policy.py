"""What a policy may ask of a merchant: one condition of entry, in words for people."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from scoring.policy_text import PolicyPart, Text, Whole

__all__ = ["Code", "Condition", "Kind"]

Code = Annotated[str, Field(pattern=r"^P\d{3}$")]
Positive = Annotated[int, Field(gt=0)]

#: A rate with bounds, a plain number, a deposit that covers orders, a paper of the merchant's, or one for the brand.
Kind = Literal["rate", "number", "deposit", "paper", "brand_paper"]


class Condition(PolicyPart):
    """One condition of entry.

    `metric` is a feature, or for a paper its qualification. A rate looks back `days`, counts `things`, and is met
    with `confidence`, or with at most `small_count` failures. A deposit covers `times` the metric, an amount, and
    `plus_cents`. `switched_off` says why a condition is not judged yet; `waived`, why it is asked although hardly any
    merchant can prove it. Where what it looks at is not known of a merchant, `when_missing` follows; None is to refuse.
    """

    code: Code
    kind: Kind
    metric: Text
    at_least: float | int | None = None
    at_most: float | int | None = None
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.80
    small_count: Whole | None = None
    days: Positive | None = None
    times: Positive | None = None
    plus_cents: Whole | None = None
    things: str = ""
    things_zh: str = ""
    paced_by_orders: bool = True
    switched_off: str = ""
    switched_off_zh: str = ""
    when_missing: Literal["refuse", "review"] | None = None
    waived: str = ""
    waived_zh: str = ""
    text: Text
    text_zh: Text

    @property
    def on(self) -> bool:
        """Whether it is judged."""
        return not self.switched_off

    @property
    def is_paper(self) -> bool:
        """Whether it asks for a paper, not for a figure."""
        return self.kind in ("paper", "brand_paper")

    @property
    def need(self) -> float | int | str | None:
        """What is asked for: the limit, or of a paper that it is valid; a deposit's hangs on the merchant's orders."""
        if self.is_paper:
            return "valid"
        return self.at_most if self.at_least is None else self.at_least

    def deposit_cents(self, order_cents: float) -> int:
        """The deposit that is asked of a merchant whose large orders come to so much (cents)."""
        return round((self.times or 0) * order_cents) + (self.plus_cents or 0)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        limits = (self.at_least is not None) + (self.at_most is not None)
        if self.is_paper and limits:
            raise ValueError(f"{self.code}: a paper has no limit")
        if self.kind in ("rate", "number") and limits != 1:
            raise ValueError(f"{self.code}: exactly one of at_least and at_most is needed")
        if bool(self.switched_off) != bool(self.switched_off_zh):
            raise ValueError(f"{self.code}: why it is switched off must be said in both languages")
        if bool(self.waived) != bool(self.waived_zh):
            raise ValueError(f"{self.code}: why it is waived must be said in both languages")
        if self.when_missing is not None and self.kind not in ("number", "deposit"):
            raise ValueError(f"{self.code}: when_missing is a number's or a deposit's")
        return self

    @model_validator(mode="after")
    def _deposit_is_whole(self) -> Self:
        parts = (self.times, self.plus_cents)
        if self.kind == "deposit" and None in parts:
            raise ValueError(f"{self.code}: a deposit needs times and plus_cents")
        if self.kind != "deposit" and parts != (None, None):
            raise ValueError(f"{self.code}: times and plus_cents are a deposit's")
        return self

    @model_validator(mode="after")
    def _rate_is_whole(self) -> Self:
        if self.kind != "rate":
            return self
        if not 0 < float(self.need or 0) < 1:
            raise ValueError(f"{self.code}: the limit of a rate lies between 0 and 1")
        if self.days is None or not self.things or not self.things_zh:
            raise ValueError(f"{self.code}: a rate needs days, things and things_zh")
        if self.on and not self.metric.removesuffix("_capped").endswith(f"_{self.days}d"):
            raise ValueError(f"{self.code}: {self.metric} does not look back {self.days} days")
        return self
