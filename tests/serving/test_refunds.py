import json
from datetime import datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import func, select

from features.database import moment, reading, writing
from features.lookup import live_state
from scoring.refunds import RefundFacts, RefundRequest, decide_refund
from serving import cases
from serving.decide import plain
from serving.decisions import decision
from serving.errors import CurrencyMismatch, MerchantUnknown, OrderAlreadyDecided, PolicyInvalid
from serving.refunds import try_refund
from serving.reservations import held_for
from serving.tables import audit, decisions, reservations
from tests.serving.shop import PRICE, a_payment, a_refund, a_shop, an_order, judged, refund, tell
from tests.serving.world import NOON, FakeClock, a_merchant_exists, a_service


def rows_of(engine, table):
    with reading(engine) as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def held(engine, order="o0", buyer="b0", now=NOON):
    with reading(engine) as tx:
        return held_for(tx, order=("m1", order), buyer_id=buyer, now=now)


def facts_of(engine, told):
    with reading(engine) as tx:
        return json.loads(decision(tx, told["decision_id"]).trace)["facts"]


def test_a_good_buyer_of_a_good_merchant_gets_the_money_at_once_and_it_is_held(any_engine):
    a_shop(any_engine)
    told = refund(a_service(any_engine))
    assert (told["outcome"], told["basis"], told["model_version"]) == ("instant", "model", "7")
    weighs = held(any_engine)
    assert (weighs.order_cents, weighs.buyer_cents, weighs.merchant_cents) == (PRICE, PRICE, PRICE)


def test_the_answer_has_exactly_the_fields_of_the_contract(engine):
    a_shop(engine)
    assert set(refund(a_service(engine))) == {
        "decision_id", "outcome", "limit_cents", "advanced_by", "finally_liable", "expected_loss_cents", "reasons",
        "expires_at", "policy_version", "model_version", "basis", "expected_loss",
    }  # fmt: skip


def test_an_order_is_never_refunded_above_what_was_paid_for_it(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    parts = [refund(service, a_refund(cents=PRICE * 4 // 10))["outcome"] for _ in range(3)]
    assert parts[:2] == ["instant", "instant"]
    assert parts[2] != "instant"
    assert held(any_engine).order_cents == PRICE * 8 // 10
    assert refund(service, a_refund(cents=PRICE * 2 // 10))["outcome"] == "instant"
    with pytest.raises(OrderAlreadyDecided):
        refund(service, a_refund(cents=1))
    assert held(any_engine).order_cents == PRICE


def test_an_order_that_was_refunded_elsewhere_is_spent(engine):
    a_shop(engine)
    paid = {"refund_id": "r1", "order_id": "o0", "amount_cents": PRICE}
    tell(engine, "refund_paid", advanced_by="merchant", finally_liable="merchant", **paid)
    with pytest.raises(OrderAlreadyDecided):
        refund(a_service(engine))


def test_a_refund_that_was_taken_back_is_no_refund(engine):
    a_shop(engine)
    paid = {"refund_id": "r1", "order_id": "o0", "amount_cents": PRICE}
    event = tell(engine, "refund_paid", advanced_by="merchant", finally_liable="merchant", **paid)
    tell(engine, "event_reversed", reverses=event, at=NOON)
    assert refund(a_service(engine))["outcome"] == "instant"


@pytest.mark.parametrize(
    "changes",
    [{"order_id": "never"}, {"buyer": "b9"}, {"merchant_id": "m2"}],
    ids=["no such order", "another buyer's", "another merchant's"],
)
def test_an_order_that_is_not_known_as_this_merchants_and_this_buyers_is_never_paid_at_once(engine, changes):
    a_shop(engine)
    a_merchant_exists(engine, "m2")
    judged(engine, "m2")
    told = refund(a_service(engine), a_refund(**changes))
    assert told["outcome"] != "instant"
    assert rows_of(engine, reservations) == 0


def test_an_order_that_was_taken_back_is_not_known(engine):
    a_shop(engine, orders=0)
    event = tell(engine, "order_placed", order_id="o0", amount_cents=PRICE, buyer_id="b0")
    tell(engine, "event_reversed", reverses=event)
    assert refund(a_service(engine))["outcome"] != "instant"


def test_nothing_is_paid_at_once_on_an_assessment_that_is_too_old(engine):
    a_shop(engine)
    judged(engine, at=NOON - timedelta(hours=27))
    assert refund(a_service(engine))["outcome"] != "instant"


def test_nothing_is_paid_at_once_while_newer_events_wait_too_long_to_be_looked_at(engine):
    a_shop(engine)
    judged(engine, at=NOON)
    waits = a_service(engine).refunds.timing.due_after_minutes
    in_time = a_service(engine, clock=FakeClock(NOON + timedelta(minutes=waits)))
    late = a_service(engine, clock=FakeClock(NOON + timedelta(minutes=waits, seconds=1)))
    assert refund(late, a_refund(cents=100))["outcome"] != "instant"
    assert refund(in_time, a_refund(cents=100))["outcome"] == "instant"


def test_the_fallback_never_pays_at_once(any_engine):
    a_merchant_exists(any_engine, "m1")
    an_order(any_engine, "o0")
    told = refund(a_service(any_engine))
    assert told["basis"] == "fallback"
    assert told["outcome"] != "instant"
    assert rows_of(any_engine, reservations) == 0


def test_a_stored_fallback_never_pays_at_once(engine):
    a_shop(engine, basis="fallback")
    assert refund(a_service(engine))["outcome"] != "instant"


def test_what_is_not_paid_at_once_holds_nothing(engine):
    a_shop(engine, counterfeit={"p": 0.9, "level": "high", "flagged": True}, band="E")
    assert refund(a_service(engine))["outcome"] != "instant"
    assert rows_of(engine, reservations) == 0


def test_a_reservation_that_expired_weighs_nothing_and_one_that_was_paid_weighs_for_ever(any_engine):
    a_shop(any_engine, orders=2)
    service = a_service(any_engine)
    paid, forgotten = refund(service), refund(service, a_refund("o1", buyer="b1"))
    a_payment(any_engine, paid, PRICE)
    a_payment(any_engine, {"decision_id": "d_unknown"}, 5, refund="r2")
    later = NOON + timedelta(hours=service.refunds.timing.reservation_hours, seconds=1)
    assert forgotten["outcome"] == "instant"
    assert held(any_engine, "o1", "b1", now=later).order_cents == 0
    assert held(any_engine, now=later).order_cents == PRICE


def test_the_merchants_promises_of_the_last_30_days_count_and_the_buyers_of_90(engine):
    a_shop(engine)
    told = refund(a_service(engine))
    a_payment(engine, told, PRICE)
    in_40, in_91 = (held(engine, now=NOON + timedelta(days=days)) for days in (40, 91))
    assert (in_40.merchant_cents, in_40.buyer_cents, in_40.order_cents) == (0, PRICE, PRICE)
    assert (in_91.merchant_cents, in_91.buyer_cents, in_91.order_cents) == (0, 0, PRICE)


def test_what_was_promised_and_then_paid_counts_once(engine):
    a_shop(engine)
    service = a_service(engine)
    told = refund(service, a_refund(cents=6000))
    a_payment(engine, told, 6000)
    facts = facts_of(engine, refund(service, a_refund(cents=4000)))
    assert (facts["order"]["refunded_cents"], facts["held"]["order_cents"]) == (0, 6000)


def test_a_promise_that_is_paid_in_parts_or_told_anew_weighs_what_was_paid(engine):
    a_shop(engine)
    told = refund(a_service(engine), a_refund(cents=6000))
    first = a_payment(engine, told, 2500)
    assert held(engine).order_cents == 2500
    a_payment(engine, told, 3000, refund="r2")
    assert held(engine).order_cents == 5500
    tell(engine, "event_reversed", reverses=first)
    a_payment(engine, told, 2500, refund="r3")
    assert held(engine).order_cents == 5500


def test_the_buyers_record_is_our_own_over_all_merchants(engine):
    a_shop(engine)
    a_merchant_exists(engine, "m2")
    for number in range(3):
        order = {"order_id": f"x{number}", "merchant": "m2"}
        tell(engine, "order_placed", amount_cents=5, buyer_id="b0", **order)
    tell(engine, "order_placed", merchant="m2", order_id="old", amount_cents=5, buyer_id="b0",
         at=NOON - timedelta(days=91))  # fmt: skip
    tell(engine, "return_requested", merchant="m2", return_id="t0", order_id="x0", buyer_id="b0")
    tell(engine, "refund_paid", merchant="m2", refund_id="r0", order_id="x0", amount_cents=5, advanced_by="merchant",
         finally_liable="merchant")  # fmt: skip
    tell(engine, "refund_paid", merchant="m2", refund_id="r1", order_id="x1", amount_cents=5, advanced_by="merchant",
         finally_liable="merchant")  # fmt: skip
    service, body = a_service(engine), a_refund(cents=10)
    honest = body.model_copy(update={"buyer": body.buyer.model_copy(update={"refunds_90d": 2})})
    for refunds in (2, 3):
        found = facts_of(engine, refund(service, honest))["buyer"]
        assert (found["orders_90d"], found["refunds_90d"]) == (4, refunds)


def in_good_faith(order):
    """A small refund of a buyer whose two earlier ones are told."""
    body = a_refund(order, cents=100)
    return body.model_copy(update={"buyer": body.buyer.model_copy(update={"refunds_90d": 2})})


def test_a_buyer_who_asks_on_one_order_after_the_other_is_looked_at(any_engine):
    a_shop(any_engine, orders=0)
    for number in range(4):
        an_order(any_engine, f"o{number}", cents=1000)
    tell(any_engine, "return_requested", return_id="t3", order_id="o3", buyer_id="b0", at=NOON - timedelta(minutes=59))
    service, orders = a_service(any_engine), ("o0", "o0", "o1", "o2")
    asked = [refund(service, in_good_faith(order))["outcome"] for order in orders]
    assert asked == ["instant", "instant", "review", "review"]


@pytest.mark.parametrize(
    ("seen", "linked"),
    [
        ([("m1", None, "phone", "t1"), ("m2", "b0", "phone", "t1")], True),
        ([("m1", None, "device", "t1"), ("m2", "b0", "phone", "t1")], False),
        ([("m1", "b9", "phone", "t1"), ("m1", "b0", "phone", "t1")], False),
        ([("m2", None, "phone", "t1"), ("m1", "b0", "phone", "t1")], False),
        ([(f"m{number}", None, "phone", "t1") for number in range(1, 12)] + [("m1", "b0", "phone", "t1")], False),
    ],
    ids=["shared", "another kind", "of another buyer", "of another merchant", "a public one"],
)
def test_a_buyer_who_shares_something_with_the_shop_is_looked_at(engine, seen, linked):
    a_shop(engine)
    for merchant, buyer, kind, token in seen:
        tell(engine, "link_observed", merchant=merchant, buyer_id=buyer, link_kind=kind, link_token=token)
    judged(engine)
    told = refund(a_service(engine))
    assert told["outcome"] == ("review" if linked else "instant")
    assert facts_of(engine, told)["buyer"]["linked"] is linked


def test_what_programmes_hold_of_the_deposit_covers_no_refund(engine):
    a_shop(engine)
    tell(engine, "programme_joined", programme="one_fake_three_paid")
    judged(engine)
    pledged = a_service(engine).programmes.programme("one_fake_three_paid").pledge_cents
    assert facts_of(engine, refund(a_service(engine)))["merchant"]["pledged_cents"] == pledged > 0


def test_the_parts_of_the_expected_loss_add_up_to_it(engine):
    a_shop(engine)
    told = refund(a_service(engine))
    parts = told["expected_loss"]
    assert parts["goods_cents"] + parts["merchant_cents"] == parts["total_cents"] == told["expected_loss_cents"] > 0


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "paid"),
        (["order_shipped"], "shipped"),
        (["order_shipped", "order_delivered"], "delivered"),
        (["order_delivered", "order_confirmed"], "confirmed"),
        (["order_shipped", "order_cancelled"], "cancelled"),
    ],
)
def test_how_far_an_order_has_come_is_what_happened_to_it(engine, events, state):
    a_shop(engine, orders=0)
    tell(engine, "order_placed", order_id="o0", amount_cents=PRICE, buyer_id="b0", at=NOON - timedelta(days=1))
    for event in events:
        tell(engine, event, order_id="o0")
    assert facts_of(engine, refund(a_service(engine)))["order"]["state"] == state


def test_a_claim_that_contradicts_what_we_know_goes_to_a_person_who_finds_the_decision(any_engine):
    a_shop(any_engine)
    told = refund(a_service(any_engine), a_refund(order={"state": "delivered", "paid_cents": PRICE * 3}))
    assert told["outcome"] == "review"
    with reading(any_engine) as tx:
        (case,) = cases.queue(tx)
    assert (case.kind, case.about, case.decision_id) == ("refund", "refund:m1:o0", told["decision_id"])


def reviewed(engine, cents):
    """A refund that went to a person: the caller's claim contradicts what we know."""
    told = refund(a_service(engine), a_refund(cents=cents, order={"state": "delivered", "paid_cents": PRICE * 3}))
    with reading(engine) as tx:
        (case,) = cases.queue(tx)
    assert told["outcome"] == "review"
    return case.id


def resolve(engine, case_id, outcome):
    with writing(engine) as tx:
        cases.resolve(tx, case_id, outcome=outcome, reason="Looked at the parcel.", by="wang", now=NOON)


@pytest.mark.parametrize(("outcome", "weighs"), [("instant", 3000), ("standard", 0)])
def test_what_a_person_lets_out_at_once_weighs_like_a_decisions_own(any_engine, outcome, weighs):
    a_shop(any_engine)
    resolve(any_engine, reviewed(any_engine, 3000), outcome)
    found = held(any_engine)
    assert (found.order_cents, found.buyer_cents, found.merchant_cents, found.fund_cents) == (weighs,) * 4


def test_a_person_cannot_let_out_more_than_was_paid_for_the_order(engine):
    a_shop(engine)
    case_id = reviewed(engine, 3000)
    refund(a_service(engine), a_refund(cents=7001))
    with pytest.raises(OrderAlreadyDecided):
        resolve(engine, case_id, "instant")
    with reading(engine) as tx:
        assert cases.find(tx, case_id).state == "open"
    resolve(engine, case_id, "standard")


def test_trying_decides_nothing_and_says_the_same(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    tried = json.loads(try_refund(service, a_refund()).body)
    assert (rows_of(any_engine, decisions), rows_of(any_engine, reservations), rows_of(any_engine, audit)) == (0, 0, 0)
    decided = refund(service)
    assert tried == {**decided, "decision_id": None}


def test_amounts_in_another_currency_are_not_judged(engine):
    a_shop(engine)
    with pytest.raises(CurrencyMismatch):
        refund(a_service(engine), a_refund(currency="EUR"))


def test_limits_in_another_currency_than_the_stores_are_not_applied(engine):
    a_shop(engine)
    with pytest.raises(PolicyInvalid):
        refund(a_service(engine, currency="EUR"), a_refund(currency="EUR"))


def test_a_merchant_that_nobody_knows_gets_no_decision(engine):
    with pytest.raises(MerchantUnknown):
        refund(a_service(engine))
    assert rows_of(engine, decisions) == 0


def test_a_decision_keeps_everything_that_it_was_made_from(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    told = refund(service)
    with reading(any_engine) as tx:
        kept, seen = decision(tx, told["decision_id"]), live_state(tx, "m1").last_seq
    trace = json.loads(kept.trace)
    assert json.loads(kept.answer) == told
    assert trace["assessment"]["score"] == 700
    assert trace["facts"]["order"]["paid_cents"] == PRICE
    assert (kept.seen_seq, kept.decided_at, kept.decided_by) == (seen, NOON, "k1")
    assert trace["decision"]["policy_version"] == service.refunds.version


def test_the_same_judge_gives_the_same_answer_from_the_trace(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    for body in (a_refund(cents=700), a_refund("never"), a_refund(order={"state": "paid", "paid_cents": 5})):
        told = refund(service, body)
        with reading(any_engine) as tx:
            trace = json.loads(decision(tx, told["decision_id"]).trace)
        facts = TypeAdapter(RefundFacts).validate_python(trace["facts"])
        request = TypeAdapter(RefundRequest).validate_python(trace["request"])
        as_of = datetime.fromisoformat(trace["as_of"])
        assert plain(decide_refund(request, facts, policy=service.refunds, as_of=as_of)) == trace["decision"]


def test_the_money_of_a_decision_is_held_until_the_answer_expires(engine):
    a_shop(engine)
    told = refund(a_service(engine))
    with reading(engine) as tx:
        kept = decision(tx, told["decision_id"])
        until = tx.execute(select(reservations.c.expires_at)).scalar_one()
    assert moment(until) == kept.expires_at > NOON
