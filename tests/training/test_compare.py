"""Versions are compared on the rows on which both were tested, and on no others."""

import pytest

from tests.training.build import FakeRegistry, judged_rows
from training.compare import compare
from training.errors import VersionUnknown


def pair(first, second):
    registry = FakeRegistry(v1=0.7, v2=0.8)
    registry.files = {version: file for version, file in (("1", first), ("2", second)) if file}
    return compare(registry, "credit", "1", "2", resamples=200)


def test_the_better_one_is_named_with_an_interval():
    found = pair(judged_rows(noise=2.0), judged_rows(noise=0.2))
    assert found.verdict == "2 is better"
    assert 0 < found.gain.low < found.gain.value < found.gain.high
    assert pair(judged_rows(noise=0.2), judged_rows(noise=2.0)).verdict == "1 is better"


def test_a_version_is_no_better_than_itself():
    found = pair(judged_rows(noise=0.5), judged_rows(noise=0.5))
    assert (found.gain.value, found.verdict) == (0.0, "no difference beyond chance")


def test_only_common_rows_count():
    found = pair(judged_rows(noise=0.5, first=0, count=600), judged_rows(noise=0.5, first=200, count=600))
    assert found.shared == 400
    assert found.judged[0].rows == found.judged[1].rows == 400


@pytest.mark.parametrize("other", [None, judged_rows(noise=0.5, first=590, count=600)])
def test_too_few_common_rows_leave_what_is_on_record(other):
    found = pair(judged_rows(noise=0.5), other)
    assert found.gain is None
    assert found.verdict.startswith("cannot be paired")
    assert found.plain()["second"]["on_record"]["auc"] == 0.8


def test_a_version_that_does_not_exist_is_not_compared():
    with pytest.raises(VersionUnknown):
        compare(FakeRegistry(v1=0.7), "credit", "1", "9")
