"""Disputes: what they are about, through which door they come, whose fault is found, on what ground and how soon."""

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.orders import ORDERS
from features.measures import Asked, Carries, Events, Flag, Happenings, Is, Late, Measure

__all__ = ["FEATURES"]

_OPENED = Happenings(of=Events(event_type="dispute_opened"))
_RESOLVED = Happenings(of=Events(event_type="dispute_resolved"))
_LOST = Is(column="outcome", words=("merchant_at_fault",))

#: What the reasons are called -> the reasons, how a sentence names them, and whether more is worse.
_REASONS = {
    "not_received": (("not_received",), "goods that never came", "未收到货", "higher"),
    "goods": (
        ("quality", "not_as_described", "damaged", "wrong_item", "missing_parts", "expired"),
        "bad, wrong or missing goods", "商品质量、描述不符或错漏发", "higher",
    ),
    "counterfeit": (("counterfeit",), "fakes", "疑似假货", "higher"),
    "unsafe": (("unsafe",), "unsafe goods", "安全隐患", "higher"),
    "return_refused": (("return_refused",), "refused returns", "拒绝退货", "higher"),
    "unauthorised": (("unauthorised",), "orders that the buyer did not place", "非本人下单", "neither"),
}  # fmt: skip

#: Outcome -> how a sentence tells it, whether more is worse, and whose doing it is.
_OUTCOMES = {
    "merchant_at_fault": ("found to be the merchant's fault", "判定为商家责任", "higher", "behaviour"),
    "buyer_at_fault": ("found to be the buyer's fault", "判定为买家责任", "neither", "buyer"),
    "carrier_at_fault": ("found to be the carrier's fault", "判定为承运商责任", "neither", "behaviour"),
    "nobody_at_fault": ("found to be nobody's fault", "判定为无人责任", "neither", "behaviour"),
}


def _opened(*where: Is) -> Ratio:
    return Ratio(of=Measure(source=_OPENED, amount=Flag(where=where)), per=ORDERS)


def _about(number: int, name: str) -> Windowed:
    words, said, said_zh, riskier = _REASONS[name]
    return Windowed(
        name=f"{name}_dispute_rate",
        meaning=f"disputes opened for {', '.join(words)}, by orders placed; as they are opened, unverified",
        formula=_opened(Is(column="reason", words=words)),
        unit="share",
        riskier=riskier,
        reason=f"R{number}",
        text=f"Disputes about {said} came to {{value:.1%}} of the orders of the last {{days}} days.",
        text_zh=f"近 {{days}} 天内，{said_zh}纠纷数为订单数的 {{value:.1%}}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    )


def _ended(number: int, outcome: str, said: str, said_zh: str, riskier: str, cause: str) -> Windowed:
    return Windowed(
        name=f"disputes_{outcome}_rate",
        meaning=f"of the disputes resolved in the window, those resolved {outcome}",
        formula=Ratio(
            of=Measure(source=_RESOLVED, amount=Flag(where=(Is(column="outcome", words=(outcome,)),))),
            per=Measure(source=_RESOLVED),
        ),
        unit="share",
        riskier=riskier,
        cause=cause,
        reason=f"R{number}",
        text=f"{{value:.0%}} of the disputes resolved in the last {{days}} days were {said}.",
        text_zh=f"近 {{days}} 天解决的纠纷中，{{value:.0%}} {said_zh}。",
        text_none="No disputes were resolved in the last {days} days.",
        text_none_zh="近 {days} 天内没有解决的纠纷。",
    )


#: Food that made somebody ill, or was past its date, as a ruling found; of which category it was, its order says.
_UNSAFE_FOOD = Asked(
    of=Events(event_type="dispute_resolved", where=(_LOST, Is(column="reason", words=("unsafe", "expired")))),
    by="order_id",
    having=(Events(event_type="order_placed", where=(Is(column="category", words=("food", "fresh_food")),)),),
)

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_unsafe_food_confirmed",
        meaning="disputes about unsafe or expired goods resolved as the merchant's fault, of orders of food",
        formula=Total(of=Measure(source=_UNSAFE_FOOD)),
        unit="count",
        riskier="higher",
        reason="R216",
        text="{value:,} times unsafe or expired food was confirmed in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 次食品安全问题经核实。",
        text_none="No unsafe food was confirmed.",
        text_none_zh="没有经核实的食品安全问题。",
        windows=(365,),
    ),
    *(feature for number, name in enumerate(_REASONS, start=450) for feature in _about(number, name)),
    *(
        feature
        for number, (outcome, said) in enumerate(_OUTCOMES.items(), start=456)
        for feature in _ended(number, outcome, *said)
    ),
    *_ended(417, "settled", "settled between merchant and buyer", "由双方和解", "neither", "behaviour"),
    *Windowed(
        name="chargeback_rate",
        meaning="disputes opened through the buyer's bank, by orders placed",
        formula=_opened(Is(column="channel", words=("chargeback",))),
        unit="share",
        riskier="higher",
        reason="R416",
        text="Chargebacks came to {value:.2%} of the orders of the last {days} days.",
        text_zh="近 {days} 天内，银行拒付数为订单数的 {value:.2%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="lost_by_default_rate",
        meaning="of the disputes resolved as the merchant's fault in the window and that say on what ground, those "
        "that it lost by default: it said nothing",
        formula=Ratio(
            of=Measure(source=_RESOLVED, amount=Flag(where=(_LOST, Is(column="basis", words=("default",))))),
            per=Measure(source=_RESOLVED, amount=Flag(where=(_LOST, Carries(column="basis")))),
        ),
        unit="share",
        riskier="higher",
        reason="R418",
        text="Lost {value:.0%} of its lost disputes of the last {days} days by saying nothing.",
        text_zh="近 {days} 天败诉的纠纷中，{value:.0%} 因商家未作答复而判定。",
        text_none="No disputes were lost in the last {days} days.",
        text_none_zh="近 {days} 天内没有败诉的纠纷。",
    ),
    *Windowed(
        name="mean_ruling_days",
        meaning="mean days from opening to ruling, of the disputes resolved in the window whose opening is known",
        formula=Ratio(
            of=Measure(source=_RESOLVED, amount=Late(column="opened_at")),
            per=Measure(source=_RESOLVED, amount=Flag(where=(Carries(column="opened_at"),))),
            unit=86_400,
        ),
        unit="days",
        riskier="neither",
        cause="platform",
        reason="R419",
        text="Disputes ruled on in the last {days} days took {value:.1f} days on average.",
        text_zh="近 {days} 天裁决的纠纷平均用时 {value:.1f} 天。",
        text_none="No disputes were ruled on in the last {days} days.",
        text_none_zh="近 {days} 天内没有裁决的纠纷。",
    ),
)
