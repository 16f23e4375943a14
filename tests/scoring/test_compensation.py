"""What a buyer is owed: tables of claims and amounts, and what must hold for any claim."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.compensation import Claim, quote
from scoring.compensation_policy import CompensationPolicy, Ground
from scoring.errors import PolicyInvalid
from tests.scoring.applicants import PROGRAMMES

TEXT = files("scoring").joinpath("policies/compensation.toml").read_text("utf-8")
POLICY = CompensationPolicy.parse(TEXT)
GROUNDS = Ground.__args__
YUAN = 100


def owed(ground, price=100 * YUAN, *programmes, **changes):
    """The quote for a claim on an order that carries these programmes."""
    promises = [PROGRAMMES.programme(one) for one in programmes]
    return quote(Claim(ground=ground, price_cents=price, **changes), policy=POLICY, promises=promises)


@pytest.mark.parametrize(
    ("price", "extra"), [(1, 500_00), (100_00, 500_00), (166_66, 500_00), (166_67, 500_01), (1_000_00, 3_000_00)]
)
@pytest.mark.parametrize("ground", ["fraud", "counterfeit"])
def test_fraud_pays_three_times_the_price_and_at_least_five_hundred(ground, price, extra):
    answer = owed(ground, price)
    assert (answer.extra_cents, answer.refund_cents, answer.total_cents) == (extra, price, price + extra)
    assert answer.awards[0].source == "Consumer Rights Law of the PRC, art. 55"


@pytest.mark.parametrize(
    ("price", "loss", "extra"),
    [
        (1, 0, 1_000_00), (100_00, 0, 1_000_00), (100_01, 0, 1_000_10), (500_00, 0, 5_000_00),
        (10_00, 400_00, 1_200_00), (500_00, 400_00, 5_000_00),
    ],
)  # fmt: skip
def test_unsafe_food_pays_ten_times_the_price_or_three_times_the_loss_and_at_least_a_thousand(price, loss, extra):
    assert owed("unsafe_food", price, loss_cents=loss).extra_cents == extra


def test_food_beyond_what_a_household_needs_counts_for_nothing_on_top():
    answer = owed("unsafe_food", 5_000_00, household_cents=300_00)
    assert (answer.refund_cents, answer.extra_cents) == (5_000_00, 3_000_00)


@pytest.mark.parametrize(
    ("ground", "programmes", "refund", "freight"),
    [
        ("no_reason", (), True, False),
        ("no_reason", ("free_return_freight",), True, True),
        ("quality", (), True, True),
        ("damaged", (), True, True),
        ("not_received", (), True, True),
        ("spoilt", (), False, False),
        ("spoilt", ("fresh_bad_order",), True, False),
        ("late_delivery", ("late_delivery_rebate",), False, False),
        ("service_not_done", ("home_delivery",), False, True),
    ],
)
def test_what_is_paid_back(ground, programmes, refund, freight):
    answer = owed(ground, 80_00, *programmes, freight_cents=12_00)
    assert (answer.refund_cents, answer.freight_cents) == (80_00 * refund, 12_00 * freight)
    assert answer.extra_cents == 0


def test_law_and_promise_do_not_stack_and_of_equals_the_law_binds():
    answer = owed("counterfeit", 300_00, "one_fake_three_paid", "genuine_guarantee")
    assert answer.extra_cents == 900_00
    assert [one.binds for one in answer.awards] == [True, False, False]


def test_the_better_promise_binds():
    nine = PROGRAMMES.programme("genuine_guarantee")
    nine = nine.model_copy(update={"pays": nine.pays.model_copy(update={"times_price": 9.0})})
    answer = quote(Claim(ground="counterfeit", price_cents=300_00), policy=POLICY, promises=[nine])
    assert (answer.extra_cents, [one.source for one in answer.awards if one.binds]) == (2_700_00, [nine.id])


def test_a_promise_ends_with_its_last_claim_day_and_the_law_does_not():
    late = owed("spoilt", 50_00, "fresh_bad_order", days_since_order=4)
    assert (late.total_cents, late.awards) == (0, ())
    assert owed("counterfeit", 50_00, "one_fake_three_paid", days_since_order=400).extra_cents == 500_00


@pytest.mark.parametrize(("days", "refund"), [(None, 80_00), (7, 80_00), (8, 0)])
def test_the_seven_days_of_the_law_are_seven(days, refund):
    assert owed("no_reason", 80_00, days_since_receipt=days).refund_cents == refund


@pytest.mark.parametrize(
    ("ground", "programmes", "changes", "codes"),
    [
        ("no_reason", (), {"days_since_receipt": 8}, ["C401"]),
        ("no_reason", (), {"categories": ("fresh_food",)}, ["C402"]),
        ("no_reason", (), {"categories": ("shoes", "custom_made")}, ["C402"]),
        ("no_reason", (), {"no_return_confirmed": True, "days_since_receipt": 8}, ["C402"]),
        ("quality", (), {"no_return_confirmed": True, "categories": ("fresh_food",)}, []),
        ("spoilt", (), {}, ["C403"]),
        ("spoilt", ("fresh_bad_order",), {"days_since_order": 4}, ["C401"]),
        ("counterfeit", ("one_fake_three_paid",), {"days_since_order": 400}, ["C401"]),
        ("no_reason", (), {}, []),
    ],
)
def test_where_nothing_is_paid_the_quote_says_why(ground, programmes, changes, codes):
    answer = owed(ground, 80_00, *programmes, **changes)
    assert [one.code for one in answer.refusals] == codes
    assert all(one.text and one.text_zh and "{" not in one.text + one.text_zh for one in answer.refusals)
    assert bool(answer.total_cents) == (not codes or ground == "counterfeit")


def test_whoever_deceived_is_owed_nothing():
    answer = owed("counterfeit", 300_00, "one_fake_three_paid", buyer_deceived=True)
    assert (answer.total_cents, [one.code for one in answer.refusals]) == (0, ["C201"])


def test_a_flaw_of_the_label_pays_the_price_back_and_nothing_on_top():
    answer = owed("unsafe_food", 300_00, label_flaw=True)
    assert (answer.refund_cents, answer.extra_cents, [one.code for one in answer.refusals]) == (300_00, 0, ["C202"])
    assert owed("counterfeit", 300_00, label_flaw=True).extra_cents == 900_00


amounts = st.integers(min_value=1, max_value=10**9)


@given(st.sampled_from(GROUNDS), amounts, amounts, st.sets(st.sampled_from([one.id for one in PROGRAMMES.programmes])))
def test_parts_add_up_and_no_rule_gives_more_than_is_paid(ground, price, freight, programmes):
    answer = owed(ground, price, *sorted(programmes), freight_cents=freight)
    assert answer.total_cents == answer.refund_cents + answer.extra_cents + answer.freight_cents
    assert answer.refund_cents in (0, price)
    assert all(one.extra_cents <= answer.extra_cents for one in answer.awards)
    assert sum(one.binds for one in answer.awards) == bool(answer.extra_cents)


@given(st.sampled_from(GROUNDS), amounts, amounts)
def test_a_larger_price_never_gives_less(ground, price, more):
    assert owed(ground, price + more).total_cents >= owed(ground, price).total_cents


@given(st.sampled_from(GROUNDS), amounts, st.sampled_from([one.id for one in PROGRAMMES.programmes]))
def test_a_promise_never_takes_away_what_the_law_gives(ground, price, programme):
    assert owed(ground, price, programme).total_cents >= owed(ground, price).total_cents


@pytest.mark.parametrize(
    ("found", "instead", "place"),
    [
        ('jurisdiction = "CN"', "", "jurisdiction"),
        ("times_price = 3 ", "", "C101: at_least_cents needs times_price"),
        ('"unsafe_food"]\nlaw = "Food', '"unsafe_foods"]\nlaw = "Food', r"rules\.1\.grounds"),
        ('code = "C104"', 'code = "C103"', "codes with more than one sentence: C103"),
    ],
)
def test_a_wrong_policy_says_where_it_is_wrong(found, instead, place):
    assert found in TEXT
    with pytest.raises(PolicyInvalid, match=place):
        CompensationPolicy.parse(TEXT.replace(found, instead, 1))
