"""What became of a decision's money, as the refund system tells it: by the call, by events, or by both."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from fastapi import FastAPI

from features.database import reading
from features.lookup import events_about, events_of_types
from serving.api import settlements
from serving.ledger.check import differences
from serving.ledger.promises import expire
from serving.ledger.store import money_of
from serving.problems import explain
from serving.record.check import first_fault
from serving.reservations import held_for
from tests.serving.shop import a_payment, a_refund, a_shop, refund, tell
from tests.serving.world import FakeClock, a_key, a_service, call


class Desk:
    """A refund system with one promise of 6,000 cents, and everything that it may tell of it."""

    def __init__(self, engine, **request):
        a_shop(engine)
        self.engine, self.clock = engine, FakeClock()
        self.service = a_service(engine, clock=self.clock)
        self.promise = refund(self.service, a_refund(cents=6000, **request))
        self.id = self.promise["decision_id"]
        self._app, self._key = FastAPI(), a_key(engine, "refunds:decide")
        settlements.add_to(self._app, self.service)
        explain(self._app)

    def settle(self, state, cents=None, *, decision="", key="", **more):
        body = {"state": state, **({} if cents is None else {"amount_cents": cents}), **more}
        headers = {"Idempotency-Key": key} if key else {}
        path = f"/v1/refunds/decisions/{decision or self.id}/settlement"
        return call(self._app, path, key=self._key, method="POST", json=body, headers=headers)

    def pay(self, cents, refund_id="r1", **columns):
        return a_payment(self.engine, self.promise, cents, refund=refund_id, **columns)

    def back(self, cents, refund_id="r1", event_type="advance_recovered", **columns):
        return tell(self.engine, event_type, refund_id=refund_id, amount_cents=cents, **columns)

    def adds_up(self):
        """The ledger adds up, and the audit chain is whole."""
        with reading(self.engine) as tx:
            assert list(differences(tx)) == []
            assert first_fault(tx) is None

    def told(self, event_type="refund_paid"):
        """Cents of the events of a type that stand."""
        with reading(self.engine) as tx:
            return sorted(one.says["amount_cents"] for one in events_of_types(tx, ["m1"], [event_type]))

    def held(self):
        with reading(self.engine) as tx:
            return held_for(tx, order=("m1", "o0"), buyer_id="b0", now=self.clock())

    def past_its_time(self):
        self.clock.move(timedelta(hours=self.service.refunds.timing.reservation_hours))


def of(answer):
    """What an answer says of the money."""
    told = answer.json()
    assert answer.status_code == 200, told
    return told["state"], *(told[f"{name}_cents"] for name in ("reserved", "paid", "recovered", "outstanding"))


def refused(answer):
    return answer.status_code, answer.json()["code"]


def test_a_payment_by_the_call_alone_writes_the_event_and_is_booked(any_engine):
    desk = Desk(any_engine)
    answer = desk.settle("paid", 6000)
    assert of(answer) == ("paid", 0, 6000, 0, 6000)
    assert answer.json()["refund_ids"] == [desk.id]
    with reading(any_engine) as tx:
        (event,) = events_about(tx, f"decision:{desk.id}", types=("refund_paid",))
    told = {name: event.says[name] for name in ("order_id", "amount_cents", "advanced_by", "finally_liable", "reason")}
    assert told == {"order_id": "o0", "amount_cents": 6000, "advanced_by": "platform",
                    "finally_liable": desk.promise["finally_liable"], "reason": "quality"}  # fmt: skip
    desk.adds_up()


@pytest.mark.parametrize(
    "told",
    [["call", "sent"], ["sent", "call"], ["call", "part", "rest"], ["part", "call", "rest"], ["part", "rest", "call"]],
    ids="-".join,
)
def test_a_payment_that_is_told_both_ways_counts_once_in_whatever_order(engine, told):
    desk = Desk(engine)
    ways = {
        "call": lambda: of(desk.settle("paid", 6000)),
        "sent": lambda: desk.pay(6000),
        "part": lambda: desk.pay(2500, "r1"),
        "rest": lambda: desk.pay(3500, "r2"),
    }
    for way in told:
        ways[way]()
    assert sum(desk.told()) == 6000
    assert of(desk.settle("paid", 6000)) == ("paid", 0, 6000, 0, 6000)
    assert desk.held().order_cents == 6000
    desk.adds_up()


def test_a_part_that_was_sent_and_a_whole_that_was_told_are_the_whole(any_engine):
    desk = Desk(any_engine)
    desk.settle("paid", 6000)
    desk.pay(2500)
    assert desk.told() == [2500, 3500]
    assert desk.held().order_cents == 6000
    desk.adds_up()


def test_of_a_payment_of_less_the_rest_is_free_again(engine):
    desk = Desk(engine)
    assert of(desk.settle("paid", 400)) == ("paid", 0, 400, 0, 400)
    assert (desk.held().order_cents, desk.held().fund_cents) == (400, 400)


def test_more_is_never_settled_than_was_promised(engine):
    desk = Desk(engine)
    assert refused(desk.settle("paid", 6001)) == (409, "settlement_exceeds")
    assert desk.told() == []


def test_what_was_cancelled_weighs_nothing_any_more(any_engine):
    desk = Desk(any_engine)
    assert of(desk.settle("cancelled")) == ("cancelled", 0, 0, 0, 0)
    held = desk.held()
    assert (held.order_cents, held.buyer_cents, held.merchant_cents, held.fund_cents, held.day_cents) == (0,) * 5
    assert refund(desk.service, a_refund(cents=6000))["outcome"] == "instant"
    desk.adds_up()


def test_recoveries_come_in_parts_until_nothing_is_outstanding(any_engine):
    desk = Desk(any_engine)
    desk.settle("paid", 6000)
    assert of(desk.settle("recovered", 1000)) == ("paid", 0, 6000, 1000, 5000)
    assert refused(desk.settle("recovered", 5001)) == (409, "settlement_exceeds")
    assert of(desk.settle("recovered", 5000)) == ("recovered", 0, 6000, 6000, 0)
    assert refused(desk.settle("recovered", 1)) == (409, "settlement_exceeds")
    assert desk.told("advance_recovered") == [1000, 5000]
    desk.adds_up()


@pytest.mark.parametrize("first", ["call", "sent"])
def test_a_recovery_that_is_told_both_ways_counts_once(engine, first):
    desk = Desk(engine)
    desk.pay(6000)
    ways = {"call": lambda: desk.settle("recovered", 1000), "sent": lambda: desk.back(1000, recovered_from="merchant")}
    for way in (first, *(one for one in ways if one != first)):
        ways[way]()
    assert desk.told("advance_recovered") == [1000]
    assert of(desk.settle("paid", 6000)) == ("paid", 0, 6000, 1000, 5000)


def test_recoveries_from_others_add_up(engine):
    desk = Desk(engine)
    desk.pay(6000)
    desk.back(1000, recovered_from="buyer")
    assert of(desk.settle("recovered", 1000, recovered_from="carrier")) == ("paid", 0, 6000, 2000, 4000)


def test_what_is_recovered_follows_the_payment_that_was_sent_later(engine):
    desk = Desk(engine)
    desk.settle("paid", 6000)
    desk.settle("recovered", 4000)
    desk.pay(2500, "r1", finally_liable="merchant")
    desk.pay(3500, "r2", finally_liable="merchant")
    assert desk.told("advance_recovered") == [1500, 2500]
    with reading(engine) as tx:
        assert money_of(tx, "m1")["receivable"] == 2000
    desk.adds_up()


def test_a_debt_that_is_recovered_from_the_deposit_draws_it_down(any_engine):
    desk = Desk(any_engine)
    tell(any_engine, "deposit_changed", deposit_cents=9000)
    desk.pay(6000, finally_liable="merchant")
    desk.settle("recovered", 4000, recovered_from="deposit")
    with reading(any_engine) as tx:
        money = money_of(tx, "m1")
    assert (money["deposit"], money["receivable"]) == (5000, 2000)
    desk.adds_up()


def test_what_was_written_off_cannot_come_back_by_a_call(engine):
    desk = Desk(engine)
    desk.settle("paid", 6000)
    desk.back(6000, desk.id, "advance_written_off")
    assert of(desk.settle("paid", 6000)) == ("written_off", 0, 6000, 0, 0)
    assert refused(desk.settle("recovered", 1)) == (409, "settlement_exceeds")


def test_a_late_payment_is_booked_and_weighs_again(any_engine):
    desk = Desk(any_engine)
    desk.past_its_time()
    assert desk.held().order_cents == 0
    assert expire(any_engine, now=desk.clock()) == 1
    assert of(desk.settle("paid", 6000)) == ("paid", 0, 6000, 0, 6000)
    assert (desk.held().order_cents, desk.held().merchant_cents) == (6000, 6000)
    desk.adds_up()


#: What brings a promise into a state, and which calls are refused then; all others are taken.
MOVES = {
    "reserved": ([], {"recovered"}),
    "paid": ([("paid", 6000)], {"cancelled"}),
    "cancelled": ([("cancelled", None)], {"paid", "recovered"}),
    "recovered": ([("paid", 6000), ("recovered", 5999)], {"cancelled"}),
}


@pytest.mark.parametrize("state", MOVES)
def test_there_are_no_other_moves(engine, state):
    desk, (calls, never) = Desk(engine), MOVES[state]
    for one in calls:
        assert desk.settle(*one).status_code == 200
    for call_of, cents in (("recovered", 1), ("paid", 6000), ("cancelled", None)):
        answer = desk.settle(call_of, cents)
        if call_of in never:
            assert refused(answer) == (409, "settlement_impossible")
            assert state in answer.json()["detail"] or "paid" in answer.json()["detail"]
            continue
        assert answer.status_code == 200
        return


@pytest.mark.parametrize("swept", [False, True])
def test_what_has_expired_can_only_be_paid(engine, swept):
    desk = Desk(engine)
    desk.past_its_time()
    if swept:
        expire(engine, now=desk.clock())
    for one in (("cancelled", None), ("recovered", 1)):
        answer = desk.settle(*one)
        assert refused(answer) == (409, "settlement_impossible")
        assert "is expired" in answer.json()["detail"]
    assert of(desk.settle("paid", 100)) == ("paid", 0, 100, 0, 100)


def test_another_amount_than_before_is_no_repeat(engine):
    desk = Desk(engine)
    assert desk.settle("paid", 6000).text == desk.settle("paid", 6000).text
    assert refused(desk.settle("paid", 5999)) == (409, "settlement_impossible")
    assert desk.told() == [6000]


def test_a_promise_is_cancelled_whole(engine):
    desk = Desk(engine)
    assert refused(desk.settle("cancelled", 100)) == (409, "settlement_impossible")
    assert of(desk.settle("cancelled", 6000)) == of(desk.settle("cancelled", 0)) == ("cancelled", 0, 0, 0, 0)


def test_a_repeat_under_the_same_key_is_answered_as_before_and_books_nothing(engine):
    desk = Desk(engine)
    desk.settle("paid", 6000)
    first = desk.settle("recovered", 1000, key="one")
    assert desk.settle("recovered", 1000, key="one").text == first.text
    assert refused(desk.settle("recovered", 2000, key="one")) == (409, "idempotency_conflict")
    assert of(desk.settle("recovered", 1000, key="two")) == ("paid", 0, 6000, 2000, 4000)


def test_only_a_decision_that_promised_money_is_settled(engine):
    desk = Desk(engine)
    assert refused(desk.settle("paid", 1, decision="d_nobody")) == (404, "decision_unknown")
    ordinary = refund(desk.service, a_refund("never", cents=10))
    assert refused(desk.settle("paid", 1, decision=ordinary["decision_id"])) == (409, "settlement_impossible")


@pytest.mark.parametrize(
    "body",
    [{"state": "paid"}, {"state": "paid", "amount_cents": 0}, {"state": "lost", "amount_cents": 1},
     {"state": "recovered", "amount_cents": 1, "recovered_from": "nobody"}, {"state": "paid", "amount_cents": "1"}],
    ids=["no amount", "nothing", "no such state", "from nobody", "a text"],
)  # fmt: skip
def test_what_makes_no_sense_is_invalid(engine, body):
    desk = Desk(engine)
    assert refused(desk.settle(body.pop("state"), body.pop("amount_cents", None), **body)) == (422, "invalid")


def test_a_merchant_that_pays_by_its_own_word_owes_nothing_that_could_come_back(engine):
    a_shop(engine, orders=0)
    word = {"order_id": "o0", "amount_cents": 10_000, "buyer_id": "b0", "programmes": ["advance_compensation"]}
    tell(engine, "order_placed", **word)
    desk = Desk(engine, reason="no_reason", order_id="o0")
    assert desk.promise["advanced_by"] == "merchant"
    assert of(desk.settle("paid", 6000)) == ("paid", 0, 6000, 0, 0)
    assert refused(desk.settle("recovered", 1)) == (409, "settlement_exceeds")


def test_sixteen_who_settle_at_once_settle_once(any_engine):
    desk, gate, answers = Desk(any_engine), Barrier(16), []

    def run(number):
        gate.wait()
        if number % 4:
            answers.append(desk.settle("paid", 6000).status_code)
        else:
            desk.pay(6000 // 4, f"r{number}")

    threads = [Thread(target=run, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [200] * 12
    assert sum(desk.told()) == 6000
    assert desk.held().order_cents == 6000
    desk.adds_up()
