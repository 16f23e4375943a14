"""The shortcut past the framework: taken by what is asked for plainly, with the framework's own answers."""

import json

import pytest

from serving.api.shortcut import Shortcut
from serving.app import create_app
from tests.serving.shop import a_refund, a_shop, judged
from tests.serving.world import a_key, a_merchant_exists, a_service, call

DECISIONS = "/v1/refunds/decisions"
BODY = json.dumps(a_refund(cents=10).model_dump(mode="json"))


class Ways:
    """The same service twice: with the shortcut, and without."""

    def __init__(self, engine):
        self.service, self.taken = a_service(engine), 0
        self.key = a_key(engine, "refunds:decide", "scores:read")
        self.short, self.long = create_app(self.service), create_app(self.service)
        self.long.user_middleware = [one for one in self.long.user_middleware if one.cls is not Shortcut]
        # The key is looked up by the framework, and then known.
        assert call(self.long, "/v1/merchants/nobody/score", key=self.key).status_code == 404
        self.short.middleware_stack = self.short.build_middleware_stack()
        self._watch(self.short.middleware_stack)

    def _watch(self, layer):
        """Count what goes on from the shortcut to the framework."""
        while not isinstance(layer, Shortcut):
            layer = layer.app
        framework = layer.app

        async def counted(*asked):
            self.passed_on += 1
            await framework(*asked)

        layer.app = counted

    def ask(self, path, *, method="GET", key=None, **more):
        """What both answer, and whether the framework was asked for the first of them."""
        self.passed_on = 0
        answers = [call(app, path, method=method, key=key or self.key, **more) for app in (self.short, self.long)]
        return *map(told, answers), self.passed_on

    def decide(self, content=BODY, *, name, headers=None, **more):
        """The same of a decision, each under a key of its own."""
        self.passed_on, answers = 0, []
        for app, number in ((self.short, 1), (self.long, 2)):
            named = {"Content-Type": "application/json", "Idempotency-Key": f"{name}{number}", **(headers or {})}
            answers.append(call(app, DECISIONS, method="POST", key=self.key, content=content, headers=named, **more))
        return *map(told, answers), self.passed_on


def told(answer):
    """An answer without what differs between two decisions."""
    body = answer.json()
    return answer.status_code, {**body, "decision_id": None, "limit_cents": None}, headers_of(answer)


def headers_of(answer):
    """Without the length of what may differ, and the name that each request has of its own."""
    return {name: value for name, value in answer.headers.items() if name not in ("content-length", "x-request-id")}


@pytest.fixture
def ways(any_engine):
    a_shop(any_engine)
    return Ways(any_engine)


def test_a_plain_decision_takes_the_shortcut_and_is_answered_alike(ways):
    short, long, passed_on = ways.decide(name="a")
    assert short == long
    assert (short[0], short[1]["outcome"], passed_on) == (200, "instant", 0)


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"merchant_id": "nobody"}, 404), ({"currency": "EUR"}, 422), ({"order_id": "never"}, 200)],
    ids=["nobody", "another currency", "no such order"],
)
def test_what_a_decision_is_refused_for_is_told_alike(ways, changes, status):
    short, long, passed_on = ways.decide(json.dumps({**json.loads(BODY), **changes}), name="a")
    assert short == long
    assert (short[0], passed_on) == (status, 0)


def test_a_repeat_gets_the_same_bytes_either_way_and_another_body_a_conflict(ways):
    headers = {"Content-Type": "application/json", "Idempotency-Key": "same"}
    asked = {"method": "POST", "key": ways.key, "headers": headers}
    first, again = (call(app, DECISIONS, content=BODY, **asked) for app in (ways.short, ways.long))
    assert first.content == again.content
    assert headers_of(first) == headers_of(again)
    other = [call(app, DECISIONS, content=BODY.replace("10", "11", 1), **asked) for app in (ways.short, ways.long)]
    assert [one.status_code for one in other] == [409, 409]
    assert told(other[0]) == told(other[1])


@pytest.mark.parametrize(
    "asked",
    [
        {"content": "{broken"},
        {"content": BODY.replace("10", "-10", 1)},
        {"content": BODY.replace("quality", "because")},
        {"content": BODY.replace("o0", "\\ud800")},
        {"content": BODY[:-1] + ',"colour":"red"}'},
        {"content": json.dumps({**json.loads(BODY), "category": "x" * 20_000})},
        {"headers": {"Idempotency-Key": ""}},
        {"headers": {"Content-Type": "text/plain"}},
        {"params": {"dry_run": "true"}},
        {"params": {"colour": "red"}},
    ],
)
def test_what_is_not_plain_goes_on_to_the_framework(ways, asked):
    short, long, passed_on = ways.decide(**{"name": "a", **asked})
    assert short == long
    assert passed_on == 1


@pytest.mark.parametrize(("scope", "status"), [("events:write", 403), (None, 401)])
def test_who_may_not_is_told_so_by_the_framework(ways, scope, status):
    key = a_key(ways.service.engine, scope) if scope else "gf_0123456789abcdef_" + "x" * 43
    for path in (DECISIONS, "/v1/merchants/m1/score"):
        method = "POST" if path == DECISIONS else "GET"
        for _ in range(2):
            short, long, passed_on = ways.ask(path, method=method, key=key)
            assert short == long
            assert (short[0], passed_on) == (status, 1)


@pytest.mark.parametrize("name", ["m1", "a/b", "店 1?", "x/score"])
def test_a_latest_score_takes_the_shortcut_and_is_answered_alike(ways, name):
    a_merchant_exists(ways.service.engine, name)
    judged(ways.service.engine, name)
    path = "/v1/merchants/" + name.replace(" ", "%20").replace("?", "%3F") + "/score"
    short, long, passed_on = ways.ask(path)
    assert short == long
    assert (short[0], short[1]["merchant_id"], passed_on) == (200, name, 0)


def test_a_score_that_is_not_there_yet_is_worked_out_by_the_framework(ways):
    a_merchant_exists(ways.service.engine, "new")
    for path in ("/v1/merchants/new/score", "/v1/merchants/m1/score?fresh=true", "/v1/merchants/nobody/score"):
        short, long, passed_on = ways.ask(path)
        assert (short[0], short[1].get("basis"), passed_on) == (long[0], long[1].get("basis"), 1)
