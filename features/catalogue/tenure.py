"""Tenure and silence: how long since anything of each kind was heard, and on how many days there was trade."""

from collections.abc import Iterator

from features.catalogue.feature import Feature, Since, Total, Windowed
from features.catalogue.orders import ORDERS_PLACED
from features.catalogue.shapes import ShareOfDays
from features.measures import Capped, Days, Events, Happenings, Latest, Measure, Orders, Said

__all__ = ["FEATURES"]

_ACTIVE = Measure(source=Happenings(of=ORDERS_PLACED), amount=Days())
_ACTIVE_CAPPED = Measure(source=Capped(of=Orders()), amount=Days())
_FIRST = Latest(of=(ORDERS_PLACED,), earliest=True)
_HEARD = (
    ("shipment", "order_shipped", "R526", "shipment was", "Nothing was ever shipped.", "发货", "从未发货。"),
    ("delivery", "order_delivered", "R527", "delivery was", "Nothing was ever delivered.", "送达", "从未送达。"),
    ("reply", "message_answered", "R528", "reply was", "No message was ever answered.", "回复消息", "从未回复过消息。"),
    ("review", "review_posted", "R529", "review was", "Was never reviewed.", "收到评价", "从未收到评价。"),
    ("listing_change", "listing_changed", "R497", "change of a listing was", "No listing was ever changed.", "变更商品",
     "从未变更过商品。"),
)  # fmt: skip


def _silences() -> Iterator[Feature]:
    """Days since the latest of each kind."""
    for name, event_type, reason, what, none, what_zh, none_zh in _HEARD:
        latest = Latest(of=(Events(event_type=event_type),))
        yield Feature(
            name=f"days_since_last_{name}",
            shows=f"days_since_last_{name}",
            meaning=f"calendar days (UTC) from the day of the latest {event_type}",
            formula=Since(latest=Measure(source=latest, amount=Said()), known=Measure(source=latest)),
            unit="days",
            riskier="higher",
            reason=reason,
            text=f"The last {what} {{value:,}} days ago.",
            text_zh=f"最近一次{what_zh}在 {{value:,}} 天前。",
            text_none=none,
            text_none_zh=none_zh,
        )


def _active_days(windows: tuple[int, ...], *, seen: bool) -> Iterator[Feature]:
    """On how many days there was trade: who sells on many of them does not live by one campaign."""
    yield from Windowed(
        name="n_active_days",
        meaning="days (UTC) on which any order was placed",
        formula=Total(of=_ACTIVE),
        meaning_capped="days (UTC) on which any real order was placed, of each buyer's at most the latest three",
        capped=Total(of=_ACTIVE_CAPPED),
        unit="days",
        riskier="lower",
        model_input=seen,
        reason="R498",
        text="Orders came on {value:,} of the last {days} days.",
        text_zh="近 {days} 天中有 {value:,} 天有订单。",
        text_none="No orders yet.",
        text_none_zh="尚无订单。",
        windows=windows,
    )


FEATURES: tuple[Feature, ...] = (
    *_silences(),
    *_active_days((7, 30, 365), seen=False),
    *_active_days((90,), seen=True),
    *Windowed(
        name="active_day_rate",
        meaning="days with an order, of the days of the window since the first order",
        formula=ShareOfDays(of=_ACTIVE, first=Measure(source=_FIRST, amount=Said()), known=Measure(source=_FIRST)),
        unit="share",
        riskier="lower",
        reason="R499",
        text="Orders came on {value:.0%} of the last {days} days, or of those since the first order.",
        text_zh="近 {days} 天（或自首笔订单以来）有订单的天数占 {value:.0%}。",
        text_none="No orders yet.",
        text_none_zh="尚无订单。",
    ),
)
