"""The API and a worker are killed at any moment under load: what was acknowledged is there, once, and adds up.

A few kills in an ordinary run; GOODFAITH_KILLS sets how many on each store (`make soak`).
"""

import os
import random
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from socket import create_server

import pytest
from sqlalchemy import select

from features.database import micros, reading
from serving.migrate import check_schema
from serving.tables import decisions
from tests.faults import victims
from tests.faults.aftermath import whatever_is_wrong
from tests.faults.callers import MERCHANTS, Caller, Progress
from tests.serving.shop import a_shop
from tests.serving.world import a_key
from tests.stores import sqlite_store

KILLS = int(os.environ.get("GOODFAITH_KILLS", "3"))
CALLERS = 4

#: Who is killed; mostly whoever answers.
WHO = (("serve",), ("serve",), ("serve", "judge"), ("judge",))

#: Seconds without any answer after which a test gives up: nothing is measured by it.
_HANGS = 60


class Town:
    """A store with some merchants, the processes that work on it, and callers."""

    def __init__(self, engine, tmp_path, **others):
        check_schema(engine)
        for merchant in MERCHANTS:
            a_shop(engine, merchant)
        self.engine, self.progress, self.stop = engine, Progress(), threading.Event()
        self.key = a_key(engine, "events:write", "refunds:decide")
        with closing(create_server(("127.0.0.1", 0))) as door:
            port = door.getsockname()[1]
        url = engine.url.render_as_string(hide_password=False)
        self.place = victims.Place(url=url, port=port, noon=time.time(), log=str(tmp_path / "victims.log"))
        self._does = {"serve": victims.serve, "judge": victims.judge, **others}
        self._alive = {}

    def begin(self, *names):
        for name in names:
            self._alive[name] = victims.begin(self._does[name], self.place)

    def kill(self, *names):
        for name in names:
            self._alive[name].kill()
        for name in names:
            self._alive.pop(name).join()

    def caller(self, number):
        told = {"port": self.place.port, "key": self.key, "progress": self.progress, "stop": self.stop}
        return Caller(f"caller{number}", **told)

    def go_on(self, answers):
        """Wait until so many more requests are answered."""
        assert self.progress.wait_for(answers, at_most=_HANGS), f"nobody answers: see {self.place.log}"

    def wrong(self, wishes):
        return whatever_is_wrong(self.engine, wishes, now=self.place.now())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.kill(*self._alive)


def killed(town, kills, seed):
    """Everything that callers got while processes were killed, and after it."""
    chance, callers = random.Random(seed), [town.caller(number) for number in range(CALLERS)]  # noqa: S311
    town.begin("serve", "judge")
    for caller in callers:
        caller.start()
    for _ in range(kills):
        town.go_on(chance.randrange(1, 80))
        time.sleep(chance.random() * 0.03)
        who = chance.choice(WHO)
        town.kill(*who)
        town.begin(*who)
    town.go_on(CALLERS)
    town.stop.set()
    for caller in callers:
        caller.join(_HANGS)
    assert [caller.trouble for caller in callers if caller.trouble or caller.is_alive()] == []
    return [wish for caller in callers for wish in caller.wishes]


def asked_again(town, wishes):
    """Those that get another answer when they are asked for once more under the same key."""
    with closing(town.caller("-again")) as caller:
        return [wish.key for wish in wishes if wish.key and caller.ask(wish) != wish.answer]


def counted(wishes):
    told = [f"{sum(wish.kind == kind for wish in wishes)} {kind}" for kind in ("events", "refund", "settlement")]
    events = sum(len(wish.says["events"]) for wish in wishes if wish.kind == "events")
    retried = sum(wish.unanswered > 0 for wish in wishes)
    return f"{', '.join(told)}; {events} single events; {retried} were asked for again"


def done_already(town, wishes):
    """How many refunds were decided, and not told, when their callers asked again."""
    with reading(town.engine) as tx:
        rows = tx.execute(select(decisions.c.id, decisions.c.decided_at)).all()
    decided_at = {row.id: row.decided_at for row in rows}
    retried = [wish for wish in wishes if wish.kind == "refund" and wish.unanswered]
    return sum(decided_at[one.answer["decision_id"]] < micros(town.place.at(one.asked_at)) for one in retried)


def test_whatever_was_acknowledged_before_a_kill_is_there_once(bare_engine, tmp_path):
    with Town(bare_engine, tmp_path) as town:
        wishes = killed(town, KILLS, seed=KILLS)
        again = asked_again(town, wishes[:: len(wishes) // 500 + 1])
    wrong = town.wrong(wishes)
    told = f"{KILLS} kills; {counted(wishes)}, of which {done_already(town, wishes)} refunds had been decided"
    print(f"{bare_engine.dialect.name}: {told}; {len(again) + len(wrong)} wrong")
    assert (again, wrong) == ([], [])
    assert any(wish.kind == "settlement" for wish in wishes)


@pytest.fixture
def town_of(tmp_path):
    """How a town on SQLite gets a server that is not as it should be."""
    with ExitStack() as ends:
        engine = ends.enter_context(contextmanager(sqlite_store)(tmp_path))
        yield lambda serve: ends.enter_context(Town(engine, tmp_path, serve=serve))


def refunded(town, orders=3):
    """What one caller got from a server that was not killed yet."""
    town.begin("serve")
    with closing(town.caller(0)) as caller:
        names = [f"caller-{number}" for number in range(orders)]
        caller.get(caller.events("m0", names))
        for name in names:
            caller.get(caller.refund("m0", name))
        return caller.wishes


def test_an_answer_that_was_sent_before_its_commit_is_found_to_be_lost(town_of):
    town = town_of(victims.serve_too_soon)
    wishes = refunded(town)
    town.kill("serve")
    lost = wishes[-1].answer["decision_id"]
    assert f"decision {lost} is lost" in town.wrong(wishes)


def test_a_request_that_is_answered_twice_is_found_out(town_of):
    town = town_of(victims.serve_forgetfully)
    wishes = refunded(town, orders=1)
    assert wishes[-1].key in asked_again(town, wishes)
    assert "a decision on caller-0 is there 2 times, told 1 times" in town.wrong(wishes)
