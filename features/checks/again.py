"""What is told twice: within a log under several event ids, or once more after the store has it."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import EXAMPLES, Loaded
from features.checks.past import Past
from features.jsonrows import canonical

__all__ = ["CHECKS", "find"]

TWICE = Check(
    name="said_twice",
    looks_at="orders, refunds, disputes, returns and reports told twice under different event ids and not taken back",
    severity=Severity.NOTE,
    warns_when="at least `rejected_warn` of them are",
    stops_when="at least `rejected_stop` of them are",
    text="{count:,} of {of:,} {feed_what} tell of the same `{column}` again under another event id, and count again.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条以另一事件编号重复同一 `{column}`；每条都会被重复计数。",
    do="Have event ids made from what happened, not from the export; reverse the events that are too many.",
    do_zh="事件编号应由业务事实生成，而不是每次导出重新生成；多余的事件请撤回。",
)
STORED = Check(
    name="stored_already",
    looks_at="events (by a part of the log) whose ids the store has",
    severity=Severity.NOTE,
    text="{count:,} of {of:,} events looked up are in the store already.",
    text_zh="抽查的 {of:,} 条事件中有 {count:,} 条已在库中。",
    do="Nothing: what is there already has no effect. If all are, the file was taken in before.",
    do_zh="无需处理：已有的事件不起作用；若全部已在库中，说明该文件此前已导入。",
)
AGAIN = Check(
    name="orders_stored",
    looks_at="orders (by a part of the log) that the store knows under another event id",
    severity=Severity.NOTE,
    warns_when="at least `rejected_warn` of them are",
    stops_when="at least `rejected_stop` of them are",
    text="{count:,} of {of:,} orders looked up are in the store under another event id; each would count once more.",
    text_zh="抽查的 {of:,} 笔订单中有 {count:,} 笔已以其他事件编号在库中；导入后会被重复计数。",
    do="Have event ids made from what happened, not from the export; do not take the log in as it is.",
    do_zh="事件编号应由业务事实生成，而不是每次导出重新生成；请勿按原样导入。",
)
CONTRADICTS = Check(
    name="stored_otherwise",
    looks_at="events (by a part of the log) whose ids the store has with other content",
    severity=Severity.WARN,
    stops_when="at least `rejected_stop` of those looked up are",
    text="{count:,} of {of:,} events looked up are in the store with other content, and would be rejected.",
    text_zh="抽查的 {of:,} 条事件中有 {count:,} 条在库中已有不同内容，将被拒收。",
    do="Give what is new an id of its own; to correct an event, reverse it and send it under a new id.",
    do_zh="新事件须有自己的编号；如需更正，请先撤回原事件，再以新编号发送。",
)
CHECKS = (TWICE, STORED, AGAIN, CONTRADICTS)

#: What there is once: events of a type, and the id that tells them apart.
_ONCE = {
    "order_placed": "order_id", "return_requested": "return_id", "refund_paid": "refund_id",
    "dispute_opened": "dispute_id", "dispute_resolved": "dispute_id", "fake_report_filed": "report_id",
    "fake_report_resolved": "report_id", "complaint_received": "complaint_id", "message_received": "message_id",
    "service_requested": "service_id",
}  # fmt: skip


def find(log: Loaded) -> Iterator[Finding]:
    """Within the log, then against the store."""
    for event_type, column in _ONCE.items():
        yield from _twice(log, event_type, column)
    if log.past is not None and log.sample:
        yield from _stored(log, log.past, log.sample)


def _twice(log: Loaded, event_type: str, column: str) -> Iterator[Finding]:
    """Those that come after the first of the same id; what the store told before the log comes first."""
    query = f"""SELECT count(*) FILTER (WHERE NOT past), count(*) FILTER (WHERE NOT past AND place > 1),
                arg_min(event_id, number, {EXAMPLES}) FILTER (WHERE NOT past AND place > 1) FROM (
                    SELECT past, event_id, number, row_number() OVER (
                        PARTITION BY merchant_id, {column} ORDER BY NOT past, known_at, event_id) AS place
                    FROM timed AS one WHERE event_type = ? AND {column} IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM timed AS back WHERE back.event_type = 'event_reversed'
                        AND back.reverses = one.event_id AND back.merchant_id = one.merchant_id))"""
    of, count, ids = log.one(query, event_type)
    if count:
        about = of_feed(event_type, None, column=column)
        yield Finding(check=TWICE, severity=_severity(log, count, of), about=about, count=count, of=of, examples=ids)


def _stored(log: Loaded, past: Past, sample: pa.Table) -> Iterator[Finding]:
    ids, texts = sample.column("event_id").to_pylist(), canonical(sample)
    stored = past.stored(ids)
    there = [one for one in ids if one in stored]
    other = [one for one, text in zip(ids, texts, strict=True) if one in stored and stored[one][1] != text]
    if there:
        yield _finding(log, STORED, there, len(ids), severity=Severity.NOTE)
    if other:
        stop = len(other) >= log.limits.rejected_stop * len(ids)
        yield _finding(log, CONTRADICTS, other, len(ids), severity=Severity.STOP if stop else Severity.WARN)
    new = ~pc.field("event_id").isin(pa.array(there, pa.string()))
    yield from _again(log, past, sample.filter((pc.field("event_type") == "order_placed") & new))


def _again(log: Loaded, past: Past, orders: pa.Table) -> Iterator[Finding]:
    """Orders under ids that the store does not have, and that it knows all the same."""
    if not orders.num_rows:
        return
    keys = [(merchant, f"order:{order}") for merchant, order in _pairs(orders)]
    known = past.openers({key for _, key in keys}, "order_placed")
    told = orders.column("event_id").to_pylist()
    again = [event_id for event_id, key in zip(told, keys, strict=True) if key in known]
    if again:
        yield _finding(log, AGAIN, again, len(keys), severity=_severity(log, len(again), len(keys)))


def _pairs(orders: pa.Table) -> list[tuple[str, str]]:
    columns = (orders.column(name).to_pylist() for name in ("merchant_id", "order_id"))
    return list(zip(*columns, strict=True))


def _finding(log: Loaded, check: Check, ids: list[str], of: int, *, severity: Severity) -> Finding:
    return Finding(check=check, severity=severity, about={}, count=len(ids), of=of, examples=tuple(ids[:EXAMPLES]))


def _severity(log: Loaded, count: int, of: int) -> Severity:
    if of >= log.limits.least_rows and count >= log.limits.rejected_stop * of:
        return Severity.STOP
    return Severity.WARN if count >= log.limits.rejected_warn * of else Severity.NOTE
