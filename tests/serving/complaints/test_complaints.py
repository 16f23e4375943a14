"""`POST /v1/complaints`: stored, sorted, given to somebody; raised when time runs out; closed as its case ends."""

import json
import logging
from datetime import timedelta
from typing import get_args

import pytest

from features.database import reading, writing
from features.events import EVENT_TYPES
from features.lookup import events_of_type
from features.moment import features_now
from serving import cases
from serving.complaints import store
from serving.complaints.bodies import Channel
from serving.complaints.intake import escalate_overdue
from serving.complaints.reader import Reader
from serving.judging import Judges
from serving.record import audit
from serving.record.check import first_fault
from serving.worker import Worker
from tests.serving.shop import PRICE, an_order, tell
from tests.serving.world import NOON, FakeChampions, FakeClock, a_key, a_merchant_exists, a_service, ask
from tests.training.text_build import a_reader

HOUR = timedelta(hours=1)


def complain(service, *, key=None, headers=None, **body):
    key = key or a_key(service.engine, "cases:write")
    sent = {"merchant_id": "m1", **body}
    return ask(service, "/v1/complaints", key=key, method="POST", json=sent, headers=headers or {})


def told(service, **body):
    answer = complain(service, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_shop(engine):
    """A service over a store with a merchant."""
    a_merchant_exists(engine)
    return a_service(engine)


def case_of(engine, answer):
    with reading(engine) as tx:
        return cases.find(tx, answer["case_id"])


def events_of(engine, event_type):
    with reading(engine) as tx:
        return [one.says for one in events_of_type(tx, "m1", event_type)]


def resolve(engine, answer, outcome):
    with writing(engine) as tx:
        cases.resolve(tx, answer["case_id"], outcome=outcome, reason="Talked to both.", by="wang", now=NOON + HOUR)


def test_the_answer_says_tier_route_and_by_when(any_engine):
    answer = told(a_shop(any_engine), text="我要投诉，买到假货了", channel="12315", region="Hangzhou", reference="H-77")
    assert (answer["tier"], answer["topic"], answer["topic_by"], answer["route"]) == (
        2, "fake", "words", "brand_protection",
    )  # fmt: skip
    # A week of ours comes before ten working days of the regulator's; seven working days are for accepting it.
    assert answer["due_at"] == "2026-11-27T12:00:00Z"
    assert answer["accept_by"] == "2026-12-01T12:00:00Z"
    with reading(any_engine) as tx:
        filed = store.find(tx, answer["case_id"])
    assert (filed.channel, filed.region, filed.reference) == ("12315", "Hangzhou", "H-77")


def test_a_case_is_open_with_the_same_clock_and_a_priority_by_tier(any_engine):
    service = a_shop(any_engine)
    for text, priority in (("请问怎么用", 3), ("我要投诉", 2), ("孩子触电了", 1)):
        answer = told(service, text=text)
        case = case_of(any_engine, answer)
        assert (case.kind, case.merchant_id, case.priority) == ("complaint", "m1", priority)
        assert case.due_at.isoformat().replace("+00:00", "Z") == answer["due_at"]


def test_it_counts_as_an_event_with_the_topic_and_tier_that_were_found(any_engine):
    service = a_shop(any_engine)
    told(service, text="I request a full refund: it is a fake.", buyer_id="b1", complaint_id="c1")
    (event,) = events_of(any_engine, "complaint_received")
    assert (event["complaint_id"], event["topic"], event["tier"]) == ("c1", "counterfeit", 2)
    with reading(any_engine) as tx:
        (row,) = features_now(tx, ["m1"], now=NOON + HOUR).to_pylist()
    assert (row["n_complaints_7d"], row["n_complaints_fakes_7d"], row["n_complaints_tier_2_7d"]) == (1, 1, 1)


def test_the_senders_finer_topic_is_kept(engine):
    answer = told(a_shop(engine), topic="missing_parts")
    assert (answer["topic"], answer["topic_by"]) == ("quality", "caller")
    assert events_of(engine, "complaint_received")[0]["topic"] == "missing_parts"


def test_the_same_complaint_comes_in_once(any_engine):
    service = a_shop(any_engine)
    told(service, complaint_id="c1")
    again = complain(service, complaint_id="c1")
    assert (again.status_code, again.json()["code"]) == (409, "complaint_known")
    assert len(events_of(any_engine, "complaint_received")) == 1


def test_a_complaint_that_the_platform_has_sent_as_an_event_is_known(engine):
    service = a_shop(engine)
    tell(engine, "complaint_received", complaint_id="c1")
    assert complain(service, complaint_id="c1").status_code == 409


def test_a_repeat_under_the_same_key_gets_the_same_answer_and_another_body_a_conflict(any_engine):
    service = a_shop(any_engine)
    key, once = a_key(any_engine, "cases:write"), {"Idempotency-Key": "once"}
    first, again = (complain(service, key=key, headers=once, text="hi").json() for _ in range(2))
    assert first == again
    assert len(events_of(any_engine, "complaint_received")) == 1
    assert complain(service, key=key, headers=once, text="ho").json()["code"] == "idempotency_conflict"


def test_a_complaint_about_nobody_we_know_is_refused_and_nothing_kept(any_engine):
    service = a_service(any_engine)
    answer = complain(service, text="投诉")
    assert (answer.status_code, answer.json()["code"]) == (404, "merchant_unknown")
    assert events_of(any_engine, "complaint_received") == []


@pytest.mark.parametrize(
    "body", [{"tier": 4}, {"channel": "fax"}, {"text": "x" * 10_001}, {"text": "\0"}, {"text": "\ud800"}, {"who": "me"}]
)
def test_what_cannot_be_a_complaint_is_refused(engine, body):
    service = a_shop(engine)
    content = json.dumps({"merchant_id": "m1", **body})
    sent = {"content": content, "headers": {"content-type": "application/json"}}
    answer = ask(service, "/v1/complaints", key=a_key(engine, "cases:write"), method="POST", **sent)
    assert answer.status_code == 422


def test_our_own_orders_amount_beats_what_the_sender_says(engine):
    service = a_shop(engine)
    an_order(engine, "cheap")
    an_order(engine, "dear", cents=service.complaints.gravity.amount_cents)
    large = service.complaints.gravity.amount_cents
    assert told(service, order_id="cheap", amount_cents=large)["tier"] == 1
    assert told(service, order_id="dear", amount_cents=PRICE)["causes"] == ["large_sum"]
    assert told(service, order_id="unknown", amount_cents=large)["causes"] == ["large_sum"]


def an_order_of(engine, number, listing="L1"):
    order = {"order_id": f"x{number}", "buyer_id": f"b{number}", "listing_id": listing, "amount_cents": 100}
    tell(engine, "order_placed", **order)
    return f"x{number}"


def test_many_buyers_of_the_same_goods_make_a_major_case(any_engine):
    service = a_shop(any_engine)
    alike = service.complaints.gravity.buyers_alike
    tiers = [told(service, order_id=an_order_of(any_engine, number), text="坏了")["tier"] for number in range(alike)]
    assert tiers == [1] * (alike - 1) + [3]
    other = told(service, order_id=an_order_of(any_engine, 99, listing="L2"), text="坏了")
    assert other["tier"] == 1


def test_one_buyer_who_complains_of_one_order_many_times_is_one_voice(engine):
    service = a_shop(engine)
    order = an_order_of(engine, 0)
    tiers = {told(service, order_id=order, buyer_id=f"somebody{number}")["tier"] for number in range(8)}
    assert tiers == {1}


def test_old_complaints_make_nobody_alike(engine):
    service, clock = a_shop(engine), FakeClock()
    days = timedelta(days=service.complaints.gravity.buyers_alike_days)
    for number in range(8):
        order = an_order_of(engine, number)
        tell(engine, "complaint_received", complaint_id=f"old{number}", order_id=order, at=clock() - days - HOUR)
    assert told(service, order_id=an_order_of(engine, 9))["tier"] == 1


def test_a_complaint_after_one_about_the_same_order_ended_unsolved_is_a_major_case(any_engine):
    service = a_shop(any_engine)
    resolve(any_engine, told(service, order_id="o0"), "unsolved")
    assert told(service, order_id="o0")["causes"] == ["refused_before"]
    assert told(service, order_id="o1")["tier"] == 1


@pytest.mark.parametrize("outcome", ["solved", "unsolved", "referred"])
def test_a_case_that_ends_closes_its_complaint(any_engine, outcome):
    service = a_shop(any_engine)
    resolve(any_engine, told(service, complaint_id="c1", text="投诉"), outcome)
    (event,) = events_of(any_engine, "complaint_closed")
    assert (event["complaint_id"], event["outcome"], event["tier"]) == ("c1", outcome, 2)


def test_a_complaint_that_the_platform_has_closed_is_not_closed_twice(engine):
    service = a_shop(engine)
    answer = told(service, complaint_id="c1")
    tell(engine, "complaint_closed", complaint_id="c1", outcome="solved")
    resolve(engine, answer, "solved")
    assert len(events_of(engine, "complaint_closed")) == 1


def test_a_clock_that_runs_out_raises_the_case_and_the_audit_says_so(any_engine):
    service = a_shop(any_engine)
    answer = told(service, text="请问")
    due = case_of(any_engine, answer).due_at
    assert escalate_overdue(any_engine, service.complaints, now=due - HOUR) == 0
    assert escalate_overdue(any_engine, service.complaints, now=due) == 1
    case = case_of(any_engine, answer)
    assert (case.priority, case.due_at) == (2, due + timedelta(hours=168))
    assert escalate_overdue(any_engine, service.complaints, now=case.due_at) == 1
    assert escalate_overdue(any_engine, service.complaints, now=case.due_at + timedelta(days=30)) == 0
    with reading(any_engine) as tx:
        actions = [entry.action for entry in audit.about(tx, f"case:{answer['case_id']}")]
        assert first_fault(tx) is None
    assert actions == ["complaint_received", "complaint_escalated", "complaint_escalated"]


def test_a_resolved_case_is_not_raised(engine):
    service = a_shop(engine)
    answer = told(service, text="请问")
    resolve(engine, answer, "solved")
    assert escalate_overdue(engine, service.complaints, now=NOON + timedelta(days=30)) == 0


def test_the_worker_looks_at_the_clocks(engine):
    service = a_shop(engine)
    answer = told(service, text="请问")
    Worker(service, Judges(service)).round(NOON + timedelta(days=4))
    assert case_of(engine, answer).priority == 2


def test_what_was_written_is_kept_in_the_event_alone_and_never_logged(engine, caplog, capsys):
    service = a_shop(engine)
    with caplog.at_level(logging.DEBUG):
        told(service, text="Zebrafish broke.", buyer_id="b-secret")
    with reading(engine) as tx:
        for table in ("cases", "complaints", "audit", "idempotency"):
            rows = repr(tx.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert "Zebrafish" not in rows
            assert "b-secret" not in rows
    said = caplog.text + "".join(capsys.readouterr())
    assert "Zebrafish" not in said
    assert "b-secret" not in said


def test_the_channels_are_those_of_the_log():
    assert set(get_args(Channel)) == set(EVENT_TYPES["complaint_received"].words["channel"])


def with_reader(engine, **more):
    a_merchant_exists(engine)
    return a_service(engine, champions=FakeChampions(complaints=("4", a_reader()), **more))


def test_the_champion_says_what_it_is_about_where_it_is_sure(engine):
    service = with_reader(engine)
    answer = told(service, text="O pedido da mochila não chegou")
    assert (answer["topic"], answer["topic_by"], answer["model_version"]) == ("logistics", "classifier", "4")
    stated = told(service, text="O pedido da mochila não chegou", topic="refund")
    assert (stated["topic"], stated["topic_by"]) == ("refund", "caller")


def test_the_champion_raises_what_reads_like_a_major_case(engine):
    answer = told(with_reader(engine), text="The lamp caught fir and burned me")
    assert (answer["tier"], answer["causes"]) == (3, ["classifier"])


def test_a_promotion_is_picked_up_without_a_restart(engine):
    clock, champions = FakeClock(), FakeChampions()
    a_merchant_exists(engine)
    reader = Reader(champions)
    assert reader.read("假货", now=clock()).version is None
    champions.complaints = ("4", a_reader())
    assert reader.read("假货", now=clock() + timedelta(seconds=1)).version is None
    assert reader.read("假货", now=clock() + timedelta(seconds=6)).version == "4"


def test_rules_go_on_where_the_registry_is_gone(engine):
    answer = told(with_reader(engine, broken=True), text="假货")
    assert (answer["topic"], answer["topic_by"], answer["model_version"]) == ("fake", "words", None)


def test_a_registry_that_is_gone_leaves_the_last_good_reader_at_work(engine):
    champions = FakeChampions(complaints=("4", a_reader()))
    reader = Reader(champions)
    reader.read("假货", now=NOON)
    champions.broken = True
    assert reader.read("假货", now=NOON + HOUR).version == "4"
