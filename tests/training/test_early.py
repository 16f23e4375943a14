"""What rises before labels mature is told where it is more than chance, and only of those who were there before."""

from datetime import UTC, datetime

import numpy as np
import pytest

from training.early import Early, Week

WEEK = datetime(2026, 11, 1, tzinfo=UTC)


def a_week(values, *, names=None):
    names = names or [f"m{number}" for number in range(len(values))]
    return Week(as_of=WEEK, merchants=np.array(names, dtype=object), figures={"late": np.array(values, dtype=float)})


def early(*weeks):
    return Early.of(weeks, rise=0.02, merchants=50)


def around(mean, *, count=100):
    return np.random.default_rng(0).normal(mean, 0.05, count)


@pytest.mark.parametrize(("now", "risen"), [(0.2, ("late",)), (0.1, ()), (0.05, ())])
def test_only_what_has_risen_by_enough_is_a_sign(now, risen):
    assert early(a_week(around(0.1)), a_week(around(now)[::-1])).risen == risen


def test_few_merchants_give_no_sign():
    assert early(a_week(around(0.1, count=40)), a_week(around(0.5, count=40))).risen == ()


def test_newcomers_are_no_rise():
    old, new = around(0.1), around(0.9)
    names = [f"m{number}" for number in range(200)]
    found = early(a_week(old), a_week([*old, *new], names=names))
    assert (found.risen, found.signs[0].merchants) == ((), 100)
    assert found.weeks[-1].mean("late") == pytest.approx(0.5, abs=0.02)


def test_a_merchant_without_the_figure_is_left_out_and_a_figure_of_nobody_is_null():
    found = early(a_week([0.1, np.nan, 0.3]), a_week([0.2, 0.2, np.nan]))
    assert found.signs[0].merchants == 1
    assert early(a_week([np.nan]), a_week([np.nan])).plain()["weeks"][0]["late"] is None
