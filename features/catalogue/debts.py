"""Refunds by who bears them in the end, and what became of those that the platform paid first.

Who bears a refund, and what is drawn from a deposit or written off, is the platform's doing; whether a merchant pays
its debt back is its own. But it only comes to owe where the platform chose to pay first, so no model sees it.
"""

from dataclasses import replace

from features.catalogue.ages import Beyond, Oldest
from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.kept import REFUNDED
from features.catalogue.money import (
    OWED,
    OWED_CENTS,
    RECOVERED,
    RECOVERED_CENTS,
    WRITTEN_OFF,
    WRITTEN_OFF_CENTS,
    of_what_is_owed,
)
from features.measures import Asked, Column, Condition, Events, Flag, Happenings, Is, Measure

__all__ = ["FEATURES"]

_CENTS = Column(column="amount_cents")
_REFUNDS = Happenings(of=REFUNDED)
_PAID = Measure(source=_REFUNDS)
_BY_MERCHANT = Events(event_type="advance_recovered", where=(Is(column="recovered_from", words=("merchant",)),))
_DUE = Asked(of=OWED, by="refund_id", later=30 * 86_400)
#: What came back or was given up goes to the oldest debts first: who pays a cent of each is no less in arrears.
_SETTLED = (RECOVERED_CENTS, WRITTEN_OFF_CENTS)

#: Who bears a refund -> how a sentence names them, and whether more of it is worse.
_BEARERS = {
    "merchant": ("the merchant", "商家", "higher"),
    "platform": ("the platform", "平台", "neither"),
    "carrier": ("the carrier", "承运商", "neither"),
    "buyer": ("the buyer", "买家", "neither"),
}


def _of_refunds(where: Condition) -> Ratio:
    return Ratio(of=Measure(source=_REFUNDS, amount=Flag(where=(where,))), per=_PAID)


def _borne_by(number: int, who: str) -> Windowed:
    said, said_zh, riskier = _BEARERS[who]
    return Windowed(
        name=f"{who}_liable_refund_rate",
        meaning=f"of the refunds paid in the window, those finally the {who}'s",
        formula=_of_refunds(Is(column="finally_liable", words=(who,))),
        unit="share",
        riskier=riskier,
        cause="platform",
        reason=f"R{number}",
        text=f"In the end {said} bears {{value:.0%}} of the refunds of the last {{days}} days.",
        text_zh=f"近 {{days}} 天的退款中，{{value:.0%}} 最终由{said_zh}承担。",
        text_none="No refunds in the last {days} days.",
        text_none_zh="近 {days} 天内没有退款。",
    )


FEATURES: tuple[Feature, ...] = (
    *(feature for number, who in enumerate(_BEARERS, start=440) for feature in _borne_by(number, who)),
    *Windowed(
        name="advanced_refund_rate",
        meaning="of the refunds paid in the window, those that the platform paid first",
        formula=_of_refunds(Is(column="advanced_by", words=("platform",))),
        unit="share",
        riskier="neither",
        cause="platform",
        reason="R445",
        text="The platform paid {value:.0%} of the refunds of the last {days} days first.",
        text_zh="近 {days} 天的退款中，{value:.0%} 由平台垫付。",
        text_none="No refunds in the last {days} days.",
        text_none_zh="近 {days} 天内没有退款。",
    ),
    *Windowed(
        name="recovered_cents",
        meaning="what was recovered in the window of refunds that the platform paid first, from anyone",
        formula=Total(of=Measure(source=Happenings(of=RECOVERED), amount=_CENTS)),
        unit="cents",
        riskier="neither",
        cause="platform",
        reason="R446",
        text="{money} of advances came back in the last {days} days.",
        text_zh="近 {days} 天收回垫付款 {money}。",
        text_none="Nothing was recovered.",
        text_none_zh="没有收回垫付款。",
    ),
    *Windowed(
        name="written_off_cents",
        meaning="what was written off in the window of refunds that the platform paid first",
        formula=Total(of=Measure(source=Happenings(of=WRITTEN_OFF), amount=_CENTS)),
        unit="cents",
        riskier="higher",
        cause="platform",
        reason="R447",
        text="{money} of advances were written off in the last {days} days.",
        text_zh="近 {days} 天核销垫付款 {money}。",
        text_none="Nothing was written off.",
        text_none_zh="没有核销垫付款。",
    ),
    Feature(
        name="debt_repaid_share",
        shows="debt_repaid_share",
        meaning="of what the merchant came to owe for refunds that the platform paid first, the part that it paid back "
        "itself, not out of its deposit",
        formula=Ratio(of=of_what_is_owed(_BY_MERCHANT), per=OWED_CENTS),
        unit="share",
        riskier="lower",
        reason="R448",
        text="Paid back {value:.0%} of what it owed the platform for refunds.",
        text_zh="已自行偿还平台垫付退款的 {value:.0%}。",
        text_none="Never owed the platform anything for refunds.",
        text_none_zh="从未欠平台垫付退款。",
    ),
    Feature(
        name="debt_written_off_share",
        shows="debt_written_off_share",
        meaning="of what the merchant came to owe for refunds that the platform paid first, the part written off",
        formula=Ratio(of=WRITTEN_OFF_CENTS, per=OWED_CENTS),
        unit="share",
        riskier="higher",
        cause="platform",
        reason="R414",
        text="{value:.0%} of what it owed the platform for refunds was written off.",
        text_zh="其所欠平台垫付退款的 {value:.0%} 已被核销。",
        text_none="Never owed the platform anything for refunds.",
        text_none_zh="从未欠平台垫付退款。",
    ),
    *Windowed(
        name="debt_kept_rate",
        meaning="of the refunds that the platform paid first, that are finally the merchant's, and whose thirty days "
        "for paying back ended in the window, those of which the merchant itself paid anything back by then",
        formula=Ratio(of=Measure(source=replace(_DUE, having=(_BY_MERCHANT,), in_time=True)), per=Measure(source=_DUE)),
        unit="share",
        riskier="lower",
        clock="thirty days after the refund",
        reason="R449",
        text="Paid back within thirty days on {value:.0%} of the debts due in the last {days} days.",
        text_zh="近 {days} 天到期的欠款中，{value:.0%} 在三十天内有还款。",
        text_none="No debt was due in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期的欠款。",
    ),
    Feature(
        name="overdue_debt_cents",
        shows="overdue_debt_cents",
        meaning="refunds that the platform paid first more than 30 days ago and that are finally the merchant's, less "
        "all that was recovered or written off of such, which goes to the oldest first",
        formula=Beyond(of=OWED_CENTS, less=_SETTLED),
        days=30,
        unit="cents",
        riskier="higher",
        reason="R444",
        text="Has owed {money} for more than thirty days.",
        text_zh="有 {money} 的欠款已拖欠超过三十天。",
        text_none="Nothing is overdue.",
        text_none_zh="没有逾期欠款。",
    ),
    Feature(
        name="debt_age_days",
        shows="debt_age_days",
        meaning="age of the oldest debt that is left where what was recovered or written off goes to the oldest first: "
        "more than 7, 30, 90, 180 or 365 days, or 0; null where nothing is owed",
        formula=Oldest(of=OWED_CENTS, less=_SETTLED, levels=(7, 30, 90, 180, 365)),
        unit="days",
        riskier="higher",
        reason="R415",
        text="The oldest debt is more than {value:,} days old.",
        text_zh="最早的一笔欠款已超过 {value:,} 天。",
        text_none="Owes the platform nothing.",
        text_none_zh="没有欠款。",
    ),
)
