"""Complaints to the platform: how many, how grave, through which door, about what; how soon and how well they ended.

A complaint is what somebody says, and nobody has verified it: all of this is for people, and no model sees it.
"""

from collections.abc import Iterable, Iterator, Mapping

from features.catalogue.ages import Beyond
from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.orders import ORDERS, ORDERS_PLACED
from features.measures import (
    AtLeast,
    AtMost,
    Carries,
    Condition,
    Events,
    Flag,
    Happenings,
    Is,
    Late,
    Lists,
    Measure,
    Open,
    Ticked,
)

__all__ = ["CHANNELS", "FEATURES", "PROGRAMMES", "TOPICS"]

_RECEIVED = Happenings(of=Events(event_type="complaint_received"))
_CLOSED = Happenings(of=Events(event_type="complaint_closed"))
_COMPLAINTS = Measure(source=_RECEIVED)
_CLOSINGS = Measure(source=_CLOSED)
_OPEN = Measure(source=Open(opened="complaint_received", closed="complaint_closed", by="complaint_id"))
_DATED = Measure(source=_CLOSED, amount=Flag(where=(Carries(column="opened_at"),)))
_SECONDS = Measure(source=_CLOSED, amount=Late(column="opened_at"))
_ASKED_AFTER = Measure(source=_CLOSED, amount=Flag(where=(Carries(column="satisfied"),)))

_TIERS = (
    (1, "R462", "as questions", "咨询"),
    (2, "R463", "as ordinary complaints", "普通投诉"),
    (3, "R464", "as major cases", "重大投诉"),
)
#: The doors through which complaints come: the platform's own, in public, and the authorities'.
CHANNELS = {
    "platform": ("app", "phone", "chat", "mail"),
    "public": ("social",),
    "official": ("12315", "consumer_association", "court"),
}
_DOORS = (
    ("platform", "R465", "through the platform's own channels", "通过平台自有渠道"),
    ("public", "R466", "in public, through social media", "通过社交媒体公开"),
    ("official", "R467", "through authorities or courts", "通过主管部门或法院"),
)
#: What complaints are about; a topic that is named nowhere here is in no group.
TOPICS = {
    "goods": ("quality", "not_as_described", "damaged", "wrong_item", "missing_parts", "expired"),
    "fakes": ("counterfeit", "unsafe"),
    "delivery": ("late", "not_received", "delivery"),
    "aftercare": ("return_refused", "return", "refund", "repair", "service", "no_reason"),
}
_MATTERS = (
    ("goods", "R469", "about the goods", "商品问题"),
    ("fakes", "R470", "about fakes or unsafe goods", "假货或安全问题"),
    ("delivery", "R471", "about delivery", "配送问题"),
    ("aftercare", "R472", "about returns, refunds or service", "退换货、退款或服务问题"),
)
#: Guarantee programmes, by the names that events give them.
PROGRAMMES = (
    ("seven_day_return", "7-day no-reason return", "七天无理由退货"),
    ("one_fake_three_paid", "one fake, three paid", "假一赔三"),
    ("genuine_guarantee", "genuine guarantee", "正品保障"),
    ("lightning_dispatch", "dispatch within 24 hours", "闪电发货"),
    ("thirty_day_repair", "30-day repair", "三十天维修"),
    ("quality_inspection", "third-party quality inspection", "第三方质检"),
    ("damaged_resend", "damaged-goods resend", "破损补寄"),
    ("home_delivery", "home delivery", "送货上门"),
    ("installation", "installation", "上门安装"),
    ("free_return_freight", "free return freight", "退货包运费"),
    ("fresh_bad_order", "fresh bad-order pay-out", "生鲜坏单包赔"),
    ("worry_free_electronics", "worry-free electronics", "数码无忧"),
    ("slot_delivery", "on-time slot delivery", "准时达"),
    ("chosen_day_delivery", "chosen-day delivery", "指定日送达"),
    ("slow_delivery_rebate", "slow-delivery rebate", "慢送返现"),
    ("late_delivery_rebate", "late-delivery rebate", "晚到必赔"),
    ("advance_compensation", "advance compensation", "先行赔付"),
)


def _received(*where: Condition) -> Measure:
    return Measure(source=_RECEIVED, amount=Flag(where=where))


def _ended(*where: Condition) -> Measure:
    return Measure(source=_CLOSED, amount=Flag(where=where))


def _counted(name: str, of: Measure, said: str, reason: str, what: str, what_zh: str) -> Iterator[Feature]:
    """How many complaints of a sort came; `said` tells what makes them of that sort."""
    yield from Windowed(
        name=f"n_complaints_{name}",
        meaning=f"complaints received {what} ({said}); unverified",
        formula=Total(of=of),
        unit="count",
        riskier="higher",
        reason=reason,
        text=f"Complaints received in the last {{days}} days {what}: {{value:,}}.",
        text_zh=f"近 {{days}} 天收到的投诉（{what_zh}）：{{value:,}} 件。",
        text_none="No complaints.",
        text_none_zh="没有投诉。",
    )


def _tiers() -> Iterator[Feature]:
    for tier, reason, what, what_zh in _TIERS:
        of = _received(AtLeast(column="tier", least=tier), AtMost(column="tier", most=tier))
        yield from _counted(f"tier_{tier}", of, f"tier {tier}", reason, what, what_zh)


def _sorted(
    column: str, groups: Mapping[str, tuple[str, ...]], sorts: Iterable[tuple[str, str, str, str]]
) -> Iterator[Feature]:
    """How many complaints say a word of each group in a column."""
    for name, reason, what, what_zh in sorts:
        said = f"{column} {', '.join(groups[name])}"
        of = _received(Is(column=column, words=groups[name]))
        yield from _counted(name, of, said, reason, what, what_zh)


def _outcome(name: str, word: str, reason: str, riskier: str, words_zh: str) -> Iterator[Feature]:
    """Which share of the complaints closed ended so."""
    yield from Windowed(
        name=f"complaint_{name}_rate",
        meaning=f"complaints closed as {word}, of complaints closed",
        formula=Ratio(of=_ended(Is(column="outcome", words=(word,))), per=_CLOSINGS),
        unit="share",
        riskier=riskier,
        reason=reason,
        text=f"{{value:.0%}} of the complaints closed in the last {{days}} days were {word}.",
        text_zh=f"近 {{days}} 天结案的投诉中，{{value:.0%}} {words_zh}。",
        text_none="No complaints were closed in the last {days} days.",
        text_none_zh="近 {days} 天内没有结案的投诉。",
    )


def _of_programmes() -> Iterator[Feature]:
    """Complaints about each programme's promise, by the orders that carry it."""
    for number, (programme, name, name_zh) in enumerate(PROGRAMMES):
        carrying = Flag(where=(Lists(column="programmes", word=programme),))
        yield from Windowed(
            name=f"complaint_rate_{programme}",
            meaning=f"complaints that name {programme}, by orders placed that carry its promise; unverified",
            formula=Ratio(
                of=_received(Is(column="programme", words=(programme,))),
                per=Measure(source=Happenings(of=ORDERS_PLACED), amount=carrying),
            ),
            unit="share",
            riskier="higher",
            reason=f"R{480 + number}",
            text=f"Complaints about {name} came to {{value:.1%}} of the orders of the last {{days}} days with it.",
            text_zh=f"近 {{days}} 天内，关于“{name_zh}”的投诉数为享有该保障订单数的 {{value:.1%}}。",
            text_none=f"No order of the last {{days}} days carries {name}.",
            text_none_zh=f"近 {{days}} 天内没有享有“{name_zh}”的订单。",
            windows=(30, 90, 365),
        )


def _waiting(days: int, reason: str) -> Feature:
    """Complaints that have been open for longer than so many days."""
    name = f"n_complaints_open_over_{days}d"
    return Feature(
        name=name,
        shows=name,
        meaning=f"complaints not known to be closed that were first received more than {days} days ago",
        formula=Beyond(of=_OPEN),
        days=days,
        unit="count",
        riskier="higher",
        reason=reason,
        text=f"{{value:,}} complaints have been open for more than {days} days.",
        text_zh=f"有 {{value:,}} 件投诉超过 {days} 天仍未结案。",
        text_none="No complaint is open.",
        text_none_zh="没有未结案的投诉。",
    )


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_complaints",
        meaning="complaints received; unverified",
        formula=Total(of=_COMPLAINTS),
        unit="count",
        riskier="higher",
        reason="R460",
        text="{value:,} complaints were received in the last {days} days.",
        text_zh="近 {days} 天收到 {value:,} 件投诉。",
        text_none="No complaints.",
        text_none_zh="没有投诉。",
    ),
    *Windowed(
        name="complaint_rate",
        meaning="complaints received, by orders placed; unverified",
        formula=Ratio(of=_COMPLAINTS, per=ORDERS),
        unit="share",
        riskier="higher",
        reason="R461",
        text="{value:.1%} as many complaints as orders were received in the last {days} days.",
        text_zh="近 {days} 天内，投诉数为订单数的 {value:.1%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *_tiers(),
    *_sorted("channel", CHANNELS, _DOORS),
    *Windowed(
        name="official_complaint_rate",
        meaning="complaints received through authorities or courts, by orders placed; unverified",
        formula=Ratio(of=_received(Is(column="channel", words=CHANNELS["official"])), per=ORDERS),
        unit="share",
        riskier="higher",
        reason="R468",
        text="Complaints through authorities or courts came to {value:.1%} of orders in the last {days} days.",
        text_zh="近 {days} 天内，通过主管部门或法院的投诉数为订单数的 {value:.1%}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *_sorted("topic", TOPICS, _MATTERS),
    *Windowed(
        name="mean_complaint_hours",
        meaning="mean hours from a complaint to its closing, of closings whose complaint's moment is known",
        formula=Ratio(of=_SECONDS, per=_DATED, unit=3600),
        unit="hours",
        riskier="higher",
        reason="R473",
        text="Complaints closed in the last {days} days took {value:.1f} hours on average.",
        text_zh="近 {days} 天结案的投诉平均历时 {value:.1f} 小时。",
        text_none="No complaints were closed in the last {days} days.",
        text_none_zh="近 {days} 天内没有结案的投诉。",
    ),
    *_outcome("solved", "solved", "R474", "lower", "已解决"),
    *_outcome("unsolved", "unsolved", "R475", "higher", "未解决"),
    *Windowed(
        name="complaint_satisfied_rate",
        meaning="complaints closed to the buyer's satisfaction, of closings that say whether they were",
        formula=Ratio(of=_ended(Ticked(column="satisfied")), per=_ASKED_AFTER),
        unit="share",
        riskier="lower",
        reason="R476",
        text="{value:.0%} of those whose complaints were closed in the last {days} days were satisfied.",
        text_zh="近 {days} 天结案的投诉中，{value:.0%} 的投诉人表示满意。",
        text_none="No closing of the last {days} days says whether the buyer was satisfied.",
        text_none_zh="近 {days} 天结案的投诉均未注明是否满意。",
    ),
    Feature(
        name="n_complaints_open",
        shows="n_complaints_open",
        meaning="complaints known to be received and not known to be closed",
        formula=Total(of=_OPEN),
        unit="count",
        riskier="higher",
        reason="R477",
        text="{value:,} complaints are open.",
        text_zh="有 {value:,} 件投诉尚未结案。",
        text_none="No complaint is open.",
        text_none_zh="没有未结案的投诉。",
    ),
    _waiting(7, "R478"),
    _waiting(30, "R479"),
    *_of_programmes(),
)
