"""Bursts: however many ask at once, what is promised never exceeds a limit."""

import json
import shutil
from contextlib import suppress
from tempfile import TemporaryDirectory
from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from features.database import create_tables, open_engine, reading
from features.lookup import events_of_types
from serving.errors import OrderAlreadyDecided
from serving.ledger.check import differences
from serving.ledger.settlement import settle
from serving.ledger.store_settlements import Said
from serving.record.check import first_fault
from serving.refunds import try_refund
from serving.tables import decisions, reservations
from tests.serving.shop import a_payment, a_refund, a_shop, an_order, refund, shops
from tests.serving.world import a_service

BURST = 64


def with_fund(service, **limits):
    """The service under a policy with another fund, and patient with hasty buyers."""
    policy = service.refunds
    fund = policy.fund.model_copy(update=limits)
    unhurried = policy.abuse.model_copy(update={"velocity": ()})
    return a_service(service.engine, refunds=policy.model_copy(update={"fund": fund, "abuse": unhurried}))


def all_at_once(asks):
    """Outcomes of calls that all start together; an order that is spent is an answer too."""
    gate, outcomes = Barrier(len(asks)), []

    def run(ask):
        gate.wait()
        try:
            outcomes.append(ask()["outcome"])
        except OrderAlreadyDecided:
            outcomes.append("spent")

    threads = [Thread(target=run, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(asks), "a thread failed"
    return outcomes


def promised(engine):
    """What was promised in all; the ledger adds up, and so does the audit record."""
    with reading(engine) as tx:
        assert first_fault(tx) is None
        assert list(differences(tx)) == []
        return int(tx.execute(select(func.coalesce(func.sum(reservations.c.cents), 0))).scalar_one())


def test_a_burst_never_exceeds_one_merchants_last_limit(any_engine):
    a_shop(any_engine, orders=BURST)
    service = with_fund(a_service(any_engine), merchant_30d_cents=dict.fromkeys("ABCDE", 10_500))
    asks = [lambda n=n: refund(service, a_refund(f"o{n}", buyer=f"b{n}", cents=1000)) for n in range(BURST)]
    outcomes = all_at_once(asks)
    assert outcomes.count("instant") == 10
    assert promised(any_engine) == 10_000


def test_a_burst_never_exceeds_one_buyers_last_limit_over_as_many_merchants(any_engine):
    merchants = [f"m{number}" for number in range(BURST)]
    shops(any_engine, {merchant: ["b0"] for merchant in merchants})
    service = with_fund(a_service(any_engine), buyer_90d_cents=2500)
    bodies = [a_refund(cents=1000, merchant_id=merchant) for merchant in merchants]
    outcomes = all_at_once([lambda body=body: refund(service, body) for body in bodies])
    assert outcomes.count("instant") == 2
    assert promised(any_engine) == 2000


@pytest.mark.parametrize("limit", ["total_30d_cents", "day_cents"])
def test_a_burst_over_as_many_merchants_and_buyers_never_exceeds_the_platforms_fund(any_engine, limit):
    shops(any_engine, {f"m{number}": [f"b{number}"] for number in range(BURST)})
    service = with_fund(a_service(any_engine), **{limit: 3500})
    bodies = [a_refund(cents=1000, merchant_id=f"m{number}", buyer=f"b{number}") for number in range(BURST)]
    outcomes = all_at_once([lambda body=body: refund(service, body) for body in bodies])
    assert outcomes.count("instant") == 3
    assert promised(any_engine) == 3000


def test_a_burst_of_parts_never_exceeds_what_was_paid_for_one_order(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    outcomes = all_at_once([lambda: refund(service, a_refund(cents=2500)) for _ in range(BURST)])
    assert outcomes.count("instant") == 4
    assert outcomes.count("spent") == BURST - 4
    assert promised(any_engine) == 10_000


def test_a_burst_that_is_paid_while_others_ask_never_exceeds_a_limit_and_pays_nothing_twice(any_engine):
    a_shop(any_engine, orders=20)
    service = with_fund(a_service(any_engine), merchant_30d_cents=dict.fromkeys("ABCDE", 4500))

    def ask_and_pay(number):
        told = refund(service, a_refund(f"o{number}", buyer=f"b{number}", cents=1000))
        if told["outcome"] == "instant":
            said = Said(state="paid", cents=1000)
            settle(service, told["decision_id"], said, by="k1", asked=None)
            a_payment(any_engine, told, 1000, refund=f"r{number}", order_id=f"o{number}")
        return told

    outcomes = all_at_once([lambda n=n: ask_and_pay(n) for n in range(20)])
    assert outcomes.count("instant") == 4
    assert promised(any_engine) == 4000
    with reading(any_engine) as tx:
        paid = events_of_types(tx, ["m1"], ["refund_paid"])
    assert [one.says["amount_cents"] for one in paid] == [1000] * 4


def test_a_burst_of_one_request_under_one_key_is_one_decision_and_one_reservation(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    answers = []
    all_at_once([lambda: answers.append(refund(service, key="same")) or answers[-1] for _ in range(16)])
    assert len({json.dumps(answer) for answer in answers}) == 1
    assert promised(any_engine) == 10_000
    with reading(any_engine) as tx:
        assert tx.execute(select(func.count()).select_from(decisions)).scalar_one() == 1


@pytest.mark.parametrize("cents", [10_000, 10_001])
def test_the_last_limit_holds_to_the_cent(engine, cents):
    a_shop(engine)
    service = with_fund(a_service(engine), merchant_30d_cents=dict.fromkeys("ABCDE", 10_000))
    body = a_refund(cents=min(cents, 10_000))
    if cents > 10_000:
        an_order(engine, "o9", buyer="b9")
        refund(service, a_refund("o9", buyer="b9", cents=1))
    assert (refund(service, body)["outcome"] == "instant") == (cents == 10_000)


@pytest.fixture(scope="module")
def a_shops_store(tmp_path_factory):
    """A store with a shop in it, to be copied."""
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    engine = open_engine(f"sqlite:///{path}")
    create_tables(engine)
    a_shop(engine)
    engine.dispose()
    return path


@settings(max_examples=15)
@given(parts=st.lists(st.integers(1, 6000), min_size=2, max_size=6), paid=st.sets(st.integers(0, 5)))
@pytest.mark.parametrize("limit", [4000, 100_000], ids=["the merchant's limit", "the order's price"])
def test_no_partition_of_an_amount_gets_more_than_the_whole(a_shops_store, limit, parts, paid):
    with TemporaryDirectory() as folder:
        copied = shutil.copy(a_shops_store, folder)
        engine = open_engine(f"sqlite:///{copied}")
        service = with_fund(a_service(engine), merchant_30d_cents=dict.fromkeys("ABCDE", limit))
        whole = json.loads(try_refund(service, a_refund(cents=1)).body)["limit_cents"]
        got = 0
        for number, cents in enumerate(parts):
            with suppress(OrderAlreadyDecided):
                told = refund(service, a_refund(cents=cents))
                got += cents if told["outcome"] == "instant" else 0
                if told["outcome"] == "instant" and number in paid:
                    settle(service, told["decision_id"], Said(state="paid", cents=cents), by="k1", asked=None)
        engine.dispose()
    assert got <= whole
