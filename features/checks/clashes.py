"""What events say of each other: times they repeat, what was before what, what is said twice."""

from collections.abc import Iterator, Sequence
from typing import Any

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import EXAMPLES, Loaded
from features.events import EVENT_TYPES

__all__ = ["CHECKS", "find"]

BEFORE_ORDER = Check(
    name="before_its_order",
    looks_at="events that happened before the order they follow",
    severity=Severity.WARN,
    text="{count:,} of {of:,} {feed_what} happened before their order, most by {hours:,.0f} hours or a little more.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条早于其订单，多数早 {hours:,.0f} 小时多。",
    do="Look for a clock that writes local time as UTC: whole hours point to a time zone.",
    do_zh="请检查是否有系统把本地时间写成 UTC：相差整数小时通常是时区问题。",
)
DIFFERS = Check(
    name="repeats_differ",
    looks_at="times that an event repeats of its order (`placed_at`, `ship_by`, `deliver_by`) and that are other ones",
    severity=Severity.WARN,
    text="{count:,} of {of:,} {feed_what} repeat another `{column}` than their order's, most by {hours:+,.2f} hours.",
    text_zh="{of:,} 条{feed_what_zh}所带的 `{column}` 有 {count:,} 条与订单不一致，多数相差 {hours:+,.2f} 小时。",
    do="Whole hours point to a time zone; else have the order's own promise repeated, or the column left empty.",
    do_zh="相差整数小时通常是时区问题；否则请照抄订单上的承诺时间，或将该列留空。",
)
PAST_PROMISE = Check(
    name="promise_past",
    looks_at="deadlines that lie before the event that sets them",
    severity=Severity.WARN,
    text="{count:,} of {of:,} {feed_what} set a `{column}` that had passed already.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条的 `{column}` 早于事件本身。",
    do="See whether the deadline is a date without a time (its end is meant, not its beginning) or in local time.",
    do_zh="请检查该期限是否只有日期（应取当天结束而非开始），或使用了本地时间。",
)
CHECKS = (BEFORE_ORDER, DIFFERS, PAST_PROMISE)

_HOUR = 3_600_000_000

#: What an event repeats of its order, and what an order says of it.
_REPEATS = {"placed_at": "event_time", "ship_by": "ship_by", "deliver_by": "deliver_by"}
_PROMISES = (
    ("order_placed", "ship_by"), ("order_placed", "deliver_by"), ("return_requested", "answer_by"),
    ("message_received", "reply_by"), ("service_requested", "due_by"),
)  # fmt: skip
#: What cannot happen before its order; a message may, and a report of fakes may name an order of long ago.
_AFTER = (
    "order_shipped", "parcel_scanned", "order_delivered", "order_cancelled", "order_confirmed", "return_requested",
    "refund_paid", "dispute_opened", "review_posted",
)  # fmt: skip


def find(log: Loaded) -> Iterator[Finding]:
    """Times that contradict each other."""
    for event_type, *measured in log.rows(_BESIDE_ORDERS):
        early, *differing = (measured[begin : begin + 4] for begin in range(0, len(measured), 4))
        if event_type in _AFTER:
            yield from _beside_order(log, BEFORE_ORDER, of_feed(event_type, None), early)
        for column, found in zip(_REPEATS, differing, strict=True):
            if column in EVENT_TYPES[event_type].columns:
                yield from _beside_order(log, DIFFERS, of_feed(event_type, None, column=column), found)
    for event_type, column in _PROMISES:
        yield from _passed(log, event_type, column)


def _measured(odd: str, apart: str, whole: str) -> str:
    """Of `whole` events how many are odd, by how much most of them, and some of their ids (SQL)."""
    return f"""count(*) FILTER (WHERE {whole}), count(*) FILTER (WHERE {odd}), mode({apart}) FILTER (WHERE {odd}),
               arg_min(one.event_id, one.number, {EXAMPLES}) FILTER (WHERE {odd})"""


#: Each event beside its order, the latest where there are several.
_BESIDE_ORDERS = f"""
    SELECT one.event_type,
        {_measured("one.event_time < placed.event_time", f"(placed.event_time - one.event_time) // {_HOUR}", "true")},
        {", ".join(_measured(f"one.{column} <> placed.{said}", f"one.{column} - placed.{said}",
                             f"one.{column} IS NOT NULL AND placed.{said} IS NOT NULL")
                   for column, said in _REPEATS.items())}
    FROM timed AS one JOIN (
        SELECT merchant_id, order_id, max(event_time) AS event_time, arg_max(ship_by, event_time) AS ship_by,
            arg_max(deliver_by, event_time) AS deliver_by
        FROM timed WHERE event_type = 'order_placed' GROUP BY merchant_id, order_id
    ) AS placed ON placed.merchant_id = one.merchant_id AND placed.order_id = one.order_id
    WHERE NOT one.past AND one.event_type <> 'order_placed'
    GROUP BY one.event_type ORDER BY one.event_type"""  # fmt: skip


def _beside_order(log: Loaded, check: Check, about: dict[str, object], found: Sequence[Any]) -> Iterator[Finding]:
    of, count, apart, ids = found
    if _many(log, count, of):
        hours = apart if check is BEFORE_ORDER else apart / _HOUR
        yield _finding(check, about, count=count, of=of, ids=ids, hours=hours)


def _passed(log: Loaded, event_type: str, column: str) -> Iterator[Finding]:
    query = f"""SELECT count({column}), count(*) FILTER (WHERE {column} < event_time) FROM timed
                WHERE NOT past AND event_type = ?"""
    of, count = log.one(query, event_type)
    if _many(log, count, of):
        ids = log.examples(f"event_type = ? AND {column} < event_time", event_type)
        yield _finding(PAST_PROMISE, of_feed(event_type, None, column=column), count=count, of=of, ids=ids)


def _many(log: Loaded, count: int, of: int) -> bool:
    return bool(of >= log.limits.least_rows and count >= log.limits.differ_warn * of)


def _finding(
    check: Check, about: dict[str, object], *, count: int, of: int, ids: Sequence[str], **values: float
) -> Finding:
    return Finding(
        check=check, severity=check.severity, about=about, values=values, count=count, of=of, examples=tuple(ids)
    )
