"""Changes of account, and what follows them: a hijacked or sold account is not trusted on its old name.

A change of owner, bank account or legal entity puts the money into other hands; one of password, device or address may
come before it. What follows a change of hands is told by price drops, new categories and a pace of orders that the shop
never had.
"""

from collections.abc import Iterator

from features.catalogue.aftermath import PaceAfter
from features.catalogue.concentration import CATEGORIES, groups
from features.catalogue.feature import Feature, Since, Total, Windowed
from features.catalogue.orders import ORDERS, ORDERS_PLACED
from features.catalogue.prices import LISTINGS
from features.catalogue.shapes import Across, Fresh, Product
from features.catalogue.trends import MISSED
from features.measures import Changed, Events, Following, Happenings, Is, Latest, Measure, Said

__all__ = ["FEATURES"]


def _changes(*kinds: str) -> Events:
    return Events(event_type="account_changed", where=(Is(column="change", words=kinds),) if kinds else ())


_HANDS = _changes("owner", "bank_account", "legal_entity")
_LISTED = Events(event_type="listing_changed")
_CHEAPER = Changed(of=_LISTED, column="price_cents", by="listing_id", fallen=20)
_CHEAPER_AFTER = Measure(source=Following(of=_CHEAPER, after=_HANDS, days=30, each="listing_id"))
_ORDERS_MONTH_AFTER = Following(of=Happenings(of=ORDERS_PLACED), after=_HANDS, days=30)
_ORDERS_AFTER = Measure(source=Following(of=Happenings(of=ORDERS_PLACED), after=_HANDS, days=14))


def _since(*kinds: str) -> Since:
    latest = Latest(of=(_changes(*kinds),))
    return Since(latest=Measure(source=latest, amount=Said()), known=Measure(source=latest))


_PACE = PaceAfter(
    of=_ORDERS_AFTER, per=ORDERS, since=_since("owner", "bank_account", "legal_entity"), days=14, before=30
)

#: Each kind of change with its reason and its name in both languages.
_KINDS = (
    ("owner", "R363", "owner", "店主"),
    ("bank_account", "R364", "bank account", "收款账户"),
    ("legal_entity", "R365", "legal entity", "法人主体"),
    ("password", "R366", "password", "密码"),
    ("device", "R367", "device", "登录设备"),
    ("address", "R368", "address", "地址"),
)


def _days_since() -> Iterator[Feature]:
    for kind, reason, name, name_zh in _KINDS:
        shown = f"days_since_{kind}_changed"
        yield Feature(
            name=shown,
            shows=shown,
            meaning=f"calendar days (UTC) from the day of the latest change of {name}",
            formula=_since(kind),
            unit="days",
            riskier="lower",
            reason=reason,
            text=f"The account's {name} was changed {{value:,}} days ago.",
            text_zh=f"{{value:,}} 天前变更过{name_zh}。",
            text_none=f"No change of the account's {name} is known.",
            text_none_zh=f"没有{name_zh}变更记录。",
        )


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_account_changes",
        meaning="changes of the account, of any kind",
        formula=Total(of=Measure(source=Happenings(of=_changes()))),
        unit="count",
        riskier="higher",
        reason="R360",
        text="The account was changed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内账户资料变更 {value:,} 次。",
        text_none="The account was not changed.",
        text_none_zh="账户资料没有变更。",
    ),
    *Windowed(
        name="n_hands_changed",
        meaning="changes of owner, bank account or legal entity",
        formula=Total(of=Measure(source=Happenings(of=_HANDS))),
        unit="count",
        riskier="higher",
        model_input=True,
        reason="R361",
        text="Owner, bank account or legal entity were changed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内店主、收款账户或法人主体变更 {value:,} 次。",
        text_none="Owner, bank account and legal entity were not changed.",
        text_none_zh="店主、收款账户与法人主体没有变更。",
        windows=(90,),
    ),
    *Windowed(
        name="n_access_changed",
        meaning="changes of password, device or address",
        formula=Total(of=Measure(source=Happenings(of=_changes("password", "device", "address")))),
        unit="count",
        riskier="higher",
        reason="R362",
        text="Password, device or address were changed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内密码、登录设备或地址变更 {value:,} 次。",
        text_none="Password, device and address were not changed.",
        text_none_zh="密码、登录设备与地址没有变更。",
        windows=(7, 30, 90),
    ),
    *_days_since(),
    *Windowed(
        name="n_owner_or_bank_account_changed",
        meaning="changes of owner or bank account",
        formula=Total(of=Measure(source=Happenings(of=_changes("owner", "bank_account")))),
        unit="count",
        riskier="higher",
        reason="R369",
        text="The owner or the bank account was changed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内店主或收款账户变更 {value:,} 次。",
        text_none="Owner and bank account were not changed.",
        text_none_zh="店主与收款账户没有变更。",
        windows=(14, 365),
    ),
    *Windowed(
        name="n_listings_cheaper_after_hands_changed",
        meaning="distinct listings whose price fell by at least 20 % less than 30 days after a change of owner, bank "
        "account or legal entity, by when it fell",
        formula=Total(of=_CHEAPER_AFTER),
        unit="count",
        riskier="higher",
        reason="R370",
        text="{value:,} listings became at least 20% cheaper soon after the account changed hands, "
        "in the last {days} days.",
        text_zh="近 {days} 天内，账户易主后不久有 {value:,} 件商品降价 20% 及以上。",
        text_none="No listing became cheaper after the account changed hands.",
        text_none_zh="账户易主后没有商品降价。",
        windows=(30, 90),
    ),
    *(
        Feature(
            name=f"listings_cheaper_share_after_hands_changed_{days}d",
            shows=f"listings_cheaper_share_after_hands_changed_{days}d",
            meaning=f"the same in {days} days, by all listings that were ever put up",
            formula=Across(of=(_CHEAPER_AFTER, days), per=(LISTINGS, None)),
            days=days,
            unit="share",
            riskier="higher",
            reason="R371",
            text=f"{{value:.0%}} of the listings became at least 20% cheaper soon after the account changed hands, "
            f"in the last {days} days.",
            text_zh=f"近 {days} 天内，账户易主后不久有 {{value:.0%}} 的商品降价 20% 及以上。",
            text_none="There are no listings.",
            text_none_zh="没有商品。",
        )
        for days in (30, 90)
    ),
    Feature(
        name="orders_pace_after_hands_changed_14d",
        shows="orders_pace_after_hands_changed_14d",
        meaning="orders of the last 14 days that came less than 14 days after a change of owner, bank account or legal "
        "entity, by as many as the 30 days before those 14 lead to expect of the days since the latest change; null "
        "where that change was more than 14 days ago, or nothing was sold in those 30 days",
        formula=_PACE,
        days=14,
        unit="times",
        riskier="higher",
        reason="R372",
        text="Since the account changed hands, orders came at {value:.1f} times the pace of the month before.",
        text_zh="账户易主后，订单速度为此前一个月的 {value:.1f} 倍。",
        text_none="The account did not change hands lately, or sold nothing before.",
        text_none_zh="账户近期未易主，或此前没有订单。",
    ),
    Feature(
        name="new_category_share_after_hands_changed_30d",
        shows="new_category_share_after_hands_changed_30d",
        meaning="of the last 30 days' orders that came less than 30 days after a change of owner, bank account or "
        "legal entity, the share in those of sixteen groups of categories (by CRC-32) in which nothing was ordered in "
        "the 335 days before; null where there are none, or nothing was ordered before",
        formula=Fresh(of=CATEGORIES, short=30, long=365, shown=groups("category", _ORDERS_MONTH_AFTER)),
        days=30,
        unit="share",
        riskier="higher",
        reason="R373",
        text="{value:.0%} of the orders since the account changed hands are of categories that it never sold before.",
        text_zh="账户易主后的订单中，{value:.0%} 属于此前从未销售的类目。",
        text_none="The account did not change hands in the last 30 days, or sold nothing before.",
        text_none_zh="近 30 天内账户未易主，或此前没有订单。",
    ),
    Feature(
        name="cash_out_after_hands_changed_30d",
        shows="cash_out_after_hands_changed_30d",
        meaning="the pace of orders since the account changed hands, times the share of orders due for dispatch in the "
        "last 30 days that were not shipped in time: selling more and sending less in other hands",
        formula=Product(of=(_PACE, MISSED)),
        days=30,
        unit="times",
        riskier="higher",
        clock="event_time; the order's own ship_by",
        reason="R374",
        text="In other hands the shop sells more and sends less: growth times unkept dispatch came to {value:.2f}.",
        text_zh="账户易主后销量上升而发货下降：增长倍数与未按时发货率之积为 {value:.2f}。",
        text_none="The account did not change hands lately, sold nothing before, or no order was due for dispatch.",
        text_none_zh="账户近期未易主、此前没有订单，或没有到期应发货的订单。",
    ),
)
