"""Rows that would be rejected, rows said again, and what they ask for."""

import re
from collections.abc import Iterator
from types import MappingProxyType

from features.checks.declared import Check, Finding, Severity
from features.checks.loaded import Loaded
from features.validation import REJECTIONS

__all__ = ["CHECKS", "find"]

#: What to do about each kind of rejected rows: code -> what it is in Chinese, what to do in both languages.
_DO: MappingProxyType[str, tuple[str, str, str]] = MappingProxyType(
    {
        "bad_json": (
            "该行不是 JSON 对象。",
            "Have the file written as one JSON object per line, in UTF-8; a broken last line is a cut-off export.",
            "请按每行一个 JSON 对象、UTF-8 编码导出；若仅最后一行损坏，多为导出中断。",
        ),
        "unknown_column": (
            "该行含有任何事件都不使用的列。",
            "Rename the column as in docs/reference/events.md, or leave it out.",
            "请按 docs/reference/events.md 更改列名，或去掉该列。",
        ),
        "missing_column": (
            "该类型事件必填的列为空。",
            "Fill the column at its source; docs/reference/events.md says which columns each type must fill.",
            "请在源头补全该列；各类型的必填列见 docs/reference/events.md。",
        ),
        "unknown_type": (
            "没有这种事件类型。",
            "Map the sender's types to those of docs/reference/events.md.",
            "请将来源方的类型映射到 docs/reference/events.md 中的类型。",
        ),
        "bad_value": (
            "值的类型、范围不对，或不是允许的词。",
            "Look at the examples and the words allowed in docs/reference/events.md; money is in whole cents.",
            "请对照示例与 docs/reference/events.md 中允许的取值；金额须为整数“分”。",
        ),
        "naive_time": (
            "时间没有注明与 UTC 的偏移。",
            "Write every time with its offset, such as 2026-01-31T08:00:00+08:00; never add Z to local time.",
            "请为每个时间写明时区偏移，例如 2026-01-31T08:00:00+08:00；切勿在本地时间后直接加 Z。",
        ),
        "known_before_event": (
            "得知时间早于发生时间。",
            "If most rows differ by the same hours, one of the two clocks is local time marked as UTC; else send when "
            "the platform learned of it, or leave `known_at` out.",
            "如果多数行相差同样的小时数，说明其中一个时钟把本地时间标成了 UTC；"
            "否则请填写平台实际得知的时间，或不填 `known_at`。",
        ),
        "known_in_future": (
            "得知时间晚于服务器时钟。",
            "Correct the sender's clock or its time zone; what truly is to come is not known yet.",
            "请校正发送方的时钟或时区；尚未发生的事情不可能已被得知。",
        ),
        "currency_mismatch": (
            "金额的币种与库的币种不同。",
            "Keep one store per currency, or convert first; set GOODFAITH_CURRENCY if it is to be the store's.",
            "每个库只能有一种币种：请分库，或在发送前换算；若本库应使用该币种，请设置 GOODFAITH_CURRENCY。",
        ),
        "event_id_conflict": (
            "同一编号的事件已有不同内容。",
            "Give every event an id of its own; to correct one, send an `event_reversed` and the event under a new id.",
            "每个事件须有唯一编号；如需更正，请发送 `event_reversed`，再以新编号发送该事件。",
        ),
    }
)


def _rejected(code: str) -> Check:
    why_zh, do, do_zh = _DO[code]
    return Check(
        name=f"rejected_{code}",
        looks_at=f"rows that would be rejected as `{code}`",
        severity=Severity.NOTE,
        warns_when="at least `rejected_warn` of all rows are",
        stops_when="at least `rejected_stop` of all rows are, or no row is left",
        text="{count:,} of {of:,} rows would be rejected: " + REJECTIONS[code],
        text_zh="{of:,} 行中有 {count:,} 行会被拒收：" + why_zh,
        do=do,
        do_zh=do_zh,
    )


_REJECTED = {code: _rejected(code) for code in REJECTIONS}

EMPTY = Check(
    name="empty",
    looks_at="whether the log has any row at all",
    severity=Severity.STOP,
    text="There is not a single row in the log.",
    text_zh="日志中没有任何数据行。",
    do="Ask the sender whether the export failed; a day without events is a fault nearly always.",
    do_zh="请向来源方确认导出是否失败；一整天没有事件几乎总是故障。",
)
REPEATED = Check(
    name="rows_repeated",
    looks_at="rows that say again what another row of the same event id says",
    severity=Severity.NOTE,
    text="{count:,} of {of:,} rows repeat others word for word.",
    text_zh="{of:,} 行中有 {count:,} 行与其他行完全重复。",
    do="Nothing: repeats have no effect. Many of them make files larger than they need be.",
    do_zh="无需处理：重复行不起作用；过多时只会使文件变大。",
)
UNSAID = Check(
    name="currency_unsaid",
    looks_at="logs in which some events with an amount state their currency and others do not",
    severity=Severity.WARN,
    text="{count:,} of {of:,} amounts state no currency while the others do; they would be taken for the store's.",
    text_zh="{of:,} 笔金额中有 {count:,} 笔没有注明币种，而其他的注明了；它们会被当作本库币种。",
    do="Have the currency stated on every event with an amount, and look whether the silent ones are of one country.",
    do_zh="请为每笔金额注明币种，并检查未注明的是否来自同一国家或地区。",
)
CHECKS = (*_REJECTED.values(), EMPTY, REPEATED, UNSAID)


def find(log: Loaded) -> Iterator[Finding]:
    """What became of the rows."""
    outcome = log.outcome
    if not outcome.rows:
        yield Finding(check=EMPTY, severity=Severity.STOP, about={})
    for code, count in sorted(outcome.rejected.items()):
        yield Finding(
            check=_REJECTED[code], severity=_severity(log, count), about=_about(code, outcome.examples[code]),
            count=count, of=outcome.rows, examples=tuple(outcome.examples[code]),
        )  # fmt: skip
    if outcome.duplicates:
        yield Finding(check=REPEATED, severity=Severity.NOTE, about={}, count=outcome.duplicates, of=outcome.rows)
    yield from _unsaid(log)


def _severity(log: Loaded, count: int) -> Severity:
    share = count / log.outcome.rows
    if share >= log.limits.rejected_stop or not log.outcome.accepted:
        return Severity.STOP
    return Severity.WARN if share >= log.limits.rejected_warn else Severity.NOTE


def _about(code: str, examples: list[str]) -> dict[str, str]:
    """The column at fault in the first example, where it names one."""
    named = re.match(r"row \d+: (\w+)[=:]", examples[0])
    return {"column": named.group(1)} if named and code != "event_id_conflict" else {}


def _unsaid(log: Loaded) -> Iterator[Finding]:
    amount = "coalesce(amount_cents, price_cents, deposit_cents) IS NOT NULL"
    silent, every = log.one(
        f"SELECT count(*) FILTER (WHERE currency IS NULL), count(*) FROM timed WHERE NOT past AND {amount}"
    )
    least = log.limits.unsaid_least * every
    if every >= log.limits.least_rows and least <= silent <= every - least:
        examples = tuple(log.examples(f"currency IS NULL AND {amount}"))
        yield Finding(check=UNSAID, severity=Severity.WARN, about={}, count=silent, of=every, examples=examples)
