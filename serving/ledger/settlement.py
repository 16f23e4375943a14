"""Settlement: what became of the money that a decision promised, as the refund system tells it.

A state machine: reserved -> paid | cancelled | expired; paid -> recovered (in parts) | written off. What has expired
may still be paid: the money went out. A promise is `recovered` once nothing of it is outstanding; a write-off is told
by an event.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from features.database import written
from features.live import lock_merchants
from features.lookup import Found
from serving import decisions
from serving.errors import SettlementExceeds, SettlementImpossible
from serving.idempotency import Answer, Asked, earlier_answer, keep
from serving.ledger import own_events, promises, store, store_settlements
from serving.ledger.accounts import Movement, of_decision
from serving.ledger.booking import book_decision
from serving.ledger.own_events import not_sent
from serving.ledger.positions import Balance, balance
from serving.ledger.store import Reservation
from serving.ledger.store_settlements import Said, Settlement
from serving.record import audit
from serving.service import Clock, Service
from serving.settlement_schemas import SettlementAnswer

__all__ = ["Known", "money_of_decision", "settle", "tell", "weighed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a promise at a moment: what calls said, what others sent, what we wrote, where money stands."""

    at: datetime
    promise: Reservation
    calls: Sequence[Settlement]
    sent: Sequence[Found]
    own: Sequence[Found]
    stands: Balance

    @property
    def state(self) -> str:
        """How far it has come; what has run out is expired, whether or not that was booked yet."""
        ran_out = self.promise.state == "reserved" and self.promise.expires_at <= self.at
        return "expired" if ran_out else self.promise.state


def settle(service: Service, decision_id: str, said: Said, *, by: str, asked: Asked | None) -> Answer:
    """Book what became of a decision's money, and answer where it stands now; all of it in one transaction.

    `asked` names the request where its sender wants the first answer again for a repeat. Raises `DecisionUnknown`,
    `SettlementImpossible`, `SettlementExceeds`, `IdempotencyConflict`.
    """

    def settled(tx: Connection) -> Answer:
        earlier = earlier_answer(tx, asked, now=service.clock()) if asked else None
        if earlier:
            return earlier
        known = tell(tx, decision_id, said, by=by, clock=service.clock)
        answer = Answer(status=200, body=_answer(known).model_dump_json())
        if asked:
            keep(tx, asked, answer)
        return answer

    return written(service.engine, settled)


def money_of_decision(tx: Connection, decision_id: str, *, now: datetime) -> SettlementAnswer | None:
    """Where a decision's money stands; None where it promised none."""
    promise = store.reservations_with(tx, [decision_id]).get(decision_id)
    return None if promise is None else _answer(_loaded(tx, promise, at=now))


def tell(tx: Connection, decision_id: str, said: Said, *, by: str, clock: Clock, later: bool = False) -> Known:
    """Book what is said of a decision's money, if it is new, and answer what is known now; raises as `settle` does.

    With `later` tiles are put off.
    """
    known = _known(tx, decision_id, clock)
    if weighed(said, known):
        at = known.at
        _book(tx, known, said, by=by, later=later)
        known = _known(tx, decision_id, lambda: at)
    return known


def _known(tx: Connection, decision_id: str, clock: Clock) -> Known:
    """What is known of a decision's promise, with everything locked that its settlement may change."""
    decided = decisions.decision(tx, decision_id)
    lock_merchants(tx, [decided.merchant_id])
    promise = store.reservations_with(tx, [decision_id]).get(decision_id)
    if promise is None:
        raise SettlementImpossible("this decision promised no money, so there is none to settle")
    store.hold_buyer(tx, promise.buyer_id)
    store.hold_fund(tx)
    # The moment is taken under the locks: a wait must not let anybody look back past the one before.
    return _loaded(tx, promise, at=clock())


def _loaded(tx: Connection, promise: Reservation, *, at: datetime) -> Known:
    decision_id = promise.decision_id
    sent, own = own_events.told(tx, promise)
    return Known(
        at=at,
        promise=promise,
        calls=store_settlements.settlements_of(tx, [decision_id]).get(decision_id, []),
        sent=sent,
        own=own,
        stands=balance(one.amounts for one in store.sums_of(tx, [of_decision(decision_id)])),
    )


def _book(tx: Connection, known: Known, said: Said, *, by: str, later: bool) -> None:
    decision_id, at = known.promise.decision_id, known.at
    if said.state == "cancelled":
        said = replace(said, cents=known.promise.promised_cents)
    number = len(known.calls) + 1
    row = Settlement(decision_id=decision_id, number=number, settled_by=by, settled_at=at, **asdict(said))
    store_settlements.add_settlement(tx, row)
    if said.state == "cancelled":
        promises.release(tx, [known.promise], Movement.CANCEL, at=at)
    else:
        book_decision(tx, decision_id, at=at, later=later)
    entry = audit.Entry(actor=f"key:{by}", action="settled", subject=f"decision:{decision_id}", body=asdict(said))
    audit.write(tx, entry, now=at)


def _answer(known: Known) -> SettlementAnswer:
    promise, state, stands = known.promise, known.state, known.stands
    paid = [one for one in (*known.sent, *known.own) if one.event_type == "refund_paid"]
    return SettlementAnswer(
        decision_id=promise.decision_id,
        state=state,
        promised_cents=promise.promised_cents,
        expires_at=promise.expires_at,
        refund_ids=sorted({one.says["refund_id"] for one in paid}),
        **asdict(stands if state != "expired" else replace(stands, reserved_cents=0)),
    )


# What may become of a promise.


def weighed(said: Said, known: Known) -> bool:
    """Whether what is told says anything new.

    Raises `SettlementImpossible` for a move that there is not, `SettlementExceeds` for more than there is.
    """
    judge = {"paid": _paid, "cancelled": _cancelled, "recovered": _recovered}[said.state]
    return judge(said, known, known.state)


def _paid(said: Said, known: Known, state: str) -> bool:
    """A payment that events have told already is no contradiction, and counts once with them."""
    before = next((one.cents for one in known.calls if one.state == "paid"), None)
    if before == said.cents:
        return False
    if before is not None:
        raise SettlementImpossible(f"this decision was settled as paid before, with {before} cents")
    if state == "cancelled":
        raise _no_such_move(state, "paid")
    promised = known.promise.promised_cents
    if said.cents > promised:
        raise SettlementExceeds(f"{promised} cents were promised, fewer than the {said.cents} that were paid")
    return True


def _cancelled(said: Said, known: Known, state: str) -> bool:
    if state not in ("reserved", "cancelled"):
        raise _no_such_move(state, "cancelled")
    if said.cents not in (0, known.promise.promised_cents):
        raise SettlementImpossible(f"a promise is cancelled whole: here {known.promise.promised_cents} cents")
    return state == "reserved"


def _recovered(said: Said, known: Known, state: str) -> bool:
    """A part that came back; what was sent of the same money is in the balance already, and counts once."""
    if state in ("reserved", "cancelled", "expired"):
        raise _no_such_move(state, "recovered")
    more = not_sent([*known.calls, said], known.sent) - not_sent(known.calls, known.sent)
    outstanding = known.stands.outstanding_cents
    if more > outstanding:
        raise SettlementExceeds(f"{outstanding} cents are outstanding, fewer than the {more} that came back")
    return True


def _no_such_move(state: str, to: str) -> SettlementImpossible:
    return SettlementImpossible(f"the money of this decision is {state}, and cannot become {to}")
