"""Amounts out of scale: cents taken for units, or units for cents."""

from collections.abc import Iterator, Sequence
from math import log10
from statistics import median

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import Loaded
from features.checks.usual import Period, compared, grouped

__all__ = ["CHECKS", "find"]

_DO = "Compare one amount with the sender's own screen: every amount is in whole cents (12.50 is 1250)."
_DO_ZH = "请取一笔金额与来源方系统核对：所有金额均为整数“分”（12.50 元应写作 1250）。"

MOVED = Check(
    name="amount_moved",
    looks_at="medians of amounts that are many times larger or smaller than usual",
    severity=Severity.STOP,
    text="The median `{column}` of {feed_what}{feed} is {now:,.0f} ({of:,} events), usually "
    "{usual:,.0f}: about {factor:,.0f} times {bigger}.",
    text_zh="{feed_zh}{feed_what_zh}的 `{column}` 中位数为 {now:,.0f}（{of:,} 条），"
    "平常为 {usual:,.0f}：相差约 {factor:,.0f} 倍（{bigger_zh}）。",
    do=_DO,
    do_zh=_DO_ZH,
)
APART = Check(
    name="amount_apart",
    looks_at="medians of one kind of amount that differ many times between feeds",
    severity=Severity.WARN,
    text='The median `{column}` of {feed_what} is {now:,.0f} in feed "{low}" and {usual:,.0f} in feed "{high}": one '
    "may be in cents and the other in units.",
    text_zh="{feed_what_zh}的 `{column}` 中位数在来源“{low}”中为 {now:,.0f}，在来源“{high}”中为 {usual:,.0f}："
    "可能一方以“分”、另一方以“元”为单位。",
    do=_DO,
    do_zh=_DO_ZH,
)
OF_ORDER = Check(
    name="refund_scale",
    looks_at="the median refund beside what its order cost",
    severity=Severity.STOP,
    text="The median refund is {ratio:.3g} times what its order cost ({of:,} refunds): one of the two is in units.",
    text_zh="退款中位数是其订单金额的 {ratio:.3g} 倍（{of:,} 笔退款）：其中一方可能以“元”为单位。",
    do=_DO,
    do_zh=_DO_ZH,
)
SMALL = Check(
    name="amount_small",
    looks_at="the median order below one unit of currency",
    severity=Severity.WARN,
    text="The median order{feed} is {now:,.0f} cents ({of:,} orders): units may have been written for cents.",
    text_zh="{feed_zh}订单金额的中位数仅为 {now:,.0f} 分（{of:,} 笔）：可能把“元”当成了“分”。",
    do=_DO + " In a currency without cents, amounts are in its smallest coin, and this may be right.",
    do_zh=_DO_ZH + "没有“分”的币种以最小单位计，可能无误。",
)
CHECKS = (MOVED, APART, OF_ORDER, SMALL)

_AMOUNTS = (
    ("order_placed", "amount_cents"), ("refund_paid", "amount_cents"), ("listing_changed", "price_cents"),
    ("dispute_resolved", "amount_cents"), ("advance_recovered", "amount_cents"), ("deposit_changed", "deposit_cents"),
)  # fmt: skip


def find(log: Loaded) -> Iterator[Finding]:
    """Each kind of amount against its past and between feeds; refunds against their orders."""
    for event_type, column in _AMOUNTS:
        where = f"event_type = '{event_type}' AND {column} > 0"
        feeds = list(grouped(log, f"median({column})", where=where))
        for periods in feeds:
            yield from _moved(log, periods, column)
        yield from _apart(log, [own for periods in feeds if (own := [one for one in periods if not one.past])], column)
    yield from _of_order(log)
    yield from _small(log)


def _moved(log: Loaded, periods: Sequence[Period], column: str) -> Iterator[Finding]:
    odd: list[tuple[Period, float]] = []
    for one, before in compared(periods, log):
        sound = [other.values[0] for other in before if other not in [period for period, _ in odd]]
        usual = float(median(sound)) if sound else 0.0
        if usual and abs(log10(one.values[0] / usual)) >= log10(log.limits.amount_factor):
            odd.append((one, usual))
    if odd:
        one, usual = odd[0]
        up = one.values[0] > usual
        values = {"now": one.values[0], "usual": usual, "factor": max(one.values[0] / usual, usual / one.values[0]),
                  "bigger": "larger" if up else "smaller", "bigger_zh": "偏大" if up else "偏小"}  # fmt: skip
        rows = sum(period.rows for period, _ in odd)
        where = "event_type = ? AND source = ? AND period = ?"
        yield Finding(
            check=MOVED, severity=MOVED.severity, about=of_feed(one.event_type, one.source, column=column),
            values=values, count=rows, of=rows,
            examples=tuple(log.examples(where, one.event_type, one.source, one.period)),
        )  # fmt: skip


def _apart(log: Loaded, feeds: Sequence[Sequence[Period]], column: str) -> Iterator[Finding]:
    """The feeds with the lowest and the highest median, of those with enough events."""
    rows = {periods[0].source: sum(one.rows for one in periods) for periods in feeds}
    medians = sorted(
        (median(one.values[0] for one in periods), periods[0].source)
        for periods in feeds if rows[periods[0].source] >= log.limits.least_past_rows
    )  # fmt: skip
    if len(medians) > 1 and medians[-1][0] >= log.limits.amount_factor * medians[0][0]:
        (now, low), (usual, high) = medians[0], medians[-1]
        event_type = feeds[0][0].event_type
        where = f"event_type = ? AND source = ? AND {column} > 0"
        yield Finding(
            check=APART, severity=APART.severity, about=of_feed(event_type, None, column=column),
            values={"now": now, "usual": usual, "low": low or "-", "high": high or "-"}, count=rows[low],
            of=sum(rows.values()), examples=tuple(log.examples(where, event_type, low)),
        )  # fmt: skip


def _of_order(log: Loaded) -> Iterator[Finding]:
    query = """SELECT count(*), median(refund.amount_cents / placed.amount_cents) FROM timed AS refund JOIN
               timed AS placed ON placed.merchant_id = refund.merchant_id AND placed.order_id = refund.order_id
               WHERE NOT refund.past AND refund.event_type = 'refund_paid' AND placed.event_type = 'order_placed'
               AND refund.amount_cents > 0 AND placed.amount_cents > 0"""
    of, ratio = log.one(query)
    if of >= log.limits.least_rows and not log.limits.refund_few < ratio < log.limits.refund_many:
        yield Finding(
            check=OF_ORDER, severity=OF_ORDER.severity, about=of_feed("refund_paid", None, column="amount_cents"),
            values={"ratio": ratio}, count=of, of=of,
            examples=tuple(log.examples("event_type = 'refund_paid' AND amount_cents > 0")),
        )  # fmt: skip


def _small(log: Loaded) -> Iterator[Finding]:
    query = """SELECT source, count(*), median(amount_cents) FROM timed
               WHERE NOT past AND event_type = 'order_placed' AND amount_cents > 0 GROUP BY source ORDER BY source"""
    for source, of, now in log.rows(query):
        if of >= log.limits.least_past_rows and now < log.limits.amount_small:
            yield Finding(
                check=SMALL, severity=SMALL.severity, about=of_feed("order_placed", source, column="amount_cents"),
                values={"now": now}, count=of, of=of,
                examples=tuple(log.examples("event_type = 'order_placed' AND source = ?", source)),
            )  # fmt: skip
