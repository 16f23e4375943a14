"""Disputes, and what went wrong with orders: whose fault it was found to be."""

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.orders import ORDERS, capped_rate
from features.faults import SILENCE_PROOF, TOLD
from features.measures import AtMost, Distinct, Events, Happenings, Is, Measure, Open, Orders, OwnFaults

__all__ = ["DEFECTIVE", "DEFECT_REFUNDS", "FAULTY", "FEATURES"]

_OPENED = Measure(source=Happenings(of=Events(event_type="dispute_opened")))
_LOST_DISPUTES = Events(event_type="dispute_resolved", where=(Is(column="outcome", words=("merchant_at_fault",)),))
_LOST = Measure(source=Happenings(of=_LOST_DISPUTES))
_LOW_STARS = Events(event_type="review_posted", where=(AtMost(column="stars", most=2),))
_CANCELLED = Events(event_type="order_cancelled", where=(Is(column="actor", words=("merchant",)),))
_DEFECT_REASONS = (
    "quality", "not_as_described", "counterfeit", "damaged", "wrong_item", "missing_parts", "unsafe", "not_received",
)  # fmt: skip
DEFECT_REFUNDS = Events(
    event_type="refund_paid",
    where=(Is(column="reason", words=_DEFECT_REASONS), Is(column="finally_liable", words=("merchant",))),
)
_DEFECTS = Orders(having=(_LOW_STARS, _LOST_DISPUTES, _CANCELLED, DEFECT_REFUNDS))
DEFECTIVE = Measure(source=_DEFECTS)
FAULTY = Measure(source=OwnFaults(components=TOLD))
_AFFECTED = Measure(source=Distinct(of=(_LOW_STARS, _LOST_DISPUTES), by="buyer_id"))
_STILL_OPEN = Measure(source=Open(opened="dispute_opened", closed="dispute_resolved", by="dispute_id"))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="dispute_rate",
        meaning="disputes opened, by orders placed",
        formula=Ratio(of=_OPENED, per=ORDERS),
        unit="share",
        riskier="higher",
        reason="R031",
        text="{value:.1%} as many disputes as orders were opened in the last {days} days.",
        text_zh="近 {days} 天内，新开纠纷数为订单数的 {value:.1%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="fault_rate",
        meaning="disputes resolved as the merchant's fault, by orders placed",
        formula=Ratio(of=_LOST, per=ORDERS),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, those with a dispute "
        "resolved as the merchant's fault",
        capped=capped_rate(Orders(having=(_LOST_DISPUTES,))),
        unit="share",
        riskier="higher",
        prior=0.01,
        reason="R032",
        text="Disputes found to be the merchant's fault came to {value:.1%} of orders in the last {days} days.",
        text_zh="近 {days} 天内，判定商家责任的纠纷占订单的 {value:.1%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="defect_rate",
        meaning="of the orders placed in the window, those with at least one defect known",
        formula=Ratio(of=DEFECTIVE, per=ORDERS),
        capped=capped_rate(_DEFECTS),
        unit="share",
        riskier="higher",
        prior=0.1,
        # What is known of a week's orders tells mostly how soon it became known, which a fast refund hastens.
        drawn=(30, 90, 365),
        reason="R033",
        text="{value:.1%} of the orders of the last {days} days went wrong.",
        text_zh="近 {days} 天的订单中，{value:.1%} 出现问题。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="own_fault_rate",
        meaning="of the orders placed in the window, those with at least one fault of the merchant's own known",
        formula=Ratio(of=FAULTY, per=ORDERS),
        meaning_capped="the same of each buyer's real orders, at most three; low stars unless the order is known to "
        "have come late, and returns that were not answered in time, are faults too",
        capped=capped_rate(OwnFaults(components=SILENCE_PROOF)),
        unit="share",
        riskier="higher",
        prior=0.1,
        reason="R034",
        text="{value:.1%} of the orders of the last {days} days failed through the merchant's own fault.",
        text_zh="近 {days} 天的订单中，{value:.1%} 因商家自身原因出现问题。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="n_affected_buyers",
        meaning="distinct buyers over reviews with at most 2 stars and disputes resolved as the merchant's fault",
        formula=Total(of=_AFFECTED),
        unit="count",
        riskier="higher",
        reason="R035",
        text="{value:,} different buyers were let down in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 位不同买家受到影响。",
        text_none="No buyer was let down.",
        text_none_zh="没有买家受到影响。",
    ),
    Feature(
        name="n_disputes_open",
        shows="n_disputes_open",
        meaning="disputes known to be opened and not known to be resolved",
        formula=Total(of=_STILL_OPEN),
        unit="count",
        riskier="higher",
        reason="R036",
        text="{value:,} disputes are open.",
        text_zh="有 {value:,} 起纠纷尚未解决。",
        text_none="No dispute is open.",
        text_none_zh="没有未解决的纠纷。",
    ),
)
