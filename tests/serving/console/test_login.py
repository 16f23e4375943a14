import doctest
from datetime import timedelta

import pytest

from serving.app import create_app
from serving.console import login
from serving.people import LOCKED_FOR, MOST_FAILURES
from serving.sessions import LASTS
from tests.serving.console.world import PASSWORD, Browser, a_case

SESSION = "goodfaith_session"


def test_whoever_is_not_logged_in_is_sent_to_the_form_and_then_on(stranger):
    answer = stranger.get("/console/merchants/a%2Fb?x=1")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/console/login?next=%2Fconsole%2Fmerchants%2Fa%2Fb%3Fx%3D1",
    )
    stranger.get(answer.headers["location"])
    sent_on = stranger.send("/console/login", name="anna", password=PASSWORD, next="/console/merchants/a/b?x=1")
    assert sent_on.headers["location"] == "/console/merchants/a/b?x=1"


@pytest.mark.parametrize("where", ["//evil.example/", "https://evil.example/", "/v1/x", "/console/\\evil", "x", ""])
def test_nobody_is_sent_on_to_another_place_than_the_console(stranger, where):
    assert stranger.log_in(next=where).headers["location"] == "/console/cases"


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(stranger, name, password):
    answer = stranger.log_in(name, password)
    assert answer.status_code == 401
    assert "The name or the password is wrong" in answer.text
    assert SESSION not in stranger.cookies


def test_a_name_is_locked_for_a_while_and_then_let_in(stranger, clock):
    for _ in range(MOST_FAILURES):
        stranger.log_in(password="wrong")
    assert stranger.log_in().status_code == 401
    clock.move(LOCKED_FOR)
    assert stranger.log_in().status_code == 303


@pytest.mark.parametrize("fields", [{"csrf": ""}, {"csrf": "another"}])
def test_a_log_in_that_another_site_sends_is_refused(stranger, fields):
    answer = stranger.log_in(**fields)
    assert answer.status_code == 403
    assert SESSION not in stranger.cookies


def test_a_log_in_without_the_form_s_cookie_is_refused(stranger):
    stranger.get("/console/login")
    stranger.cookies.clear()
    assert stranger.send("/console/login", name="anna", password=PASSWORD).status_code == 403


def test_a_token_that_somebody_planted_is_never_taken_over(stranger):
    stranger.cookies[SESSION] = "planted"
    stranger.log_in()
    assert stranger.cookies[SESSION] != "planted"
    stranger.cookies[SESSION] = "planted"
    assert stranger.get("/console/cases").status_code == 303


def test_logging_in_again_ends_the_session_before(anna):
    first = anna.cookies[SESSION]
    anna.cookies = {}
    anna.get("/console/login")
    anna.cookies[SESSION] = first
    anna.send("/console/login", name="anna", password=PASSWORD)
    second = anna.cookies[SESSION]
    assert second != first
    anna.cookies = {SESSION: first}
    assert anna.get("/console/cases").status_code == 303


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(stranger):
    answer = stranger.log_in()
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION)]
    assert {"HttpOnly", "SameSite=strict", "Path=/console"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_over_https_the_cookies_are_sent_over_https_only(service):
    answer = Browser(create_app(service), scheme="https").log_in()
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION)]
    assert "Secure" in cookie.split("; ")


def test_a_session_ends_after_a_working_day(anna, clock):
    clock.move(LASTS - timedelta(seconds=1))
    assert anna.get("/console/cases").status_code == 200
    clock.move(timedelta(seconds=1))
    assert anna.get("/console/cases").status_code == 303


def test_after_logging_out_the_old_token_opens_nothing(anna):
    token = anna.cookies[SESSION]
    anna.get("/console/cases")
    assert anna.send("/console/logout").headers["location"] == "/console/login"
    anna.cookies[SESSION] = token
    assert anna.get("/console/cases").status_code == 303


def test_whoever_is_logged_in_already_needs_no_form(anna):
    assert anna.get("/console/login?next=/console/merchants").headers["location"] == "/console/merchants"


@pytest.mark.parametrize("csrf", ["", "another"])
@pytest.mark.parametrize("path", ["/console/logout", "/console/cases/{case}/assign", "/console/cases/{case}/resolve"])
def test_no_change_without_the_token_of_the_log_in(anna, engine, path, csrf):
    case = a_case(engine)
    answer = anna.ask("POST", path.format(case=case), data={"csrf": csrf, "outcome": "upheld", "reason": "Seen <it>."})
    assert answer.status_code == 403
    assert "Seen &lt;it&gt;." in answer.text
    page = anna.get(f"/console/cases/{case}").text
    assert "Resolve the case" in page
    assert "Take this case" in page


def test_the_token_of_another_log_in_is_refused(anna, service, engine):
    case, other = a_case(engine), Browser(create_app(service))
    other.log_in()
    other.get("/console/cases")
    anna.page = other.page
    assert anna.send(f"/console/cases/{case}/assign").status_code == 403


def test_what_was_written_survives_the_end_of_a_session(anna, engine, clock):
    case = a_case(engine)
    anna.get(f"/console/cases/{case}")
    clock.move(LASTS)
    answer = anna.send(f"/console/cases/{case}/resolve", outcome="upheld", reason="A long story.")
    assert answer.status_code == 401
    assert "A long story." in answer.text
    assert "It was not saved" in answer.text


def test_examples_in_docstrings_are_true():
    assert doctest.testmod(login).failed == 0
