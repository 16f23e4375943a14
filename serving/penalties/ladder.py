"""The ladder: what was found against a merchant -> the step that follows -> told at once, or laid before two people.

Whatever needs a person is a case until one has proposed to apply it and another has agreed; the rest is told at once.
Nobody is punished twice for the same: a step follows only from something that was found after the last one.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from features.database import moment, reading, writing
from features.live import lock_merchants
from features.lookup import events_of_type
from scoring.penalties import Deed, Penalty, penalty_of
from scoring.penalty_policy import STEPS, PenaltyPolicy
from serving import cases, decisions, store_decisions, store_policies
from serving.cases import Kind, Matter
from serving.decide import Bench, fallback_of, plain
from serving.decisions import Verdict
from serving.errors import MerchantUnknown
from serving.penalties import events
from serving.penalties.deeds import Proven, deeds_of
from serving.penalties.events import KIND
from serving.provenance import made_by
from serving.service import Service
from serving.shadow_decisions import Otherwise
from serving.store_decisions import Decision
from serving.traces import Rerun, Trace, read_back

__all__ = ["KIND", "LIFTED", "rerun", "review_penalties"]

#: The outcome of a decision that takes a penalty back.
LIFTED = "lifted"

_NIGHTLY = "worker"


def review_penalties(service: Service, merchant_ids: Iterable[str], *, now: datetime) -> int:
    """Look at what was found against these merchants; answer how many decisions that made."""
    with reading(service.engine) as tx:
        since = store_policies.begun(tx, PenaltyPolicy.kind)
    if since is None:
        # Nobody is punished by rules that are not in force: what was found before them does not count either.
        return 0
    return sum(_reviewed(service, merchant_id, since, now) for merchant_id in merchant_ids)


def _reviewed(service: Service, merchant_id: str, since: datetime, now: datetime) -> int:
    with reading(service.engine) as tx:
        if not _record(tx, merchant_id, service.penalties, since, now).speaks:
            return 0
    # Made before any lock is held, as for every decision.
    otherwise, policies = fallback_of(service, merchant_id), service.keep_policies()
    with writing(service.engine) as tx:
        lock_merchants(tx, [merchant_id])
        bench = Bench(service=service, tx=tx, now=now, otherwise=otherwise, policies=policies)
        return _decided(bench, _record(tx, merchant_id, service.penalties, since, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What stands against a merchant: what was found, our last decision, what runs, and when it was last punished.

    `rank` is that of the hardest step that runs, or waits for people: 0 for none, 1 for the mildest.
    """

    merchant_id: str
    proven: tuple[Proven, ...]
    last: Decision | None
    rank: int
    punished_at: datetime | None

    @property
    def speaks(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.proven) or self.last is not None

    @property
    def deeds(self) -> list[Deed]:
        """What was found, as judgement takes it."""
        return [one.deed for one in self.proven]

    def leads_to(self, found: Penalty) -> bool:
        """Whether a penalty follows: a harder step than the one that runs, for something that was found since."""
        since = self.punished_at
        new = any(since is None or one.found_at > since for one in self.deeds if not one.overturned)
        return new and found.step is not None and _rank(found.step) > self.rank


def _rank(step: str) -> int:
    return STEPS.index(step) + 1 if step in STEPS else 0


def _record(tx: Connection, merchant_id: str, policy: PenaltyPolicy, since: datetime, now: datetime) -> _Record:
    last = store_decisions.last_of_kind(tx, merchant_id, KIND)
    told = [(one.says["penalty"], moment(one.event_time)) for one in _since_reinstated(tx, merchant_id)]
    running = [_rank(step) for step, at in told if _runs(policy, step, at, now)]
    punished, overturned = [at for _, at in told], events.overturned(tx, merchant_id)
    if last is not None and last.outcome != LIFTED:
        punished.append(last.decided_at)
        running.append(_rank(last.outcome) if last.id not in overturned and _waits(tx, last) else 0)
    return _Record(
        merchant_id=merchant_id,
        proven=_marked(tx, deeds_of(tx, merchant_id, since=since, until=now), overturned),
        last=last,
        rank=max(running, default=0),
        punished_at=max(punished, default=None),
    )


def _marked(tx: Connection, proven: tuple[Proven, ...], overturned: frozenset[str]) -> tuple[Proven, ...]:
    """The same, those marked that a penalty rested on to which an objection was upheld: they never counted."""
    rested = filter(None, (store_decisions.find_decision(tx, one) for one in sorted(overturned)))
    taken = {deed["event_id"] for one in rested if one.kind == KIND for deed in json.loads(one.trace)["deeds"]}
    return tuple(
        replace(one, deed=replace(one.deed, overturned=True)) if one.event_id in taken else one for one in proven
    )


def _since_reinstated(tx: Connection, merchant_id: str) -> list[Any]:
    """The penalties of a merchant, ours or the platform's own, since it last was given back its standing."""
    back = max((one.event_time for one in events_of_type(tx, merchant_id, "reinstated")), default=0)
    return [one for one in events_of_type(tx, merchant_id, "penalty_applied") if one.event_time > back]


def _runs(policy: PenaltyPolicy, name: str, since: datetime, now: datetime) -> bool:
    days = next((one.days for one in policy.steps if one.name == name), None)
    return days is None or now < since + timedelta(days=days)


def _waits(tx: Connection, last: Decision) -> bool:
    """Whether people have not said yet what becomes of it, or its notice runs."""
    case = decisions.case_of(tx, last)
    if case is None or case.state == "open":
        return case is not None
    return case.outcome == "apply" and not events.is_told(tx, last)


# What follows.


def _decided(bench: Bench, record: _Record) -> int:
    """Tell what has come due, take back what rests on nothing any more, and decide on what is new."""
    _carry_out(bench, record)
    found = penalty_of(record.deeds, policy=bench.service.penalties, as_of=bench.now)
    if record.leads_to(found):
        outcome, lifts = str(found.step), None
    elif _rests_on_nothing(bench.tx, record, found):
        outcome, lifts = LIFTED, record.last
    else:
        return 0
    try:
        verdict = _verdict(bench, record, found, outcome, lifts)
    except MerchantUnknown:
        return 0
    made = decisions.record(bench.tx, verdict, by=_NIGHTLY, now=bench.now)
    if outcome == LIFTED:
        events.lift(bench.tx, made, now=bench.now, why="what the penalty rested on was taken back")
    elif not found.proposed:
        events.apply(bench.tx, made, now=bench.now)
    return 1


def _carry_out(bench: Bench, record: _Record) -> None:
    """Tell the penalties that people have agreed to and whose notice has run out."""
    for case in cases.of_merchant(bench.tx, record.merchant_id):
        if (case.kind, case.outcome, case.state) == (Kind.PENALTY, "apply", "resolved"):
            events.carry_out(bench.tx, case, now=bench.now)


def _rests_on_nothing(tx: Connection, record: _Record, found: Penalty) -> bool:
    """Whether a penalty of ours runs that a ruling taken back has made too hard: what was overturned never counted."""
    last = record.last
    if last is None or last.outcome == LIFTED or not events.is_told(tx, last) or not record.rank:
        return False
    still = {one.event_id for one in record.proven if not one.deed.overturned}
    taken_back = any(one["event_id"] not in still for one in json.loads(last.trace)["deeds"])
    return taken_back and _rank(found.step or "") < _rank(last.outcome)


def _verdict(bench: Bench, record: _Record, found: Penalty, outcome: str, lifts: Decision | None) -> Verdict:
    seen = bench.standing(record.merchant_id)
    deeds = [{"event_id": one.event_id, **plain(one.deed)} for one in record.proven]
    return Verdict(
        kind=KIND,
        merchant_id=record.merchant_id,
        outcome=outcome,
        expires_at=_holds_until(found, bench.now),
        seen_seq=seen.seen_seq,
        request={"merchant_id": record.merchant_id},
        answer=_answer(record.merchant_id, outcome, found),
        trace={**plain({"as_of": bench.now, "deeds": deeds, "lifts": lifts and lifts.id}), **seen.trace},
        made_by=made_by(bench.policies),
        thought=seen.assessment,
        # No score has a part in it, so that whoever thinks otherwise would decide the same.
        rethink=lambda _: Otherwise(outcome=outcome, answer=_answer(record.merchant_id, outcome, found)),
        matter=_matter(record.merchant_id, found) if found.proposed and not lifts else None,
    )


def rerun(trace: Trace, policy: PenaltyPolicy) -> Rerun:
    """What the same deeds lead to under this policy."""
    deeds = read_back(list[Proven], [{"event_id": one["event_id"], "deed": _deed(one)} for one in trace.says["deeds"]])
    found = penalty_of([one.deed for one in deeds], policy=policy, as_of=trace.as_of)
    outcome = LIFTED if trace.says["lifts"] else str(found.step)
    return Rerun(
        outcome=outcome,
        expires_at=_holds_until(found, trace.as_of),
        answer=_answer(trace.asked["merchant_id"], outcome, found),
        judged={},
    )


def _deed(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "event_id"}


def _holds_until(found: Penalty, now: datetime) -> datetime:
    """Until it ends by itself, else until nobody may object any more."""
    return found.ends_at or found.appeal_until or now


def _answer(merchant_id: str, outcome: str, found: Penalty) -> dict[str, Any]:
    """What the merchant is told: the statement of reasons, and how long it may object."""
    told = plain(found)
    reasons = [{**one, "text": _said(one, "text"), "text_zh": _said(one, "text_zh")} for one in told["statements"]]
    kept = (
        "proposed", "points", "notice_days", "begins_at", "ends_at", "appeal_until", "appeal_answer_days", "text",
        "text_zh", "policy_version",
    )  # fmt: skip
    named = {"decision_id": None, "merchant_id": merchant_id, "outcome": outcome}
    return {**named, **{name: told[name] for name in kept}, "reasons": reasons}


def _said(one: dict[str, Any], language: str) -> str:
    """What was done, how often, and how many points that is."""
    if language == "text_zh":
        return f"{one['text_zh']}（{one['times']} 次，计 {one['points']} 分）"
    often = "once" if one["times"] == 1 else f"{one['times']} times"
    return f"{one['text']} (found {often}, {one['points']} points)"


def _matter(merchant_id: str, found: Penalty) -> Matter:
    """What two people have to look at."""
    reasons: Sequence[dict[str, Any]] = _answer(merchant_id, str(found.step), found)["reasons"]
    english = f"{found.text} {' '.join(one['text'] for one in reasons)}"
    chinese = f"{found.text_zh}{''.join(one['text_zh'] for one in reasons)}"
    return Matter(
        kind=Kind.PENALTY,
        merchant_id=merchant_id,
        about=f"penalty:{found.step}:{merchant_id}",
        summary=f"{english} / {chinese}",
        priority=1,
    )
