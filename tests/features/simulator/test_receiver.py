"""A sender and what a service may do to it: refuse, be busy, hang up, be gone."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from features.errors import StreamFailed
from features.simulator.receiver import Address, Receiver

TAKEN = (200, {}, {"accepted": 1, "duplicates": 0, "rejected": []})
HANG_UP, TAKEN_THEN_HANG_UP, UNREAD_REFUSAL = "hang up", "taken, then hang up", "refuse a body unread"
EVENT = '{"event_id":"e1"}'


class _Scripted(BaseHTTPRequestHandler):
    """Answers as its server's script says, and notes what was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        act = self.server.script.pop(0)
        if act == UNREAD_REFUSAL:
            self.answer(413, {"Connection": "close"}, {"code": "body_too_large", "detail": "too large"})
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        if act == HANG_UP:
            self.close_connection = True
            return
        self.answer(*(TAKEN if act == TAKEN_THEN_HANG_UP else act))
        self.close_connection = act == TAKEN_THEN_HANG_UP

    def answer(self, status, headers, content):
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Say nothing."""


class Service:
    """A scripted service, a receiver that talks to it, and what that waited and said."""

    def __init__(self, server):
        self.asked, self.slept, self.said = server.asked, [], []
        self.address = Address.parse(f"http://127.0.0.1:{server.server_port}/base/")
        self.receiver = Receiver(self.address, "gf_secret", sleep=self.slept.append, say=self.said.append)

    @property
    def keys(self):
        return [headers["Idempotency-Key"] for _, headers, _ in self.asked]


@contextmanager
def a_service(*script):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Scripted) as server:
        server.script, server.asked = list(script), []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        service = Service(server)
        try:
            yield service
        finally:
            service.receiver.close()
            server.shutdown()
            thread.join()


def problem(status, code, **headers):
    return status, headers, {"code": code, "detail": f"about {code}"}


def test_events_are_sent_with_the_key_and_what_became_of_them_is_told():
    answer = {"accepted": 1, "duplicates": 2, "rejected": [{"index": 3, "code": "bad_value", "detail": "no"}]}
    with a_service((200, {}, answer)) as service:
        taken = service.receiver.send([EVENT, '{"event_id":"e2"}'])
    (path, headers, body) = service.asked[0]
    assert (path, headers["Authorization"]) == ("/base/v1/events", "Bearer gf_secret")
    assert body == {"events": [{"event_id": "e1"}, {"event_id": "e2"}]}
    assert (taken.accepted, taken.duplicates, taken.rejected) == (1, 2, (("bad_value", "no"),))


def test_a_greeting_sends_no_event():
    with a_service(TAKEN) as service:
        service.receiver.greet()
    assert [body for *_, body in service.asked] == [{"events": []}]


@pytest.mark.parametrize(
    ("busy", "waits"),
    [
        (problem(503, "store_unavailable"), 0.5),
        (problem(500, "internal"), 0.5),
        (problem(429, "slow_down", **{"Retry-After": "7"}), 7.0),
        ((502, {}, b"<html>a proxy</html>"), 0.5),
    ],
)
def test_a_busy_service_is_asked_again_under_the_same_key(busy, waits):
    with a_service(busy, busy, TAKEN) as service:
        assert service.receiver.send([EVENT]).accepted == 1
    assert service.slept == [waits, waits if waits == 7.0 else 1.0]
    assert len(set(service.keys)) == 1
    assert len(service.said) == 2
    assert str(busy[0]) in service.said[0]


def test_two_requests_have_two_keys():
    with a_service(TAKEN, TAKEN) as service:
        service.receiver.send([EVENT])
        service.receiver.send([EVENT])
    assert len(set(service.keys)) == 2


def test_a_connection_lost_before_the_answer_is_tried_again_under_the_same_key():
    with a_service(TAKEN, HANG_UP, HANG_UP, TAKEN) as service:
        service.receiver.greet()
        assert service.receiver.send([EVENT]).accepted == 1
    assert len(set(service.keys[1:])) == 1
    assert service.slept == [0.5]
    assert "does not answer" in service.said[0]


def test_a_connection_that_was_closed_while_idle_is_opened_anew_without_a_word():
    with a_service(TAKEN_THEN_HANG_UP, TAKEN) as service:
        service.receiver.send([EVENT])
        service.receiver.send([EVENT])
    assert (len(service.asked), service.slept, service.said) == (2, [], [])


def test_a_service_that_stays_busy_is_given_up_after_minutes():
    with a_service(*[problem(503, "store_unavailable")] * 40) as service, pytest.raises(StreamFailed, match="gave up"):
        service.receiver.send([EVENT])
    assert 240 < sum(service.slept) <= 300
    assert max(service.slept) == 15


def test_who_asks_to_come_back_in_hours_is_given_up_at_once():
    busy = problem(429, "slow_down", **{"Retry-After": "7200"})
    with a_service(busy) as service, pytest.raises(StreamFailed, match="slow_down"):
        service.receiver.send([EVENT])
    assert service.slept == []


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (problem(401, "unauthenticated"), "401 unauthenticated.*keys add"),
        (problem(403, "scope_missing"), "403 scope_missing.*events:write"),
        (problem(404, "route_unknown"), "404 route_unknown.*serve"),
        (problem(422, "invalid"), "422 invalid: about invalid"),
        (problem(308, "moved", Location="https://elsewhere.example"), "points to https://elsewhere.example"),
        ((200, {}, b"<html>Welcome</html>"), "does not answer as Goodfaith does"),
        ((200, {}, {"hello": "world"}), "does not answer as Goodfaith does"),
        ((418, {}, b"tea"), "418"),
    ],
)
def test_a_refusal_is_told_once_and_not_tried_again(refusal, told):
    with a_service(refusal) as service, pytest.raises(StreamFailed, match=told) as failed:
        service.receiver.send([EVENT])
    assert (len(service.asked), service.slept) == (1, [])
    assert "gf_secret" not in str(failed.value)


def test_what_a_service_says_cannot_command_the_terminal():
    with (
        a_service((422, {}, {"code": "invalid", "detail": "\x1b[2J gone"})) as service,
        pytest.raises(StreamFailed) as e,
    ):
        service.receiver.send([EVENT])
    assert "?[2J gone" in str(e.value)


def test_why_a_body_is_refused_is_told_though_it_was_not_read():
    with a_service(TAKEN, UNREAD_REFUSAL, UNREAD_REFUSAL) as service:
        service.receiver.greet()
        with pytest.raises(StreamFailed, match="body_too_large"):
            service.receiver.send([json.dumps({"text": "x" * 20_000_000})])


def test_a_service_that_was_never_there_is_not_waited_for():
    with a_service() as service:
        pass
    with pytest.raises(StreamFailed, match=f"{service.address} does not answer: "):
        service.receiver.greet()
    assert service.slept == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost/", "http://localhost"),
        ("http://[::1]:8000/goodfaith/", "http://[::1]:8000/goodfaith"),
        ("https://trust.example:444", "https://trust.example:444"),
    ],
)
def test_a_key_goes_to_this_machine_or_travels_encrypted(url, told):
    assert str(Address.parse(url)) == told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://trust.example", "unencrypted"),
        ("http://10.0.0.1:8000", "unencrypted"),
        ("http://127.0.0.1.trust.example", "unencrypted"),
        ("https://me:secret@trust.example", "more than the address"),
        ("https://trust.example?key=secret", "more than the address"),
        ("ftp://trust.example", "no URL"),
        ("trust.example:8000", "no URL"),
        ("https://", "no URL"),
        ("https://trust.example\r\nX: y", "no URL"),
        ("", "no URL"),
        ("https://trust.example:port", "ort"),
        ("http://[::1", "Invalid IPv6"),
    ],
)
def test_other_addresses_are_refused(url, told):
    with pytest.raises(ValueError, match=told):
        Address.parse(url)
