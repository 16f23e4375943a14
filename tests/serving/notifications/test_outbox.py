"""Notifications: kept with what they tell of, handed on at least once, and tried again where that fails."""

import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from redis import Redis

from features.database import reading, writing
from serving import cases
from serving.cases import Kind, Matter
from serving.errors import NotHandedOn, TargetUnusable
from serving.judging import Judges
from serving.notifications import outbox
from serving.notifications.dispatch import Dispatcher
from serving.notifications.outbox import KEPT_FOR, Notice, Topic
from serving.notifications.targets import JsonLines, target_at
from serving.worker import Beside, Worker
from tests.redis_server import redis_url
from tests.serving.console.world import assessed
from tests.serving.test_members import LATE, a_member, a_night
from tests.serving.world import NOON, FakeClock, a_service, ask

SECOND = timedelta(seconds=1)


class Told:
    """A target that remembers; what it refuses it does not have."""

    def __init__(self, refuses=lambda message: False):
        self.refuses, self.messages = refuses, []

    def send(self, message):
        if self.refuses(message):
            raise NotHandedOn("not today")
        self.messages.append(json.loads(message.text()))

    def close(self):
        pass

    def says(self):
        return [(one["topic"], one["says"]) for one in self.messages]


@pytest.fixture(scope="module")
def redis():
    yield from redis_url()


def notices(engine, *names):
    with writing(engine) as tx:
        outbox.tell(tx, [Notice(topic=Topic.RATED, says={"merchant_id": name}) for name in names], now=NOON)


def dispatched(engine, target, now=NOON):
    return Dispatcher(engine, target, clock=FakeClock()).round(now)


def told_of(engine):
    target = Told()
    while dispatched(engine, target, NOON + timedelta(days=400)):
        pass
    return target.says()


def waiting(engine):
    with reading(engine) as tx:
        return outbox.waiting(tx)[0]


def test_a_message_is_handed_on_once_with_its_id_and_moment(any_engine):
    notices(any_engine, "m1", "m2")
    target = Told()
    assert [dispatched(any_engine, target) for _ in range(2)] == [2, 0]
    first, second = target.messages
    assert (first["topic"], first["says"], first["created_at"]) == (
        "merchant.rated",
        {"merchant_id": "m1"},
        NOON.isoformat(),
    )
    assert first["id"] < second["id"]
    assert waiting(any_engine) == 0


def test_nothing_is_told_of_what_was_undone(any_engine):
    def undone():
        with writing(any_engine) as tx:
            outbox.tell(tx, [Notice(topic=Topic.RATED, says={})], now=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert waiting(any_engine) == 0


def test_what_is_not_taken_is_tried_again_ever_later_and_holds_up_nobody(any_engine):
    notices(any_engine, "bad", "good")
    tried = []

    def refuses(message):
        tried.extend([second] if "bad" in message.says else [])
        return "bad" in message.says

    target = Told(refuses)
    for second in range(40):
        dispatched(any_engine, target, NOON + second * SECOND)
    assert target.says() == [("merchant.rated", {"merchant_id": "good"})]
    assert tried == [0, 1, 3, 7, 15, 31]
    assert waiting(any_engine) == 1


def test_several_dispatchers_hand_on_each_message_once(any_engine):
    notices(any_engine, *(f"m{number}" for number in range(250)))
    target = Told()
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda _: sum(iter(lambda: dispatched(any_engine, target), 0)), range(3)))
    assert sum(counts) == 250
    assert len({one["id"] for one in target.messages}) == len(target.messages) == 250


def test_what_a_dispatcher_died_over_is_handed_on_by_another(any_engine):
    notices(any_engine, "m1")
    with writing(any_engine) as tx:
        assert len(outbox.claim(tx, most=9, now=NOON)) == 1
    target = Told()
    assert dispatched(any_engine, target, NOON + SECOND) == 0
    assert dispatched(any_engine, target, NOON + timedelta(minutes=1)) == 1


def test_messages_are_dropped_once_they_have_been_kept_long_enough(engine):
    notices(engine, "m1")
    with writing(engine) as tx:
        assert outbox.drop_older(tx, now=NOON + KEPT_FOR) == 0
        assert outbox.drop_older(tx, now=NOON + KEPT_FOR + SECOND) == 1


def test_the_metrics_tell_what_waits_and_how_long(engine):
    service = a_service(engine, clock=lambda: NOON + 7 * SECOND)
    notices(engine, "m1")
    figures = ask(service, "/metrics").text
    assert "goodfaith_notifications_waiting 1.0" in figures
    assert "goodfaith_notification_lag_seconds 7.0" in figures


# --- What is told ----------------------------------------------------------------------------------------------


def test_a_band_that_moved_is_told_and_a_score_that_did_not_is_not(engine):
    assessed(engine, "m1", at=NOON)
    assessed(engine, "m1", at=NOON + SECOND)
    assert told_of(engine) == []
    assessed(engine, "m1", at=NOON + 2 * SECOND, n_fakes_confirmed_365d=1)
    ((topic, says),) = told_of(engine)
    assert topic == "merchant.rated"
    assert (says["merchant_id"], says["counterfeit"], says["counterfeit_before"]) == ("m1", "confirmed", "none")


def test_a_case_is_told_when_it_is_opened_and_when_it_is_resolved(engine):
    matter = Matter(kind=Kind.SUSPICION, merchant_id="m1", about="m1", summary="Reports came in.")
    with writing(engine) as tx:
        case_id = cases.open_case(tx, matter, now=NOON)
        assert cases.open_case(tx, matter, now=NOON) == case_id
        cases.resolve(tx, case_id, outcome="upheld", reason="They are fakes.", by="anna", now=NOON)
    opened, resolved = told_of(engine)
    assert (opened[0], opened[1]["case_id"], opened[1]["kind"]) == ("case.opened", case_id, "suspicion")
    assert resolved == (
        "case.resolved",
        {"case_id": case_id, "kind": "suspicion", "merchant_id": "m1", "outcome": "upheld"},
    )


def test_a_place_that_moved_is_told(engine):
    a_member(engine)
    a_night(engine, 30, **LATE)
    (told,) = [says for topic, says in told_of(engine) if topic == "standing.decided"]
    assert (told["programme"], told["before"], told["outcome"]) == ("lightning_dispatch", "keep", "warn")


# --- Where to --------------------------------------------------------------------------------------------------


def a_message(engine, name="m1"):
    notices(engine, name)
    with writing(engine) as tx:
        (message,) = outbox.claim(tx, most=1, now=NOON)
    return message


@pytest.fixture
def web():
    """A web server that takes messages: what came, and how it answers."""

    class Desk(BaseHTTPRequestHandler):
        came, status = [], 204

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            Desk.came.append((self.path, dict(self.headers), body))
            self.send_response(Desk.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    Desk.came = []
    server = HTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Desk, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_address_is_told_with_a_signature(engine, web):
    desk, url = web
    message = a_message(engine)
    target_at(f"{url}/hook?for=goodfaith", secret="hush").send(message)
    ((path, headers, body),) = desk.came
    assert (path, json.loads(body)["says"]) == ("/hook?for=goodfaith", {"merchant_id": "m1"})
    assert headers["Goodfaith-Message"] == str(message.id)
    assert headers["Goodfaith-Signature"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("status", [301, 400, 503])
def test_an_answer_that_is_no_yes_is_no_delivery(engine, web, status):
    desk, url = web
    desk.status = status
    with pytest.raises(NotHandedOn, match=str(status)):
        target_at(url).send(a_message(engine))


def test_a_web_address_that_does_not_answer_is_no_delivery(engine):
    with pytest.raises(NotHandedOn, match="does not answer"):
        target_at("http://127.0.0.1:1/").send(a_message(engine))


def test_a_file_gets_a_line_for_each_message_also_after_one_that_was_cut_off(engine, tmp_path):
    path = tmp_path / "notices.jsonl"
    target = target_at(f"file://{path}")
    target.send(a_message(engine, "m1"))
    path.write_bytes(path.read_bytes()[:-20])
    target.send(a_message(engine, "店"))
    target.send(a_message(engine, "m3"))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["says"]["merchant_id"] for line in lines[1:]] == ["店", "m3"]


def test_a_file_that_cannot_be_written_is_no_delivery(engine, tmp_path):
    with pytest.raises(NotHandedOn):
        JsonLines(tmp_path / "no" / "folder").send(a_message(engine))


def test_a_stream_of_redis_gets_an_entry_for_each_message(engine, redis):
    target_at(f"{redis}?stream=notices").send(a_message(engine))
    with Redis.from_url(redis) as client:
        ((_, fields),) = client.xrange("notices")
    assert json.loads(fields[b"message"])["says"] == {"merchant_id": "m1"}
    with pytest.raises(NotHandedOn):
        target_at("redis://127.0.0.1:1/0?stream=notices").send(a_message(engine))


@pytest.mark.parametrize(
    "url", ["ftp://there", "https://", "redis://there/0", "redis://there/0?stream=a&b=c", "file://there/x"]
)
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(TargetUnusable):
        target_at(url)


def test_beside_the_worker_a_dispatcher_tells_of_what_it_judges(engine):
    service, target, done = a_service(engine), Told(), threading.Event()
    assessed(engine, "m1")
    assessed(engine, "m1", at=NOON + SECOND, n_fakes_confirmed_365d=1)
    worker = Worker(service, Judges(service))
    with Beside(worker), Beside(Dispatcher(engine, target, clock=lambda: NOON + SECOND), name="dispatcher"):
        for _ in range(400):
            if target.messages:
                break
            done.wait(0.02)
    assert [topic for topic, _ in target.says()] == ["merchant.rated"]
