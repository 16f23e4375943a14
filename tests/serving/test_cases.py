from datetime import timedelta
from threading import Barrier, Thread

import pytest

from features.database import reading, writing
from serving import cases
from serving.cases import Kind, Matter
from serving.errors import CaseClosed, CaseUnknown, ResolutionInvalid
from serving.plain import digest
from serving.record import audit
from serving.record.check import first_fault
from tests.serving.world import NOON


def opened(engine, about="a", *, now=NOON, **changes):
    matter = Matter(**{"kind": Kind.REFUND, "merchant_id": "m1", "about": about, "summary": "Look.", **changes})
    with writing(engine) as tx:
        return cases.open_case(tx, matter, now=now)


def resolve(engine, case_id, outcome="instant", reason="Seen the parcel.", *, now=NOON):
    with writing(engine) as tx:
        return cases.resolve(tx, case_id, outcome=outcome, reason=reason, by="wang", now=now)


def queue(engine, **more):
    with reading(engine) as tx:
        return [case.about for case in cases.queue(tx, **more)]


def test_one_matter_has_one_open_case(any_engine):
    first = opened(any_engine)
    assert opened(any_engine) == first
    assert queue(any_engine) == ["a"]


def test_a_matter_that_comes_back_after_its_case_was_resolved_gets_a_new_one(any_engine):
    first = opened(any_engine)
    resolve(any_engine, first)
    assert opened(any_engine) != first


def test_many_at_once_open_one_case(any_engine):
    gate, found = Barrier(8), []

    def hurry():
        gate.wait()
        found.append(opened(any_engine))

    threads = [Thread(target=hurry) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_queue_is_ordered_by_priority_and_then_by_when_an_answer_is_due(engine):
    opened(engine, "late", now=NOON + timedelta(hours=1))
    opened(engine, "slow", kind=Kind.PROGRAMME)
    opened(engine, "soon")
    opened(engine, "urgent", priority=1, now=NOON + timedelta(hours=2))
    assert queue(engine) == ["urgent", "soon", "late", "slow"]
    assert queue(engine, limit=2) == ["urgent", "soon"]


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (Kind.PROGRAMME, ("admit", "refuse")),
        (Kind.REFUND, ("instant", "standard")),
        (Kind.SUSPICION, ("upheld", "dismissed")),
    ],
)
def test_how_a_case_may_end_hangs_on_what_it_is_about(engine, kind, ends):
    case_id = opened(engine, kind=kind)
    with reading(engine) as tx:
        assert cases.outcomes(cases.find(tx, case_id)) == ends


def test_a_resolved_case_says_how_why_by_whom_and_when_and_leaves_the_queue(any_engine):
    case_id = opened(any_engine)
    later = NOON + timedelta(hours=3)
    case = resolve(any_engine, case_id, reason="  Seen the parcel. ", now=later)
    told = (case.state, case.outcome, case.reason, case.resolved_by, case.resolved_at)
    assert told == ("resolved", "instant", "Seen the parcel.", "wang", later)
    assert queue(any_engine) == []
    assert queue(any_engine, state="resolved") == ["a"]


def test_a_case_is_resolved_once(any_engine):
    case_id = opened(any_engine)
    resolve(any_engine, case_id)
    with pytest.raises(CaseClosed, match="resolved as instant"):
        resolve(any_engine, case_id, "standard")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("admit", "Good."), ("", "Good."), ("instant", ""), ("instant", " \n"), ("instant", "x" * 2001)],
)
def test_a_case_does_not_end_in_any_way_nor_without_a_reason(engine, outcome, reason):
    case_id = opened(engine)
    with pytest.raises(ResolutionInvalid):
        resolve(engine, case_id, outcome, reason)
    assert queue(engine) == ["a"]


def test_a_case_that_does_not_exist_is_unknown(engine):
    with pytest.raises(CaseUnknown):
        resolve(engine, "c_0")


def test_a_case_is_given_to_somebody_while_it_is_open(engine):
    case_id = opened(engine)
    with writing(engine) as tx:
        assert cases.assign(tx, case_id, to="li", by="wang", now=NOON).assigned_to == "li"
    resolve(engine, case_id)
    with pytest.raises(CaseClosed), writing(engine) as tx:
        cases.assign(tx, case_id, to="zhao", by="wang", now=NOON)


def test_a_merchants_cases_come_newest_first(engine):
    opened(engine, "old")
    opened(engine, "new", now=NOON + timedelta(days=1))
    opened(engine, "foreign", merchant_id="m2")
    with reading(engine) as tx:
        assert [case.about for case in cases.of_merchant(tx, "m1")] == ["new", "old"]


def test_who_resolved_what_stands_in_the_audit_chain(any_engine):
    case_id = opened(any_engine)
    resolve(any_engine, case_id)
    with reading(any_engine) as tx:
        (entry,) = audit.about(tx, f"case:{case_id}")
        assert first_fault(tx) is None
    assert (entry.actor, entry.action) == ("user:wang", "case_resolved")
    assert digest("Seen the parcel.") in entry.body
