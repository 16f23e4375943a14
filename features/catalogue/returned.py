"""What comes back: why it was sent back, in what state, and returns that a promise on the order allows but that are
refused or met with silence."""

from dataclasses import replace

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.kept import ANSWERED
from features.catalogue.orders import ORDERS, capped_rate
from features.catalogue.promises import DELIVERED
from features.measures import Asked, Events, Flag, Happenings, Is, Lists, Measure, Orders, Ticked

__all__ = ["FEATURES"]

_REQUESTS = Happenings(of=Events(event_type="return_requested"))
_INSPECTIONS = Happenings(of=Events(event_type="return_inspected"))
_INSPECTED = Measure(source=_INSPECTIONS)

#: What the reasons are called -> the reasons, and how a sentence names them.
_REASONS = {
    "no_reason": (("no_reason",), "with no reason asked", "无理由"),
    "quality": (("quality",), "for their quality", "质量问题"),
    "not_as_described": (("not_as_described",), "as not what was described", "描述不符"),
    "counterfeit": (("counterfeit",), "as fakes", "疑似假货"),
    "damaged": (("damaged",), "as damaged", "破损"),
    "wrong": (("wrong_item", "missing_parts"), "as wrong or incomplete", "错发或漏发"),
    "late": (("late",), "because they came late", "送达过晚"),
    "unsafe": (("unsafe",), "as unsafe", "安全隐患"),
}

#: Outcome of an inspection that is a buyer's doing -> how a sentence names it.
_STATES = {
    "used": ("used", "已使用"),
    "empty": ("empty", "为空包裹"),
    "swapped": ("something else", "被调包"),
    "missing": ("incomplete", "缺件"),
}


def _for_reason(number: int, name: str) -> Windowed:
    words, said, said_zh = _REASONS[name]
    among = " or ".join(words)
    return Windowed(
        name=f"{name}_return_rate",
        meaning=f"returns requested for the reason {among}, by orders placed; as buyers say, unverified",
        formula=Ratio(of=Measure(source=_REQUESTS, amount=Flag(where=(Is(column="reason", words=words),))), per=ORDERS),
        unit="share",
        riskier="neither" if name == "no_reason" else "higher",
        reason=f"R{number}",
        text=f"In the last {{days}} days, {{value:.1%}} of orders were to be returned {said}.",
        text_zh=f"近 {{days}} 天内，{said_zh}退货申请占订单的 {{value:.1%}}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    )


def _in_state(number: int, outcome: str) -> Windowed:
    said, said_zh = _STATES[outcome]
    flag = Flag(where=(Is(column="outcome", words=(outcome,)),))
    return Windowed(
        name=f"returned_{outcome}_rate",
        meaning=f"of the goods that came back and were inspected in the window, those found {outcome}: the doing of "
        "buyers",
        formula=Ratio(of=Measure(source=_INSPECTIONS, amount=flag), per=_INSPECTED),
        unit="share",
        riskier="neither",
        cause="buyer",
        reason=f"R{number}",
        text=f"{{value:.1%}} of what buyers sent back in the last {{days}} days was {said}.",
        text_zh=f"近 {{days}} 天买家退回的商品中，{{value:.1%}} {said_zh}。",
        text_none="Nothing that came back was inspected in the last {days} days.",
        text_none_zh="近 {days} 天内没有查验过退回商品。",
    )


# --- False promises --------------------------------------------------------------------------------------------

#: The law's seven days begin after the day on which the goods came.
_IN_TIME = 8 * 86_400
_NO_REASON = Asked(
    of=Events(event_type="return_requested", where=(Is(column="reason", words=("no_reason",)),)),
    by="order_id",
    lacking=(DELIVERED,),
    in_time=True,
    ahead=_IN_TIME,
)
_CARRYING = Events(event_type="order_placed", where=(Lists(column="programmes", word="seven_day_return"),))
_EXCEPTED = Events(event_type="order_placed", where=(Ticked(column="no_return_confirmed"),))
_PROMISED = Asked(of=_NO_REASON, by="order_id", having=(_CARRYING,), lacking=(_EXCEPTED,))

_REFUSED = Asked(
    of=_PROMISED,
    by="return_id",
    having=(Events(event_type="return_answered", where=(Is(column="outcome", words=("rejected",)),)),),
)
_SILENT = Asked(of=_PROMISED, by="return_id", clock="answer_by", lacking=(ANSWERED,))
_ANSWERED = Asked(of=_PROMISED, by="return_id", having=(ANSWERED,))

_BROKEN = Orders(having=(_REFUSED, _SILENT))
_TOLD = replace(_BROKEN, having=(_ANSWERED, _SILENT))

FEATURES: tuple[Feature, ...] = (
    *(feature for number, name in enumerate(_REASONS, start=426) for feature in _for_reason(number, name)),
    *(feature for number, outcome in enumerate(_STATES, start=434) for feature in _in_state(number, outcome)),
    *Windowed(
        name="n_false_promises",
        meaning="orders placed in the window that promised a return within seven days with no reason asked, and of "
        "which such a return (no known delivery lies more than eight days before it) was refused, or not answered by "
        "its answer_by and to this day; not those whose buyer agreed to none",
        formula=Total(of=Measure(source=_BROKEN)),
        unit="count",
        riskier="higher",
        clock="event_time of the order",
        reason="R438",
        text="For {value:,} orders of the last {days} days a promised return was refused or met with silence.",
        text_zh="近 {days} 天的订单中，有 {value:,} 笔承诺的七天无理由退货被拒绝或未获答复。",
        text_none="No promised return was refused.",
        text_none_zh="没有承诺的退货被拒绝。",
    ),
    *Windowed(
        name="false_promise_rate",
        meaning="of the orders placed in the window that promised a return within seven days with no reason asked, and "
        "of which such a return was answered, or should have been, those of which one was refused or met with silence",
        formula=Ratio(of=Measure(source=_BROKEN), per=Measure(source=_TOLD)),
        capped=capped_rate(_BROKEN, of=_TOLD),
        unit="share",
        riskier="higher",
        clock="event_time of the order",
        prior=0.1,
        drawn=(365,),
        reason="R439",
        text="Broke its word on {value:.0%} of the promised returns for orders of the last {days} days.",
        text_zh="近 {days} 天的订单中，{value:.0%} 承诺的七天无理由退货未兑现。",
        text_none="No promised return was asked for.",
        text_none_zh="没有人申请过承诺的退货。",
    ),
)
