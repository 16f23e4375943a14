"""Clocks: when the platform learned of things, whether its delays changed, and clocks that run hours apart."""

from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np
import numpy.typing as npt

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import DAY, Loaded
from features.checks.usual import Period, compared, gathered, grouped

__all__ = ["CHECKS", "find"]

ONCE = Check(
    name="known_at_once",
    looks_at="logs nearly all of which became known on one day, though it happened over weeks",
    severity=Severity.WARN,
    text="{count:,} of {of:,} events became known on one day, though they happened over {days} days: `known_at` looks "
    "like the time of the export.",
    text_zh="{of:,} 条事件中有 {count:,} 条在同一天被“得知”，而它们发生在 {days} 天内：`known_at` 像是导出时间。",
    do="Send when the platform learned of each event, or leave `known_at` out (it is then the event's own time); else "
    "nothing before the export can be learned from.",
    do_zh="请填写平台得知每个事件的时间，或不填 `known_at`（视为事件发生时间）；否则导出之前的历史都无法用于学习。",
)
NEVER_LATE = Check(
    name="never_late",
    looks_at="logs in which everything became known in the moment it happened",
    severity=Severity.WARN,
    text="{count:,} of {of:,} events became known in the moment they happened.",
    text_zh="{of:,} 条事件中有 {count:,} 条在发生的同一刻即被得知。",
    do="See whether the sender can say when the platform learned of parcels, returns and reviews; if it cannot, models "
    "learn from what was not known yet, and look better than they are.",
    do_zh="请确认来源方能否提供平台得知物流、退货和评价的时间；若不能，模型会用到当时尚不知道的信息，效果会被高估。",
)
LATER = Check(
    name="late_knowledge",
    looks_at="periods whose median delay from event to knowledge is far longer than usual",
    severity=Severity.WARN,
    text="{feed_what}{feed} became known {hours:,.0f} hours after they happened (median of {rows:,}), usually "
    "{usual:,.1f}.",
    text_zh="{feed_zh}{feed_what_zh}在发生 {hours:,.0f} 小时后才被得知（{rows:,} 条的中位数），"
    "平常为 {usual:,.1f} 小时。",
    do="Ask the sender what held the feed up. A back-fill is fine; if it goes on, features of these days come late.",
    do_zh="请向来源方确认延迟原因。补发历史数据属正常；若持续如此，相应特征会滞后。",
)
GONE = Check(
    name="delay_gone",
    looks_at="types that used to become known late and suddenly become known in the moment they happen",
    severity=Severity.WARN,
    text="{feed_what}{feed} became known in the moment they happened ({share:.0%} of {of:,}); usually {usual:,.1f} "
    "hours later.",
    text_zh="{feed_zh}{feed_what_zh}在发生的同一刻即被得知（{of:,} 条中的 {share:.0%}）；平常要晚 {usual:,.1f} 小时。",
    do="See whether the export stopped writing `known_at`.",
    do_zh="请检查导出是否不再写入 `known_at`。",
)
HOURS = Check(
    name="hours_shifted",
    looks_at="hours of the day at which a type's events happen, against the usual ones shifted by whole hours",
    severity=Severity.WARN,
    text="{feed_what}{feed} happen {hours:+d} hours from their usual hours of the day ({count:,} events): "
    "one of the clocks may be local time marked as UTC.",
    text_zh="{feed_zh}{feed_what_zh}发生的时段与平常相差 {hours:+d} 小时（{count:,} 条）："
    "可能有一方把本地时间标成了 UTC。",
    do="Compare one event with the sender's own screen; every time must carry its offset from UTC.",
    do_zh="请取一条事件与来源方系统界面核对；所有时间都须带 UTC 偏移。",
)
CHECKS = (ONCE, NEVER_LATE, LATER, GONE, HOURS)

_DELAY = "median(known_at - event_time), count(*) FILTER (WHERE known_at = event_time)"
_SECOND, _HOUR = 1_000_000, 3_600_000_000


def find(log: Loaded) -> Iterator[Finding]:
    """What is odd about the clocks."""
    yield from _once(log)
    yield from _never_late(log)
    for periods in grouped(log, _DELAY):
        yield from _delays(log, periods)
    hours = ", ".join(f"count(*) FILTER (WHERE event_time // {_HOUR} % 24 = {hour})" for hour in range(24))
    for periods in grouped(log, hours):
        yield from _hours(log, periods)


def _once(log: Loaded) -> Iterator[Finding]:
    if log.clock == "known_at":
        return
    query = f"""SELECT max(n), sum(n) FROM (SELECT count(*) AS n FROM log WHERE NOT past GROUP BY known_at // {DAY})"""
    count, every = log.one(query)
    (days,) = log.one(f"SELECT (max(event_time) - min(event_time)) // {DAY} + 1 FROM log WHERE NOT past")
    if every >= log.limits.least_rows:
        yield Finding(
            check=ONCE, severity=ONCE.severity, about={}, values={"days": days}, count=int(count), of=int(every)
        )


def _never_late(log: Loaded) -> Iterator[Finding]:
    query = "SELECT count(*) FILTER (WHERE known_at = event_time), count(*) FROM log WHERE NOT past"
    count, every = log.one(query)
    if every >= log.limits.at_once_rows and count >= log.limits.at_once_share * every:
        yield Finding(check=NEVER_LATE, severity=NEVER_LATE.severity, about={}, count=count, of=every)


def _delays(log: Loaded, periods: Sequence[Period]) -> Iterator[Finding]:
    limits = log.limits
    late: list[tuple[Period, float]] = []
    gone: list[tuple[Period, float]] = []
    for one, before in compared(periods, log):
        usual = median(other.values[0] for other in before) / _SECOND
        delay, at_once = one.values[0] / _SECOND, one.values[1] / one.rows
        if delay >= limits.delay_factor * usual and delay >= usual + limits.delay_seconds:
            late.append((one, usual))
        used = sum(other.values[1] for other in before) / sum(other.rows for other in before)
        if usual >= limits.delay_gone and at_once >= limits.once_share and used < 1 - limits.once_share:
            gone.append((one, usual))
    if late:
        yield _later(log, late)
    if gone:
        yield _gone(log, gone)


def _later(log: Loaded, late: Sequence[tuple[Period, float]]) -> Finding:
    one, usual = max(late, key=lambda found: found[0].values[0])
    values = {"hours": one.values[0] / _HOUR, "usual": usual / 3600, "rows": one.rows}
    rows = sum(found.rows for found, _ in late)
    return Finding(
        check=LATER, severity=LATER.severity, about=of_feed(one.event_type, one.source), values=values, count=rows,
        of=rows, examples=_examples(log, one),
    )  # fmt: skip


def _gone(log: Loaded, gone: Sequence[tuple[Period, float]]) -> Finding:
    one, usual = gone[0]
    return Finding(
        check=GONE, severity=GONE.severity, about=of_feed(one.event_type, one.source), values={"usual": usual / 3600},
        count=sum(found.values[1] for found, _ in gone), of=sum(found.rows for found, _ in gone),
        examples=_examples(log, one),
    )  # fmt: skip


def _hours(log: Loaded, periods: Sequence[Period]) -> Iterator[Finding]:
    found: list[tuple[Period, int]] = []
    least = log.limits.least_hours_rows
    for one, before in compared(gathered(periods, least), log, least=least):
        usual = np.sum([other.values for other in before], axis=0)
        shift = _shift(np.array(one.values), usual, log)
        if shift:
            found.append((one, shift))
    if found:
        one, shift = found[0]
        rows = sum(other.rows for other, _ in found)
        yield Finding(
            check=HOURS, severity=HOURS.severity, about=of_feed(one.event_type, one.source),
            values={"hours": shift}, count=rows, of=rows, examples=_examples(log, one),
        )  # fmt: skip


def _shift(now: npt.NDArray[np.int64], usual: npt.NDArray[np.int64], log: Loaded) -> int:
    """By how many hours the profile of a day moved; 0 where it did not, or changed in another way."""
    shares, before = now / now.sum(), usual / usual.sum()
    apart = [float(np.abs(np.roll(before, hours) - shares).sum() / 2) for hours in range(24)]
    best = int(np.argmin(apart))
    moved = apart[0] >= log.limits.hours_apart and apart[best] <= log.limits.hours_alike * apart[0]
    return (best + 11) % 24 - 11 if moved else 0


def _examples(log: Loaded, one: Period) -> tuple[str, ...]:
    where = "event_type = ? AND source = ? AND period = ?"
    return tuple(log.examples(where, one.event_type, one.source, one.period))
