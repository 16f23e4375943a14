"""More promises, each on its own clock: returns and messages answered, services done, refunds after a return, parcels
handed over. Silence breaks a promise as much as a late answer does."""

from dataclasses import replace

from features.catalogue.brushing import CARRIED
from features.catalogue.feature import Feature, Ratio, Windowed
from features.catalogue.orders import capped_kept, capped_rate
from features.catalogue.promises import DELIVERED, by_then, by_then_capped
from features.catalogue.shapes import Pooled
from features.measures import Asked, Events, Flag, Happenings, Is, Measure, Orders

__all__ = ["ANSWERED", "FEATURES", "REFUNDED"]

ANSWERED = Events(event_type="return_answered")
REFUNDED = Events(event_type="refund_paid")
_REPLIED = Events(event_type="message_answered")
_DONE = Events(event_type="service_completed", where=(Is(column="outcome", words=("done",)),))

_RETURNS = Asked(of=Events(event_type="return_requested"), by="return_id", clock="answer_by")
_MESSAGES = Asked(of=Events(event_type="message_received"), by="message_id", clock="reply_by")
_SERVICES = Asked(of=Events(event_type="service_requested"), by="service_id", clock="due_by")

_WEEK = 7 * 86_400
_CAME_BACK = Events(
    event_type="parcel_scanned", where=(Is(column="leg", words=("back",)), Is(column="scan", words=("delivered",)))
)
_INTACT = Events(event_type="return_inspected", where=(Is(column="outcome", words=("intact",)),))
_SPOILT = Events(
    event_type="return_inspected", where=(Is(column="outcome", words=("used", "empty", "swapped", "missing")),)
)
#: What the platform pays at once is its own act: it neither keeps nor breaks the merchant's word.
_AT_ONCE = Events(
    event_type="refund_paid",
    where=(Is(column="advanced_by", words=("platform",)), Is(column="speed", words=("instant",))),
)
_REPAID = Events(event_type="refund_paid", where=(Is(column="advanced_by", words=("merchant",)),))
#: Goods are back when a carrier says so, or else when they were looked at; so each return is counted once.
_BACK = (
    Asked(of=_CAME_BACK, by="order_id", later=_WEEK, lacking=(_SPOILT, _AT_ONCE), in_time=True),
    Asked(of=_INTACT, by="order_id", later=_WEEK, lacking=(_CAME_BACK, _AT_ONCE), in_time=True),
)


def _kept(asked: Asked, by: Events) -> Asked:
    return replace(asked, having=(by,), in_time=True)


def _broken(asked: Asked, by: Events) -> Asked:
    return replace(asked, lacking=(*asked.lacking, by), in_time=True)


def _kept_rate(asked: Asked, by: Events) -> Ratio:
    """Of what was due in the window, the share that was met in time."""
    return Ratio(of=Measure(source=_kept(asked, by)), per=Measure(source=asked))


_REFUNDS = tuple(_kept(one, _REPAID) for one in _BACK)
_UNREFUNDED = tuple(_broken(one, _REPAID) for one in _BACK)

#: Service -> what people call it.
_SERVICE_NAMES = {
    "repair": ("repairs", "维修"),
    "resend": ("resends", "补发"),
    "exchange": ("exchanges", "换货"),
    "installation": ("installations", "安装"),
    "home_delivery": ("deliveries into the home", "送货入户"),
    "bad_order": ("pay-outs for spoilt goods", "坏单赔付"),
    "freight": ("return freights", "退货运费"),
}


def _asked_for(service: str) -> Asked:
    """Requests for one service."""
    asked = Events(event_type="service_requested", where=(Is(column="service", words=(service,)),))
    return replace(_SERVICES, of=asked)


_REPAIRS = _asked_for("repair")
_REFUSED = Events(event_type="service_completed", where=(Is(column="outcome", words=("refused",)),))
_REPAIRS_REFUSED = replace(_REPAIRS, having=(_REFUSED,))


def _capped_service(asked: Asked) -> Ratio:
    """Of orders with such a service due, the share of those of which none was left undone."""
    return capped_kept(Orders(having=(_broken(asked, _DONE),)), of=Orders(having=(asked,)))


def _service(number: int, service: str) -> Windowed:
    flag = Flag(where=(Is(column="service", words=(service,)),))
    name, name_zh = _SERVICE_NAMES[service]
    return Windowed(
        name=f"{service}_kept_rate",
        meaning=f"of the services of the kind {service} due in the window, those done by their time",
        formula=Ratio(
            of=Measure(source=_kept(_SERVICES, _DONE), amount=flag), per=Measure(source=_SERVICES, amount=flag)
        ),
        meaning_capped=f"of the real orders placed in the window, at most three of a buyer, with a service of the kind "
        f"{service} due by now, those of which none was left undone at its time",
        capped=_capped_service(_asked_for(service)),
        unit="share",
        riskier="lower",
        clock="the request's own due_by",
        reason=f"R{number}",
        text=f"Of the {name} due in the last {{days}} days, {{value:.0%}} were done in time.",
        text_zh=f"近 {{days}} 天内到期的{name_zh}服务，{{value:.0%}} 按时完成。",
        text_none=f"No {name} were due.",
        text_none_zh=f"没有到期的{name_zh}服务。",
        windows=(90, 365),
    )


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="return_answer_kept_rate",
        meaning="of the returns to be answered in the window, those answered by then",
        formula=_kept_rate(_RETURNS, ANSWERED),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, with a return that should "
        "have been answered, those with none that was not answered in time",
        capped=capped_kept(Orders(having=(_broken(_RETURNS, ANSWERED),)), of=Orders(having=(_RETURNS,))),
        unit="share",
        riskier="lower",
        clock="the request's own answer_by",
        reason="R400",
        text="Answered {value:.0%} of returns by the promised time in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的退货申请按时答复。",
        text_none="No return was due for an answer in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应答复的退货申请。",
    ),
    *Windowed(
        name="reply_kept_rate",
        meaning="of the messages to be answered in the window, those answered by then",
        formula=_kept_rate(_MESSAGES, _REPLIED),
        meaning_capped="the same of at most three messages of a buyer, unanswered ones first counted, and none of a "
        "buyer who shares anything with the merchant",
        counting=("at most three messages of each buyer", "每位买家最多计三条消息"),
        capped=capped_kept(_broken(_MESSAGES, _REPLIED), of=_MESSAGES),
        unit="share",
        riskier="lower",
        clock="the message's own reply_by",
        reason="R401",
        text="Answered {value:.0%} of messages by the promised time in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的买家消息按时回复。",
        text_none="No message was due for an answer in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应回复的消息。",
    ),
    *Windowed(
        name="unanswered_message_rate",
        meaning="of the messages to be answered in the window, those of which no answer is known to this day",
        formula=Ratio(of=Measure(source=replace(_MESSAGES, lacking=(_REPLIED,))), per=Measure(source=_MESSAGES)),
        unit="share",
        riskier="higher",
        clock="the message's own reply_by",
        reason="R402",
        text="Never answered {value:.0%} of the messages due for an answer in the last {days} days.",
        text_zh="近 {days} 天内到期的买家消息，{value:.0%} 至今未回复。",
        text_none="No message was due for an answer in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应回复的消息。",
    ),
    *Windowed(
        name="service_kept_rate",
        meaning="of the services due in the window (repair, installation, resend and so on), those done by then",
        formula=_kept_rate(_SERVICES, _DONE),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, with a service due by now, "
        "those of which none was left undone at its time",
        capped=_capped_service(_SERVICES),
        unit="share",
        riskier="lower",
        clock="the request's own due_by",
        reason="R403",
        text="Did {value:.0%} of the promised services in time in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的承诺服务按时完成。",
        text_none="No service was due in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期的承诺服务。",
    ),
    *Windowed(
        name="repair_refusal_rate",
        meaning="of the repairs due in the window, those refused",
        formula=Ratio(of=Measure(source=_REPAIRS_REFUSED), per=Measure(source=_REPAIRS)),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, with a repair due by now, "
        "those of which one was refused",
        capped=capped_rate(Orders(having=(_REPAIRS_REFUSED,)), of=Orders(having=(_REPAIRS,))),
        unit="share",
        riskier="higher",
        clock="the request's own due_by",
        reason="R215",
        text="Refused {value:.1%} of the repairs due in the last {days} days.",
        text_zh="近 {days} 天内到期的维修申请，{value:.1%} 被拒绝。",
        text_none="No repairs were due in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期的维修。",
        windows=(90, 365),
    ),
    *Windowed(
        name="refund_kept_rate",
        meaning="of the returns that came back (scanned at the merchant's, or else inspected and intact) seven days "
        "before a day of the window, those whose order the merchant refunded within the seven days; not those "
        "spoilt, nor those that the platform refunded at once",
        formula=Pooled(
            of=tuple(Measure(source=one) for one in _REFUNDS), per=tuple(Measure(source=one) for one in _BACK)
        ),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, that came back more than "
        "seven days ago, those that the merchant refunded within seven days; leaving out the same",
        capped=capped_kept(Orders(having=_UNREFUNDED), of=Orders(having=_BACK)),
        unit="share",
        riskier="lower",
        clock="seven days after the goods were back",
        reason="R404",
        text="Refunded {value:.0%} of the goods that came back within seven days, in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的退回商品在七天内完成退款。",
        text_none="No refund for goods that came back was due in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应退款的退回商品。",
    ),
    *Windowed(
        name="scanned_dispatch_kept_rate",
        meaning="of the orders due for dispatch, those that a carrier is known to have scanned on their way out by the "
        "promised time; a shipment that was only told is none",
        formula=by_then("ship_by", *CARRIED),
        capped=by_then_capped("ship_by", *CARRIED),
        prior=0.85,
        drawn=(90, 365),
        unit="share",
        riskier="lower",
        clock="the order's own ship_by",
        reason="R405",
        text="A carrier had {value:.0%} of orders by the promised time in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的订单在承诺时间前有物流揽收记录。",
        text_none="No order was due for dispatch in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应发货的订单。",
    ),
    *Windowed(
        name="unscanned_delivery_rate",
        meaning="deliveries of orders for which no carrier's scan on the way out is known, of deliveries",
        formula=Ratio(
            of=Measure(source=Asked(of=DELIVERED, by="order_id", lacking=CARRIED)),
            per=Measure(source=Happenings(of=DELIVERED)),
        ),
        unit="share",
        riskier="higher",
        reason="R406",
        text="{value:.0%} of the deliveries of the last {days} days were of parcels that no carrier scanned.",
        text_zh="近 {days} 天的送达中，{value:.0%} 的包裹没有物流扫描记录。",
        text_none="No deliveries in the last {days} days.",
        text_none_zh="近 {days} 天内没有送达。",
    ),
    *(feature for number, service in enumerate(_SERVICE_NAMES, start=407) for feature in _service(number, service)),
)
