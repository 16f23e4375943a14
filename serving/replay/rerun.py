"""Old decisions, run again from what was known then, by the policy of then: each answer must be the same, to the byte.

Nothing that is loaded, promoted or published later has a part in it: a decision's trace holds what its judge was
given, and the policy that it names by its hash is kept for good. What the judge was given can be worked out again, too
(`serving/replay/facts.py`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from scoring.errors import ScoringError
from scoring.policy_text import Policy
from scoring.programmes import ProgrammePolicy
from serving import applications, decisions, members, refunds, store_decisions
from serving.errors import GoodfaithError, PolicyNotKept
from serving.penalties import ladder
from serving.plain import as_json, first_difference
from serving.provenance import kept_policy, rules_version
from serving.replay.facts import FactsAgain
from serving.store_decisions import Decision
from serving.traces import Rerun, Trace, trace_of

__all__ = ["RERUNS", "Replayed", "Replays", "replay_all", "replay_one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Who judged decisions of a kind: by which policy, and how it does so again."""

    policy: str
    rerun: Callable[[Trace, Any], Rerun]


#: Every kind of decision that is recorded.
RERUNS: Mapping[str, _Judge] = MappingProxyType(
    {
        "refund": _Judge(policy="refunds", rerun=refunds.rerun),
        "programme": _Judge(policy="programmes", rerun=applications.rerun),
        members.KIND: _Judge(policy="programmes", rerun=members.rerun),
        ladder.KIND: _Judge(policy="penalties", rerun=ladder.rerun),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How one decision came out again: `difference` names the first thing that is not as it was, None where all is.

    `kept` is False where it was made before policies were kept, by one that is not in force any more.
    """

    decision_id: str
    kind: str
    outcome: str
    rules: str | None
    difference: str | None = None
    kept: bool = True

    @property
    def same(self) -> bool:
        """Whether every byte is as it was."""
        return self.kept and self.difference is None

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        told = {name: getattr(self, name) for name in ("decision_id", "kind", "outcome", "same", "difference", "kept")}
        return {**told, "made_by_rules": self.rules, "run_by_rules": rules_version()}


@dataclass(slots=True, kw_only=True)
class Replays:
    """How all decisions came out again: how many did, the first difference, and those whose policy was not kept."""

    replayed: int = 0
    different: int = 0
    not_kept: int = 0
    first: Replayed | None = field(default=None)

    def take(self, one: Replayed) -> None:
        """Count one more."""
        self.replayed += 1
        self.not_kept += not one.kept
        self.different += one.difference is not None
        if self.first is None and one.difference is not None:
            self.first = one

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        told = {name: getattr(self, name) for name in ("replayed", "different", "not_kept")}
        return {**told, "first": self.first.plain() if self.first else None}


def replay_one(tx: Connection, decision_id: str, *, facts: bool = False) -> Replayed:
    """Run one decision again, with `facts` also from the events that were known then. Raises `DecisionUnknown`."""
    with _replaying(tx, facts=facts) as replay:
        return replay.of(decisions.decision(tx, decision_id))


def replay_all(tx: Connection, *, facts: bool = False) -> Iterator[Replayed]:
    """Run every decision again, in the order in which they were made; with `facts` merchant by merchant."""
    with _replaying(tx, facts=facts) as replay:
        yield from map(replay.of, store_decisions.every_decision(tx, by_merchant=facts))


@contextmanager
def _replaying(tx: Connection, *, facts: bool) -> "Iterator[_Replay]":
    again = FactsAgain(tx) if facts else None
    try:
        yield _Replay(tx, again)
    finally:
        if again:
            again.close()


class _Replay:
    """Runs decisions again; the policies that it has read once it holds."""

    def __init__(self, tx: Connection, facts: FactsAgain | None) -> None:
        self._tx, self._facts = tx, facts
        self._policies: dict[str, Policy] = {}

    def of(self, made: Decision) -> Replayed:
        """One decision."""
        trace = trace_of(made)
        rules = (trace.says.get("made_by") or {}).get("rules")
        found = Replayed(decision_id=made.id, kind=made.kind, outcome=made.outcome, rules=rules)
        try:
            return replace(found, difference=self._difference(made, trace))
        except PolicyNotKept:
            return replace(found, kept=False)
        except (GoodfaithError, ScoringError, LookupError, ValueError) as error:
            # A trace that cannot be read any more, or that nobody can judge, is no less of a difference.
            return replace(found, difference=f"it cannot be run again ({type(error).__name__}: {error})")

    def _difference(self, made: Decision, trace: Trace) -> str | None:
        judge = RERUNS[made.kind]
        again = judge.rerun(trace, self._policy(judge.policy, made, trace))
        answer = as_json({**again.answer, "decision_id": made.id})
        was, now = _recorded(made, trace, again), _rerun(trace, again)
        if was == now and answer == made.answer:
            return self._of_facts(made, trace)
        told = ({**was, "answer": json.loads(made.answer)}, {**now, "answer": json.loads(answer)})
        return first_difference(*told) or "the answer was written in another form"

    def _of_facts(self, made: Decision, trace: Trace) -> str | None:
        """The first fact that the events of then do not make; None where nobody asked."""
        if self._facts is None or not self._facts.can_tell(trace):
            return None
        programmes = self._policy(ProgrammePolicy.kind, made, trace)
        assert isinstance(programmes, ProgrammePolicy)  # noqa: S101 - its kind says so
        return self._facts.difference(made, trace, programmes)

    def _policy(self, kind: str, made: Decision, trace: Trace) -> Policy:
        """The policy that the decision was made by; before they were kept it is known by its version alone."""
        by = trace.says.get("made_by")
        named = by["policies"][kind] if by else json.loads(made.answer)["policy_version"]
        if named not in self._policies:
            self._policies[named] = kept_policy(self._tx, kind, named)
        return self._policies[named]


def _recorded(made: Decision, trace: Trace, again: Rerun) -> dict[str, Any]:
    """What was recorded beside the answer; a trace that is older than a part of it has no such part."""
    own = {"outcome": made.outcome, "expires_at": made.expires_at, "seen_seq": made.seen_seq}
    return {**own, "trace": {name: trace.says[name] for name in again.judged if name in trace.says}}


def _rerun(trace: Trace, again: Rerun) -> dict[str, Any]:
    own = {"outcome": str(again.outcome), "expires_at": again.expires_at, "seen_seq": trace.says["seen_seq"]}
    return {**own, "trace": {name: said for name, said in again.judged.items() if name in trace.says}}
