"""Tiles are facts added up: however facts are split, what is counted stays the same."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.engine import COLUMNS_KEPT
from features.facts import Facts, Lexicon, resolve
from features.kernel import Moments, window_sums, windows_of
from features.log import FileLog
from features.measures import Column, Events, Happenings, Measure
from features.partition import divided
from features.tiles import added, tiles
from tests.features.build import write_log
from tests.features.strategies import logs

ORDERS = Happenings(of=Events(event_type="order_placed"))
MEASURES = (Measure(source=ORDERS), Measure(source=ORDERS, amount=Column(column="amount_cents")))
WINDOWS = (7, 30, None)

FACTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 50), st.integers(-3, 3), st.integers(-9, 9)),
    max_size=25,
)


def facts_of(rows):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Facts(merchant=columns[0], clock=columns[1], known=columns[2], amounts=columns[3:], measures=MEASURES)


def every_moment(days=range(60)):
    pairs = [(merchant, day) for merchant in range(3) for day in sorted(days)]
    merchant, day = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Moments(merchant=merchant, day=day)


def counted(facts, moments=None):
    numbers = [(measure, days) for measure in MEASURES for days in WINDOWS]
    return {
        number: sums.tolist()
        for number, sums in window_sums(facts, moments or every_moment(), windows_of(numbers)).items()
    }


def moments_around(facts):
    entered = np.maximum(facts.clock, facts.known).tolist()
    return every_moment({day + later for day in entered for later in (0, 1, 7, 8, 30, 31)})


def same(left, right):
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in Facts.__dataclass_fields__)


@given(FACTS)
def test_a_window_sums_what_is_past_known_and_not_yet_too_old(rows):
    found = window_sums(facts_of(rows), every_moment(), windows_of((measure, 7) for measure in MEASURES))
    sums = np.stack([found[measure, 7] for measure in MEASURES])
    for place, (merchant, day) in enumerate(zip(every_moment().merchant, every_moment().day, strict=True)):
        inside = [r for r in rows if r[0] == merchant and day - 7 <= r[1] < day and r[2] < day]
        assert sums[:, place].tolist() == [sum(r[3] for r in inside), sum(r[4] for r in inside)]


@given(FACTS)
def test_tiles_count_what_their_facts_count(rows):
    assert counted(tiles(facts_of(rows))) == counted(facts_of(rows))


@given(FACTS, st.data())
def test_tiles_of_the_parts_add_up_to_the_tiles_of_the_whole(rows, data):
    parts = [data.draw(st.integers(0, 2)) for _ in rows]
    split = [facts_of([row for row, own in zip(rows, parts, strict=True) if own == part]) for part in range(3)]
    assert same(added([tiles(part) for part in split]), tiles(facts_of(rows)))


@given(FACTS, st.randoms(use_true_random=False))
def test_the_order_of_facts_means_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert same(tiles(facts_of(shuffled)), tiles(facts_of(rows)))


@settings(max_examples=40)
@given(logs(), st.integers(1, 3))
def test_the_facts_of_any_log_may_be_split_and_added_up_as_tiles(log, parts):
    assume(log)
    for facts in resolved(log):
        split = [part_of(facts, number, parts) for number in range(parts)]
        assert same(added([tiles(part) for part in split]), tiles(facts))
        assert counted(added(split), moments_around(facts)) == counted(facts, moments_around(facts))


def resolved(log):
    with TemporaryDirectory() as folder:
        source = FileLog([write_log(log, Path(folder) / "events.parquet")], currency="CNY")
        with divided(source, COLUMNS_KEPT, parts=1) as parted:
            measures = dict.fromkeys(measure for feature in CATALOGUE for measure, _ in feature.numbers)
            return resolve(parted.part(0), measures, Lexicon())


def part_of(facts, number, parts):
    chosen = np.arange(len(facts.clock)) % parts == number
    return Facts(merchant=facts.merchant[chosen], clock=facts.clock[chosen], known=facts.known[chosen],
                 amounts=facts.amounts[:, chosen], measures=facts.measures)  # fmt: skip


def test_facts_of_different_measures_cannot_be_added_up():
    other = Facts(merchant=np.array([0]), clock=np.array([0]), known=np.array([0]),
                  amounts=np.array([[1]]), measures=MEASURES[:1])  # fmt: skip
    with pytest.raises(ValueError, match="different measures"):
        added([facts_of([(0, 0, 0, 1, 1)]), other])
