"""The machine's clock jumps: time goes on by ticks, nothing is paid at once, and no decision looks back."""

from datetime import datetime, timedelta

import pytest

from features.database import reading
from serving import decisions
from serving.clock import TOLERANCE, SteadyClock
from serving.ledger.promises import expire
from tests.serving.shop import a_refund, a_shop, judged, refund
from tests.serving.world import NOON, FakeClock, a_service, ask

HOUR = timedelta(hours=1)


class Machine:
    """A clock on the wall that can be put anywhere, and ticks that cannot."""

    def __init__(self):
        self.wall, self.ticked = FakeClock(), 0.0
        self.clock = SteadyClock(self.wall, lambda: self.ticked)

    def run(self, span):
        """Time passes."""
        self.wall.move(span)
        self.ticked += span.total_seconds()

    def jump(self, span):
        """Somebody puts the clock."""
        self.wall.move(span)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def service(engine, machine):
    a_shop(engine, orders=4)
    return a_service(engine, clock=machine.clock)


def refund_of(service, number):
    return refund(service, a_refund(f"o{number}", buyer=f"b{number}"))


def decided_at(engine, told):
    with reading(engine) as tx:
        return decisions.decision(tx, told["decision_id"]).decided_at


@pytest.mark.failure("clock_jump")
@pytest.mark.parametrize("by", [-HOUR, HOUR, -400 * 24 * HOUR, 400 * 24 * HOUR])
def test_time_goes_on_by_ticks_nothing_is_paid_at_once_and_no_decision_looks_back(engine, machine, service, by):
    first = refund_of(service, 0)
    machine.jump(by)
    machine.run(timedelta(seconds=1))
    second = refund_of(service, 1)
    assert (first["outcome"], second["outcome"]) == ("instant", "on_return_scan")
    assert decided_at(engine, second) == decided_at(engine, first) + timedelta(seconds=1)
    assert ask(service, "/readyz").json()["code"] == "clock_in_doubt"

    machine.jump(-by)
    assert refund_of(service, 2)["outcome"] == "instant"
    assert ask(service, "/readyz").status_code == 200


@pytest.mark.failure("clock_jump")
@pytest.mark.parametrize("by", [-48 * HOUR, 48 * HOUR])
def test_what_is_held_for_a_refund_lapses_neither_too_soon_nor_never(engine, machine, service, by):
    told = refund_of(service, 0)
    machine.jump(by)
    assert expire(engine, now=machine.clock()) == 0
    machine.run(_lapses(told) + timedelta(seconds=1))
    assert expire(engine, now=machine.clock()) == 1


def _lapses(told):
    """How long after noon."""
    return datetime.fromisoformat(told["expires_at"]) - NOON


@pytest.mark.failure("clock_behind")
def test_a_clock_that_is_behind_what_the_store_has_seen_stands_still_until_it_has_caught_up(engine, machine, service):
    judged(engine, at=NOON + TOLERANCE * 2)
    assert ask(service, "/readyz").json()["code"] == "clock_in_doubt"
    machine.run(TOLERANCE * 4 / 5)
    assert machine.clock() == NOON + TOLERANCE * 2
    assert refund_of(service, 0)["outcome"] != "instant"
    machine.run(TOLERANCE * 3 / 2)
    assert machine.clock() == NOON + TOLERANCE * 23 / 10
    assert ask(service, "/readyz").status_code == 200
    assert refund_of(service, 1)["outcome"] == "instant"


def test_a_clock_that_is_set_right_bit_by_bit_is_followed_and_never_goes_back(machine):
    told = []
    for step in (timedelta(seconds=3), -timedelta(seconds=2), TOLERANCE, -TOLERANCE):
        machine.run(timedelta(seconds=1))
        machine.jump(step)
        told.append(machine.clock())
    assert told == sorted(told)
    assert machine.clock.trouble == ""
    assert told[0] == NOON + timedelta(seconds=4)
