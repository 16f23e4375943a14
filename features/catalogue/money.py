"""Money that the platform paid first, and what the merchant still owes of it."""

from features.catalogue.feature import Feature, Told, Total, Windowed
from features.measures import Asked, Column, Events, Happenings, Is, Latest, Measure, Said

__all__ = [
    "FEATURES",
    "OWED",
    "OWED_CENTS",
    "RECOVERED",
    "RECOVERED_CENTS",
    "WRITTEN_OFF",
    "WRITTEN_OFF_CENTS",
    "of_what_is_owed",
]

_CENTS = Column(column="amount_cents")
_ADVANCES = Events(event_type="refund_paid", where=(Is(column="advanced_by", words=("platform",)),))
OWED = Events(
    event_type="refund_paid",
    where=(Is(column="advanced_by", words=("platform",)), Is(column="finally_liable", words=("merchant",))),
)
_ADVANCED = Measure(source=Happenings(of=_ADVANCES), amount=_CENTS)
OWED_CENTS = Measure(source=Happenings(of=OWED), amount=_CENTS)
RECOVERED = Events(event_type="advance_recovered")
WRITTEN_OFF = Events(event_type="advance_written_off")


def of_what_is_owed(settling: Events) -> Measure:
    """Cents of events about refunds, while one of the same id is known that the merchant owes."""
    return Measure(source=Asked(of=settling, by="refund_id", having=(OWED,)), amount=_CENTS)


RECOVERED_CENTS = of_what_is_owed(RECOVERED)
WRITTEN_OFF_CENTS = of_what_is_owed(WRITTEN_OFF)
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
        formula=Total(of=OWED_CENTS, less=(RECOVERED_CENTS, WRITTEN_OFF_CENTS)),
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
