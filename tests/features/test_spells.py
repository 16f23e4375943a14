"""Spells against their meaning, moment by moment."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.spells import FOREVER, Spells, highest, intersect, match, minus, peaks, union

MOMENTS = range(-1, 12)
ENDS = st.one_of(st.integers(0, 10), st.just(int(FOREVER)))
RUNS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), ENDS, st.integers(0, 4)), max_size=12)


def spells_of(runs):
    lasting = [run for run in runs if run[1] < run[2]]
    columns = [np.array([run[i] for run in lasting], dtype=np.int64) for i in range(4)]
    return Spells(key=columns[0], start=columns[1], end=columns[2]), columns[3]


def running(spells, key, moment):
    return [i for i in range(len(spells.key)) if spells.key[i] == key and spells.start[i] <= moment < spells.end[i]]


def one_a_key(spells):
    return spells.where(np.isin(np.arange(len(spells.key)), np.unique(spells.key, return_index=True)[1]))


@given(RUNS)
def test_a_union_runs_while_any_of_its_spells_does_and_its_stretches_never_touch(runs):
    spells, _ = spells_of(runs)
    whole = union(spells)
    for key in range(3):
        for moment in MOMENTS:
            assert len(running(whole, key, moment)) == bool(running(spells, key, moment))
    assert not np.any((whole.key[1:] == whole.key[:-1]) & (whole.start[1:] <= whole.end[:-1]))


@given(RUNS, RUNS)
def test_an_intersection_runs_while_both_do(left, right):
    left, right = one_a_key(spells_of(left)[0]), union(spells_of(right)[0])
    both = intersect(left, right)
    for key in range(3):
        for moment in MOMENTS:
            expected = bool(running(left, key, moment)) and bool(running(right, key, moment))
            assert len(running(both, key, moment)) == expected


@given(RUNS, RUNS)
def test_a_difference_runs_while_the_left_does_and_the_right_does_not(left, right):
    left, right = one_a_key(spells_of(left)[0]), spells_of(right)[0]
    rest = minus(left, right)
    for key in range(3):
        for moment in MOMENTS:
            expected = bool(running(left, key, moment)) and not running(right, key, moment)
            assert len(running(rest, key, moment)) == expected


@given(RUNS)
def test_a_token_stands_at_the_greatest_height_that_runs(runs):
    spells, height = spells_of(runs)
    moves = peaks(spells, height)
    for key in range(3):
        for moment in MOMENTS:
            now = running(moves, key, moment)
            heights = [int(height[i]) for i in running(spells, key, moment)]
            assert [int(moves.height[i]) for i in now] == ([max(heights)] if heights else [])


@given(st.lists(st.integers(-1, 4), max_size=8), st.lists(st.integers(-1, 4), max_size=8))
def test_match_finds_every_pair_of_equal_keys_and_no_other(left, right):
    rows, others = match(np.array(left, dtype=np.int64), np.array(right, dtype=np.int64))
    expected = sorted((i, j) for i, a in enumerate(left) for j, b in enumerate(right) if a == b >= 0)
    assert sorted(zip(rows.tolist(), others.tolist(), strict=True)) == expected


@given(RUNS, st.integers(1, 3))
def test_the_highest_are_as_many_as_may_count_and_no_lower_one_is_among_them(runs, most):
    spells, height = spells_of(runs)
    chosen = highest(spells, height, most)
    for key in range(3):
        for moment in MOMENTS:
            runs_now = sorted(running(spells, key, moment), key=lambda i: (height[i], i), reverse=True)
            now = [i for i in range(len(chosen.key)) if chosen.start[i] <= moment < chosen.end[i]]
            counted = sorted(int(chosen.key[i]) for i in now if spells.key[chosen.key[i]] == key)
            assert counted == sorted(runs_now[:most])
