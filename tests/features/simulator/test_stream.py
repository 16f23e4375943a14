"""A log told by a clock that runs faster: everything once, in order, never too early, and lateness is told."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from features.errors import LogUnreadable, StreamFailed
from features.simulator.receiver import Taken
from features.simulator.stream import Pace, Streamer, opened_outbox
from tests.features.build import write_log

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
LATER = FIRST + 100 * DAY


class Clock:
    """A clock that moves only while somebody sleeps or works."""

    def __init__(self, now=LATER):
        self.now = now

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


class Listener:
    """Takes events and notes when; each request takes it some seconds."""

    def __init__(self, clock, *, takes=0.0, rejects=False):
        self.clock, self.takes, self.rejects = clock, takes, rejects
        self.requests = []

    def send(self, events):
        told = [json.loads(event) for event in events]
        self.requests.append((self.clock(), told))
        self.clock.sleep(self.takes)
        if self.rejects:
            return Taken(accepted=0, duplicates=0, rejected=(("event_id_conflict", "other content"),) * len(told))
        return Taken(accepted=len(told), duplicates=0, rejected=())

    @property
    def ids(self):
        return [event["event_id"] for _, told in self.requests for event in told]


def an_order(number, at, **changes):
    order = {"event_id": f"e{number:05}", "event_type": "order_placed", "merchant_id": "m1", "event_time": at}
    return {**order, "known_at": at, "order_id": f"o{number}", "amount_cents": 100, **changes}


def orders(count, *, every, begin=FIRST):
    return [an_order(number, begin + number * every) for number in range(count)]


def streamed(tmp_path, events, *, speed, live, now=LATER, **manners):
    """What a listener was told of a log, and what was said meanwhile."""
    clock, said = Clock(now), []
    listener = Listener(clock, **manners)
    streamer = Streamer(receiver=listener, clock=clock, sleep=clock.sleep, say=said.append)
    with opened_outbox(write_log(events, tmp_path / "log[1].parquet")) as outbox:
        streamer.run(outbox, speed=speed, live=live)
    return listener, streamer.told, said


def test_everything_goes_out_once_in_the_order_in_which_it_became_known(tmp_path):
    events = orders(500, every=HOUR)
    listener, told, _ = streamed(tmp_path, events[::-1], speed=10_000, live=5 * DAY)
    assert listener.ids == [event["event_id"] for event in events]
    assert (told.accepted, told.until) == (500, events[-1]["known_at"])


def test_what_is_before_the_live_days_goes_out_at_once_in_full_requests(tmp_path):
    listener, _, _ = streamed(tmp_path, orders(2_501, every=HOUR / 2), speed=1000, live=DAY)
    at_once = [len(told) for when, told in listener.requests if when == LATER]
    assert at_once == [1000, 1000, 453]


def test_the_live_days_take_as_long_as_the_speed_says(tmp_path):
    listener, told, _ = streamed(tmp_path, orders(201, every=HOUR), speed=1000, live=5 * DAY)
    assert 431 < (listener.requests[-1][0] - LATER).total_seconds() <= 433
    assert told.behind <= timedelta(seconds=1)


@pytest.mark.parametrize("speed", [7, 1000, 33_333, 1_000_000])
def test_nothing_is_told_before_its_moment(tmp_path, speed):
    listener, told, _ = streamed(tmp_path, orders(50, every=HOUR), speed=speed, live=DAY)
    since = FIRST + 25 * HOUR
    for when, sent in listener.requests:
        shown = since + (when - LATER) * speed
        assert all(datetime.fromisoformat(event["known_at"]) <= max(shown, since) for event in sent)
    assert told.accepted == 50


def test_a_clock_that_catches_up_with_ours_goes_on_with_it(tmp_path):
    now = FIRST + 10 * HOUR
    listener, told, _ = streamed(tmp_path, orders(20, every=HOUR), speed=3600, live=5 * HOUR, now=now)
    assert all(datetime.fromisoformat(event["known_at"]) <= when for when, sent in listener.requests for event in sent)
    assert (told.accepted, listener.requests[-1][0]) == (20, FIRST + 19 * HOUR)


def test_a_slow_service_gets_more_at_once_and_how_late_that_is_is_told(tmp_path):
    listener, told, said = streamed(tmp_path, orders(200, every=HOUR), speed=3600, live=4 * DAY, takes=20)
    live = [sent for when, sent in listener.requests if when > LATER + timedelta(seconds=20)]
    assert max(map(len, live)) >= 20
    assert told.behind > timedelta(seconds=15)
    assert any("slower than the clock" in line for line in said)


def test_a_quick_service_is_not_called_slow(tmp_path):
    _, _, said = streamed(tmp_path, orders(200, every=HOUR), speed=3600, live=4 * DAY, takes=0.3)
    assert not any("slower" in line for line in said)


def test_each_day_says_how_far_it_is(tmp_path):
    _, _, said = streamed(tmp_path, orders(97, every=HOUR), speed=3600, live=3 * DAY)
    days = [line for line in said if line.startswith("2026-")]
    assert [line.split(":")[0] for line in days] == ["2026-06-03", "2026-06-04", "2026-06-05"]


def test_who_takes_nothing_of_the_first_request_is_not_sent_a_second(tmp_path):
    with pytest.raises(StreamFailed, match="none of the first 1,000 events: event_id_conflict"):
        streamed(tmp_path, orders(3000, every=HOUR), speed=1000, live=DAY, rejects=True)


def test_an_event_that_does_not_say_when_it_became_known_did_so_when_it_happened(tmp_path):
    listener, _, _ = streamed(tmp_path, [an_order(1, FIRST, known_at=None)], speed=1000, live=DAY)
    ((_, (event,)),) = listener.requests
    assert datetime.fromisoformat(event["known_at"]) == FIRST


def test_a_log_without_events_is_nothing_to_send(tmp_path):
    with pytest.raises(StreamFailed, match="no events"):
        streamed(tmp_path, [], speed=1000, live=DAY)


def test_a_file_that_is_no_log_is_named(tmp_path):
    (tmp_path / "log.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(LogUnreadable, match=r"log\.parquet"), opened_outbox(tmp_path / "log.parquet"):
        pass


def test_the_clock_shows_the_end_once_it_is_there_whatever_the_rounding():
    pace = Pace(begin=FIRST, end=FIRST + 7 * DAY - timedelta(microseconds=1), speed=999_983, started=LATER)
    assert pace.shows(pace.comes(pace.end)) == pace.end
