"""Cases: what a person must look at, by when, and how it ended."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import Connection

from serving import promises, store_cases
from serving.breaker import back as breaker
from serving.complaints import events as complaint_events
from serving.errors import CaseClosed, CaseUnknown, ResolutionInvalid, SecondPersonNeeded
from serving.notifications import outbox
from serving.notifications.outbox import Notice, Topic
from serving.penalties import events as penalty_events
from serving.plain import digest
from serving.record import audit
from serving.store_cases import Case

__all__ = [
    "KEY",
    "Case",
    "Kind",
    "Matter",
    "appeals_of",
    "approve",
    "assign",
    "find",
    "of_merchant",
    "open_case",
    "outcomes",
    "queue",
    "resolve",
]


class Kind(StrEnum):
    """What a case is about; a kind that names no ends of its own ends as upheld or dismissed."""

    PROGRAMME = "programme"
    REFUND = "refund"
    SUSPICION = "suspicion"
    LINK = "link"
    COMPLAINT = "complaint"
    PENALTY = "penalty"
    APPEAL = "appeal"
    CHANGE = "change"


#: How long a person may take, where the matter does not say. Own proposals: each follows who is waiting.
_TIME_TO_ANSWER = MappingProxyType(
    {
        # A buyer waits for money; marketplaces ask their merchants for a first answer within a day.
        Kind.REFUND: timedelta(days=1),
        # A merchant waits to trade under a promise; three working days are what safety notices are given.
        Kind.PROGRAMME: timedelta(days=3),
        # Nobody waits, but buyers may be harmed meanwhile.
        Kind.SUSPICION: timedelta(days=2),
        # A merchant waits, as for a programme, and may have to find papers.
        Kind.LINK: timedelta(days=3),
        # Everybody is answered by it meanwhile; where it was gone back from, by its predecessor.
        Kind.CHANGE: timedelta(days=1),
        # Buyers may be harmed meanwhile, and two people have to look.
        Kind.PENALTY: timedelta(days=2),
    }
)
_ENDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Kind.PROGRAMME: ("admit", "refuse"),
        Kind.REFUND: ("instant", "standard"),
        Kind.LINK: ("confirmed", "refuted"),
        Kind.COMPLAINT: ("solved", "unsolved", "referred"),
        Kind.PENALTY: ("apply", "drop"),
        Kind.CHANGE: ("stands", "withdrawn"),
    }
)
#: What one person cannot decide alone: it takes a merchant's trade away, sets aside what was decided, or lets judge
#: again what shifted the answers.
_BY_TWO = frozenset({(Kind.PENALTY, "apply"), (Kind.APPEAL, "upheld"), (Kind.CHANGE, "stands")})
#: With what the names of API keys begin among those of people.
KEY = "key:"
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something that needs a person; `about` names it, so that one matter has one open case.

    `priority` 1 comes before 2. A complaint says by when an end is due; other matters go by their kind.
    """

    kind: Kind
    merchant_id: str
    about: str
    summary: str
    priority: int = 2
    decision_id: str | None = None
    due_at: datetime | None = None


def open_case(tx: Connection, matter: Matter, *, now: datetime) -> str:
    """The id of the open case about a matter: a new one, unless there is one already."""
    case = Case(
        id=f"c_{secrets.token_hex(12)}",
        kind=matter.kind,
        merchant_id=matter.merchant_id,
        about=matter.about,
        summary=matter.summary,
        priority=matter.priority,
        opened_at=now,
        due_at=matter.due_at or now + _TIME_TO_ANSWER[matter.kind],
        state="open",
        decision_id=matter.decision_id,
    )
    store_cases.add(tx, case)
    open_now = store_cases.about(tx, matter.about)
    if open_now is None or open_now.id == case.id:
        outbox.tell(tx, [_opened(case)], now=now)
        return case.id
    return open_now.id


def _opened(case: Case) -> Notice:
    told = {"case_id": case.id, "kind": str(case.kind), "merchant_id": case.merchant_id, "priority": case.priority}
    return Notice(topic=Topic.CASE_OPENED, says={**told, "due_at": case.due_at.isoformat()})


def queue(tx: Connection, *, state: str = "open", limit: int = 100) -> tuple[Case, ...]:
    """Cases in a state: open ones by priority, then by when they are due; resolved ones with the last first."""
    return store_cases.queue(tx, state=state, limit=limit)


def find(tx: Connection, case_id: str) -> Case:
    """The case with this id. Raises `CaseUnknown`."""
    return _there(store_cases.find(tx, case_id))


def of_merchant(tx: Connection, merchant_id: str) -> tuple[Case, ...]:
    """Every case about a merchant, the newest first."""
    return store_cases.of_merchant(tx, merchant_id)


def appeals_of(tx: Connection, merchant_id: str, decision_id: str) -> tuple[Case, ...]:
    """The cases of objections to a decision about a merchant."""
    told = store_cases.of_merchant(tx, merchant_id)
    return tuple(one for one in told if (one.kind, one.decision_id) == (Kind.APPEAL, decision_id))


def outcomes(case: Case) -> tuple[str, ...]:
    """How a case of this kind may end."""
    return _ENDS.get(case.kind, ("upheld", "dismissed"))


def assign(tx: Connection, case_id: str, *, to: str, by: str, now: datetime) -> Case:
    """Make a case somebody's. Raises `CaseUnknown`, `CaseClosed`."""
    _open(tx, case_id)
    store_cases.change(tx, case_id, assigned_to=to)
    _tell(tx, case_id, "case_assigned", by=by, now=now, to=to)
    return find(tx, case_id)


def resolve(tx: Connection, case_id: str, *, outcome: str, reason: str, by: str, now: datetime) -> Case:
    """End a case, once and for good; money that is let out at once is held from now on, a complaint is closed.

    What needs two people is proposed so, and ends when another approves. Raises `CaseUnknown`, `CaseClosed`,
    `ResolutionInvalid`, and `OrderAlreadyDecided` where more than was paid for the order would be let out.
    """
    # Decisions lock the merchant first and open cases under it: here the order must be the same.
    promises.lock_merchant_of(tx, find(tx, case_id).merchant_id)
    case = _open(tx, case_id)
    if case.waits:
        raise ResolutionInvalid(f"{case.resolved_by} has proposed {case.outcome}: another person approves it or not")
    _check_independence(tx, case, by)
    if outcome not in outcomes(case):
        raise ResolutionInvalid(f"a {case.kind} case ends as {' or '.join(outcomes(case))}, not as {outcome[:40]!r}")
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        raise ResolutionInvalid(f"a resolution needs a reason of at most {_LONGEST_REASON} characters")
    wished = {"outcome": outcome, "reason": reason.strip()}
    store_cases.change(tx, case_id, **wished, resolved_by=by, resolved_at=now)
    if (case.kind, outcome) in _BY_TWO:
        _tell(tx, case_id, "case_proposed", by=by, now=now, **wished)
        return find(tx, case_id)
    return _ended(tx, case_id, "case_resolved", by=by, now=now, **wished)


def approve(tx: Connection, case_id: str, *, agrees: bool, by: str, now: datetime) -> Case:
    """Agree to how another person would end a case, which ends it; or not, and it is open as before.

    Raises `CaseUnknown`, `CaseClosed`, `ResolutionInvalid`, and `SecondPersonNeeded` for whoever proposed it.
    """
    promises.lock_merchant_of(tx, find(tx, case_id).merchant_id)
    case = _open(tx, case_id)
    if not case.waits:
        raise ResolutionInvalid("nobody has proposed how this case should end")
    if case.resolved_by == by:
        raise SecondPersonNeeded("whoever proposed an end cannot approve it as well")
    _check_independence(tx, case, by)
    if agrees:
        store_cases.change(tx, case_id, approved_by=by, resolved_at=now)
        return _ended(tx, case_id, "case_approved", by=by, now=now, outcome=case.outcome or "")
    store_cases.change(tx, case_id, outcome=None, reason=None, resolved_by=None, resolved_at=None)
    _tell(tx, case_id, "case_sent_back", by=by, now=now, outcome=case.outcome or "")
    return find(tx, case_id)


def _check_independence(tx: Connection, case: Case, by: str) -> None:
    """Raise `SecondPersonNeeded` for whoever would judge an objection to what they decided themselves."""
    if case.kind != Kind.APPEAL or case.decision_id is None:
        return
    about = [one for one in store_cases.of_merchant(tx, case.merchant_id) if one.decision_id == case.decision_id]
    if any(by in (one.resolved_by, one.approved_by) for one in about if one.kind != Kind.APPEAL):
        raise SecondPersonNeeded("whoever had a part in a decision cannot judge an objection to it")


def _ended(tx: Connection, case_id: str, action: str, *, by: str, now: datetime, **said: str) -> Case:
    """Close a case whose end is settled, with what follows from it."""
    store_cases.change(tx, case_id, state="resolved")
    case = find(tx, case_id)
    if (case.kind, case.outcome) == (Kind.REFUND, "instant") and case.decision_id:
        promises.promise(tx, case.decision_id, now=now)
    if case.kind == Kind.COMPLAINT:
        complaint_events.close(tx, case, outcome=case.outcome or "", now=now)
    if case.kind == Kind.CHANGE:
        breaker.end(tx, case, now=now)
    if (case.kind, case.outcome) == (Kind.PENALTY, "apply"):
        penalty_events.carry_out(tx, case, now=now)
    if (case.kind, case.outcome) == (Kind.APPEAL, "upheld"):
        penalty_events.overturn(tx, case, now=now)
    _tell(tx, case_id, action, by=by, now=now, **said)
    told = {"case_id": case_id, "kind": str(case.kind), "merchant_id": case.merchant_id, "outcome": case.outcome}
    outbox.tell(tx, [Notice(topic=Topic.CASE_RESOLVED, says=told)], now=now)
    return case


def _open(tx: Connection, case_id: str) -> Case:
    """An open case, locked."""
    case = _there(store_cases.lock(tx, case_id))
    if case.state != "open":
        raise CaseClosed(f"this case was resolved as {case.outcome}")
    return case


def _there(case: Case | None) -> Case:
    if case is None:
        raise CaseUnknown("no case has this id")
    return case


def _tell(tx: Connection, case_id: str, action: str, *, by: str, now: datetime, **said: str) -> None:
    people = {name: said.pop(name) for name in ("to",) if name in said}
    if "reason" in said:
        # What was written may name somebody; it stands in the case, and the record cannot forget.
        said["reason_digest"] = digest(said.pop("reason"))
    entry = audit.Entry(
        actor=by if by.startswith(KEY) else f"user:{by}",
        action=action,
        subject=f"case:{case_id}",
        body=said,
        people=people,
    )
    audit.write(tx, entry, now=now)
