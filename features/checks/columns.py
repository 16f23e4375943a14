"""Columns that a type usually fills and that are empty now, or were never filled."""

from collections.abc import Iterator, Sequence

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import Loaded
from features.checks.starved import Starved, starving
from features.checks.usual import Period, compared, grouped
from features.events import EVENT_TYPES

__all__ = ["CHECKS", "find"]

EMPTY = Check(
    name="column_empty",
    looks_at="columns that every marketplace can fill (`usual_columns`) and that this log leaves empty",
    severity=Severity.WARN,
    stops_when="at least `stop_inputs` of the models' inputs read the column",
    text="`{column}` is empty on {count:,} of {of:,} {feed_what}{feed}.",
    text_zh="{of:,} 条{feed_zh}{feed_what_zh}中有 {count:,} 条没有 `{column}`。",
    do="Have the column exported; where the platform truly does not know it, what reads it stays unknown for all.",
    do_zh="请在导出中加入该列；若平台确实没有这一信息，依赖它的特征对所有商家都将未知。",
)
STOPPED = Check(
    name="column_stopped",
    looks_at="columns that were usually filled, in the store or earlier in the log, and now seldom or never are",
    severity=Severity.WARN,
    stops_when="at least `stop_inputs` of the models' inputs read the column",
    text="`{column}` is empty on {count:,} of {of:,} {feed_what}{feed}; usually {usual:.0%} fill it.",
    text_zh="{of:,} 条{feed_zh}{feed_what_zh}中有 {count:,} 条没有 `{column}`；平常有 {usual:.0%} 会填写。",
    do="Ask the sender what changed in the export, and take the log in only when that is mended; what went in without "
    "it is put right by a reversal and the event under a new id.",
    do_zh="请向来源方确认导出有何变化，修复后再导入；已导入的缺列事件，请先撤回，再以新编号发送。",
)
CHECKS = (EMPTY, STOPPED)


def find(log: Loaded) -> Iterator[Finding]:
    """Every optional column of every type that occurs."""
    types = [row[0] for row in log.rows("SELECT DISTINCT event_type FROM timed WHERE NOT past ORDER BY 1")]
    for event_type in types:
        columns = EVENT_TYPES[event_type].optional
        if columns:
            counted = ", ".join(f"count({column})" for column in columns)
            for periods in grouped(log, counted, where=f"event_type = '{event_type}'"):
                for place, column in enumerate(columns):
                    yield from _of_column(log, periods, column, place)


def _of_column(log: Loaded, periods: Sequence[Period], column: str, place: int) -> Iterator[Finding]:
    own = [one for one in periods if not one.past]
    rows, filled = sum(one.rows for one in own), sum(one.values[place] for one in own)
    odd, usual = _stopped(log, periods, place)
    if odd:
        yield _stop(log, odd, column, place, usual)
    elif own and _never(log, f"{own[0].event_type}.{column}", filled, rows):
        yield _finding(log, EMPTY, own[0], column, count=rows - filled, of=rows)


def _never(log: Loaded, column: str, filled: int, rows: int) -> bool:
    usual = column in log.limits.usual_columns
    return usual and rows >= log.limits.least_rows and filled < log.limits.column_empty * rows


def _stopped(log: Loaded, periods: Sequence[Period], place: int) -> tuple[list[Period], float]:
    """The periods in which a column is far less filled than it was, and the usual share before the first of them."""
    limits, odd, usual_then = log.limits, list[Period](), 0.0
    for one, before in compared(periods, log):
        sound = [other for other in before if other not in odd]
        usual = sum(other.values[place] for other in sound) / max(sum(other.rows for other in sound), 1)
        now = one.values[place] / one.rows
        if usual >= limits.column_usual and now <= usual / 2 and usual - now >= limits.column_drop:
            usual_then = usual_then or usual
            odd.append(one)
    return odd, usual_then


def _stop(log: Loaded, odd: Sequence[Period], column: str, place: int, usual: float) -> Finding:
    rows = sum(one.rows for one in odd)
    count = rows - sum(one.values[place] for one in odd)
    first = odd[0]
    return _finding(log, STOPPED, first, column, count=count, of=rows, usual=usual)


def _finding(log: Loaded, check: Check, one: Period, column: str, *, count: int, of: int, **values: float) -> Finding:
    starved = starving().column(one.event_type, column)
    where = f"event_type = ? AND source = ? AND period >= ? AND {column} IS NULL"
    return Finding(
        check=check, severity=_severity(log, starved), about=of_feed(one.event_type, one.source, column=column),
        values=values, count=count, of=of, starved=starved,
        examples=tuple(log.examples(where, one.event_type, one.source, one.period)),
    )  # fmt: skip


def _severity(log: Loaded, starved: Starved) -> Severity:
    return Severity.STOP if starved.share_of_inputs >= log.limits.stop_inputs else Severity.WARN
