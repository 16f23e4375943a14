"""Whether what a decision was made from follows from the events that were known then, as far as they alone make it.

That is: how the order stood, what the merchant owed and had left, its papers, its figures and pledges. What other
merchants' events, promises, cases and earlier decisions said is taken as it was recorded: that has records of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from features.catalogue import CATALOGUE
from features.past import Past, is_of_its_own
from scoring.pledges import pledged_cents
from scoring.programmes import ProgrammePolicy
from serving import members
from serving.decide import plain
from serving.orders import Books
from serving.plain import first_difference
from serving.provenance import features_version
from serving.readings import live_readings
from serving.standing import members_of, membership, papers_of
from serving.store_decisions import Decision
from serving.traces import Trace

__all__ = ["FactsAgain"]

_OWN = frozenset(feature.name for feature in CATALOGUE if is_of_its_own(feature))
_OWED = {"merchant_debt_cents": "debt_cents", "deposit_cents": "deposit_cents"}
#: What a figure's value rests on, of what is kept of it.
_PARTS = ("value", "of", "per")

#: What is known of a merchant in its past store, by the programmes of then; and what was recorded of the same.
_Known = Callable[[Connection, Decision, Trace, ProgrammePolicy], tuple[Any, Any]]


class FactsAgain:
    """Works facts out again from the events of a store; quickest where decisions come merchant by merchant."""

    def __init__(self, tx: Connection) -> None:
        self._past = Past(tx)

    def difference(self, made: Decision, trace: Trace, programmes: ProgrammePolicy) -> str | None:
        """The first fact that does not follow from the events; None where all do, or where none can be told."""
        known = _KNOWN.get(made.kind)
        if known is None or not self.can_tell(trace):
            return None
        with self._past.of(made.merchant_id, seen=made.seen_seq, but=trace.says.get("waiting", ())) as tx:
            recorded, found = known(tx, made, trace, programmes)
        told = first_difference(recorded, found)
        return f"of the facts, {told}" if told else None

    @staticmethod
    def can_tell(trace: Trace) -> bool:
        """Whether features are declared as they were when the decision was made."""
        by = trace.says.get("made_by") or {}
        return bool(by.get("features") == features_version())

    def close(self) -> None:
        """Forget what was read."""
        self._past.close()


def _of_refund(tx: Connection, made: Decision, trace: Trace, programmes: ProgrammePolicy) -> tuple[Any, Any]:
    merchant_id, as_of, facts = made.merchant_id, trace.as_of, trace.says["facts"]
    order = (merchant_id, made.order_id or "")
    stood = Books(tx, [(order, made.buyer_id or "")], now=as_of).order(order, buyer_id=made.buyer_id or "")
    # What was refunded beyond what promises weigh hangs on the promises.
    stood = replace(stood, refunded_cents=facts["order"]["refunded_cents"])
    owed = live_readings(tx, [merchant_id], tuple(_OWED), as_of)[merchant_id]
    had = {name: _whole(owed[figure].value) for figure, name in _OWED.items()}
    had["debt_cents"] = had["debt_cents"] or 0
    had["pledged_cents"] = pledged_cents(members_of(membership(tx, merchant_id)), policy=programmes, as_of=as_of)
    recorded = {"order": facts["order"], "merchant": {name: facts["merchant"][name] for name in had}}
    return recorded, {"order": plain(stood), "merchant": had}


def _of_place(tx: Connection, made: Decision, trace: Trace, programmes: ProgrammePolicy) -> tuple[Any, Any]:
    applicant = trace.says["applicant"]
    names = [name for name in applicant["measured"] if name in _OWN]
    figures = live_readings(tx, [made.merchant_id], names, trace.as_of)[made.merchant_id]
    members_then = members_of(membership(tx, made.merchant_id))
    found = {
        "measured": _parts({name: plain(figures[name]) for name in names}),
        "papers": plain(papers_of(tx, made.merchant_id)),
        "pledged_cents": pledged_cents(members_then, policy=programmes, as_of=trace.as_of, but=made.programme or ""),
    }
    recorded = {name: applicant[name] for name in ("papers", "pledged_cents")}
    return {**recorded, "measured": _parts({name: applicant["measured"][name] for name in names})}, found


def _parts(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {part: told[part] for part in _PARTS} for name, told in figures.items()}


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


_KNOWN: Mapping[str, _Known] = MappingProxyType({"refund": _of_refund, "programme": _of_place, members.KIND: _of_place})
