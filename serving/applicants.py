"""A merchant at a programme's door as our store knows it: figures, papers, pledges, links, what failed before."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scoring.gate import ALWAYS_READ, Applicant, ConditionState
from scoring.pledges import pledged_cents
from scoring.programmes import Programme
from scoring.standing import Standing
from serving import cases, store_decisions
from serving.answers import ScoreAnswer
from serving.cases import Kind
from serving.decide import Bench
from serving.standing import Membership, members_of, papers_of
from serving.standing import Standing as Seen

__all__ = ["applicant_of", "at_the_door", "opinion"]

#: Read besides what conditions look at: the evidence, and the present pace of orders.
_PACE_DAYS = 30
_PACE, _SINCE = f"n_orders_{_PACE_DAYS}d", "days_since_first_order"
#: Real orders, of each buyer at most three: what somebody buys from itself is no evidence.
_ORDERS, _DAYS = "n_orders_365d_capped", "n_active_days_365d_capped"
_READ = (*ALWAYS_READ, _PACE, _SINCE, _ORDERS, _DAYS)


def applicant_of(bench: Bench, merchant_id: str, seen: Seen) -> Applicant:
    """The merchant as it stands at every door."""
    measured = bench.readings(merchant_id, *bench.service.programmes.metrics, *_READ)
    return Applicant(
        merchant_id=merchant_id,
        **opinion(seen.assessment),
        orders_365d=_whole(measured[_ORDERS].value) or 0,
        measured=measured,
        papers=papers_of(bench.tx, merchant_id),
        orders_per_day=(_whole(measured[_PACE].value) or 0) / _PACE_DAYS,
        assessed_stale=seen.stale,
        trading_days=_whole(measured[_SINCE].value),
        order_days=_whole(measured[_DAYS].value) or 0,
        **_link(bench, merchant_id),
    )


def at_the_door(
    bench: Bench, applicant: Applicant, programme: Programme, carried: Mapping[str, Membership]
) -> Applicant:
    """The same at the door of one programme: what others hold of the deposit, and what failed there before."""
    policy, members = bench.service.programmes, members_of(carried)
    return replace(
        applicant,
        pledged_cents=pledged_cents(members, policy=policy, as_of=bench.now, but=programme.id),
        failed_before=_failed_before(bench, applicant.merchant_id, programme),
        **_shut(bench, applicant.merchant_id, programme),
    )


def opinion(thought: ScoreAnswer) -> dict[str, Any]:
    """What the gate takes of what is thought of a merchant."""
    return {
        "band": thought.band,
        "score": thought.score,
        "basis": thought.basis,
        "counterfeit_level": thought.counterfeit.level,
        "evidence_sufficient": thought.evidence.sufficient,
    }


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) else None


def _failed_before(bench: Bench, merchant_id: str, programme: Programme) -> tuple[str, ...]:
    """The codes of the conditions that had failed when this merchant was last judged for this programme."""
    last = store_decisions.last_of_programme(bench.tx, merchant_id, programme.id)
    conditions = json.loads(last.answer)["conditions"] if last else ()
    return tuple(sorted(one["code"] for one in conditions if one["state"] == ConditionState.FAILED))


def _shut(bench: Bench, merchant_id: str, programme: Programme) -> dict[str, Any]:
    """The first day on which whoever was expelled may come back, or whose place is suspended is judged again."""
    last = store_decisions.last_of_programme(bench.tx, merchant_id, programme.id, kind="standing")
    until = json.loads(last.answer)["may_return_at"] if last else None
    if until:
        return {"barred_until": datetime.fromisoformat(until).date()}
    if last is None or last.outcome != Standing.SUSPEND:
        return {}
    judged_at = datetime.fromisoformat(json.loads(last.trace)["place"]["judged_at"])
    every = timedelta(days=bench.service.programmes.standing.every_days)
    return {"suspended_until": (judged_at + every).date()}


def _link(bench: Bench, merchant_id: str) -> dict[str, Any]:
    """What a person last found of the merchant's links with removed ones."""
    closed = (one for one in cases.of_merchant(bench.tx, merchant_id) if one.kind == Kind.LINK and one.resolved_at)
    last = max(closed, key=lambda one: (one.resolved_at, one.id), default=None)
    found = last.outcome if last else None
    return {"link_confirmed": found == "confirmed", "link_refuted": found == "refuted"}
