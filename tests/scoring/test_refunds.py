"""Fast refunds: who is paid at once, told as tables, and what no caller can bring about."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import PolicyInvalid, TimeNaive
from scoring.refund_words import RefundState
from scoring.refunds import (
    BuyerFacts,
    Held,
    MerchantFacts,
    OrderFacts,
    RefundFacts,
    RefundOutcome,
    RefundPolicy,
    RefundRequest,
    decide_refund,
    is_spent,
)

TEXT = files("scoring").joinpath("policies/refunds.toml").read_text("utf-8")
POLICY = RefundPolicy.parse(TEXT)
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
SPEED = list(RefundOutcome)

REQUEST = RefundRequest(amount_cents=10_000, category="toys", reason="quality", buyer_credit=700, buyer_orders_90d=10)
ORDER = OrderFacts(known=True, state="delivered", paid_cents=60_000, refunded_cents=0)
BUYER = BuyerFacts(orders_90d=10, refunds_90d=0)
MERCHANT = MerchantFacts(
    band="A", p_bad=0.01, counterfeit_level="none", basis="model", stale=False, debt_cents=0, deposit_cents=100_000
)

_PARTS = {
    **dict.fromkeys(("known", "state", "paid_cents", "refunded_cents", "opted_in"), "order"),
    **dict.fromkeys(("orders_90d", "refunds_90d", "asked_at", "linked"), "buyer"),
    **dict.fromkeys(("order_cents", "buyer_cents", "merchant_cents", "fund_cents", "day_cents"), "held"),
    **dict.fromkeys(
        ("band", "counterfeit_level", "basis", "stale", "debt_cents", "deposit_cents", "pledged_cents"), "merchant"
    ),
}


def decided(policy=POLICY, as_of=NOW, judge=decide_refund, **changes):
    """The answer of a judge to an ordinary refund, but for these fields of whatever part has them."""
    parts = {"order": ORDER, "buyer": BUYER, "merchant": MERCHANT, "held": Held()}
    asked = {name: changes.pop(name) for name in list(changes) if name not in _PARTS}
    for name, value in changes.items():
        parts[_PARTS[name]] = replace(parts[_PARTS[name]], **{name: value})
    return judge(replace(REQUEST, **asked), RefundFacts(**parts), policy=policy, as_of=as_of)


def test_how_far_back_asking_matters_is_the_longest_of_the_stretches():
    assert POLICY.abuse.looks_back == timedelta(hours=168)
    assert POLICY.abuse.model_copy(update={"velocity": ()}).looks_back == timedelta(0)


def ago(*hours):
    return tuple(NOW - timedelta(hours=one) for one in hours)


def codes(decision):
    return [reason.code for reason in decision.reasons]


def test_a_small_refund_of_a_good_buyer_at_a_good_merchant_is_paid_at_once():
    found = decided()
    assert (found.outcome, found.reasons, found.reserves_cents) == (RefundOutcome.INSTANT, (), 10_000)
    assert (found.advanced_by, found.finally_liable) == ("platform", "undecided")
    assert (found.expires_at, found.policy_version) == (NOW + timedelta(hours=24), POLICY.version)


@pytest.mark.parametrize(
    ("band", "credit", "limit"),
    [
        ("A", 900, 100_000), ("A", 700, 50_000), ("A", 500, 20_000), ("A", None, 5_000),
        ("B", 900, 50_000), ("B", 600, 50_000), ("B", 400, 20_000), ("B", None, 5_000),
        ("C", 900, 20_000), ("C", 799, 20_000), ("C", 500, 20_000), ("C", None, 5_000),
        ("D", 900, 0), ("D", None, 0), ("E", 1000, 0),
    ],
)  # fmt: skip
def test_the_limit_is_the_tier_of_merchant_and_buyer(band, credit, limit):
    paid = {"band": band, "buyer_credit": credit, "paid_cents": 300_000, "reason": "no_reason"}
    assert decided(**paid).limit_cents == limit
    assert (decided(**paid, amount_cents=max(limit, 1)).outcome is RefundOutcome.INSTANT) == (limit > 0)
    over = decided(**paid, amount_cents=limit + 1)
    assert (over.outcome, codes(over)) == (RefundOutcome.ON_RETURN_SCAN, ["F115", "F199"])


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        # Never at once: no model, out of date, another's order, a state that nobody knows.
        ({"basis": "fallback"}, "on_return_scan", "F111"),
        ({"stale": True}, "on_return_scan", "F112"),
        ({"known": False}, "review", "F101"),
        ({"state": None}, "standard", "F113"),
        ({"state": "cancelled"}, "standard", "F113"),
        ({"reason": "quality", "state": "shipped"}, "on_return_scan", "F114"),
        ({"reason": "quality", "state": "paid"}, "standard", "F114"),
        ({"reason": "not_received", "state": "delivered"}, "standard", "F114"),
        ({"reason": "missing_parts", "buyer_credit": 100}, "standard", "F115"),
        # What the caller says and what we know differ: nobody is believed.
        ({"claimed_state": "confirmed"}, "review", "F102"),
        ({"claimed_state": "paid", "state": None}, "review", "F102"),
        ({"claimed_paid_cents": 90_000}, "review", "F102"),
        ({"refunds_90d": 2}, "review", "F103"),
        # Many refunds, by our books or by the caller's own.
        ({"refunds_90d": 5, "buyer_refunds_90d": 5}, "review", "F104"),
        ({"refunds_90d": 5, "buyer_refunds_90d": 4, "buyer_orders_90d": 100}, "review", "F104"),
        ({"buyer_refunds_90d": 4, "buyer_orders_90d": 8}, "review", "F104"),
        # Many in a short time, and a buyer who may be the shop itself.
        ({"asked_at": ago(0, 1)}, "review", "F106"),
        ({"asked_at": ago(2, 3, 4, 24)}, "review", "F106"),
        ({"asked_at": ago(30, 30, 30, 60, 90, 167, 168)}, "review", "F106"),
        ({"linked": True}, "review", "F107"),
        # More than is there: of the order, of the buyer's and of the merchant's share, of the cover, of the fund.
        ({"amount_cents": 60_001, "buyer_credit": 900}, "review", "F105"),
        ({"amount_cents": 50_001, "refunded_cents": 10_000, "buyer_credit": 900}, "review", "F105"),
        ({"order_cents": 50_001, "buyer_credit": 900}, "review", "F105"),
        ({"order_cents": 40_001, "paid_cents": 300_000}, "on_return_scan", "F115"),
        ({"buyer_cents": 190_001}, "on_return_scan", "F116"),
        ({"merchant_cents": 4_990_001}, "on_return_scan", "F117"),
        ({"state": "confirmed", "buyer_credit": 500}, "on_return_scan", "F118"),
        ({"fund_cents": 99_990_001}, "on_return_scan", "F119"),
        ({"day_cents": 9_990_001}, "on_return_scan", "F120"),
    ],
)  # fmt: skip
def test_what_is_not_paid_at_once_says_why_and_that_the_right_stays(changes, outcome, code):
    found = decided(**changes)
    assert (found.outcome, found.reserves_cents, found.advanced_by) == (outcome, 0, None)
    assert code in codes(found)
    assert codes(found)[-1] == "F199"


@pytest.mark.parametrize(
    "changes",
    [
        {"claimed_state": "delivered", "claimed_paid_cents": 60_000},
        {"refunds_90d": 1},
        {"buyer_refunds_90d": 3, "buyer_orders_90d": 3},
        {"buyer_refunds_90d": 4, "buyer_orders_90d": 9},
        {"buyer_cents": 190_000},
        {"merchant_cents": 4_990_000},
        {"order_cents": 40_000},
        {"fund_cents": 99_990_000, "day_cents": 9_990_000},
        {"fund_cents": 10**9, "day_cents": 10**9, "opted_in": True},
        {"asked_at": ago(1, 24, 25, 168)},
        {"asked_at": (NOW + timedelta(seconds=1),) * 9},
        {"reason": "no_reason", "state": "paid"},
        {"reason": "late", "state": "shipped"},
    ],
)
def test_what_agrees_and_fits_is_paid_at_once(changes):
    assert decided(**changes).outcome is RefundOutcome.INSTANT


def test_of_anothers_order_nothing_is_told():
    found = decided(known=False, state="confirmed", stale=True, amount_cents=10**9, claimed_state="paid")
    assert (codes(found), found.limit_cents) == (["F101", "F199"], 0)


def test_no_sentence_speaks_of_credit():
    for state in RefundState:
        assert not re.search(r"credit|score|band|trust", state.text, re.IGNORECASE)
        assert not re.search("信用|评分|等级", state.text_zh)


# Who pays first and who finally does are two questions.


@pytest.mark.parametrize(
    ("changes", "advanced_by", "liable"),
    [
        ({"reason": "no_reason"}, "platform", "platform"),
        ({"reason": "quality"}, "platform", "undecided"),
        ({"reason": "no_reason", "opted_in": True}, "merchant", "merchant"),
        ({"reason": "quality", "opted_in": True}, "merchant", "merchant"),
        ({"reason": "quality", "opted_in": True, "state": "confirmed"}, "platform", "merchant"),
        ({"reason": "counterfeit", "counterfeit_level": "high"}, "platform", "undecided"),
        ({"reason": "counterfeit", "counterfeit_level": "confirmed"}, "platform", "merchant"),
        ({"reason": "quality", "counterfeit_level": "confirmed"}, "platform", "undecided"),
        ({"reason": "quality", "amount_cents": 55_000, "opted_in": True}, None, "undecided"),
    ],
)
def test_a_merchant_pays_by_its_word_or_its_proven_fault_only(changes, advanced_by, liable):
    found = decided(**changes)
    assert (found.advanced_by, found.finally_liable) == (advanced_by, liable)


@pytest.mark.parametrize(
    ("level", "state", "reason", "instant"),
    [
        ("confirmed", "delivered", "counterfeit", True),
        ("high", "delivered", "counterfeit", True),
        ("watch", "delivered", "counterfeit", False),
        ("confirmed", "confirmed", "counterfeit", False),
        ("confirmed", "delivered", "quality", False),
    ],
)
def test_who_bought_a_fake_need_not_wait_for_a_bad_merchant(level, state, reason, instant):
    found = decided(band="E", counterfeit_level=level, state=state, reason=reason)
    assert (found.outcome is RefundOutcome.INSTANT) == instant


# What it costs on average.


def test_the_expected_loss_can_be_added_up_by_hand():
    # One in ten does not come back: 0.10 * (10,000 - 3,000). The money is held back: the merchant costs nothing.
    loss = decided().expected_loss
    assert (loss.p_not_back, loss.salvage_cents) == (0.10, 3_000)
    assert (loss.p_merchant_defaults, loss.uncovered_cents, loss.total_cents) == (0.0, 0, 700)
    assert (loss.goods_cents, loss.merchant_cents) == (700, 0)


def test_once_the_money_is_released_the_merchant_may_cost_what_its_deposit_does_not_cover():
    # Free deposit 6,000 - 1,000 = 5,000, so 5,000 of 10,000 are open: 0.15 * 7,000 + 0.10 * 5,000.
    released = {"state": "confirmed", "band": "C", "debt_cents": 1_000}
    loss = decided(**released, deposit_cents=6_000).expected_loss
    assert (loss.p_merchant_defaults, loss.uncovered_cents, loss.total_cents) == (0.10, 5_000, 1_550)
    assert (loss.goods_cents, loss.merchant_cents) == (1_050, 500)
    assert decided(**released, deposit_cents=9_000, pledged_cents=3_000).expected_loss == loss
    assert decided(**released, deposit_cents=None).expected_loss.uncovered_cents == 10_000
    assert decided(**released, deposit_cents=16_000, merchant_cents=10_000).expected_loss.uncovered_cents == 5_000


def test_the_platforms_generosity_is_not_the_merchants_debt():
    loss = decided(reason="no_reason", state="confirmed", deposit_cents=0).expected_loss
    assert (loss.p_merchant_defaults, loss.uncovered_cents) == (0.0, 0)


def test_a_loss_that_a_deposit_must_cover_limits_the_amount():
    risky = RefundPolicy.parse(TEXT.replace("C = 0.10 ", "C = 0.40 "))
    released = {"state": "confirmed", "band": "C", "deposit_cents": 10_000, "policy": risky}
    # 0.15 * 0.7 = 0.105 goes with the goods; 0.095 is left: 0.40 * 10,000 / (0.40 - 0.095) = 13,114.7.
    found = decided(**released, amount_cents=13_115)
    assert (found.limit_cents, codes(found)) == (13_114, ["F118", "F199"])
    assert decided(**released, amount_cents=13_114).expected_loss.total_cents <= 0.20 * 13_114 + 1


def test_in_a_state_that_nobody_knows_everything_may_be_lost():
    assert decided(state=None).expected_loss.p_not_back == 1.0


# Spent orders.


@pytest.mark.parametrize(
    ("refunded", "held", "spent"),
    [(0, 0, False), (59_999, 0, False), (60_000, 0, True), (30_000, 30_000, True), (0, 70_000, True)],
)  # fmt: skip
def test_an_order_is_spent_when_nothing_of_it_is_left(refunded, held, spent):
    order = replace(ORDER, refunded_cents=refunded)
    assert is_spent(order, Held(order_cents=held)) is spent
    assert not is_spent(replace(order, known=False), Held(order_cents=held))


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(TimeNaive):
        decided(as_of=NOW.replace(tzinfo=None))


# What holds for every refund.

cents = st.integers(1, 250_000)


@st.composite
def situations(draw):
    """Changes to an ordinary refund, of every kind but the amount."""
    one_of = {
        "reason": list(POLICY.instant_reasons),
        "state": ["paid", "shipped", "delivered", "confirmed", "cancelled", None],
        "buyer_credit": [None, 0, 450, 700, 950], "band": list("ABCDE"), "basis": ["model", "model", "fallback"],
        "counterfeit_level": ["none", "watch", "high", "confirmed"], "known": [True, True, True, False],
        "opted_in": [False, True], "stale": [False, False, True], "deposit_cents": [None, 0, 20_000, 10**7],
        "category": ["toys", "cosmetics", "electronics"], "refunds_90d": [0, 0, 2], "debt_cents": [0, 15_000],
        "refunded_cents": [0, 5_000], "buyer_cents": [0, 150_000], "merchant_cents": [0, 190_000],
        "fund_cents": [0, 99_960_000], "day_cents": [0, 9_970_000], "pledged_cents": [0, 10_000],
        "linked": [False, False, False, True],
    }  # fmt: skip
    return {name: draw(st.sampled_from(values)) for name, values in one_of.items()}


RISKY = RefundPolicy.parse(TEXT.replace("A = 0.01 ", "A = 0.40 ").replace("B = 0.03 ", "B = 0.50 "))
policies = st.sampled_from([POLICY, RISKY])


@given(situations(), cents, cents, policies)
def test_a_larger_amount_is_never_paid_sooner(situation, one, other, policy):
    small, large = sorted((one, other))
    sooner = decided(**situation, amount_cents=small, policy=policy).outcome
    later = decided(**situation, amount_cents=large, policy=policy).outcome
    assert SPEED.index(sooner) <= SPEED.index(later)


parts = st.lists(
    st.tuples(st.integers(1, 30_000), st.sampled_from(list(POLICY.instant_reasons))), min_size=2, max_size=8
)


@given(situations(), parts, policies)
def test_splitting_an_amount_over_any_reasons_never_gets_more_of_it(situation, asked, policy):
    def of(reason, **rest):
        return decided(**{**situation, "reason": reason, **rest}, policy=policy)

    limit = max(of(reason).limit_cents for _, reason in asked)
    paid, counted = 0, ("buyer_cents", "merchant_cents", "fund_cents", "day_cents")
    for cents, reason in asked:
        held = {name: situation[name] + paid for name in counted}
        paid += of(reason, **held, order_cents=paid, amount_cents=cents).reserves_cents
    assert paid <= limit
    assert paid + situation["refunded_cents"] <= ORDER.paid_cents


@given(situations(), cents, policies)
def test_what_is_within_the_limit_and_only_that_is_paid_at_once(situation, amount, policy):
    found = decided(**situation, amount_cents=amount, policy=policy)
    assert (found.outcome is RefundOutcome.INSTANT) == (amount <= found.limit_cents)
    assert bool(found.reasons) == (found.outcome is not RefundOutcome.INSTANT)


@given(situations(), cents)
def test_no_money_is_paid_at_once_on_what_is_not_known(situation, amount):
    found = decided(**situation, amount_cents=amount)
    if situation["basis"] == "fallback" or situation["stale"] or not situation["known"] or not situation["state"]:
        assert found.outcome is not RefundOutcome.INSTANT


@given(situations(), cents)
def test_a_merchant_without_word_or_fault_never_finally_pays(situation, amount):
    found = decided(**{**situation, "opted_in": False}, amount_cents=amount)
    proven = situation["reason"] == "counterfeit" and situation["counterfeit_level"] == "confirmed"
    assert found.finally_liable != "merchant" or proven


# The policy file.


@pytest.mark.parametrize(
    ("found", "instead", "place"),
    [
        ('currency = "CNY"', "", "currency"),
        ("from = 400 ", "from = 700 ", "buyer_bands: bands must fall"),
        ("from = 0 ", "from = 10 ", "buyer_bands: bands must fall"),
        ("from = 800 ", "from = 1800 ", r"buyer_bands\.0\.from"),
        ("E = { trusted", "F = { trusted", "tiers"),
        ("A = { trusted = 100_000,", "A = {", "tiers of A must name exactly the buyer bands fair, good"),
        ("B = 2_000_000", "", r"fund\.merchant_30d_cents: there is nothing for B"),
        ("D = 0.30 ", "D = 1.30 ", r"loss\.merchant_defaults\.D"),
        ("D = 0.30 ", "", r"loss\.merchant_defaults: there is nothing for D"),
        ("otherwise = 0.05 ", "", r"loss\.not_back: shipped has no share for otherwise"),
        ("[loss.not_back.paid]", "[loss.not_back.lost]", r"loss\.not_back"),
        ('late = ["paid", "shipped"]', 'late = ["lost"]', r"instant_reasons\.late"),
        ('other = ["paid"]', 'boredom = ["paid"]', r"instant_reasons\.boredom"),
        ("orders_at_least = 3 ", "orders_at_least = 1 ", r"abuse\.velocity\.0\.orders_at_least"),
        ("day_cents = 10_000_000", "", r"fund\.day_cents"),
        ("reservation_hours = 24", "reservation_hours = 0", r"timing\.reservation_hours"),
        ("unknown_buyer_risk = 1.5", "unknown_buyer_risk = inf", "unknown_buyer_risk"),
    ],
)  # fmt: skip
def test_a_wrong_policy_says_where_it_is_wrong(found, instead, place):
    assert found in TEXT
    with pytest.raises(PolicyInvalid, match=place):
        RefundPolicy.parse(TEXT.replace(found, instead, 1))


def test_a_better_buyer_and_a_better_merchant_never_have_the_lower_tier():
    names = [band.name for band in POLICY.buyer_bands]
    table = [[POLICY.tiers[band][name] for name in names] for band in "ABCDE"]
    assert all(row == sorted(row, reverse=True) for row in table)
    assert all(list(column) == sorted(column, reverse=True) for column in zip(*table, strict=True))


def test_another_number_is_another_version_and_another_comment_is_not():
    assert RefundPolicy.parse(TEXT + "\n# A remark.\n").version == POLICY.version
    assert RefundPolicy.parse(TEXT.replace("watched = 5_000", "watched = 4_000")).version != POLICY.version


NUMBERS = [line for line in TEXT.splitlines() if re.match(r"\w+ = (\{|[\d.]+)", line) and "since" not in line]


@pytest.mark.parametrize("line", NUMBERS)
def test_every_number_names_its_source_or_says_that_it_is_our_own(line):
    assert re.search(r"# (source|own proposal).*: \w+", line)
