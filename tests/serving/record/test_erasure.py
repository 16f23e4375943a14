"""A person is forgotten: nothing says who it was, and everything is as sealed, and counts as much, as before."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from features.database import micros, reading, writing
from features.moment import features_as_of
from features.store import EventStore
from features.tables import metadata
from serving import cases
from serving.errors import AuditBroken, PersonUnknown
from serving.people import People, User
from serving.record import audit
from serving.record.check import first_fault
from serving.record.erasure import erase_buyer, erase_user
from serving.replay.rerun import replay_all
from serving.store import opened
from serving.tables import decisions, users
from tests.serving.shop import a_refund, a_shop, an_order, refund, tell
from tests.serving.world import NOON, a_command_line, a_service

ZHOU = "buyer-zhou"


def a_buyer_with_a_past(engine):
    """Orders of two merchants, a review, a return, a report, and two refunds, one of which went to a person."""
    a_shop(engine, orders=2)
    a_shop(engine, "m2")
    for merchant in ("m1", "m2"):
        an_order(engine, f"{merchant}-z", buyer=ZHOU, merchant=merchant)
    tell(engine, "review_posted", order_id="m1-z", stars=1, buyer_id=ZHOU, text="I am Zhou, 1 Long Street")
    tell(engine, "return_requested", order_id="m1-z", return_id="r1", buyer_id=ZHOU, reason="quality")
    tell(engine, "fake_report_filed", report_id="f1", reporter_id=ZHOU, reporter_kind="buyer", evidence="photo")
    service = a_service(engine)
    paid = refund(service, a_refund("m1-z", buyer=ZHOU, cents=4000))
    refund(service, a_refund("m1-z", buyer=ZHOU, cents=100, order={"state": "paid", "paid_cents": 1}))
    return paid["decision_id"]


def whatever_is_kept(engine):
    """Every value of every table."""
    with reading(engine) as tx:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in tx.execute(select(table)))


def figures(engine):
    """Some features of both merchants that count buyers."""
    names = ("n_orders_90d", "n_buyers_90d", "n_affected_buyers_90d", "n_fake_reports_90d", "low_star_rate_90d")
    with reading(engine) as tx:
        rows = [features_as_of(tx, one, as_of=NOON + timedelta(days=1)).to_pylist()[0] for one in ("m1", "m2")]
    return [{name: row[name] for name in names} for row in rows]


def whole(engine):
    with reading(engine) as tx:
        return first_fault(tx) is None and all(one.same for one in replay_all(tx))


def test_a_buyer_is_named_nowhere_any_more_and_everything_else_is_as_it_was(any_engine):
    a_buyer_with_a_past(any_engine)
    before, text = figures(any_engine), whatever_is_kept(any_engine)
    assert ZHOU in text
    assert "Long Street" in text
    found = erase_buyer(any_engine, ZHOU, now=NOON)
    EventStore(any_engine).catch_up(at=NOON)
    text = whatever_is_kept(any_engine)
    assert ZHOU not in text
    assert "Long Street" not in text
    assert (found.events, found.decisions) == (5, 2)
    assert figures(any_engine) == before
    assert before[0]["n_buyers_90d"] == 3
    assert whole(any_engine)


def test_what_is_promised_to_a_forgotten_buyer_still_weighs_on_the_order(engine):
    a_buyer_with_a_past(engine)
    called = erase_buyer(engine, ZHOU, now=NOON).called
    told = refund(a_service(engine), a_refund("m1-z", buyer=called, cents=6001))
    assert told["outcome"] != "instant"
    assert told["limit_cents"] == 0 or told["limit_cents"] <= 6000


def test_a_decision_that_was_tampered_with_is_not_sealed_anew(engine):
    decision_id = a_buyer_with_a_past(engine)
    with writing(engine) as tx:
        tx.execute(update(decisions).where(decisions.c.id == decision_id).values(outcome="standard"))
    with pytest.raises(AuditBroken, match=decision_id):
        erase_buyer(engine, ZHOU, now=NOON)
    assert ZHOU in whatever_is_kept(engine)


@pytest.mark.parametrize("change", [{"buyer_id": "b1"}, {"salt": "0" * 32}, {"expires_at": micros(NOON)}])
def test_a_decision_of_a_forgotten_buyer_is_still_sealed(engine, change):
    decision_id = a_buyer_with_a_past(engine)
    erase_buyer(engine, ZHOU, now=NOON)
    with writing(engine) as tx:
        tx.execute(update(decisions).where(decisions.c.id == decision_id).values(**change))
    with reading(engine) as tx:
        assert decision_id in first_fault(tx).told


def test_somebody_who_worked_here_is_named_nowhere_any_more(any_engine):
    a_shop(any_engine)
    People(any_engine).add(User(name="wang", role="reviewer", created_at=NOON), password="long enough to be one")
    matter = cases.Matter(kind=cases.Kind.SUSPICION, merchant_id="m1", about="m1", summary="?")
    with writing(any_engine) as tx:
        case_id = cases.open_case(tx, matter, now=NOON)
        cases.assign(tx, case_id, to="wang", by="wang", now=NOON)
        cases.resolve(tx, case_id, outcome="dismissed", reason="Nothing.", by="wang", now=NOON)
    found = erase_user(any_engine, "wang", now=NOON)
    assert "wang" not in whatever_is_kept(any_engine)
    assert found.cases == 2
    with reading(any_engine) as tx:
        assert tx.execute(select(users)).all() == []
        assert cases.find(tx, case_id).resolved_by == found.called
        assert {one.actor for one in audit.about(tx, f"case:{case_id}")} == {f"user:{found.called}"}
    assert whole(any_engine)


def test_nobody_can_be_forgotten_whom_nobody_knows(engine):
    a_shop(engine)
    with pytest.raises(PersonUnknown):
        erase_buyer(engine, "nobody", now=NOON)
    with pytest.raises(PersonUnknown):
        erase_user(engine, "nobody", now=NOON)
    assert "nobody" not in whatever_is_kept(engine)


def test_the_command_forgets_and_says_how_much(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))

    def run(*words):
        return CliRunner().invoke(a_command_line(), ["audit", "erase", *words])

    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        a_shop(engine)
        assert run("--buyer", "b0").stdout.startswith("Forgotten; 1 events, 0 decisions and 0 cases name erased-")
    assert isinstance(run("--user", "wang").exception, PersonUnknown)
    assert [run().exit_code, run("--user", "a", "--buyer", "b").exit_code] == [2, 2]
