"""What the store must hold once the killing is over: everything that was acknowledged, once, and nothing besides."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from features.database import micros, reading, writing
from features.live import rebuild
from features.moment import features_now
from features.tables import events
from serving.ledger.accounts import of_decision
from serving.ledger.check import differences
from serving.ledger.positions import balance
from serving.ledger.store import sums_of
from serving.ledger.tables import reservations, settlements
from serving.record.check import faults
from serving.record.tables import audit
from serving.tables import decisions
from tests.faults.callers import BACK, CENTS, MERCHANTS, Wish

__all__ = ["whatever_is_wrong"]


def whatever_is_wrong(engine: Engine, wishes: Sequence[Wish], *, now: datetime) -> list[str]:
    """A sentence for each thing that is lost, there twice, or does not add up."""
    by_kind: dict[str, list[Wish]] = defaultdict(list)
    for one in wishes:
        by_kind[one.kind].append(one)
    with reading(engine) as tx:
        found = [
            *_of_events(tx, by_kind["events"]),
            *_of_decisions(tx, by_kind["refund"]),
            *_of_settlements(tx, by_kind["refund"], by_kind["settlement"]),
            *(str(one) for one in differences(tx)),
            *(one.told for one in faults(tx)),
        ]
    return [*found, *_of_tiles(engine, now)]


def _compared(what: str, told: Counter[str], kept: Counter[str]) -> Iterator[str]:
    """Both ways: what was told and is gone, and what is there that nobody was told, or twice."""
    for name in told - kept:
        yield f"{what} {name} is lost"
    for name in kept - told:
        yield f"{what} {name} is there {kept[name]} times, told {told[name]} times"


def _of_events(tx: Connection, wishes: Iterable[Wish]) -> Iterator[str]:
    sent = Counter(event["event_id"] for one in wishes for event in one.says["events"])
    # What the shops were before, and the payments that the service tells itself, come under other names.
    kept = Counter(name for name in tx.scalars(select(events.c.event_id)) if name.startswith("caller"))
    yield from _compared("event", sent, kept)
    for one in wishes:
        taken = one.answer
        counted = taken["accepted"] if one.key else taken["accepted"] + taken["duplicates"]
        if counted != len(one.says["events"]):
            yield f"of the events under the key {one.key} {taken} is said"


def _of_decisions(tx: Connection, wishes: Sequence[Wish]) -> Iterator[str]:
    rows = tx.execute(select(decisions.c.id, decisions.c.order_id, decisions.c.answer)).all()
    yield from _compared("decision", Counter(one.answer["decision_id"] for one in wishes), Counter(r.id for r in rows))
    yield from _compared("a decision on", Counter(one.says["order_id"] for one in wishes),
                         Counter(row.order_id for row in rows))  # fmt: skip
    kept = {row.id: json.loads(row.answer) for row in rows}
    for one in wishes:
        told = one.answer
        if kept.get(told["decision_id"], told)["outcome"] != told["outcome"]:
            yield f"decision {told['decision_id']} is another than was told"
    at_once = Counter(one.answer["decision_id"] for one in wishes if one.answer["outcome"] == "instant")
    yield from _compared("the promise of", at_once, Counter(tx.scalars(select(reservations.c.decision_id))))


def _of_settlements(tx: Connection, refunds: Sequence[Wish], wishes: Sequence[Wish]) -> Iterator[str]:
    told: dict[str, list[str]] = defaultdict(list)
    for one in wishes:
        told[one.answer["decision_id"]].append(one.says["state"])
    kept = Counter(tx.scalars(select(settlements.c.decision_id)))
    yield from _compared("a settlement of", Counter({name: len(states) for name, states in told.items()}), kept)

    entries = Counter(tx.scalars(select(audit.c.subject).where(audit.c.subject.startswith("decision:"))))
    written = Counter({of_decision(one.answer["decision_id"]): 1 for one in refunds})
    written.update({of_decision(name): len(states) for name, states in told.items()})
    yield from _compared("the audit entry of", written, entries)
    yield from _of_money(tx, told)


def _of_money(tx: Connection, told: dict[str, list[str]]) -> Iterator[str]:
    amounts = defaultdict(list)
    for one in sums_of(tx, map(of_decision, told)):
        amounts[one.subject].append(one.amounts)
    for name, states in told.items():
        stands = balance(amounts[of_decision(name)])
        paid, back = CENTS * states.count("paid"), BACK * states.count("recovered")
        if (stands.paid_cents, stands.recovered_cents, stands.outstanding_cents) != (paid, back, paid - back):
            yield f"the money of {name} after {states} is {stands}"


def _of_tiles(engine: Engine, now: datetime) -> Iterator[str]:
    """Facts that were added once are those that the events come to when all are added anew."""
    with writing(engine) as tx:
        added = features_now(tx, MERCHANTS, now=now).to_pylist()
        rebuild(tx, MERCHANTS, at=micros(now))
        for before, after in zip(added, features_now(tx, MERCHANTS, now=now).to_pylist(), strict=True):
            moved = [name for name in after if before[name] != after[name]]
            if moved:
                yield f"features of {after['merchant_id']} are not what its events come to: {', '.join(moved)}"
