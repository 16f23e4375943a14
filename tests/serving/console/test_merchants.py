import doctest
import html
import re
from datetime import timedelta

import pytest

from features.database import writing
from scoring.evidence import Measured
from serving import store_due
from serving.auth import SCOPES, ApiKey
from serving.console import charts, language, merchants, rates, words
from tests.serving.console.world import a_case, a_decision, assessed
from tests.serving.world import MIDNIGHT, NOON, a_merchant_exists


def test_a_merchant_s_page_shows_what_is_thought_and_why(anna, engine):
    assessed(engine, "m1")
    page = anna.get("/console/merchants/m1").text
    for said in (">551<", "neither trusted nor accused", "10.0%", "No sign", "R900", "120 orders"):
        assert said in page


def test_rates_come_with_what_they_rest_on_and_their_bounds(anna, engine):
    assessed(engine, "m1")
    page = anna.get("/console/merchants/m1").text
    assert "114 of 120" in page
    assert page.count('<svg class="bar"') == 2
    assert page.count("nothing yet") == len(rates.NAMES) - 2
    assert "No order was due for delivery in the last 90 days." in page


def test_a_history_is_drawn_once_there_are_two_scores(anna, engine):
    assessed(engine, "m1", at=NOON - timedelta(days=2))
    assert "<polyline" not in anna.get("/console/merchants/m1").text
    assessed(engine, "m1", at=NOON, n_fakes_confirmed_365d=1)
    assert anna.get("/console/merchants/m1").text.count("<circle") == 2


def test_cases_and_decisions_about_a_merchant_are_listed(anna, engine):
    assessed(engine, "m1")
    decision = a_decision(engine)
    case = a_case(engine, decision_id=decision)
    page = anna.get("/console/merchants/m1").text
    assert f"/console/decisions/{decision}" in page
    assert f"/console/cases/{case}" in page


def test_a_known_merchant_that_was_never_assessed_gets_the_standing_answer(anna, engine):
    a_merchant_exists(engine, "m1")
    page = anna.get("/console/merchants/m1").text
    assert "Never assessed yet" in page
    assert "the fallback policy, not by a model" in page


def test_a_merchant_that_is_not_known_is_a_page_that_says_so(anna):
    answer = anna.get("/console/merchants/m404")
    assert answer.status_code == 404
    assert "This merchant is not known" in answer.text


STRANGE = ["a/b", "a b&c=d?e#f", "<script>alert(1)</script>", '"><b>', "店铺", "100%"]


@pytest.mark.parametrize("merchant_id", STRANGE)
def test_every_id_has_a_page_that_links_lead_to_and_none_is_markup(anna, engine, merchant_id):
    assessed(engine, merchant_id)
    listed = anna.get("/console/merchants").text
    (link,) = re.findall(r'class="id" href="([^"]+)"', listed)
    page = anna.get(html.unescape(link)).text
    assert f'<h1 class="id">{html.escape(merchant_id, quote=False)}'.replace("&#34;", '"') in page.replace("&#34;", '"')
    for text in (listed, page):
        assert "<script" not in text
        assert '<b>"' not in text


def test_reasons_of_cases_are_never_markup(anna, engine):
    case = a_case(engine, summary="<img src=x onerror=alert(1)>")
    for path in ("/console/cases", f"/console/cases/{case}"):
        assert "<img" not in anna.get(path).text


def test_merchants_are_listed_from_the_least_trusted_and_found_by_the_start_of_their_ids(anna, engine):
    for name in ("shop-1", "shop-2", "other_1"):
        assessed(engine, name)
    assert "other_1" not in anna.get("/console/merchants?q=shop").text
    assert "shop-1" not in anna.get("/console/merchants?q=other_").text
    assert "No assessed merchant" in anna.get("/console/merchants?q=%25").text
    assert anna.get("/console/merchants?by=nonsense").status_code == 200


def test_last_assessed_first_is_another_order(anna, engine):
    assessed(engine, "aaa", at=MIDNIGHT)
    assessed(engine, "bbb", at=NOON)
    page = anna.get("/console/merchants?by=recent").text
    assert page.index("bbb") < page.index("aaa")


def test_a_decision_is_shown_with_everything_that_is_kept_about_it(anna, engine):
    page = anna.get(f"/console/decisions/{a_decision(engine)}").text
    for said in ("Dispatched within 24 hours", "not yet proven", "programmes-1", "2026-12-20 12:00 UTC"):
        assert said in page
    assert anna.get("/console/decisions/d_none").status_code == 404


@pytest.mark.parametrize("module", [charts, language, words])
def test_examples_in_docstrings_are_true(module):
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_a_finding_of_fakes_is_told_beside_what_the_model_thinks(anna, engine):
    assessed(engine, "m1", n_fakes_confirmed_365d=2)
    found = Measured(name="n_fakes_confirmed_365d", value=2)
    assert [one.text for one in rates.counts({found.name: found})] == [
        "Fakes were confirmed 2 times in the last 365 days."
    ]
    assert "Confirmed" in anna.get("/console/merchants/m1").text


def test_nothing_is_said_of_what_there_is_none_of():
    none = Measured(name="n_fake_reports_open", value=0)
    assert rates.counts({none.name: none}) == ()


def test_a_rate_is_shown_with_what_is_usual_in_its_category(anna, engine):
    assessed(engine, "m1")
    assert "usual in its category: 96.0%" in anna.get("/console/merchants/m1").text


def test_a_decision_names_the_key_that_asked_for_it(anna, engine, service):
    service.keys.add(ApiKey(id="k1", name="checkout", hash="x", scopes=SCOPES, created_at=NOON))
    assert "checkout" in anna.get(f"/console/decisions/{a_decision(engine)}").text


def test_a_list_that_is_cut_says_so_and_one_that_just_fits_does_not(anna, engine, monkeypatch):
    for merchant_id in ("m1", "m2"):
        assessed(engine, merchant_id)
    monkeypatch.setattr(merchants, "_LISTED", 2)
    assert "search for others" not in anna.get("/console/merchants").text
    monkeypatch.setattr(merchants, "_LISTED", 1)
    assert "The first 1 are shown; search for others." in anna.get("/console/merchants").text


def test_who_could_not_be_judged_is_shown_with_the_reason(anna, engine):
    a_merchant_exists(engine, "m1")
    assessed(engine, "m1")
    assert "could not be judged" not in anna.get("/console/merchants").text
    with writing(engine) as tx:
        store_due.set_aside(tx, {"m1": "ArithmeticError"}, store_due.newest(tx, ["m1"]), day=1)
    for path in ("/console/merchants", "/console/merchants/m1"):
        page = anna.get(path).text
        assert "could not be judged" in page
        assert "ArithmeticError" in page
