"""Old records go, what something hangs on stays, and the audit record is whole at every moment."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import delete, func, select, update
from typer.testing import CliRunner

from features.database import create_tables, micros, open_engine, reading, writing
from features.settings import Settings
from serving import cases
from serving.decisions import decision
from serving.errors import AuditBroken, RecordsKept
from serving.members import review_members
from serving.months import ensure_months
from serving.record import audit
from serving.record.anchors import anchor
from serving.record.check import faults, first_fault
from serving.record.retention import _Work, apply_retention, cutoff, planned
from serving.record.store_audit import anchors_since
from serving.record.tables import audit as entries
from serving.record.tables import audit_chains
from serving.replay.rerun import replay_all
from serving.store import opened
from serving.tables import decisions
from tests.serving.replay.test_replay import LATE, applied
from tests.serving.shop import a_refund, a_shop, an_order, refund, tell
from tests.serving.world import NOON, FakeClock, FakeReadings, a_command_line, a_service

LATER = NOON + timedelta(days=4 * 365)
BEFORE = LATER - timedelta(days=3 * 365)


def some_years(engine):
    """An old paid refund, two old applications, an old place, an old refund with a person, and a young refund; ids."""
    a_shop(engine, orders=3)
    tell(engine, "programme_joined", programme="lightning_dispatch", at=NOON - timedelta(days=40))
    service = a_service(engine, readings=FakeReadings(**LATE))
    ids = {"paid": refund(service)["decision_id"], "first": applied(service)}
    ids["last"] = applied(a_service(engine, clock=FakeClock(NOON + timedelta(days=1))), key="again")
    review_members(service, ["m1"], now=NOON)
    asked = a_refund("o1", buyer="b1", order={"state": "paid", "paid_cents": 1})
    ids["waits"] = refund(service, asked)["decision_id"]
    anchor(engine, now=NOON + timedelta(days=2))
    young = a_service(engine, clock=FakeClock(LATER - timedelta(days=30)))
    ids["young"] = refund(young, a_refund("o2", buyer="b2"))["decision_id"]
    return ids


def ticking(moment=LATER):
    """A clock that goes on a second at each look."""
    clock = FakeClock(moment)

    def look():
        clock.move(timedelta(seconds=1))
        return clock.now

    return look


def kept_of(engine, ids):
    with reading(engine) as tx:
        left = set(tx.scalars(select(decisions.c.id)))
    return {name for name, one in ids.items() if one in left}


def count_of(engine, table):
    with reading(engine) as tx:
        return tx.scalar(select(func.count()).select_from(table))


def fault(engine, **more):
    with reading(engine) as tx:
        found = first_fault(tx, **more)
    return found.told if found else None


def test_old_records_go_and_what_something_hangs_on_stays_and_everything_verifies(any_engine):
    ensure_months(any_engine, now=NOON)
    ids = some_years(any_engine)
    before = count_of(any_engine, entries)
    with reading(any_engine) as tx:
        kept = tuple(anchors_since(tx))
        plan = planned(tx, before=BEFORE)
    assert (plan.decisions, plan.staying) == (2, 3)
    assert apply_retention(any_engine, before=BEFORE, clock=ticking()) == plan
    assert kept_of(any_engine, ids) == {"last", "waits", "young"}
    assert count_of(any_engine, decisions) == 4
    with reading(any_engine) as tx:
        assert tx.scalar(select(func.count()).where(entries.c.at < micros(BEFORE))) == 0
        assert {one.same for one in replay_all(tx)} == {True}
        assert decision(tx, ids["last"]).id == ids["last"]
    assert before == 6
    assert fault(any_engine, kept=kept) is None


def test_what_would_go_is_told_and_nothing_does(engine):
    some_years(engine)
    with reading(engine) as tx:
        plan = planned(tx, before=BEFORE)
    assert plan.plain() == {
        "before": BEFORE.isoformat(), "decisions": 2, "decisions_staying": 3, "assessments": 0, "audit_entries": 5,
    }  # fmt: skip
    assert count_of(engine, decisions) == 6


def test_a_second_time_drops_nothing_more_and_chains_go_on(any_engine):
    some_years(any_engine)
    apply_retention(any_engine, before=BEFORE, clock=ticking())
    again = apply_retention(any_engine, before=BEFORE, clock=ticking(LATER + timedelta(days=1)))
    assert (again.decisions, again.entries) == (0, 0)
    an_order(any_engine, "new", buyer="b9")
    refund(a_service(any_engine, clock=FakeClock(LATER)), a_refund("new", buyer="b9"))
    assert fault(any_engine) is None


@settings(max_examples=6)
@given(stop=st.integers(0, 8))
def test_the_record_is_whole_wherever_the_work_is_stopped(tmp_path_factory, stop):
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('stopped') / 'goodfaith.db'}")
    create_tables(engine)
    ids = some_years(engine)
    with reading(engine) as tx:
        plan = planned(tx, before=BEFORE)
    steps = _Work(before=micros(BEFORE), clock=ticking()).steps(plan)
    for _, step in zip(range(stop), steps, strict=False):
        with writing(engine) as tx:
            step(tx)
    assert fault(engine) is None
    apply_retention(engine, before=BEFORE, clock=ticking(LATER + timedelta(hours=1)))
    assert fault(engine) is None
    assert kept_of(engine, ids) == {"last", "waits", "young"}
    engine.dispose()


YOUNG = delete(decisions).where(decisions.c.decided_at >= micros(BEFORE))
TAMPERED = {
    "an old chain is cut by hand": lambda tx: (tx.execute(delete(entries).where(entries.c.seq <= 2)),
                                               tx.execute(update(audit_chains).values(dropped_seq=2))),
    "a young decision is dropped": lambda tx: tx.execute(YOUNG),
}  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_what_is_gone_without_being_told_of_or_old_shows(engine, tamper):
    some_years(engine)
    apply_retention(engine, before=BEFORE, clock=ticking())
    with writing(engine) as tx:
        tamper(tx)
    assert fault(engine) is not None


def test_how_far_a_chain_was_cut_cannot_be_changed(engine):
    some_years(engine)
    apply_retention(engine, before=BEFORE, clock=ticking())
    with writing(engine) as tx:
        tx.execute(update(audit_chains).where(audit_chains.c.dropped_seq > 0).values(dropped_hash="0" * 64))
    with reading(engine) as tx:
        assert "entries are gone that nobody dropped" in {one.told for one in faults(tx)}


def test_records_that_are_younger_than_three_years_are_missed_even_where_it_is_told_that_they_were_dropped(engine):
    some_years(engine)
    apply_retention(engine, before=LATER - timedelta(days=10), clock=ticking())
    assert "younger than three years" in fault(engine)


def test_what_an_anchor_held_later_than_it_is_said_to_be_old_is_missed(engine):
    """Somebody drops young entries and says that they were old."""
    some_years(engine)
    anchor(engine, now=LATER - timedelta(days=29))
    an_order(engine, "new", buyer="b9")
    refund(a_service(engine, clock=FakeClock(LATER - timedelta(days=20))), a_refund("new", buyer="b9"))
    with reading(engine) as tx:
        plan = planned(tx, before=LATER)
    work = _Work(before=micros(BEFORE), clock=ticking())
    for step in work.steps(plan):
        with writing(engine) as tx:
            step(tx)
    assert "dropped that were too young" in fault(engine)


def test_a_decision_that_was_tampered_with_stops_it_before_it_is_sealed_anew(engine):
    ids = some_years(engine)
    with writing(engine) as tx:
        tx.execute(update(decisions).where(decisions.c.id == ids["last"]).values(outcome="admit"))
    with pytest.raises(AuditBroken, match=ids["last"]):
        apply_retention(engine, before=BEFORE, clock=ticking())
    assert count_of(engine, decisions) == 6


def test_a_long_chain_is_dropped_in_pieces(engine):
    with writing(engine) as tx:
        entry = audit.Entry(actor="key:k1", action="tried", subject="x")
        audit.write_all(tx, [entry] * 12_345, now=NOON)
        audit.write(tx, entry, now=LATER)
    apply_retention(engine, before=BEFORE, clock=ticking())
    with reading(engine) as tx:
        told = [json.loads(body) for body in tx.scalars(select(entries.c.body).where(entries.c.action == "dropped"))]
    assert sum(one.get("chains_cut", 0) for one in told) == 3
    assert fault(engine) is None


@pytest.mark.parametrize(
    ("now", "midnight"),
    [(datetime(2026, 11, 30, 5, tzinfo=UTC), datetime(2023, 11, 30, tzinfo=UTC)),
     (datetime(2028, 2, 29, 5, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC))],
)  # fmt: skip
def test_three_years_ago_is_the_midnight_of_the_same_day(now, midnight):
    assert cutoff(now, years=3) == midnight


def test_no_setting_lets_records_go_before_three_years():
    with pytest.raises(ValidationError):
        Settings(records_years=2)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command with everything kept in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    app = a_command_line()
    return lambda *words: CliRunner().invoke(app, ["retention", *words])


def test_the_command_tells_and_drops_only_when_it_is_told_to(run, tmp_path, monkeypatch):
    assert isinstance(run().exception, RecordsKept)
    monkeypatch.setenv("GOODFAITH_RECORDS_YEARS", "3")
    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        a_shop(engine)
        old = FakeClock(datetime(2020, 1, 1, tzinfo=UTC))
        with writing(engine) as tx:
            matter = cases.Matter(kind=cases.Kind.SUSPICION, merchant_id="m1", about="m1", summary="?")
            cases.open_case(tx, matter, now=old())
            audit.write(tx, audit.Entry(actor="key:k1", action="tried", subject="x"), now=old())
        assert "1 audit entries" in run().stdout
        assert "--apply does that" in run().stdout
        assert json.loads(run("--apply", "--json").stdout)["dropped"] is True
        assert json.loads(run("--json").stdout)["audit_entries"] == 0
        assert fault(engine) is None
