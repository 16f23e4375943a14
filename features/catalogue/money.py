"""Money that the platform paid first, and what the merchant still owes of it."""

from features.catalogue.feature import Feature, Told, Total, Windowed
from features.measures import Column, Events, Happenings, Is, Latest, Measure, Repaid, Said

__all__ = ["FEATURES"]

_CENTS = Column(column="amount_cents")
_ADVANCES = Events(event_type="refund_paid", where=(Is(column="advanced_by", words=("platform",)),))
_OWED = Events(
    event_type="refund_paid",
    where=(Is(column="advanced_by", words=("platform",)), Is(column="finally_liable", words=("merchant",))),
)
_ADVANCED = Measure(source=Happenings(of=_ADVANCES), amount=_CENTS)
_OWED_CENTS = Measure(source=Happenings(of=_OWED), amount=_CENTS)
_RECOVERED = Measure(source=Repaid(event_type="advance_recovered", refund=_OWED), amount=_CENTS)
_WRITTEN_OFF = Measure(source=Repaid(event_type="advance_written_off", refund=_OWED), amount=_CENTS)
_DEPOSITS = (Events(event_type="merchant_registered"), Events(event_type="deposit_changed"))
_DEPOSIT = Latest(of=_DEPOSITS, column="deposit_cents")

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="platform_refund_cents",
        meaning="refunds advanced by the platform",
        formula=Total(of=_ADVANCED),
        unit="cents",
        riskier="higher",
        cause="platform",
        reason="R071",
        text="The platform advanced refunds of {money} in the last {days} days.",
        text_zh="近 {days} 天内，平台垫付退款 {money}。",
        text_none="The platform advanced no refunds.",
        text_none_zh="平台没有垫付退款。",
    ),
    Feature(
        name="merchant_debt_cents",
        shows="merchant_debt_cents",
        meaning="refunds advanced by the platform and finally the merchant's, less what was recovered or written off",
        formula=Total(of=_OWED_CENTS, less=(_RECOVERED, _WRITTEN_OFF)),
        unit="cents",
        riskier="higher",
        cause="platform",
        reason="R072",
        text="Owes the platform {money} for refunds it advanced.",
        text_zh="尚欠平台垫付的退款 {money}。",
        text_none="Owes the platform nothing.",
        text_none_zh="不欠平台垫付款。",
    ),
    Feature(
        name="deposit_cents",
        shows="deposit_cents",
        meaning="the deposit's latest known balance",
        formula=Told(latest=Measure(source=_DEPOSIT, amount=Said()), known=Measure(source=_DEPOSIT)),
        unit="cents",
        riskier="lower",
        reason="R073",
        text="Holds a deposit of {money}.",
        text_zh="保证金余额为 {money}。",
        text_none="No deposit is known.",
        text_none_zh="没有保证金记录。",
    ),
)
