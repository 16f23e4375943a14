"""Nothing that became known after the test began may have been learned from."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import OneSided, SplitLeaks
from training.recipe import Split
from training.splits import cut

MONTHS = np.array([f"2024-{month:02d}-01" for month in range(1, 13)], dtype="datetime64[us]")
GAP = timedelta(days=90)


def parts(split, *, as_of=MONTHS, merchants=None, gap=GAP):
    names = merchants if merchants is not None else np.array(["m"] * len(as_of), dtype=object)
    return cut(split, as_of=as_of, merchants=names, gap=gap)


def test_a_date_splits_months_and_the_gap_between_is_used_by_neither():
    found = parts(Split(name="s", test_from=date(2024, 7, 1)))
    assert MONTHS[found.train].max() == np.datetime64("2024-04-01")
    assert MONTHS[found.test].min() == np.datetime64("2024-07-01")


def test_a_share_takes_the_last_months():
    assert parts(Split(name="s", test_share=0.25)).test.sum() == 3


def test_a_label_that_matures_at_the_first_test_moment_may_be_learned_from():
    found = parts(Split(name="s", test_from=date(2024, 4, 1)), gap=timedelta(days=91))
    assert MONTHS[found.train].max() == np.datetime64("2024-01-01")


def test_train_to_that_reaches_into_the_gap_is_refused_with_the_days_it_is_too_late():
    leaking = Split(name="s", test_from=date(2024, 7, 1), train_to=date(2024, 6, 1))
    with pytest.raises(SplitLeaks, match=r"split s: .* 60 days after the test begins"):
        parts(leaking)


def test_train_to_before_the_gap_is_honoured():
    found = parts(Split(name="s", test_from=date(2024, 7, 1), train_to=date(2024, 3, 1)))
    assert MONTHS[found.train].max() == np.datetime64("2024-03-01")


def test_a_stated_overlap_is_told_in_days():
    split = Split(name="s", test_from=date(2024, 7, 1), train_to=date(2024, 6, 1), overlap="stated")
    assert parts(split).overlap == "training labels mature up to 60 days after the test begins"


def test_a_split_without_overlap_states_none():
    assert parts(Split(name="s", test_from=date(2024, 7, 1))).overlap == ""


def test_unseen_merchants_are_those_that_were_never_learned_from():
    merchants = np.array(["old"] * 11 + ["new"], dtype=object)
    found = parts(Split(name="s", test_from=date(2024, 7, 1)), merchants=merchants)
    assert found.unseen.tolist() == [False] * 11 + [True]


def test_no_rows_at_all_are_refused():
    with pytest.raises(OneSided):
        parts(Split(name="s", test_share=0.5), as_of=MONTHS[:0])


@given(
    months=st.lists(st.integers(0, 47), min_size=2, max_size=60),
    share=st.floats(0.01, 0.9),
    days=st.integers(1, 400),
)
def test_every_training_label_is_mature_before_the_first_test_moment(months, share, days):
    as_of = np.datetime64("2020-01", "M") + np.array(months)
    as_of = as_of.astype("datetime64[us]")
    gap = timedelta(days=days)
    found = parts(Split(name="s", test_share=share), as_of=as_of, gap=gap)
    assert found.test.any()
    assert not (found.train & found.test).any()
    assert all(moment + np.timedelta64(gap) <= as_of[found.test].min() for moment in as_of[found.train])
