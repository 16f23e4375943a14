"""Back-pressure: who finds no room is told so at once, and everybody else is served."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from serving.errors import TooBusy
from serving.metrics import Metrics
from serving.pressure import Pressure, Room, rooms
from tests.serving.world import a_key, a_service, ask


class Slow:
    """An application that answers when it is let."""

    def __init__(self):
        self.let, self.asked = asyncio.Event(), 0

    async def __call__(self, scope, receive, send):
        self.asked += 1
        await self.let.wait()
        if scope["path"].endswith("crash"):
            raise ZeroDivisionError
        await PlainTextResponse("done")(scope, receive, send)


def burst(room, *requests):
    """Send requests together, then let them be answered, and send one more: the answers, and the metrics' text."""
    metrics = Metrics()

    async def told():
        slow = Slow()
        app = Pressure(slow, rooms={"/v1/events": room}, metrics=metrics)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://goodfaith") as client:
            waiting = [asyncio.create_task(client.request(*words, content=body)) for *words, body in requests]
            while slow.asked + sum(one.done() for one in waiting) < len(requests):
                await asyncio.sleep(0)
            slow.let.set()
            answers = [await one for one in waiting]
            return [*answers, await client.post("/v1/events", content=b"")]

    return asyncio.run(told()), metrics.text().decode()


def test_who_finds_the_room_full_is_told_when_to_ask_again_and_the_others_are_served():
    answers, metrics = burst(Room(requests=2, size=100), *[("POST", "/v1/events", b"")] * 3)
    assert [one.status_code for one in answers] == [200, 200, 429, 200]
    refused = answers[2]
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_busy", "1")
    assert 'goodfaith_turned_away_total{path="/v1/events"} 1.0' in metrics


@pytest.mark.parametrize(("sizes", "statuses"), [((60, 50), [200, 429, 200]), ((500, 1), [200, 429, 200])])
def test_bodies_take_room_too_but_never_shut_out_whoever_is_alone(sizes, statuses):
    answers, _ = burst(Room(requests=9, size=100), *(("POST", "/v1/events", b"x" * size) for size in sizes))
    assert [one.status_code for one in answers] == statuses


def test_a_request_that_fails_leaves_the_room():
    answers, _ = burst(Room(requests=1, size=100), ("POST", "/v1/events/crash", b""))
    assert [one.status_code for one in answers] == [500, 200]


@pytest.mark.parametrize("words", [("GET", "/v1/events", b""), ("POST", "/v1/merchants/scores", b"")])
def test_what_has_no_room_of_its_own_is_never_turned_away(words):
    answers, _ = burst(Room(requests=1, size=100), ("POST", "/v1/events", b""), words, words)
    assert [one.status_code for one in answers] == [200, 200, 200, 200]


def test_each_thing_that_is_written_has_a_room(engine):
    service, written = a_service(engine), ("/v1/events", "/v1/refunds/decisions", "/v1/complaints")
    assert set(rooms()) == {*written, "/v1/programmes/"}
    for path in written:
        answer = ask(service, path, method="POST", key=a_key(engine, "events:write"), json={})
        assert answer.status_code in (403, 422)


def test_a_full_room_inside_a_use_case_is_told_of_in_the_same_words():
    room = Room(requests=1, size=10)
    with room.entered(), pytest.raises(TooBusy, match="ask again"), room.entered():
        raise AssertionError("there was no room")
    with room.entered():
        pass
