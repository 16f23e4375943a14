"""Members: whoever carries a programme is looked at again every night, and what changes is decided, recorded and told.

A suspended or expelled member leaves the programme (`programme_left`), one that comes back joins it again. Only new
orders are touched: what stands on old ones binds as it was promised.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from features.database import reading, writing
from features.jsonrows import check_rows
from features.live import lock_merchants
from scoring.errors import ProgrammeUnknown
from scoring.gate import Applicant, Application
from scoring.pledges import pledged_cents
from scoring.programmes import Programme, ProgrammePolicy
from scoring.standing import Place, Review, Standing, review
from serving import decisions, store_decisions
from serving.answers import ScoreAnswer
from serving.applicants import applicant_of, at_the_door, opinion
from serving.decide import Bench, fallback_of, plain
from serving.decisions import Verdict
from serving.errors import MerchantUnknown
from serving.ingest.files import take
from serving.ledger import deposits
from serving.notifications import outbox
from serving.notifications.outbox import Notice, Topic
from serving.provenance import made_by
from serving.service import Service
from serving.shadow_decisions import Otherwise
from serving.standing import Membership, category_of, members_of, membership
from serving.standing import Standing as Seen
from serving.store_decisions import Decision
from serving.traces import Rerun, Trace, trace_of

__all__ = ["KIND", "rerun", "review_members"]

#: The kind under which these decisions are kept.
KIND = "standing"

#: Who decides, in decisions and in the audit chain.
_NIGHTLY = "worker"


def review_members(service: Service, merchant_ids: Iterable[str], *, now: datetime) -> int:
    """Look at every place of these merchants; answer how many decisions that made."""
    return sum(_reviewed(service, merchant_id, now) for merchant_id in merchant_ids)


def _reviewed(service: Service, merchant_id: str, now: datetime) -> int:
    with reading(service.engine) as tx:
        if not membership(tx, merchant_id):
            return 0
    # Made before any lock is held, as for every decision.
    otherwise, policies = fallback_of(service, merchant_id), service.keep_policies()
    with writing(service.engine) as tx:
        lock_merchants(tx, [merchant_id])
        bench = Bench(service=service, tx=tx, now=now, otherwise=otherwise, policies=policies)
        made = sum(_decided(bench, member) for member in _members(bench, merchant_id))
        deposits.pledge(tx, merchant_id, _pledged(bench, merchant_id), at=now)
        return made


def _pledged(bench: Bench, merchant_id: str) -> dict[str, int]:
    """What each programme holds of a merchant's deposit, once everything is decided."""
    members = members_of(membership(bench.tx, merchant_id))
    policy = bench.service.programmes
    return {one.programme: pledged_cents([one], policy=policy, as_of=bench.now) for one in members}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A merchant in one programme: its place until now, and for which goods it was let in."""

    merchant_id: str
    application: Application
    applicant: Applicant
    place: Place
    joined: bool
    seen: Seen

    @property
    def programme(self) -> Programme:
        return self.application.programme


def _members(bench: Bench, merchant_id: str) -> list[_Member]:
    """Every place that the merchant has, or may have again."""
    carried = membership(bench.tx, merchant_id)
    try:
        seen = bench.standing(merchant_id)
    except MerchantUnknown:
        return []
    applicant, found = applicant_of(bench, merchant_id, seen), []
    for programme in _known(bench, carried):
        place = _place(bench.tx, merchant_id, programme.id, carried[programme.id])
        if place is not None:
            found.append(
                _Member(
                    merchant_id=merchant_id,
                    application=_application(bench.tx, applicant, programme),
                    applicant=at_the_door(bench, applicant, programme, carried),
                    place=place,
                    joined=carried[programme.id].joined,
                    seen=seen,
                )
            )
    return found


def _known(bench: Bench, carried: Mapping[str, Membership]) -> list[Programme]:
    """The programmes that the policy still has."""
    found = []
    for name in sorted(carried):
        try:
            found.append(bench.service.programmes.programme(name))
        except ProgrammeUnknown:
            continue
    return found


def _place(tx: Connection, merchant_id: str, programme: str, member: Membership) -> Place | None:
    """The place until now, which leaving and joining changes in nothing; None where it is nobody's: left, or lost."""
    last = store_decisions.last_of_programme(tx, merchant_id, programme, kind=KIND)
    since = member.since
    if last is None or since is None:
        return Place.new(since) if member.joined and since else None
    before = trace_of(last).place("place")
    if member.joined:
        return Place.new(since) if _came_back(last, since) else before
    # Who is suspended may have the place again; not who has gone by itself since then.
    return before if before.standing is Standing.SUSPEND and since <= last.decided_at else None


def _came_back(last: Decision, joined_at: datetime) -> bool:
    """Whether somebody who was expelled joined when it might apply again: then, and only then, a place begins anew."""
    until = json.loads(last.answer)["may_return_at"]
    return until is not None and joined_at.date() >= datetime.fromisoformat(until).date()


def _application(tx: Connection, applicant: Applicant, programme: Programme) -> Application:
    """What it was let in for: the goods of its last application, else those that it is known for."""
    last = store_decisions.last_of_programme(tx, applicant.merchant_id, programme.id, kind="programme")
    if last is not None:
        asked = json.loads(last.request)
        return Application(programme=programme, category=asked["category"], brand=asked.get("brand"))
    brands = (one.brand for one in applicant.papers if one.qualification == "brand_authorisation" and one.brand)
    category = category_of(tx, applicant.merchant_id) or ""
    return Application(programme=programme, category=category, brand=min(brands, default=None))


def _decided(bench: Bench, member: _Member) -> int:
    """Judge one place; nothing is recorded where nothing moved, and nobody came in who must stay out."""
    found = _judged(bench, member, member.applicant)
    if found.place == member.place and _is_barred(found) != member.joined:
        return 0
    made = decisions.record(bench.tx, _verdict(bench, member, found), by=_NIGHTLY, now=bench.now)
    _tell(bench, member, found, made)
    if found.place.standing is not member.place.standing:
        says = {"merchant_id": member.merchant_id, "programme": member.programme.id, "decision_id": made.id}
        told = {**says, "outcome": found.place.standing.value, "before": member.place.standing.value}
        outbox.tell(bench.tx, [Notice(topic=Topic.STANDING, says=told)], now=bench.now)
    return 1


def _judged(bench: Bench, member: _Member, applicant: Applicant) -> Review:
    policy = bench.service.programmes
    return review(member.place, member.application, applicant, policy=policy, as_of=bench.now)


def _verdict(bench: Bench, member: _Member, found: Review) -> Verdict:
    wanted = member.application
    return Verdict(
        kind=KIND,
        merchant_id=member.merchant_id,
        programme=member.programme.id,
        outcome=found.place.standing,
        expires_at=_holds_until(found, bench.service.programmes, bench.now),
        seen_seq=member.seen.seen_seq,
        request={"programme": wanted.programme.id, "category": wanted.category, "brand": wanted.brand},
        answer=_answer(member.merchant_id, member.programme, found),
        trace={
            **plain({"as_of": bench.now, "applicant": member.applicant, "before": member.place, "place": found.place}),
            **member.seen.trace,
        },
        made_by=made_by(bench.policies),
        thought=member.seen.assessment,
        rethink=lambda thought: _otherwise(bench, member, thought),
    )


def _otherwise(bench: Bench, member: _Member, thought: ScoreAnswer) -> Otherwise:
    found = _judged(bench, member, replace(member.applicant, **opinion(thought)))
    return Otherwise(outcome=found.place.standing, answer=_answer(member.merchant_id, member.programme, found))


def rerun(trace: Trace, policy: ProgrammePolicy) -> Rerun:
    """What is found of the same place under this policy."""
    asked, applicant, before = trace.asked, trace.applicant, trace.place("before")
    programme = policy.programme(asked["programme"])
    wanted = Application(programme=programme, category=asked["category"], brand=asked["brand"])
    found = review(before, wanted, applicant, policy=policy, as_of=trace.as_of)
    return Rerun(
        outcome=found.place.standing,
        expires_at=_holds_until(found, policy, trace.as_of),
        answer=_answer(applicant.merchant_id, programme, found),
        judged=plain({"place": found.place}),
    )


def _holds_until(found: Review, policy: ProgrammePolicy, now: datetime) -> datetime:
    """Until it is judged again, be that only the next night by a stop rule, or until notice runs out."""
    judged = found.place.judged_at + timedelta(days=policy.standing.every_days)
    return found.place.ends_at or max(judged, now + timedelta(days=1))


def _answer(merchant_id: str, programme: Programme, found: Review) -> dict[str, Any]:
    """What the merchant is told."""
    return {
        "decision_id": None,
        "merchant_id": merchant_id,
        "programme": programme.id,
        "outcome": found.place.standing.value,
        **plain(
            {
                "since": found.place.since,
                "ends_at": found.place.ends_at,
                "may_return_at": found.may_return_at,
                "reasons": found.reasons,
                "conditions": found.conditions,
                "policy_version": found.policy_version,
            }
        ),
    }


def _is_barred(found: Review) -> bool:
    return found.place.standing in (Standing.SUSPEND, Standing.EXPEL)


def _tell(bench: Bench, member: _Member, found: Review, made: Decision) -> None:
    """The event that follows: who may no longer make the promise leaves, who may again joins."""
    if _is_barred(found) != member.joined:
        return
    event = "programme_left" if member.joined else "programme_joined"
    told = {
        "event_id": f"standing:{made.id}",
        "event_type": event,
        "merchant_id": member.merchant_id,
        "event_time": bench.now.isoformat(),
        "programme": member.programme.id,
        "reason": found.place.standing.value,
    }
    rows = check_rows([told], currency=bench.service.currency).rows
    take(bench.tx, rows, at=bench.now)
