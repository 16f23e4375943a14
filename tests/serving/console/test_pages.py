import re

import pytest

from tests.serving.console.world import a_case, a_decision, assessed


@pytest.fixture
def paths(engine):
    """One address of every kind of page, and of pages that go wrong."""
    assessed(engine, "m1")
    decision = a_decision(engine)
    case = a_case(engine, decision_id=decision)
    return [
        "/console/login", "/console/cases", "/console/cases?state=resolved", f"/console/cases/{case}",
        "/console/merchants", "/console/merchants/m1", f"/console/decisions/{decision}",
        "/console/cases/c_none", "/console/nowhere", "/console/", "/console",
    ]  # fmt: skip


def test_every_answer_carries_the_headers(anna, stranger, paths):
    for browser in (anna, stranger):
        for path in paths:
            headers = browser.get(path).headers
            assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_needs_a_script_or_a_style_of_its_own(anna, paths, lang):
    for path in paths:
        text = anna.get(path, **{"Accept-Language": lang}).text
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", text)
        assert not re.search(r'(src|href|action)="(https?:)?//', text)


@pytest.mark.parametrize(("lang", "tag", "cases"), [("en-GB", "en", "Cases"), ("zh-CN", "zh-Hans", "案件")])
def test_pages_speak_the_language_that_the_browser_accepts(anna, paths, lang, tag, cases):
    for path in paths:
        text = anna.get(path, **{"Accept-Language": lang}).text
        assert not text or f'<html lang="{tag}">' in text
    assert f"<h1>{cases}</h1>" in anna.get("/console/cases", **{"Accept-Language": lang}).text


def test_a_language_that_was_chosen_is_kept(anna):
    anna.get("/console/cases?lang=zh")
    assert '<html lang="zh-Hans">' in anna.get("/console/cases").text
    anna.get("/console/cases?lang=nonsense")
    assert '<html lang="zh-Hans">' in anna.get("/console/cases").text


def test_the_switch_leads_to_the_same_page(anna):
    page = anna.get("/console/merchants?q=a%26b&by=recent").text
    assert 'href="/console/merchants?q=a%26b&amp;by=recent&amp;lang=zh"' in page


def test_reasons_come_in_the_reader_s_language(anna, engine):
    assessed(engine, "m1")
    case = a_case(engine, summary="Look at it. / 请查看。")
    assert "尚无模型" in anna.get("/console/merchants/m1?lang=zh").text
    page = anna.get(f"/console/cases/{case}").text
    assert "请查看。" in page
    assert "Look at it." not in page


def test_a_page_that_does_not_exist_says_so_to_whoever_is_logged_in(anna, stranger):
    assert "There is no such page" in anna.get("/console/nowhere").text
    assert anna.page.status_code == 404
    assert stranger.get("/console/nowhere").status_code == 303


def test_the_style_sheet_is_kept_by_browsers_under_an_address_of_its_own(stranger):
    (address,) = re.findall(r'href="(/console/static/[^"]+)"', stranger.get("/console/login").text)
    answer = stranger.get(address)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


def test_a_store_that_is_gone_is_a_page_without_details(anna, engine):
    with engine.begin() as tx:
        tx.exec_driver_sql("DROP TABLE sessions")
    answer = anna.get("/console/cases")
    assert answer.status_code == 503
    assert "Goodfaith is not available now" in answer.text
    assert "sessions" not in answer.text


def test_a_form_that_is_no_form_is_a_page(anna):
    answer = anna.ask("POST", "/console/logout", content=b"--x", headers={"Content-Type": "multipart/form-data"})
    assert answer.status_code in (400, 403, 422)
    assert "<html" in answer.text


def test_every_label_and_field_belong_together(anna, paths):
    for path in paths:
        text = anna.get(path).text
        fields = set(re.findall(r'<(?:input|textarea)[^>]*\sid="(\w+)"', text))
        assert set(re.findall(r'<label[^>]*\sfor="(\w+)"', text)) == fields
        assert text.count("<h1") == (1 if text else 0)
