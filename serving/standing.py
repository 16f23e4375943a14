"""What is known and thought of a merchant at the moment of a decision."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from features.database import moment
from features.lookup import Found, LiveState, events_of_type, events_of_types, live_state, waiting_of
from scoring.evidence import Measured
from scoring.gate import Paper
from scoring.pledges import Member
from scoring.refunds import RefundPolicy
from serving import store_decisions
from serving.answers import ScoreAnswer, thought_in
from serving.errors import MerchantUnknown
from serving.plain import Json

__all__ = [
    "Membership",
    "Readings",
    "Standing",
    "category_of",
    "members_of",
    "membership",
    "memberships",
    "papers_of",
    "standing",
    "standing_of",
]

#: Reads features of some merchants as of now, within a transaction, with the evidence behind each.
Readings = Callable[[Connection, Sequence[str], Sequence[str], datetime], Mapping[str, Mapping[str, Measured]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A merchant's assessment, whether it is too old to be relied on, and the last event that was seen.

    `text` is the assessment as it is stored, `changes` how often what is stored of the merchant has changed so far.
    Of its events up to the one seen those that were `waiting` did not count yet.
    """

    assessment: ScoreAnswer
    stale: bool
    seen_seq: int
    text: str = ""
    changes: int = 0
    waiting: tuple[int, ...] = ()

    @property
    def trace(self) -> dict[str, Any]:
        """What a decision keeps of it: plain values, and `Json`."""
        seen: dict[str, Any] = {"waiting": list(self.waiting)} if self.waiting else {}
        return seen | {
            "assessment": Json(self.text) if self.text else self.assessment.model_dump(mode="json"),
            "stale": self.stale,
            "seen_seq": self.seen_seq,
            "model_version": self.assessment.model.version,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Whether a merchant carries a programme, and since when it does or does not; None = it never did."""

    joined: bool
    since: datetime | None


def standing(
    tx: Connection, merchant_id: str, *, otherwise: str | None, policy: RefundPolicy, now: datetime
) -> Standing:
    """What is thought of a merchant: the stored assessment, else `otherwise`. Raises `MerchantUnknown`."""
    live = live_state(tx, merchant_id)
    answer = store_decisions.latest_answer(tx, merchant_id) or otherwise
    if live is None or answer is None:
        raise MerchantUnknown("no event of a merchant with this id is known")
    return standing_of(tx, live, answer, policy=policy, now=now)


def standing_of(tx: Connection, live: LiveState, answer: str, *, policy: RefundPolicy, now: datetime) -> Standing:
    """What is thought of a merchant in this state, by an assessment as it is stored."""
    thought = thought_in(answer)
    return Standing(
        assessment=thought,
        stale=_stale(thought, live, policy, now),
        seen_seq=live.last_seq,
        text=answer,
        changes=live.changes,
        waiting=waiting_of(tx, thought.merchant_id) if live.waits else (),
    )


def _stale(thought: ScoreAnswer, live: LiveState, policy: RefundPolicy, now: datetime) -> bool:
    """Whether the nightly run passed the merchant by, or its newest events wait too long to be looked at."""
    timing = policy.timing
    if now - thought.assessed_at > timedelta(hours=timing.stale_after_hours):
        return True
    waits = live.due_since is not None and live.last_seq > live.assessed_seq
    return waits and now - moment(live.due_since or 0) > timedelta(minutes=timing.due_after_minutes)


def papers_of(tx: Connection, merchant_id: str) -> tuple[Paper, ...]:
    """The latest check of each qualification, for each brand and category that checks name."""
    latest: dict[tuple[Any, ...], Found] = {}
    for one in sorted(events_of_type(tx, merchant_id, "qualification_checked"), key=_in_time):
        latest[one.says["qualification"], one.says.get("brand"), one.says.get("category")] = one
    return tuple(_paper(one.says) for one in latest.values())


def category_of(tx: Connection, merchant_id: str) -> str | None:
    """The category that a merchant is registered in."""
    told = sorted(events_of_type(tx, merchant_id, "merchant_registered"), key=_in_time)
    return next((one.says["category"] for one in reversed(told) if one.says.get("category")), None)


def members_of(carried: Mapping[str, Membership]) -> tuple[Member, ...]:
    """The same, as judgement takes it; what was never joined is left out."""
    return tuple(
        Member(programme=name, joined=one.joined, since=one.since) for name, one in carried.items() if one.since
    )


def membership(tx: Connection, merchant_id: str) -> dict[str, Membership]:
    """What became of every programme that a merchant ever joined or left."""
    return memberships(tx, [merchant_id])[merchant_id]


def memberships(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, dict[str, Membership]]:
    """The same of some merchants, by merchant."""
    found: dict[str, dict[str, Membership]] = {one: {} for one in merchant_ids}
    for one in sorted(events_of_types(tx, merchant_ids, _MOVES), key=_in_time):
        joined, since = one.event_type == "programme_joined", moment(one.event_time)
        found[one.merchant_id][one.says["programme"]] = Membership(joined=joined, since=since)
    return found


_MOVES = ("programme_joined", "programme_left")


def _in_time(one: Found) -> tuple[int, int, str]:
    """The order in which what is said replaces what was said before (contracts 3.2)."""
    return one.event_time, one.known_at, one.says["event_id"]


def _paper(says: Mapping[str, Any]) -> Paper:
    until = says.get("valid_until")
    return Paper(
        qualification=says["qualification"],
        outcome=says["outcome"],
        brand=says.get("brand"),
        category=says.get("category"),
        valid_until=date.fromisoformat(until) if until else None,
    )
