"""Orphans: events that follow another one which nobody knows, neither the log nor the store."""

from collections.abc import Iterator
from dataclasses import dataclass

from features.checks.declared import Check, Finding, Severity, of_feed
from features.checks.loaded import DAY, EXAMPLES, Loaded
from features.events import EVENT_TYPES
from features.tables import KEYS

__all__ = ["CHECKS", "FOLLOWS", "Follows", "find"]

_WARNS = "at least `orphans_warn` of them do"

ORDERS = Check(
    name="orphans_orders",
    looks_at="events that name an order which neither the log nor the store knows of that merchant",
    severity=Severity.NOTE,
    warns_when=_WARNS,
    stops_when="at least `orphans_stop` of them do",
    text="{count:,} of {of:,} {feed_what} name an order that nobody knows ({share:.1%}); {elsewhere:,} of them name "
    "one of another merchant.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条（{share:.1%}）指向未知订单；"
    "其中 {elsewhere:,} 条指向其他商家的订单。",
    do="Take in the orders first, or in the same command; if they are there, compare how ids are written (spaces, "
    "leading zeros, prefixes) and whether both say the same merchant.",
    do_zh="请先导入订单，或放在同一条命令里；若订单已有，请比对编号写法（空格、前导零、前缀）以及两边的商家编号是否一致。",
)
ANSWERS = Check(
    name="orphans_answers",
    looks_at="answers, resolutions, inspections and recoveries whose question, opening or refund nobody knows",
    severity=Severity.NOTE,
    warns_when=_WARNS,
    text="{count:,} of {of:,} {feed_what} answer a `{opener}` that nobody knows ({share:.1%}); {elsewhere:,} of them "
    "one of another merchant.",
    text_zh="{of:,} 条{feed_what_zh}中有 {count:,} 条（{share:.1%}）对应的 `{opener}` 未知；"
    "其中 {elsewhere:,} 条属于其他商家。",
    do="Have what was asked, opened or paid sent too; without it nothing counts as answered, and stays open.",
    do_zh="请补发对应的提问、立案或退款事件；否则不会计为已答复，未结事项会一直未结。",
)
REVERSALS = Check(
    name="orphans_reversals",
    looks_at="reversals of events that nobody knows of that merchant",
    severity=Severity.NOTE,
    warns_when=_WARNS,
    text="{count:,} of {of:,} reversals take back an event that nobody knows ({share:.1%}); they wait for it.",
    text_zh="{of:,} 条撤回中有 {count:,} 条（{share:.1%}）要撤回的事件未知；它们会等待该事件出现。",
    do="Compare the ids in `reverses` with those of the events; a reversal names the same merchant as its event.",
    do_zh="请核对 `reverses` 与事件编号；撤回须与原事件属于同一商家。",
)
CHECKS = (ORDERS, ANSWERS, REVERSALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """Events of some types follow one of type `opener` (of any, where empty).

    It says in its column `named` what they say in `key`.
    """

    event_types: tuple[str, ...]
    key: str
    opener: str
    check: Check
    named: str


def _answers(key: str, opener: str, *event_types: str) -> Follows:
    return Follows(event_types=event_types, key=key, opener=opener, check=ANSWERS, named=key)


_OF_ORDERS = tuple(
    name for name, event_type in EVENT_TYPES.items() if "order_id" in event_type.columns and name != "order_placed"
)
FOLLOWS = (
    Follows(event_types=_OF_ORDERS, key="order_id", opener="order_placed", check=ORDERS, named="order_id"),
    _answers("return_id", "return_requested", "return_answered", "return_inspected"),
    _answers("dispute_id", "dispute_opened", "dispute_resolved"),
    _answers("report_id", "fake_report_filed", "fake_report_resolved"),
    _answers("complaint_id", "complaint_received", "complaint_closed"),
    _answers("message_id", "message_received", "message_answered"),
    _answers("service_id", "service_requested", "service_completed"),
    _answers("refund_id", "refund_paid", "advance_recovered", "advance_written_off"),
    Follows(event_types=("event_reversed",), key="reverses", opener="", check=REVERSALS, named="event_id"),
)

Name = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """Events of a type that follow something: how many are judged, how many the log knows nothing of, some of those.

    `names` are what is followed (a merchant and an id), each with the id of one event that follows it.
    """

    event_type: str
    of: int
    unknown: int
    names: dict[Name, str]


def find(log: Loaded) -> Iterator[Finding]:
    """Everything that follows something."""
    (first,) = log.one("SELECT min(day) FROM timed")
    # The very beginning is excused: what it answers lies before all that is known.
    since = 0 if first is None else int(first + log.limits.orphans_lead_days) * DAY
    for follows in FOLLOWS:
        _match(log, follows, since)
        for lost in _lost(log):
            yield from _orphans(log, follows, lost)


def _match(log: Loaded, follows: Follows, since: int) -> None:
    """Keep what follows, and whether the log, or what it was loaded with, knows what that is."""
    types = ", ".join(f"'{name}'" for name in follows.event_types)
    log.keep(
        "followed",
        f"""SELECT one.event_type, one.merchant_id, one.{follows.key} AS name, one.event_id,
                opener.name IS NOT NULL AS known
            FROM timed AS one LEFT JOIN (SELECT DISTINCT merchant_id, {follows.named} AS name FROM timed
                                         WHERE {_opens(follows)}) AS opener
            ON opener.merchant_id = one.merchant_id AND opener.name = one.{follows.key}
            WHERE NOT one.past AND one.event_type IN ({types}) AND one.{follows.key} IS NOT NULL
                AND one.{log.clock} >= {since}""",
    )


def _opens(follows: Follows) -> str:
    return f"event_type = '{follows.opener}'" if follows.opener else "true"


def _lost(log: Loaded) -> list[_Lost]:
    query = """SELECT event_type, count(*), count(*) FILTER (WHERE NOT known) FROM followed
               GROUP BY event_type HAVING NOT bool_and(known) ORDER BY event_type"""
    names = f"""SELECT merchant_id, name, min(event_id) FROM followed WHERE NOT known AND event_type = ?
                GROUP BY merchant_id, name ORDER BY hash(name), name, merchant_id LIMIT {log.limits.looked_up}"""
    return [
        _Lost(
            event_type=event_type, of=of, unknown=unknown,
            names={(merchant, name): event_id for merchant, name, event_id in log.rows(names, event_type)},
        )
        for event_type, of, unknown in log.rows(query)
    ]  # fmt: skip


def _orphans(log: Loaded, follows: Follows, lost: _Lost) -> Iterator[Finding]:
    stored = _stored(log, follows, lost)
    orphans = [event_id for name, event_id in lost.names.items() if name not in stored]
    # Of very many only a part is looked up in the store.
    count = round(lost.unknown * len(orphans) / len(lost.names))
    if count:
        yield Finding(
            check=follows.check,
            severity=_severity(log, follows, count / lost.of),
            about={**of_feed(lost.event_type, None), "opener": follows.opener},
            values={"elsewhere": _elsewhere(log, follows, lost)},
            count=count,
            of=lost.of,
            examples=tuple(orphans[:EXAMPLES]),
        )


def _severity(log: Loaded, follows: Follows, share: float) -> Severity:
    if follows.check is ORDERS and share >= log.limits.orphans_stop:
        return Severity.STOP
    return Severity.WARN if share >= log.limits.orphans_warn else Severity.NOTE


def _stored(log: Loaded, follows: Follows, lost: _Lost) -> set[Name]:
    """Those of what is followed that the store knows."""
    if log.past is None:
        return set()
    if not follows.opener:
        found = log.past.stored([name for _, name in lost.names])
        return {(merchant, name) for name, (merchant, _) in found.items()}
    prefix = f"{KEYS[follows.key]}:"
    keys = log.past.openers({prefix + name for _, name in lost.names}, follows.opener)
    return {(merchant, key.removeprefix(prefix)) for merchant, key in keys}


def _elsewhere(log: Loaded, follows: Follows, lost: _Lost) -> int:
    """How many name something of another merchant."""
    query = f"""SELECT count(*) FROM followed WHERE NOT known AND event_type = ? AND name IN
                (SELECT {follows.named} FROM timed WHERE {_opens(follows)} AND {follows.named} IS NOT NULL)"""
    return int(log.one(query, lost.event_type)[0])
