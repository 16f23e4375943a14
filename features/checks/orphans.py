"""Orphans: events that follow another one which nobody knows, neither the log nor the store."""

from collections.abc import Iterator
from dataclasses import dataclass

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import DAY, EXAMPLES, Loaded
from features.events import EVENT_TYPES
from features.tables import KEYS

__all__ = ["CHECKS", "FOLLOWS", "Follows", "find"]

_STOPS = "at least `orphans_stop` of them are; a note below `orphans_warn`"

ORDERS = Check(
    name="orphans_orders",
    looks_at="events that name an order which neither the log nor the store knows of that merchant",
    severity=Severity.NOTE,
    stops_when=_STOPS,
    text="{count:,} of {of:,} {feed_what} name an order that nobody knows ({share:.1%}); {elsewhere:,} of them name one "
    "of another merchant.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条（{share:.1%}）指向未知订单；其中 {elsewhere:,} 条指向其他商家的订单。",
    do="Take in the orders first, or in the same command; if they are there, compare how ids are written (spaces, "
    "leading zeros, prefixes) and whether both say the same merchant.",
    do_zh="请先导入订单，或放在同一条命令里；若订单已有，请比对编号写法（空格、前导零、前缀）以及两边的商家编号是否一致。",
)
ANSWERS = Check(
    name="orphans_answers",
    looks_at="answers, resolutions, inspections and recoveries whose question, opening or refund nobody knows",
    severity=Severity.NOTE,
    stops_when=_STOPS,
    text="{count:,} of {of:,} {feed_what} answer a `{opener}` that nobody knows ({share:.1%}); {elsewhere:,} of them one "
    "of another merchant.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条（{share:.1%}）对应的 `{opener}` 未知；其中 {elsewhere:,} 条属于其他商家。",
    do="Have what was asked, opened or paid sent too; without it nothing counts as answered, and what is open stays open.",
    do_zh="请补发对应的提问、立案或退款事件；否则不会计为已答复，未结事项会一直未结。",
)
REVERSALS = Check(
    name="orphans_reversals",
    looks_at="reversals of events that nobody knows of that merchant",
    severity=Severity.NOTE,
    stops_when=_STOPS,
    text="{count:,} of {of:,} reversals take back an event that nobody knows ({share:.1%}); they wait for it.",
    text_zh="{of:,} 条撤回中有 {count:,} 条（{share:.1%}）要撤回的事件未知；它们会等待该事件出现。",
    do="Compare the ids in `reverses` with those of the events; a reversal names the same merchant as its event.",
    do_zh="请核对 `reverses` 与事件编号；撤回须与原事件属于同一商家。",
)
CHECKS = (ORDERS, ANSWERS, REVERSALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """Events of a type follow one of type `opener` (any, where empty) with the same `key` (its `named` column)."""

    event_type: str
    key: str
    opener: str
    check: Check
    named: str = ""


_ANSWERS = {
    "return_answered": ("return_id", "return_requested"),
    "return_inspected": ("return_id", "return_requested"),
    "dispute_resolved": ("dispute_id", "dispute_opened"),
    "fake_report_resolved": ("report_id", "fake_report_filed"),
    "complaint_closed": ("complaint_id", "complaint_received"),
    "message_answered": ("message_id", "message_received"),
    "service_completed": ("service_id", "service_requested"),
    "advance_recovered": ("refund_id", "refund_paid"),
    "advance_written_off": ("refund_id", "refund_paid"),
}
FOLLOWS = (
    *(Follows(event_type=name, key="order_id", opener="order_placed", check=ORDERS)
      for name, event_type in EVENT_TYPES.items() if "order_id" in event_type.columns and name != "order_placed"),
    *(Follows(event_type=name, key=key, opener=opener, check=ANSWERS) for name, (key, opener) in _ANSWERS.items()),
    Follows(event_type="event_reversed", key="reverses", opener="", check=REVERSALS, named="event_id"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """Of what follows: how many are judged, how many name what the log does not know, and the names (some)."""

    of: int
    unknown: int
    names: list[tuple[str, str]]


def find(log: Loaded) -> Iterator[Finding]:
    """Everything that follows something."""
    present = {row[0] for row in log.rows("SELECT DISTINCT event_type FROM timed WHERE NOT past")}
    since = _since(log)
    for follows in FOLLOWS:
        if follows.event_type in present:
            yield from _orphans(log, follows, since)


def _since(log: Loaded) -> int:
    """From when on what is followed should be known too: the very beginning is excused (microseconds)."""
    (first,) = log.one("SELECT min(day) FROM timed")
    return 0 if first is None else int(first + log.limits.orphans_lead_days) * DAY


def _orphans(log: Loaded, follows: Follows, since: int) -> Iterator[Finding]:
    lost = _lost(log, follows, since)
    if not lost.unknown:
        return
    orphans = [name for name in lost.names if name not in _stored(log, follows, lost.names)]
    count = round(lost.unknown * len(orphans) / len(lost.names))
    if count:
        yield Finding(
            check=follows.check,
            severity=_severity(log, count / lost.of),
            about={**of_feed(follows.event_type, None), "opener": follows.opener},
            values={"elsewhere": _elsewhere(log, follows, since)},
            count=count,
            of=lost.of,
            examples=_examples(log, follows, orphans, since),
        )


def _severity(log: Loaded, share: float) -> Severity:
    if share >= log.limits.orphans_stop:
        return Severity.STOP
    return Severity.WARN if share >= log.limits.orphans_warn else Severity.NOTE


def _following(follows: Follows, since: int) -> str:
    """The events that follow and are judged, and whether the log knows what they follow."""
    named = follows.named or follows.key
    opener = f"event_type = '{follows.opener}'" if follows.opener else "true"
    return f"""(SELECT one.*, EXISTS (SELECT 1 FROM timed AS other WHERE {opener} AND other.{named} = one.{follows.key}
                   AND other.merchant_id = one.merchant_id) AS known
               FROM timed AS one WHERE NOT one.past AND one.event_type = '{follows.event_type}'
                   AND one.{follows.key} IS NOT NULL AND one.{{clock}} >= {since})"""


def _lost(log: Loaded, follows: Follows, since: int) -> _Lost:
    following = _following(follows, since).format(clock=log.clock)
    of, unknown = log.one(f"SELECT count(*), count(*) FILTER (WHERE NOT known) FROM {following}")
    names = log.rows(
        f"""SELECT DISTINCT merchant_id, {follows.key} FROM {following} WHERE NOT known
            ORDER BY hash({follows.key}), {follows.key}, merchant_id LIMIT {log.limits.looked_up}"""
    ) if unknown else []  # fmt: skip
    return _Lost(of=of, unknown=unknown, names=[(merchant, name) for merchant, name in names])


def _stored(log: Loaded, follows: Follows, names: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of what is followed that the store knows."""
    if log.past is None:
        return set()
    if follows.named:
        found = log.past.stored([name for _, name in names])
        return {(merchant, name) for name, (merchant, _) in found.items()}
    prefix = f"{KEYS[follows.key]}:"
    found_keys = log.past.openers({prefix + name for _, name in names}, follows.opener)
    return {(merchant, key.removeprefix(prefix)) for merchant, key in found_keys}


def _elsewhere(log: Loaded, follows: Follows, since: int) -> int:
    named, following = follows.named or follows.key, _following(follows, since).format(clock=log.clock)
    opener = f"event_type = '{follows.opener}'" if follows.opener else "true"
    query = f"""SELECT count(*) FROM {following} AS one WHERE NOT known AND EXISTS
                (SELECT 1 FROM timed AS other WHERE {opener} AND other.{named} = one.{follows.key})"""
    return int(log.one(query)[0])


def _examples(log: Loaded, follows: Follows, orphans: list[tuple[str, str]], since: int) -> tuple[str, ...]:
    ids = [name for _, name in orphans[:EXAMPLES]]
    where = f"event_type = ? AND {follows.key} IN (SELECT unnest(?)) AND {log.clock} >= ?"
    return tuple(log.examples(where, follows.event_type, ids, since))
