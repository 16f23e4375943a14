import html
from dataclasses import replace
from datetime import timedelta

import pytest

from features.database import reading
from serving import cases
from serving.app import create_app
from serving.cases import Kind
from serving.console import cases as pages_of_cases
from serving.console import words
from serving.penalties.ladder import review_penalties
from serving.policies.in_force import note_policies
from serving.record import audit
from tests.serving.console.world import CONDITION, Browser, a_case, a_decision, assessed, somebody
from tests.serving.shop import PRICE, a_refund, a_shop, refund, tell
from tests.serving.world import NOON, FakeReadings, a_key, a_service, ask


def case_of(engine, case_id):
    with reading(engine) as tx:
        return cases.find(tx, case_id)


def resolve(browser, case_id, **fields):
    browser.get(f"/console/cases/{case_id}")
    return browser.send(f"/console/cases/{case_id}/resolve", **fields)


def test_an_empty_queue_says_so(anna):
    assert "Nothing waits for you." in anna.get("/console/cases").text
    assert "No case was resolved yet." in anna.get("/console/cases?state=resolved").text


def test_the_queue_shows_the_most_urgent_first_with_score_and_why(anna, engine):
    assessed(engine, "m1")
    a_case(engine, "m1", about="slow", kind=Kind.PROGRAMME, summary="It wants to join.")
    a_case(engine, "m2", about="urgent", priority=1, summary="Reports came in.")
    page = anna.get("/console/cases").text
    assert page.index("Reports came in.") < page.index("It wants to join.")
    assert ">551<" in page
    assert "not assessed yet" in page
    assert "due in 2 days" in page


def test_a_case_shows_its_decision_in_words_with_every_condition(anna, engine):
    case = a_case(engine, decision_id=a_decision(engine))
    page = anna.get(f"/console/cases/{case}").text
    for said in ("Shipped 96% of orders", "not yet proven", "97.0%", "judged as 93.1% to 97.9%", "Ship 97% in time."):
        assert said in page


def test_a_condition_that_is_switched_off_is_not_held_against_anybody(anna, engine):
    off = {**CONDITION, "switched_off": True, "text": "Not asked for yet."}
    case = a_case(engine, decision_id=a_decision(engine, conditions=[off]))
    assert "Not asked for yet." not in anna.get(f"/console/cases/{case}").text


def test_a_case_is_taken(anna, engine):
    case = a_case(engine)
    anna.get(f"/console/cases/{case}")
    assert anna.send(f"/console/cases/{case}/assign").headers["location"] == f"/console/cases/{case}"
    assert case_of(engine, case).assigned_to == "anna"
    assert "Take this case" not in anna.get(f"/console/cases/{case}").text


def test_a_case_is_resolved_with_a_reason_that_is_remembered(anna, engine):
    case = a_case(engine)
    answer = resolve(anna, case, outcome="dismissed", reason="No such listing.\r\nNothing else.")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases?resolved={case}")
    assert "Resolved:" in anna.get(answer.headers["location"]).text
    ended = case_of(engine, case)
    assert (ended.state, ended.outcome, ended.reason) == ("resolved", "dismissed", "No such listing.\nNothing else.")
    assert ended.resolved_by == "anna"
    assert "No such listing." in anna.get(f"/console/cases/{case}").text


def test_a_resolution_is_in_the_audit_chain(anna, engine):
    case = a_case(engine)
    resolve(anna, case, outcome="upheld", reason="Seen.")
    with reading(engine) as tx:
        (entry,) = audit.about(tx, f"case:{case}")
    assert (entry.actor, entry.action) == ("user:anna", "case_resolved")


@pytest.mark.parametrize("fields", [
    {"outcome": "upheld", "reason": " \n"}, {"outcome": "upheld"}, {"outcome": "admit", "reason": "Why not."},
    {"reason": "Why not."}, {"outcome": "upheld", "reason": "x" * 2001},
])  # fmt: skip
def test_without_an_outcome_of_its_kind_or_a_reason_nothing_ends_and_nothing_typed_is_lost(anna, engine, fields):
    case = a_case(engine)
    answer = resolve(anna, case, **fields)
    assert answer.status_code == 422
    assert "The case was not resolved" in answer.text
    assert fields.get("reason", "").strip() in answer.text
    assert case_of(engine, case).state == "open"


def test_the_second_of_two_reviewers_is_told_and_keeps_what_they_wrote(anna, engine, service):
    somebody(engine, "wei")
    case, wei = a_case(engine), Browser(create_app(service))
    wei.log_in("wei")
    wei.get(f"/console/cases/{case}")
    resolve(anna, case, outcome="upheld", reason="Seen.")
    answer = wei.send(f"/console/cases/{case}/resolve", outcome="dismissed", reason="I think not.")
    assert answer.status_code == 409
    assert "This case is closed already" in answer.text
    assert "I think not." in answer.text
    assert case_of(engine, case).outcome == "upheld"


def test_a_closed_case_is_taken_by_nobody(anna, engine):
    case, other = a_case(engine), a_case(engine, about="other")
    resolve(anna, case, outcome="upheld", reason="Seen.")
    anna.get(f"/console/cases/{other}")
    assert anna.send(f"/console/cases/{case}/assign").status_code == 409
    assert case_of(engine, case).assigned_to is None


def test_a_form_sent_twice_ends_as_it_did_the_first_time(anna, engine):
    case = a_case(engine)
    first = resolve(anna, case, outcome="upheld", reason="Seen.")
    page = anna.get("/console/cases")
    assert page.status_code == 200
    again = anna.send(f"/console/cases/{case}/resolve", outcome="upheld", reason="Seen.")
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])


def test_an_address_cannot_say_that_an_open_case_was_resolved(anna, engine):
    case = a_case(engine)
    assert "Resolved:" not in anna.get(f"/console/cases?resolved={case}").text
    assert "Resolved:" not in anna.get("/console/cases?resolved=c_none").text


def test_a_case_that_is_not_known_is_a_page_that_says_so(anna):
    anna.get("/console/cases")
    assert anna.send("/console/cases/c_none/resolve", outcome="upheld", reason="x").status_code == 404
    assert "This case is not known" in anna.page.text


@pytest.fixture
def refunded(engine, service):
    """The case of a refund of 30.00 that went to a person: the caller's claim contradicts what is known."""
    a_shop(engine)
    told = refund(service, a_refund(cents=3000, order={"state": "delivered", "paid_cents": PRICE * 3}))
    assert told["outcome"] == "review"
    with reading(engine) as tx:
        (case,) = cases.queue(tx)
    return case.id


def test_a_refund_that_waits_for_a_person_is_shown_with_its_money_and_let_out(anna, engine, refunded):
    page = anna.get(f"/console/cases/{refunded}").text
    for said in ("30.00 CNY", "Poor quality", "Why it is no plain yes"):
        assert said in page
    assert resolve(anna, refunded, outcome="instant", reason="The carrier lost it.").status_code == 303
    assert case_of(engine, refunded).outcome == "instant"


def test_nobody_lets_out_more_than_was_paid_and_what_they_wrote_stays(anna, engine, service, refunded):
    refund(service, a_refund(cents=PRICE - 2999))
    answer = resolve(anna, refunded, outcome="instant", reason="It was lost.")
    assert answer.status_code == 409
    assert "more would be refunded for this order than was paid" in answer.text
    assert "It was lost." in answer.text
    assert case_of(engine, refunded).state == "open"


def test_an_application_that_waits_for_a_person_is_shown_in_both_languages(anna, engine, service):
    a_shop(engine, basis="fallback")
    key, body = a_key(engine, "programmes:decide"), {"merchant_id": "m1", "category": "toys"}
    path = "/v1/programmes/lightning_dispatch/applications"
    spotless = replace(service, readings=FakeReadings())
    told = ask(spotless, path, key=key, method="POST", json=body, headers={"Idempotency-Key": "k"}).json()
    assert told["outcome"] == "review"
    with reading(engine) as tx:
        (case,) = cases.queue(tx)
    english, chinese = anna.get(f"/console/cases/{case.id}").text, anna.get(f"/console/cases/{case.id}?lang=zh").text
    assert html.escape(told["reasons"][0]["text"]) in english
    assert told["reasons"][0]["text_zh"] in chinese
    assert "闪电发货" not in english
    assert "Dispatched within" not in chinese


def test_a_complaint_is_shown_as_it_was_written_with_where_it_came_from_and_its_clocks(anna, engine, service):
    a_shop(engine)
    body = {"merchant_id": "m1", "order_id": "o0", "buyer_id": "b0", "text": "<b>It caught fire", "channel": "12315",
            "region": "Suzhou", "reference": "SZ-7"}  # fmt: skip
    told = ask(service, "/v1/complaints", key=a_key(engine, "cases:write"), method="POST", json=body).json()
    page = anna.get(f"/console/cases/{told['case_id']}").text
    for said in ("&lt;b&gt;It caught fire", "platform 12315, Suzhou", "SZ-7", "Somebody may be hurt.", "o0", "b0"):
        assert said in page
    assert "可能危及人身安全" in anna.get(f"/console/cases/{told['case_id']}?lang=zh").text


def test_a_complaint_without_words_says_so(anna, engine, service):
    a_shop(engine)
    body = {"merchant_id": "m1", "topic": "late"}
    told = ask(service, "/v1/complaints", key=a_key(engine, "cases:write"), method="POST", json=body).json()
    assert "Nothing was written." in anna.get(f"/console/cases/{told['case_id']}").text


@pytest.fixture
def punished(anna, engine):
    """The case of a penalty that anna has proposed to apply."""
    a_shop(engine)
    note_policies(a_service(engine, clock=lambda: NOON - timedelta(days=9)))
    tell(engine, "fake_report_resolved", report_id="r1", outcome="confirmed", listing_id="l1")
    review_penalties(a_service(engine), ["m1"], now=NOON)
    with reading(engine) as tx:
        (case,) = cases.queue(tx)
    assert resolve(anna, case.id, outcome="apply", reason="The brand says so.").headers["location"].endswith(case.id)
    return case.id


def approve(service, name, case_id, agrees="yes"):
    """Somebody opens the case and answers the form on it."""
    browser = Browser(create_app(service))
    browser.log_in(name)
    browser.get(f"/console/cases/{case_id}")
    return browser.send(f"/console/cases/{case_id}/approve", agrees=agrees)


def test_a_proposed_penalty_is_shown_with_its_statement_and_waits_for_somebody_else(anna, engine, punished):
    page = html.unescape(anna.get(f"/console/cases/{punished}").text)
    for said in ("waits for approval", "The brand says so.", "Counterfeit goods were sold. (found once, 24 points)"):
        assert said in page
    assert 'value="yes"' not in page
    assert "waits for approval" in anna.get("/console/cases").text
    assert "待复核" in anna.get(f"/console/cases/{punished}?lang=zh").text


@pytest.mark.parametrize("role", ["reviewer", "senior"])
def test_a_senior_who_did_not_propose_it_approves_a_penalty(engine, service, punished, role):
    somebody(engine, "wei", role=role)
    answer = approve(service, "wei", punished)
    assert answer.status_code == (303 if role == "senior" else 409)
    assert case_of(engine, punished).state == ("resolved" if role == "senior" else "open")


def test_what_a_senior_sends_back_is_open_as_before(engine, service, punished):
    somebody(engine, "wei", role="senior")
    assert approve(service, "wei", punished, agrees="no").headers["location"] == f"/console/cases/{punished}"
    assert case_of(engine, punished).outcome is None
    assert approve(service, "wei", punished).status_code == 422


def test_of_more_cases_than_are_shown_the_ones_resolved_last_are(anna, engine, clock, monkeypatch):
    """However urgent the others were."""
    monkeypatch.setattr(pages_of_cases, "_LIMIT", 1)
    for about, priority in (("first", 1), ("last", 2)):
        case = a_case(engine, "m1", about=about, priority=priority, summary=f"The {about} one.")
        clock.move(timedelta(minutes=1))
        resolve(anna, case, outcome="dismissed", reason="Nothing to it.")
    page = anna.get("/console/cases?state=resolved").text
    assert "The last one." in page
    assert "The first one." not in page
    assert "the last first; there are more." in page


@pytest.mark.parametrize("kind", list(Kind))
def test_every_way_to_end_a_case_says_what_follows(anna, engine, kind):
    page = html.unescape(anna.get(f"/console/cases/{a_case(engine, kind=kind, due_at=NOON)}").text)
    assert page.count('type="radio"') == len(words.FOLLOWS[kind])
    for follows in words.FOLLOWS[kind].values():
        assert follows in page


def test_a_case_about_no_merchant_leads_to_none(anna, engine):
    case = a_case(engine, "", kind=Kind.CHANGE, about="change:refunds:2", summary="More / 更多")
    queue, page = anna.get("/console/cases").text, anna.get(f"/console/cases/{case}").text
    assert "everybody" in queue
    assert '"/console/merchants/"' not in queue + page
    assert "A change that shifted the answers" in page
