"""Rates drawn towards the category's and everybody's, worked out by hand."""

import pytest

from features.catalogue import CATALOGUE, INPUTS
from features.catalogue.feature import Shrunk
from features.engine import build_features
from features.log import FileLog
from tests.features.build import a_log, a_spine, moment, write_log

#: The feature, and what the catalogue draws with: everybody's rate before there is any, and two weights.
NAME, DAYS = "merchant_cancel_rate_30d_capped_shrunk", 30
FEATURE = next(feature for feature in CATALOGUE if feature.name == NAME)
PRIOR, OWN, CATEGORY = FEATURE.formula.prior, FEATURE.formula.strength, FEATURE.formula.category_strength


def shrunk(own, category, everybody):
    """(cancelled, placed) of a merchant, of its category and of everybody, as the formula says it."""
    all_merchants = (everybody[0] + PRIOR) / (everybody[1] + 1)
    of_category = (category[0] + CATEGORY * all_merchants) / (category[1] + CATEGORY)
    return pytest.approx((own[0] + OWN * of_category) / (own[1] + OWN), rel=1e-12)


def orders(merchant, placed, cancelled, day="2024-01-10"):
    """As many orders of a merchant, the first few of them cancelled by itself."""
    lines = [f"{day} order_placed order_id={day}-{n} amount_cents=1" for n in range(placed)]
    lines += [f"{day} order_cancelled order_id={day}-{n} actor=merchant" for n in range(cancelled)]
    events = a_log("\n".join(lines), merchant_id=merchant)
    return [event | {"event_id": f"{merchant} {day} {event['event_id']}"} for event in events]


def registered(merchant, category=None, day="2024-01-01", **changes):
    event = {"event_id": f"{merchant} since {day}", "event_type": "merchant_registered", "merchant_id": merchant}
    return event | {"event_time": moment(day), "category": category} | changes


@pytest.fixture
def rates(tmp_path):
    """The drawn rate of each merchant asked for."""

    def rates(events, *merchants, as_of="2024-01-20", parts=None):
        log = FileLog([write_log(events, tmp_path / "events.parquet")], currency="CNY")
        spine = a_spine((merchant, moment(as_of)) for merchant in merchants)
        return build_features(log, spine, features=[FEATURE], parts=parts).column(NAME).to_pylist()

    return rates


MARKET = [
    *(registered("good", "toys"), registered("bad", "toys"), registered("tea", "tea"), registered("new", "toys")),
    *(*orders("good", 10, 0), *orders("bad", 10, 5), *orders("tea", 20, 1), *orders("plain", 5, 2)),
]
TOYS, TEA, ALL = (5, 20), (1, 20), (8, 45)


def test_rates_are_drawn_towards_the_category_s_and_that_towards_everybody_s(rates):
    found = rates(MARKET, "good", "bad", "tea")
    assert found == [shrunk((0, 10), TOYS, ALL), shrunk((5, 10), TOYS, ALL), shrunk((1, 20), TEA, ALL)]


def test_a_merchant_without_evidence_has_its_category_s_rate(rates):
    of_everybody = (8 + PRIOR) / (45 + 1)
    of_toys = (5 + CATEGORY * of_everybody) / (20 + CATEGORY)
    assert rates(MARKET, "new") == [pytest.approx(of_toys, rel=1e-12)]


def test_a_merchant_without_a_category_is_drawn_towards_everybody(rates):
    assert rates(MARKET, "plain") == [shrunk((2, 5), (0, 0), ALL)]


def test_a_merchant_of_whom_nothing_is_known_has_everybody_s_rate(rates):
    assert rates(MARKET, "stranger") == [pytest.approx((8 + PRIOR) / (45 + 1), rel=1e-12)]


def test_before_anything_happened_the_prior_stands_for_everybody_s_rate(rates):
    assert rates(MARKET, "good", "stranger", as_of="2024-01-09") == [pytest.approx(PRIOR)] * 2


def test_what_left_the_window_left_the_category_too(rates):
    assert rates(MARKET, "good", "new", as_of="2024-03-01") == [pytest.approx(PRIOR)] * 2


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_how_the_log_is_divided_changes_nothing(rates, parts):
    merchants = ("good", "bad", "tea", "new", "plain", "stranger")
    assert rates(MARKET, *merchants, parts=parts) == rates(MARKET, *merchants)


def test_who_is_asked_about_changes_nothing(rates):
    assert rates(MARKET, "new", "tea", "good")[1:] == rates(MARKET, "tea", "good")


def test_a_fact_belongs_to_the_category_that_its_merchant_had_when_it_entered(rates):
    moved = [registered("bad", "tea", day="2024-01-15")]
    assert rates([*MARKET, *moved], "new", "bad") == [shrunk((0, 0), TOYS, ALL), shrunk((5, 10), TEA, ALL)]


def test_facts_after_the_move_belong_to_the_new_category(rates):
    moved = [registered("good", "tea", day="2024-01-12"), *orders("good", 4, 4, day="2024-01-15")]
    found = rates([*MARKET, *moved], "new", "good")
    everybody = (12, 49)
    assert found == [shrunk((0, 0), TOYS, everybody), shrunk((4, 14), (5, 24), everybody)]


def test_facts_from_before_a_category_was_known_are_everybody_s_only(rates):
    late = [registered("plain", "tea", day="2024-01-01", known_at=moment("2024-01-12"))]
    assert rates([*MARKET, *late], "tea", "plain") == [shrunk((1, 20), TEA, ALL), shrunk((2, 5), TEA, ALL)]


def test_a_category_learned_on_the_day_of_a_fact_is_its_category(rates):
    same_day = [registered("plain", "tea", day="2024-01-10")]
    assert rates([*MARKET, *same_day], "plain") == [shrunk((2, 5), (3, 25), ALL)]


def test_a_category_taken_back_counts_no_more(rates):
    undone = {
        "event_id": "undo",
        "event_type": "event_reversed",
        "merchant_id": "bad",
        "reverses": "bad since 2024-01-01",
    }
    events = [*MARKET, undone | {"event_time": moment("2024-01-05")}]
    assert rates(events, "new", "bad") == [shrunk((0, 0), (0, 10), ALL), shrunk((5, 10), (0, 0), ALL)]


def test_a_registration_that_names_no_category_has_none(rates):
    blank = [registered("blank"), *orders("blank", 3, 3)]
    everybody = (11, 48)
    assert rates([*MARKET, *blank], "blank") == [shrunk((3, 3), (0, 0), everybody)]


def test_everybody_s_numbers_are_those_of_the_same_moment(tmp_path):
    log = FileLog([write_log([*MARKET, *orders("good", 10, 0, "2024-01-25")], tmp_path / "log")], currency="CNY")
    spine = a_spine([("new", moment("2024-02-01")), ("new", moment("2024-01-20"))])
    found = build_features(log, spine, features=[FEATURE]).column(NAME).to_pylist()
    assert found == [shrunk((0, 0), (5, 30), (8, 55)), shrunk((0, 0), TOYS, ALL)]


def test_no_model_input_is_ever_null(tmp_path):
    log = FileLog([write_log(MARKET, tmp_path / "log")], currency="CNY")
    merchants = ("good", "bad", "tea", "new", "plain", "stranger")
    spine = a_spine((merchant, moment(day)) for merchant in merchants for day in ("2023-01-01", "2024-01-20"))
    table = build_features(log, spine, features=INPUTS)
    assert {name: table.column(name).null_count for name in table.column_names if table.column(name).null_count} == {}


def test_every_rate_that_a_model_sees_is_drawn():
    rates = [feature for feature in INPUTS if feature.unit == "share"]
    assert rates
    assert all(isinstance(feature.formula, Shrunk) for feature in rates)


def test_every_share_says_what_it_divides_by():
    shares = [one for one in CATALOGUE if one.unit == "share" and not one.evidence]
    assert {one.name.rsplit("_", 1)[0] for one in shares} == {"active_day_rate"}, "days are not counted"
