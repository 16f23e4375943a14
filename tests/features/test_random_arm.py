"""What inspections at random tell of how many sell fakes, and of how many of those are found otherwise."""

import doctest
from collections import defaultdict

import pytest
from hypothesis import given
from scipy.stats import binomtest

from features import random_arm as module
from features.log import FileLog
from features.random_arm import LEAST_CONFIRMED, LEAST_INSPECTED, Share, random_arm
from tests.features.build import a_log, write_log
from tests.features.naive import history, of_type, visible
from tests.features.strategies import MERCHANTS, logs
from tests.features.test_features_equal_their_definition import files_of
from tests.features.test_labels_equal_their_definition import LATER


def test_the_example_is_right():
    assert doctest.testmod(module).failed == 0


@pytest.fixture
def arm(tmp_path):
    def arm(story):
        return random_arm(FileLog([write_log(a_log(story), tmp_path / "events.parquet")], currency="CNY"))

    return arm


def inspections(count, *, failed=0, trigger="random", merchants="m", known="2024-03-10"):
    """One inspection of each of so many merchants, of which the first few fail."""
    return "".join(
        f"2024-03-10  inspection_completed  merchant_id={merchants}{n} listing_id=l{n} trigger={trigger} "
        f"outcome={'failed_counterfeit' if n < failed else 'passed'} known_at={known}\n"
        for n in range(count)
    )


@pytest.mark.parametrize(("found", "of"), [(0, 30), (3, 40), (30, 30), (1, 1000)])
def test_intervals_are_exact(found, of):
    share = Share.of_counts(found, of, least=30)
    exact = binomtest(found, of).proportion_ci(method="exact")
    assert (share.share, share.low, share.high) == (found / of, pytest.approx(exact.low), pytest.approx(exact.high))


def test_of_few_nothing_is_told_but_how_many_they_were(arm):
    told = arm(inspections(LEAST_INSPECTED - 1, failed=LEAST_CONFIRMED - 1))
    assert told.merchants == Share(found=LEAST_CONFIRMED - 1, of=LEAST_INSPECTED - 1)
    assert told.recall == Share(found=0, of=LEAST_CONFIRMED - 1)


def test_prevalence_is_by_merchant_and_by_listing_and_each_counts_once(arm):
    again = inspections(2, failed=1) + inspections(2, failed=2).replace("listing_id=l", "listing_id=other")
    told = arm(inspections(40, failed=4) + again)
    assert (told.merchants.found, told.merchants.of) == (4, 40)
    assert (told.listings.found, told.listings.of) == (6, 42)
    assert told.merchants.low < told.merchants.share == 4 / 40 < told.merchants.high


@pytest.mark.parametrize("trigger", ["report", "score", "brand"])
def test_other_inspections_say_nothing_of_prevalence(arm, trigger):
    told = arm(inspections(40) + inspections(10, failed=10, trigger=trigger))
    assert (told.merchants.found, told.merchants.of, told.recall.of) == (0, 40, 0)


def report(number, *, outcome="confirmed", known="2024-03-09"):
    about = f"merchant_id=m{number} report_id=r{number} outcome={outcome}"
    return f"2024-03-01  fake_report_resolved  {about} known_at={known}\n"


def test_recall_is_of_those_found_at_random_who_had_been_found_before(arm):
    story = inspections(40, failed=10) + report(0) + report(1, known="2024-03-10") + report(2, outcome="dismissed")
    other = "2024-03-01  inspection_completed  merchant_id=m3 trigger=score outcome=failed_counterfeit\n" + report(39)
    told = arm(story + other)
    assert (told.recall.found, told.recall.of, told.recall.share) == (2, 10, 0.2)


def test_what_was_taken_back_was_not_found(arm):
    story = inspections(40, failed=10) + "2024-04-01  event_reversed  merchant_id=m0 reverses=e1"
    assert (arm(story).merchants.found, arm(story).merchants.of) == (9, 39)


_ON_FAKES = (*["inspection_completed"] * 4, "fake_report_resolved")


def by_hand(log):
    """Found, inspected, listings found, listings inspected, recalled: counted one by one."""
    found = defaultdict(set)
    for merchant in MERCHANTS:
        live = visible(history([*log, LATER], merchant), LATER["event_time"])
        checks = of_type(live, "inspection_completed")
        arm = [one for one in checks if one.get("trigger") == "random"]
        hits = [one for one in arm if one["outcome"] == "failed_counterfeit"]
        others = [one for one in checks if one.get("trigger") in ("report", "score", "brand")]
        others = [one["known_at"] for one in others if one["outcome"] == "failed_counterfeit"]
        others += [one["known_at"] for one in of_type(live, "fake_report_resolved") if one["outcome"] == "confirmed"]
        for name, rows in (("inspected", arm), ("found", hits)):
            found[name] |= {merchant for _ in rows}
            found[f"listings {name}"] |= {(merchant, one["listing_id"]) for one in rows if one.get("listing_id")}
        if hits and others and min(others) < min(one["known_at"] for one in hits):
            found["recalled"].add(merchant)
    return tuple(
        len(found[name]) for name in ("found", "inspected", "listings found", "listings inspected", "recalled")
    )


@given(logs(types=_ON_FAKES, most=20))
def test_the_counts_are_those_of_counting_one_by_one(log):
    with files_of([*log, LATER]) as paths:
        told = random_arm(FileLog(paths, currency="CNY"))
    counts = (told.merchants.found, told.merchants.of, told.listings.found, told.listings.of, told.recall.found)
    assert counts == by_hand(log)
