"""Listings: what was learned of one, by hand and against a second, plain definition."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.listings import FEATURES
from features.listings import MOST_WITH_A_TITLE
from tests.features.build import a_log, engine_features, moment
from tests.features.naive import recency


@pytest.fixture
def asked(tmp_path):
    """A feature of the shop as of a midnight."""

    def asked(name, as_of, log):
        return engine_features(a_log(log), [("shop", moment(as_of))], folder=tmp_path, features=FEATURES)[
            name
        ].to_pylist()[0]

    return asked


RELISTED = """
2024-03-01  listing_changed       listing_id=L1 title=Silk-Scarf
2024-03-02  inspection_completed  listing_id=L1 outcome=failed_counterfeit
2024-03-03  fake_report_filed     report_id=R1 listing_id=L1 reporter_id=x reporter_kind=buyer
2024-03-04  fake_report_resolved  report_id=R1 outcome=confirmed
2024-03-05  listing_changed       listing_id=L1 status=off
2024-03-06  listing_changed       listing_id=L2 title=SILK-scarf!
2024-03-07  inspection_completed  listing_id=L2 outcome=failed_counterfeit
"""


@pytest.mark.parametrize(
    ("name", "as_of", "expected"),
    [
        ("worst_listing_fakes_confirmed_90d", "2024-03-03", 1),
        ("worst_listing_fakes_confirmed_90d", "2024-03-05", 2),
        ("worst_listing_fakes_confirmed_90d", "2024-03-08", 3),
        ("worst_listing_fakes_confirmed_90d", "2024-06-02", 2),
        ("worst_listing_fakes_confirmed_90d", "2024-06-03", 1),
        ("worst_listing_fakes_confirmed_365d", "2024-06-02", 3),
        ("n_listings_with_fakes_90d", "2024-03-06", 1),
        ("n_listings_with_fakes_90d", "2024-03-07", 1),
        ("n_listings_with_fakes_90d", "2024-03-08", 2),
        ("worst_listing_fake_reports_90d", "2024-03-08", 1),
        ("n_listings_reported_90d", "2024-03-06", 1),
        ("worst_listing_titles_changed_90d", "2024-03-10", 0),
    ],
)
def test_goods_that_are_listed_anew_keep_what_was_learned_of_them(asked, name, as_of, expected):
    assert asked(name, as_of, RELISTED) == expected


def test_of_reports_filed_under_one_id_the_latest_known_tells_the_listing(asked):
    log = """
    2024-03-01  fake_report_filed     report_id=R listing_id=L1 reporter_id=x reporter_kind=buyer
    2024-03-02  fake_report_resolved  report_id=R outcome=confirmed
    2024-03-03  inspection_completed  listing_id=L2 outcome=failed_counterfeit
    2024-03-04  fake_report_filed     report_id=R listing_id=L2 reporter_id=x reporter_kind=buyer
    """
    found = [asked("worst_listing_fakes_confirmed_90d", day, log) for day in ("2024-03-04", "2024-03-05")]
    assert found == [1, 2]


def test_titles_that_change_are_counted_by_listing(asked):
    log = """
    2024-03-01  listing_changed  listing_id=L1 title=Scarf
    2024-03-02  listing_changed  listing_id=L1 title=Hat
    2024-03-03  listing_changed  listing_id=L1 price_cents=5
    2024-03-04  listing_changed  listing_id=L1 title=Bag
    2024-03-04  listing_changed  listing_id=L2 title=Shoe
    """
    assert asked("worst_listing_titles_changed_90d", "2024-03-05", log) == 2
    assert asked("worst_listing_titles_changed_90d", "2024-06-01", log) == 1
    assert asked("titles_changed_per_listing_90d", "2024-03-05", log) == 1.0


@pytest.mark.parametrize(("times", "expected"), [(1, 2), (20, 2), (MOST_WITH_A_TITLE - 1, 2), (MOST_WITH_A_TITLE, 1)])
def test_goods_may_be_listed_anew_often_before_that_resets_anything(asked, times, expected):
    listed = [f"2024-03-01 listing_changed listing_id=L{n} title=case" for n in range(times + 1)]
    found = [f"2024-03-02 inspection_completed listing_id=L{n} outcome=failed_counterfeit" for n in (0, 1)]
    assert asked("worst_listing_fakes_confirmed_90d", "2024-03-03", "\n".join([*listed, *found])) == expected
    assert asked("n_listings_with_fakes_90d", "2024-03-03", "\n".join([*listed, *found])) == 2


# --- A second definition, from the words alone -----------------------------------------------------------------

START = moment("2024-01-01")
SHOPS = ["shop", "stall"]
LISTINGS = st.sampled_from(["A", "B", "C"])

happenings = st.one_of(
    st.builds(dict, event_type=st.just("listing_changed"), listing_id=LISTINGS,
              title=st.sampled_from(["Bag", "b-a-g", "hat", "!", None])),
    st.builds(dict, event_type=st.just("inspection_completed"), listing_id=LISTINGS,
              outcome=st.sampled_from(["failed_counterfeit", "passed"])),
    st.builds(dict, event_type=st.just("fake_report_filed"), report_id=st.sampled_from("12"), reporter_id=st.just("r"),
              reporter_kind=st.just("buyer"), listing_id=st.one_of(LISTINGS, st.none())),
    st.builds(dict, event_type=st.just("fake_report_resolved"), report_id=st.sampled_from("12"),
              outcome=st.sampled_from(["confirmed", "dismissed"]), listing_id=st.one_of(LISTINGS, st.none())),
)  # fmt: skip


@st.composite
def histories(draw):
    """Events of two shops with few listings, some known late, some taken back, and reports under ids used twice."""
    events = []
    for number in range(draw(st.integers(1, 25))):
        at = START + timedelta(days=draw(st.integers(0, 120)), hours=draw(st.integers(0, 23)))
        told = {"event_id": f"e{number}", "merchant_id": draw(st.sampled_from(SHOPS)), "event_time": at}
        told["known_at"] = at + timedelta(days=draw(st.sampled_from([0, 0, 0, 5, 100])))
        told |= draw(happenings)
        events.append(told)
        if draw(st.integers(0, 9)) == 0:
            when = at + timedelta(days=draw(st.integers(0, 50)))
            undone = {"event_type": "event_reversed", "event_id": f"r{number}", "reverses": f"e{number}"}
            events.append({**undone, "merchant_id": told["merchant_id"], "event_time": when, "known_at": when})
    return events


def renamings(live):
    """The changes that gave a listing another title than the one before."""
    titled = sorted((one for one in live if one.get("title")), key=recency)
    before, found = {}, set()
    for one in titled:
        if before.get(one["listing_id"], one["title"]) != one["title"]:
            found.add(one["event_id"])
        before[one["listing_id"]] = one["title"]
    return found


def is_fake(one):
    """Whether an event confirms a fake."""
    return one.get("outcome") in ("failed_counterfeit", "confirmed")


def naive(events, merchant, as_of):
    """Every feature about listings of a merchant, the slow way."""
    known = [one for one in events if one["known_at"] < as_of and one["merchant_id"] == merchant]
    taken_back = {one["reverses"] for one in known if one["event_type"] == "event_reversed"}
    live = sorted((one for one in known if one["event_id"] not in taken_back), key=recency)
    titles = {}
    for one in live:
        goods = "".join(letter for letter in (one.get("title") or "").lower() if letter.isalnum())
        if goods:
            titles.setdefault(goods, set()).add(one["listing_id"])
    reports = {one["report_id"]: one["listing_id"] for one in live if one["event_type"] == "fake_report_filed"}

    def listing(one):
        told = one["event_type"] == "fake_report_resolved" and reports.get(one["report_id"])
        return one.get("listing_id") or told or None

    def counted(name, days):
        goods = {other for own in titles.values() if name in own and len(own) <= MOST_WITH_A_TITLE for other in own}
        recent = [one for one in live if one["event_time"] >= as_of - timedelta(days=days)]
        return [one for one in recent if listing(one) in goods | {name}]

    every = {name for name in map(listing, live) if name}
    listed = {one["listing_id"] for one in live if one["event_type"] == "listing_changed"}
    renamed = renamings(live)
    answer = {}
    for days in (90, 365):
        found = [counted(name, days) for name in every]
        fakes = [sum(map(is_fake, own)) for own in found]
        filed = [sum(one["event_type"] == "fake_report_filed" for one in own) for own in found]
        with_fakes = {listing(one) for own in found for one in own if is_fake(one)}
        reported = {listing(one) for own in found for one in own if one["event_type"] == "fake_report_filed"}
        retitled = [sum(one["event_id"] in renamed for one in own) for own in found]
        since = as_of - timedelta(days=days)
        recent = [one for one in live if one["event_id"] in renamed and one["event_time"] >= since]
        answer[f"worst_listing_titles_changed_{days}d"] = max(retitled, default=0)
        answer[f"titles_changed_per_listing_{days}d"] = len(recent) / len(listed) if listed else None
        answer[f"worst_listing_fakes_confirmed_{days}d"] = max(fakes, default=0)
        answer[f"n_listings_with_fakes_{days}d"] = len(with_fakes)
        answer[f"worst_listing_fake_reports_{days}d"] = max(filed, default=0)
        answer[f"n_listings_reported_{days}d"] = len(reported)
    return answer


@given(histories(), st.sets(st.integers(1, 300), min_size=1, max_size=3))
def test_every_feature_of_listings_is_what_its_words_say(tmp_path_factory, events, days):
    rows = [(one, START + timedelta(days=day)) for one in SHOPS for day in days]
    found = engine_features(events, rows, folder=tmp_path_factory.mktemp("listings"), features=FEATURES)
    expected = [naive(events, *row) for row in rows]
    assert set(expected[0]) == {feature.name for feature in FEATURES}
    assert [{name: row[name] for name in expected[0]} for row in found.to_pylist()] == expected
