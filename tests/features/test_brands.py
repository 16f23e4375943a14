"""Brands: norms, authorisations and what was learned elsewhere, by hand and against a second, plain definition."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.brands import FEATURES
from features.norms import mondays
from tests.features.build import a_log, engine_features, moment
from tests.features.naive_brands import SHOPS, brands
from tests.features.strategies import known_at
from tests.features.test_live_equals_offline import a_store, add, differences, live, offline


@pytest.fixture
def asked(tmp_path):
    """A feature of some merchants as of a midnight."""

    def asked(name, as_of, log, *merchants):
        rows = [(one, moment(as_of)) for one in merchants or ("shop",)]
        return engine_features(a_log(log), rows, folder=tmp_path, features=FEATURES)[name].to_pylist()

    return asked


# --- Authorisations --------------------------------------------------------------------------------------------

SELLS = "2024-03-01T09:00 listing_changed listing_id=L brand=Acme category=bags price_cents=900\n"
PAPER = "2024-03-01T09:00 qualification_checked qualification=brand_authorisation"


@pytest.mark.parametrize(
    ("paper", "without"),
    [
        pytest.param("brand=Acme category=bags outcome=passed", 0, id="its brand and category"),
        pytest.param("brand=Acme outcome=passed", 0, id="its brand in every category"),
        pytest.param("brand=Acme category=shoes outcome=passed", 1, id="another category"),
        pytest.param("brand=Other outcome=passed", 1, id="another brand"),
        pytest.param("outcome=passed", 1, id="no brand"),
        pytest.param("brand=Acme outcome=failed", 1, id="failed"),
        pytest.param("brand=Acme outcome=passed valid_until=2024-03-10", 0, id="on its last day"),
        pytest.param("brand=Acme outcome=passed valid_until=2024-03-09", 1, id="the day after its last"),
    ],
)
def test_an_authorisation_counts_for_its_own_brand_and_category(asked, paper, without):
    assert asked("n_brands_unauthorised", "2024-03-10", f"{SELLS}{PAPER} {paper}") == [without]


def test_an_authorisation_runs_out_by_itself(asked):
    log = f"{SELLS}{PAPER} brand=Acme outcome=passed valid_until=2024-03-10"
    assert [asked("n_brands_unauthorised", day, log) for day in ("2024-03-10", "2024-03-11")] == [[0], [1]]


def test_the_latest_check_of_a_brand_tells(asked):
    log = f"{SELLS}{PAPER} brand=Acme outcome=passed\n{PAPER.replace('03-01', '03-05')} brand=Acme outcome=expired"
    found = [asked("brands_unauthorised_share", day, log) for day in ("2024-03-05", "2024-03-06")]
    assert found == [[0.0], [1.0]]


def test_what_is_off_is_not_sold_and_what_is_listed_anew_is(asked):
    log = (
        SELLS + "2024-03-02 listing_changed listing_id=L status=off\n2024-03-05 listing_changed listing_id=L status=on"
    )
    assert [asked("n_brands_sold", f"2024-03-0{day}", log)[0] for day in (2, 3, 6)] == [1, 0, 1]


ORDERED = """
2024-03-01T12:00 order_placed order_id=A amount_cents=1 brand=Acme category=bags # the day on which the paper came
2024-03-02T12:00 order_placed order_id=B amount_cents=1 brand=Acme category=bags
2024-03-05T12:00 order_placed order_id=C amount_cents=1 brand=Acme category=bags # its last day
2024-03-06T12:00 order_placed order_id=D amount_cents=1 brand=Acme category=bags
2024-03-06T12:00 order_placed order_id=E amount_cents=1
"""


def test_orders_of_a_brand_without_an_authorisation_are_counted(asked):
    log = f"{ORDERED}{PAPER} brand=Acme category=bags outcome=passed valid_until=2024-03-05"
    found = [asked("n_orders_unauthorised_30d", f"2024-03-0{day}", log)[0] for day in (2, 3, 6, 7)]
    assert found == [1, 1, 1, 2]
    assert asked("orders_unauthorised_rate_30d", "2024-03-07", log) == [2 / 4]
    assert asked("n_orders_unauthorised_30d", "2024-03-07", log.replace("=bags outcome", "=shoes outcome")) == [4]


def test_a_paper_that_is_told_of_after_an_order_that_it_covers_is_no_less_known_live():
    log = a_log(f"{ORDERED}{PAPER} brand=Acme outcome=passed")
    with a_store() as store:
        for event in log:
            add(store, [event], at=moment("2024-03-07"))
        found = live(store, moment("2024-03-08"))
        assert found[0]["n_orders_unauthorised_30d"] == 1
        assert differences(found, offline(store, moment("2024-03-08"))) == []


# --- Norms -----------------------------------------------------------------------------------------------------

#: Friday, 1 March 2024.
FIVE = "\n".join(
    f"2024-03-01 listing_changed merchant_id={shop} listing_id=L brand=Acme category=bags price_cents={price}"
    for shop, price in zip("abcde", (1000, 2000, 3000, 4000, 1499), strict=True)
)


def test_the_norm_is_the_middle_price_of_five_merchants_and_is_taken_on_a_monday(asked):
    assert asked("lowest_price_to_norm", "2024-03-03", FIVE, *"abe") == [None] * 3
    assert asked("lowest_price_to_norm", "2024-03-04", FIVE, *"abe") == [50, 100, 74]
    four = FIVE.replace("merchant_id=e", "merchant_id=d").replace("listing_id=L brand", "listing_id=M brand", 1)
    assert asked("lowest_price_to_norm", "2024-03-04", four, *"ab") == [None] * 2


def test_a_listing_below_half_of_the_norm_is_cheap_at_once(asked):
    log = f"{FIVE}\n2024-03-05T09:00 listing_changed merchant_id=a listing_id=L price_cents=999"
    assert [asked("n_cheap_brand_listings", day, log, "a") for day in ("2024-03-05", "2024-03-06")] == [[0], [1]]
    assert asked("cheap_brand_listing_share", "2024-03-06", log, *"ab") == [1.0, 0.0]


def test_one_merchant_with_many_listings_has_one_voice(asked):
    many = "\n".join(
        f"2024-03-01 listing_changed merchant_id=a listing_id=M{n} brand=Acme category=bags price_cents=9"
        for n in range(20)
    )
    assert asked("lowest_price_to_norm", "2024-03-04", f"{FIVE}\n{many}", "b") == [100]


def test_mondays_are_mondays():
    found = [date(1970, 1, 1) + timedelta(days=int(day)) for day in mondays(19783, 19800)]
    assert [str(day) for day in found] == ["2024-03-04", "2024-03-11", "2024-03-18", "2024-03-25"]
    assert {day.weekday() for day in found} == {0}


# --- What was learned of a brand -------------------------------------------------------------------------------

FAKED = f"""{FIVE}
2024-03-02 inspection_completed merchant_id=a brand=Acme outcome=failed_counterfeit
2024-03-02 inspection_completed merchant_id=z brand=Acme outcome=failed_counterfeit
2024-03-02 inspection_completed merchant_id=z brand=Other outcome=failed_counterfeit
2024-03-02 fake_report_filed    merchant_id=a brand=Acme report_id=R reporter_id=x reporter_kind=buyer
2024-03-05 fake_report_resolved merchant_id=a report_id=R outcome=confirmed
"""


def test_fakes_of_a_brand_are_told_here_and_elsewhere(asked):
    assert asked("worst_brand_fakes_confirmed_90d", "2024-03-06", FAKED, *"abz") == [2, 0, 1]
    assert asked("brand_fakes_elsewhere_90d", "2024-03-06", FAKED, *"abz") == [1, 2, 0]
    assert asked("brand_fakes_elsewhere_90d", "2024-03-11", FAKED, *"ab") == [1, 3]
    assert asked("brand_fake_reports_elsewhere_90d", "2024-03-11", FAKED, *"ab") == [0, 1]


BY_LISTING = """
2024-03-01  listing_changed       merchant_id=a listing_id=L brand=Acme title=Tea
2024-03-02  inspection_completed  merchant_id=a listing_id=L outcome=failed_counterfeit
2024-03-02  fake_report_filed     merchant_id=a listing_id=L report_id=R reporter_id=x reporter_kind=buyer
2024-03-03  fake_report_resolved  merchant_id=a report_id=R outcome=confirmed
2024-03-04  listing_changed       merchant_id=a listing_id=L brand=Acme title=Bag
2024-03-05  inspection_completed  merchant_id=a brand=Acme outcome=failed_counterfeit
2024-03-06  listing_changed       merchant_id=a listing_id=L brand=Hush title=Bag
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("worst_brand_fakes_confirmed_90d", 3),
        ("worst_brand_fake_reports_90d", 1),
        ("worst_brand_titles_changed_90d", 1),
    ],
)
def test_what_names_no_brand_was_learned_of_those_of_its_listing(asked, name, expected):
    assert asked(name, "2024-03-10", BY_LISTING, "a") == [expected]


# --- A second definition, from the words alone -----------------------------------------------------------------

START = moment("2024-01-01")
BRANDS, GOODS = st.sampled_from(["Acme", "Acme", "Hush", None]), st.sampled_from(["bags", "bags", "shoes", None])
PRICES = st.sampled_from([0, 100, 210, 450, 900, 999999, None])
LISTINGS = st.sampled_from(["L", "M", None])
reports = {"report_id": st.sampled_from("12"), "reporter_id": st.just("r"), "reporter_kind": st.just("buyer")}
happenings = st.one_of(
    *[st.builds(dict, event_type=st.just("listing_changed"), listing_id=st.sampled_from("LM"), brand=BRANDS,
                category=GOODS, price_cents=PRICES, status=st.sampled_from(["on", "on", None, "off", "recalled"]),
                title=st.sampled_from(["Tea", "tea", None, None]))] * 3,
    st.builds(dict, event_type=st.just("qualification_checked"), brand=BRANDS, category=GOODS,
              qualification=st.sampled_from(["brand_authorisation"] * 3 + ["identity"]),
              outcome=st.sampled_from(["passed", "passed", "failed", "expired"]),
              valid_until=st.sampled_from([None, date(2024, 2, 4), date(2024, 2, 5), date(2024, 4, 1)])),
    st.builds(dict, event_type=st.just("order_placed"), order_id=st.just("o"), amount_cents=st.just(1), brand=BRANDS,
              category=GOODS),
    st.builds(dict, event_type=st.just("inspection_completed"), brand=BRANDS, listing_id=LISTINGS,
              outcome=st.sampled_from(["failed_counterfeit", "passed"])),
    st.builds(dict, event_type=st.just("fake_report_filed"), brand=BRANDS, listing_id=LISTINGS, **reports),
    st.builds(dict, event_type=st.just("fake_report_resolved"), brand=BRANDS, listing_id=LISTINGS,
              report_id=reports["report_id"], outcome=st.sampled_from(["confirmed", "dismissed"])),
)  # fmt: skip


@st.composite
def histories(draw):
    """Events of seven shops, all with a listing of one brand; some known late, some taken back."""
    events = [
        {"event_id": f"s{shop}", "merchant_id": shop, "event_type": "listing_changed", "event_time": START,
         "known_at": START, "listing_id": "L", "brand": "Acme", "category": "bags", "price_cents": 500, "status": "on"}
        for shop in SHOPS
    ]  # fmt: skip
    for number in range(draw(st.integers(1, 30))):
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


@given(histories(), st.sets(st.integers(1, 300), min_size=1, max_size=3))
def test_every_feature_of_brands_is_what_its_words_say(tmp_path_factory, events, days):
    rows = [(one, START + timedelta(days=day)) for one in SHOPS for day in days]
    found = engine_features(events, rows, folder=tmp_path_factory.mktemp("brands"), features=FEATURES).to_pylist()
    expected = [brands(events, *row) for row in rows]
    assert set(expected[0]) == {feature.name for feature in FEATURES}
    assert [{name: row[name] for name in expected[0]} for row in found] == expected


def test_a_paper_that_runs_out_moves_the_live_answer_at_the_midnight_that_ends_it():
    log = a_log(f"{SELLS}{PAPER} brand=Acme outcome=passed valid_until=2024-03-10")
    with a_store() as store:
        for event in log:
            add(store, [event], at=known_at(event))
        for day, without in (("2024-03-10", 0), ("2024-03-11", 1)):
            found = live(store, moment(day))
            assert found[0]["n_brands_unauthorised"] == without
            assert differences(found, offline(store, moment(day))) == []
