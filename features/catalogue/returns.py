"""Returns: how many are asked for, how many refused."""

from features.catalogue.feature import Feature, Ratio, Windowed
from features.catalogue.orders import ORDERS, capped_rate
from features.measures import Asked, Events, Flag, Happenings, Is, Measure, Orders

__all__ = ["FEATURES"]

_ASKED = Events(event_type="return_requested")
_REQUESTED = Measure(source=Happenings(of=_ASKED))
_ANSWERED = Events(event_type="return_answered")
_NO = (Is(column="outcome", words=("rejected",)),)
_REFUSED = Events(event_type="return_answered", where=_NO)
_SILENT = Asked(of=_ASKED, by="return_id", clock="answer_by", lacking=(_ANSWERED,))
_ANSWERS = Measure(source=Happenings(of=_ANSWERED))
_REFUSALS = Measure(source=Happenings(of=_ANSWERED), amount=Flag(where=_NO))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="return_rate",
        meaning="returns requested, by orders placed",
        formula=Ratio(of=_REQUESTED, per=ORDERS),
        unit="share",
        riskier="higher",
        reason="R061",
        text="{value:.1%} as many returns as orders were requested in the last {days} days.",
        text_zh="近 {days} 天内，退货申请数为订单数的 {value:.1%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="return_refusal_rate",
        meaning="returns answered with a refusal, of returns answered",
        formula=Ratio(of=_REFUSALS, per=_ANSWERS),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, with a return that was "
        "answered or should have been, those with one that was refused or not answered in time",
        capped=capped_rate(Orders(having=(_REFUSED, _SILENT)), of=Orders(having=(_ANSWERED,))),
        unit="share",
        riskier="higher",
        prior=0.1,
        reason="R062",
        text="Refused {value:.0%} of the returns answered in the last {days} days.",
        text_zh="近 {days} 天内，拒绝了 {value:.0%} 的退货申请。",
        text_none="No returns were answered in the last {days} days.",
        text_none_zh="近 {days} 天内没有处理过退货申请。",
    ),
)
