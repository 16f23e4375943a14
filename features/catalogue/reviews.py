"""What buyers say: stars; and how fast the merchant answers them."""

from features.catalogue.feature import Feature, Ratio, Windowed
from features.catalogue.orders import capped_rate
from features.measures import AtMost, Column, Events, Flag, Happenings, Measure, Orders

__all__ = ["FEATURES"]

_POSTED = Events(event_type="review_posted")
_FEW_STARS = (AtMost(column="stars", most=2),)
_LOW_POSTED = Events(event_type="review_posted", where=_FEW_STARS)
_REVIEWS = Measure(source=Happenings(of=_POSTED))
_LOW = Measure(source=Happenings(of=_POSTED), amount=Flag(where=_FEW_STARS))
_STARS = Measure(source=Happenings(of=_POSTED), amount=Column(column="stars"))
_ANSWERED = Happenings(of=Events(event_type="message_answered"))
_ANSWERS = Measure(source=_ANSWERED)
_REPLY_SECONDS = Measure(source=_ANSWERED, amount=Column(column="reply_seconds"))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="low_star_rate",
        meaning="reviews with at most 2 stars, of all reviews",
        formula=Ratio(of=_LOW, per=_REVIEWS),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, that their buyers reviewed, "
        "those with at most 2 stars",
        capped=capped_rate(Orders(having=(_LOW_POSTED,)), of=Orders(having=(_POSTED,))),
        unit="share",
        riskier="higher",
        prior=0.15,
        reason="R051",
        text="{value:.0%} of reviews gave one or two stars in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的评价为一星或两星。",
        text_none="No reviews in the last {days} days.",
        text_none_zh="近 {days} 天内没有评价。",
    ),
    *Windowed(
        name="mean_stars",
        meaning="mean stars of reviews",
        formula=Ratio(of=_STARS, per=_REVIEWS),
        unit="stars",
        riskier="lower",
        reason="R052",
        text="{value:.1f} stars on average in the last {days} days.",
        text_zh="近 {days} 天平均 {value:.1f} 星。",
        text_none="No reviews in the last {days} days.",
        text_none_zh="近 {days} 天内没有评价。",
    ),
    *Windowed(
        name="mean_reply_hours",
        meaning="mean hours until a message was answered",
        formula=Ratio(of=_REPLY_SECONDS, per=_ANSWERS, unit=3600),
        unit="hours",
        riskier="higher",
        reason="R053",
        text="Answered messages within {value:.1f} hours on average in the last {days} days.",
        text_zh="近 {days} 天平均 {value:.1f} 小时回复消息。",
        text_none="No messages were answered in the last {days} days.",
        text_none_zh="近 {days} 天内没有回复过消息。",
    ),
)
