"""Kinds of merchants are told apart, and unfairness is only called so beyond chance."""

import numpy as np
import pytest

from training.segments import AGES, by_group, by_month, grouped, unfair, unjudged


def rows(*, wronged: float, count: int = 4000):
    """Good and bad merchants of two regions; good ones of the north are called risky this often, others one in ten."""
    random = np.random.default_rng(0)
    region = np.where(np.arange(count) % 2, "north", "south").astype(object)
    y = (random.random(count) < 0.2).astype(np.int8)
    share = np.where(y == 1, 0.7, np.where(region == "north", wronged, 0.1))
    p = np.where(random.random(count) < share, 0.9, 0.1)
    merchants = np.array([f"m{number}" for number in range(count)], dtype=object)
    return y, p, merchants, {"region": region}


def test_a_region_that_is_wronged_twice_as_often_is_unfair():
    groups = {one.name: one for one in by_group(*rows(wronged=0.2), cutoff=0.5)}
    assert groups["north"].unfair
    assert groups["north"].ratio.value == pytest.approx(2.0, abs=0.3)
    assert not groups["south"].unfair
    worst = unfair(tuple(groups.values()))
    assert (worst.group, worst.ratio) == ("region north", groups["north"].ratio.value)


def test_regions_treated_alike_are_fair():
    assert unfair(by_group(*rows(wronged=0.1), cutoff=0.5)).group == ""


def test_what_chance_explains_is_not_called_unfair():
    y, p, merchants, groups = rows(wronged=0.13, count=200)
    assert not any(one.unfair for one in by_group(y, p, merchants, groups, cutoff=0.5))


def test_a_category_may_differ_and_a_tiny_group_is_not_judged():
    y, p, merchants, groups = rows(wronged=0.2)
    assert not any(one.unfair for one in by_group(y, p, merchants, {"category": groups["region"]}, cutoff=0.5))
    tiny = np.array(["north"] * 10 + ["south"] * 3990, dtype=object)
    north = by_group(y, p, merchants, {"region": tiny}, cutoff=0.5)[0]
    assert np.isnan(north.ratio.value)
    assert north.rows == 10
    assert unjudged(by_group(y, p, merchants, {"region": tiny, "category": tiny}, cutoff=0.5)) == ("region north",)


def test_a_groups_figures_are_those_of_its_rows():
    y, p, merchants, groups = rows(wronged=0.2)
    mine = groups["region"] == "north"
    north = by_group(y, p, merchants, groups, cutoff=0.5)[0]
    assert (north.rows, north.bad) == (mine.sum(), y[mine].sum())
    assert north.wrong == pytest.approx((p[mine & (y == 0)] >= 0.5).mean())


def test_ages_begin_on_their_day():
    assert grouped([89, 90, 364, 365, None], AGES).tolist() == [
        "under 90 days old", "90 to 364 days", "90 to 364 days", "one to two years", "not known",
    ]  # fmt: skip


def test_months_come_in_order_with_what_was_predicted_and_what_came():
    as_of = np.array(["2024-02-01", "2024-01-01", "2024-02-01"], dtype="datetime64[us]")
    merchants = np.array(["a", "a", "b"], dtype=object)
    first, second = by_month(np.array([1, 0, 0], dtype=np.int8), np.array([0.8, 0.1, 0.2]), merchants, as_of)
    assert (first.as_of, first.rows, first.bad) == ("2024-01-01", 1, 0)
    assert (second.rows, second.bad, second.expected, second.auc.value) == (2, 1, pytest.approx(0.5), 1.0)
    assert (second.seen.value, second.seen.low, second.seen.high) == (0.5, 0.0, 1.0)
