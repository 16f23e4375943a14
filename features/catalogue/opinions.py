"""More of what buyers say, and how late the answers come: extremes, who says so, of which orders, in how many words."""

from collections.abc import Iterator

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.orders import ORDERS
from features.measures import AtLeast, AtMost, Carries, Distinct, Events, Flag, Happenings, Measure, OwnFaults

__all__ = ["FEATURES"]

_POSTED = Happenings(of=Events(event_type="review_posted"))
_REVIEWS = Measure(source=_POSTED)
_LOW = Events(event_type="review_posted", where=(AtMost(column="stars", most=2),))
_WORST = Measure(source=_POSTED, amount=Flag(where=(AtMost(column="stars", most=1),)))
_BEST = Measure(source=_POSTED, amount=Flag(where=(AtLeast(column="stars", least=5),)))
_OF_ORDERS = Measure(source=_POSTED, amount=Flag(where=(Carries(column="order_id"),)))
_WRITTEN = Measure(source=_POSTED, amount=Flag(where=(Carries(column="text"),)))
_ANSWERED = Happenings(of=Events(event_type="message_answered"))


def _of_reviews(name: str, meaning: str, formula: Ratio, riskier: str, reason: str, words: tuple[str, str]) -> Windowed:
    """A share of the reviews, with its two sentences."""
    return Windowed(
        name=name,
        meaning=meaning,
        formula=formula,
        unit="share",
        riskier=riskier,
        reason=reason,
        text=f"{{value:.0%}} of the reviews of the last {{days}} days {words[0]}.",
        text_zh=f"近 {{days}} 天的评价中，{{value:.0%}} {words[1]}。",
        text_none="No reviews in the last {days} days.",
        text_none_zh="近 {days} 天内没有评价。",
    )


def _slow(hours: int, reason: str) -> Iterator[Feature]:
    """Answers that took longer than so many hours; what is never answered is told by `reply_kept_rate`."""
    slow = Flag(where=(AtLeast(column="reply_seconds", least=hours * 3600 + 1),))
    yield from Windowed(
        name=f"reply_over_{hours}h_rate",
        meaning=f"messages answered after more than {hours} hours, of messages answered",
        formula=Ratio(of=Measure(source=_ANSWERED, amount=slow), per=Measure(source=_ANSWERED)),
        unit="share",
        riskier="higher",
        reason=reason,
        text=f"{{value:.0%}} of the answers of the last {{days}} days took more than {hours} hours.",
        text_zh=f"近 {{days}} 天的消息回复中，{{value:.0%}} 用时超过 {hours} 小时。",
        text_none="No messages were answered in the last {days} days.",
        text_none_zh="近 {days} 天内没有回复过消息。",
    )


FEATURES: tuple[Feature, ...] = (
    *_of_reviews(
        "one_star_rate", "reviews with one star, of all reviews", Ratio(of=_WORST, per=_REVIEWS), "higher", "R500",
        ("gave one star", "为一星"),
    ),
    *_of_reviews(
        "five_star_rate", "reviews with five stars, of all reviews", Ratio(of=_BEST, per=_REVIEWS), "neither", "R501",
        ("gave five stars", "为五星"),
    ),
    *Windowed(
        name="reviews_per_order",
        meaning="reviews posted, by orders placed",
        formula=Ratio(of=_REVIEWS, per=ORDERS),
        unit="reviews per order",
        riskier="neither",
        reason="R502",
        text="{value:.0%} as many reviews as orders came in the last {days} days.",
        text_zh="近 {days} 天内，评价数为订单数的 {value:.0%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="n_low_star_buyers",
        meaning="distinct buyers who gave at most 2 stars",
        formula=Total(of=Measure(source=Distinct(of=(_LOW,), by="buyer_id"))),
        unit="count",
        riskier="higher",
        reason="R503",
        text="{value:,} different buyers gave one or two stars in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 位不同买家给出一星或两星。",
        text_none="No buyer gave one or two stars.",
        text_none_zh="没有买家给出一星或两星。",
    ),
    *Windowed(
        name="low_star_on_time_rate",
        meaning="of the orders placed in the window, those that came by the promised time and yet got at most 2 stars",
        formula=Ratio(of=Measure(source=OwnFaults(components=("low_stars_on_time",))), per=ORDERS),
        unit="share",
        riskier="higher",
        reason="R504",
        text="{value:.1%} of the orders of the last {days} days came in time and got one or two stars.",
        text_zh="近 {days} 天的订单中，{value:.1%} 按时送达却得到一星或两星。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *_of_reviews(
        "orderless_review_rate", "reviews that name no order, of all reviews",
        Ratio(of=_OF_ORDERS, per=_REVIEWS, rest=True), "higher", "R505", ("name no order", "未关联订单"),
    ),
    *_of_reviews(
        "written_review_rate", "reviews with a text, of all reviews", Ratio(of=_WRITTEN, per=_REVIEWS), "neither",
        "R506", ("say something in words", "附有文字"),
    ),
    *_slow(24, "R507"),
    *_slow(48, "R508"),
)  # fmt: skip
