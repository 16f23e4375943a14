"""Gaps and volumes: days, types and feeds without events where there were some, and far fewer or more than usual."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import Loaded
from features.checks.series import Counts, Series, Silence, counted, ordinary, silences
from features.checks.starved import Starved, starving

__all__ = ["CHECKS", "find"]

SILENT = Check(
    name="silent",
    looks_at="days without any event of a feed, or of one of its types, where there were events before",
    severity=Severity.WARN,
    stops_when="at least `stop_inputs` of the models' inputs read what is missing",
    text="No {feed_what}{feed} became known from {first} to {last} (days: {days}); about {usual:,.3g} a day are usual.",
    text_zh="{first} 至 {last}（{days} 天）没有收到{feed_zh}{feed_what_zh}，平常每天约 {usual:,.3g} 条。",
    do="Ask the sender whether the export ran on these days, and have them sent again; take the log in only with them, "
    "or silence will look like good behaviour.",
    do_zh="请向数据来源方确认这些天的导出是否成功，并补发缺失数据；补齐后再导入，否则“没有消息”会被当成“没有问题”。",
)
ABSENT = Check(
    name="feed_absent",
    looks_at="feeds that the store knows from the last weeks and the log has nothing of",
    severity=Severity.NOTE,
    text="Nothing{feed} is in this log; the store has about {count:,} of its events a day.",
    text_zh="本日志中没有{feed_zh}数据；库中该来源平时每天约有 {count:,} 条事件。",
    do="If this feed comes in files of its own, all is well; else have it sent too.",
    do_zh="如果该来源另有文件，则无需处理；否则请一并补发。",
)
LOW = Check(
    name="volume_low",
    looks_at="days with far fewer events than the same weekday of the weeks before",
    severity=Severity.WARN,
    text="Far fewer {feed_what}{feed} than usual: {count:,} on {first}, where {usual:,} are usual (such days: {days}).",
    text_zh="{feed_zh}{feed_what_zh}远少于平常：{first} 仅 {count:,} 条，平常约 {usual:,} 条（共 {days} 天如此）。",
    do="Compare with the sender's own count of the day; a part of the export may be missing.",
    do_zh="请与来源方当天的条数核对；导出可能只完成了一部分。",
)
HIGH = Check(
    name="volume_high",
    looks_at="days with far more events than the same weekday of the weeks before",
    severity=Severity.WARN,
    text="Far more {feed_what}{feed} than usual: {count:,} on {first}, where {usual:,} are usual (such days: {days}).",
    text_zh="{feed_zh}{feed_what_zh}远多于平常：{first} 有 {count:,} 条，平常约 {usual:,} 条（共 {days} 天如此）。",
    do="See whether it was a great sale; else look for events sent twice under new ids, or test data.",
    do_zh="请确认当天是否有大促；若没有，请检查是否以新编号重复发送，或混入了测试数据。",
)
CHECKS = (SILENT, ABSENT, LOW, HIGH)

_EPOCH = date(1970, 1, 1)


def find(log: Loaded) -> Iterator[Finding]:
    """What is missing, and what is too little or too much."""
    counts = counted(log)
    if counts is None:
        return
    for feed in sorted({series.source for series in counts.series}):
        yield from _of_feed(log, counts, [series for series in counts.series if series.source == feed])
    for source, usual in counts.absent:
        if usual >= log.limits.least_missing:
            yield Finding(check=ABSENT, severity=Severity.NOTE, about=of_feed(None, source), count=usual)


def _of_feed(log: Loaded, counts: Counts, all_of_it: list[Series]) -> Iterator[Finding]:
    """What is wrong with all that a feed sends is not said again of each type."""
    whole: list[Silence] = []
    odd: set[int] = set()
    for series in all_of_it:
        quiet = silences(series, counts, log.limits)
        new = [one for one in quiet if not any(other.covers(one) for other in whole)]
        types = [one.event_type for one in all_of_it if one.event_type] if series.event_type is None else None
        yield from (_silence(log, series, counts, one, types or [series.event_type or ""]) for one in new)
        passed = odd | {day for one in (*quiet, *whole) for day in range(one.first, one.last + 1)}
        found = list(_odd_days(log, series, counts, passed))
        yield from (finding for finding, _ in found)
        if series.event_type is None:
            whole, odd = quiet, {day for _, days in found for day in days}


def _silence(log: Loaded, series: Series, counts: Counts, quiet: Silence, types: list[str]) -> Finding:
    starved = starving().types(types)
    dates = {"first": _date(counts, quiet.first), "last": _date(counts, quiet.last)}
    return Finding(
        check=SILENT,
        severity=_severity(log, starved),
        about=of_feed(series.event_type, series.source, **dates, days=quiet.last - quiet.first + 1),
        values={"usual": quiet.expected / (quiet.last - quiet.first + 1)},
        count=quiet.expected,
        starved=starved,
    )


def _severity(log: Loaded, starved: Starved) -> Severity:
    return Severity.STOP if starved.share_of_inputs >= log.limits.stop_inputs else Severity.WARN


def _odd_days(log: Loaded, series: Series, counts: Counts, passed: set[int]) -> Iterator[tuple[Finding, list[int]]]:
    limits, told = log.limits, series.counts
    usual, spread = ordinary(series, limits)
    days = np.arange(len(told)) + counts.origin
    judged = (days >= counts.first) & (days <= counts.last) & ~np.isin(np.arange(len(told)), list(passed))
    with np.errstate(invalid="ignore"):
        low = (told < usual - limits.volume_spreads * spread) & (told < limits.volume_low * usual)
        high = (told > usual + limits.volume_spreads * spread) & (told > limits.volume_high * usual)
    for check, odd in ((LOW, low & judged), (HIGH, high & judged)):
        if odd.any():
            places = np.flatnonzero(odd).tolist()
            worst = max(places, key=lambda place: abs(told[place] - usual[place]))
            about = of_feed(series.event_type, series.source, first=_date(counts, worst), days=len(places))
            yield Finding(
                check=check, severity=check.severity, about=about, values={"usual": round(usual[worst])},
                count=int(told[worst]),
            ), places  # fmt: skip


def _date(counts: Counts, place: int) -> str:
    return (_EPOCH + timedelta(days=counts.origin + place)).isoformat()
