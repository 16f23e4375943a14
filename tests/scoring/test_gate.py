"""The gate: who may carry a promise, told as a table that a lawyer can read, and what must hold for everybody."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import TimeNaive
from scoring.evidence import Measured
from scoring.gate import ConditionState, Outcome, Paper
from scoring.programmes import ProgrammePolicy
from tests.scoring.applicants import (
    BRAND,
    IDENTITY,
    LICENCE,
    NOW,
    PAPERS,
    PROGRAMMES,
    PROGRAMMES_TEXT,
    SPOTLESS,
    a_merchant,
    a_number,
    asked,
    cancelled,
    codes,
    refused,
    shipped,
)

IDS = [programme.id for programme in PROGRAMMES.programmes]
ORDER = list(Outcome)


def condition(answer, code):
    return next(one for one in answer.conditions if one.code == code)


def step(answer, metric):
    return next(one for one in answer.path_to_qualify if one.metric == metric)


@pytest.mark.parametrize("programme", IDS)
def test_a_spotless_merchant_with_its_papers_is_admitted(programme):
    answer = asked(a_merchant(), programme)
    assert (answer.outcome, answer.reasons, answer.path_to_qualify, answer.cap) == (Outcome.ADMIT, (), (), None)
    assert answer.policy_version == PROGRAMMES.version


@pytest.mark.parametrize(
    ("programme", "merchant", "outcome", "first"),
    [
        # Shipping in time: the rate, how much stands behind it, and one buyer who is no pattern.
        ("lightning_dispatch", a_merchant(shipped(585, 600)), "conditions", "P301"),
        ("lightning_dispatch", a_merchant(shipped(560, 600)), "refuse", "P301"),
        ("lightning_dispatch", a_merchant(shipped(19, 20)), "admit", None),
        ("lightning_dispatch", a_merchant(shipped(28, 30)), "refuse", "P301"),
        ("lightning_dispatch", a_merchant(shipped(58, 60)), "conditions", "P301"),
        ("lightning_dispatch", a_merchant(shipped(0, 1)), "conditions", "P301"),
        ("lightning_dispatch", a_merchant(shipped(0, 0)), "conditions", "P301"),
        ("lightning_dispatch", a_merchant(cancelled(1, 600)), "admit", None),
        ("lightning_dispatch", a_merchant(cancelled(30, 600)), "refuse", "P302"),
        # Promising a return and refusing it.
        ("seven_day_return", a_merchant(refused(30, 300)), "refuse", "P102"),
        ("seven_day_return", a_merchant(refused(2, 120)), "conditions", "P102"),
        ("seven_day_return", a_merchant(refused(0, 0)), "conditions", "P102"),
        # Fakes, the authorisation for the very brand, and the deposit.
        ("one_fake_three_paid", a_merchant(a_number("n_fakes_confirmed_180d_capped", 1)), "refuse", "P201"),
        ("one_fake_three_paid", a_merchant(a_number("suspicion_90d", 1.2)), "refuse", "P202"),
        ("one_fake_three_paid", a_merchant(a_number("suspicion_90d", 1.0)), "admit", None),
        ("one_fake_three_paid", a_merchant(a_number("deposit_cents", 139_999)), "refuse", "P204"),
        ("one_fake_three_paid", a_merchant(a_number("deposit_cents", 140_000)), "admit", None),
        ("one_fake_three_paid", a_merchant(a_number("large_order_cents_90d", 316_667)), "refuse", "P204"),
        ("one_fake_three_paid", a_merchant(a_number("large_order_cents_90d", None)), "admit", None),
        ("one_fake_three_paid", a_merchant(pledged_cents=860_001), "refuse", "P204"),
        ("one_fake_three_paid", a_merchant(a_number("deposit_cents", None)), "refuse", "P204"),
        ("one_fake_three_paid", a_merchant(papers=(IDENTITY, LICENCE)), "refuse", "P203"),
        # The assessment.
        ("seven_day_return", a_merchant(band="C"), "admit", None),
        ("seven_day_return", a_merchant(band="D"), "refuse", "P902"),
        ("seven_day_return", a_merchant(counterfeit_level="watch"), "admit", None),
        ("seven_day_return", a_merchant(counterfeit_level="high"), "refuse", "P903"),
        ("seven_day_return", a_merchant(basis="fallback"), "review", "P904"),
        ("seven_day_return", a_merchant(basis="fallback", band="E"), "review", "P904"),
        ("seven_day_return", a_merchant(assessed_stale=True), "review", "P905"),
        # Whose account it is: a link costs one band, a change of hands the certainty.
        ("seven_day_return", a_merchant(a_number("n_linked_removed", 1)), "admit", None),
        ("seven_day_return", a_merchant(a_number("n_linked_removed", 1), band="C"), "review", "P908"),
        ("seven_day_return", a_merchant(a_number("n_linked_removed", 9), band="C", link_refuted=True), "admit", None),
        ("seven_day_return", a_merchant(a_number("n_linked_removed", 1), band="D"), "refuse", "P902"),
        ("seven_day_return", a_merchant(a_number("n_owner_or_bank_account_changed_14d", 1)), "conditions", "P909"),
        # The deposit that a programme holds must be free.
        ("advance_compensation", a_merchant(pledged_cents=1_000_000), "refuse", "P204"),
        # Food, and what comes into a home.
        ("fresh_bad_order", a_merchant(papers=(IDENTITY, LICENCE)), "refuse", "P003"),
        ("installation", a_merchant(papers=(IDENTITY, LICENCE)), "refuse", "P005"),
        # What failed before is not cured by silence.
        ("lightning_dispatch", a_merchant(shipped(0, 0), failed_before=("P301",)), "refuse", "P301"),
        ("lightning_dispatch", a_merchant(shipped(600, 600), failed_before=("P301",)), "admit", None),
        # Stop rules.
        ("fresh_bad_order", a_merchant(a_number("n_unsafe_food_confirmed_365d", 1)), "refuse", "P807"),
        ("seven_day_return", a_merchant(link_confirmed=True), "refuse", "P806"),
        ("seven_day_return", a_merchant(papers=(replace(IDENTITY, outcome="failed"), LICENCE)), "refuse", "P805"),
        ("seven_day_return", a_merchant(a_number("merchant_debt_cents", 501), pledged_cents=999_500), "refuse", "P803"),
        ("lightning_dispatch", a_merchant(counterfeit_level="confirmed"), "refuse", "P801"),
        ("seven_day_return", a_merchant(shipped(4, 10)), "refuse", "P804"),
        ("seven_day_return", a_merchant(shipped(5, 10)), "admit", None),
        ("seven_day_return", a_merchant(a_number("merchant_debt_cents", 1_000_001)), "refuse", "P803"),
        ("seven_day_return", a_merchant(a_number("merchant_debt_cents", 1_000_000)), "admit", None),
    ],
)  # fmt: skip
def test_the_gate_answers_as_the_table_says(programme, merchant, outcome, first):
    answer = asked(merchant, programme)
    assert answer.outcome == outcome
    assert (codes(answer) or [None])[0] == first


def test_a_failed_and_an_unproven_rate_show_what_they_rest_on():
    failed = condition(asked(a_merchant(shipped(560, 600))), "P301")
    assert (failed.state, failed.have, failed.need, failed.evidence) == (ConditionState.FAILED, 560 / 600, 0.97, 600)
    assert failed.gap == pytest.approx(0.97 - 560 / 600)
    assert failed.low < failed.have < failed.high < 0.97
    assert "93.3%" in failed.text
    assert "93.3%" in failed.text_zh
    unproven = condition(asked(a_merchant(shipped(585, 600))), "P301")
    assert unproven.low < 0.97 <= unproven.high
    assert "Not yet proven" in unproven.text
    assert "尚未得到证明" in unproven.text_zh


def test_what_nobody_has_seen_yet_is_told_as_that():
    answer = asked(a_merchant(shipped(0, 0)))
    found = condition(answer, "P301")
    assert (found.state, found.have, found.gap, found.evidence) == (ConditionState.NOT_YET_PROVEN, None, None, 0)
    assert "no orders due for dispatch" in answer.reasons[0].text
    assert "没有任何一笔到期应发货的订单" in answer.reasons[0].text_zh


def test_a_figure_that_was_never_measured_is_as_unproven_as_one_of_nothing():
    bare = a_merchant(measured={one.name: one for one in SPOTLESS if "dispatch" not in one.name})
    answer = asked(bare)
    assert (answer.outcome, condition(answer, "P301").low) == (Outcome.CONDITIONS, None)
    assert step(answer, "dispatch_kept_rate_90d_capped").orders_needed == 1


def test_a_number_that_nobody_knows_is_missing_and_says_so():
    answer = asked(a_merchant(a_number("suspicion_90d", None)), "one_fake_three_paid")
    found = next(one for one in answer.conditions if one.metric == "suspicion_90d")
    assert (found.state, found.have) == (ConditionState.MISSING, None)
    assert any("Nothing is known about it yet." in reason.text for reason in answer.reasons)


def test_a_condition_that_is_switched_off_is_shown_and_not_judged():
    off = re.sub(
        r'text = "At least 98% of ret', r'switched_off = "Later."\nswitched_off_zh = "暂不。"\n\g<0>', PROGRAMMES_TEXT
    )
    found = condition(asked(a_merchant(), "seven_day_return", policy=ProgrammePolicy.parse(off)), "P101")
    assert (found.switched_off, found.state) == (True, ConditionState.NOT_APPLICABLE)


@pytest.mark.parametrize(("follows", "outcome"), [("refuse", Outcome.REFUSE), ("review", Outcome.REVIEW)])
def test_the_policy_says_what_follows_where_a_figure_is_not_known(follows, outcome):
    metric = 'metric = "suspicion_90d"'
    policy = ProgrammePolicy.parse(PROGRAMMES_TEXT.replace(metric, f'when_missing = "{follows}"\n{metric}'))
    answer = asked(a_merchant(a_number("suspicion_90d", None)), "one_fake_three_paid", policy=policy)
    assert (answer.outcome, codes(answer)) == (outcome, ["P202"])


def test_the_law_excludes_goods_whatever_the_merchant_does():
    answer = asked(a_merchant(papers=()), "seven_day_return", category="fresh_food")
    assert (answer.outcome, answer.reasons[0].code, answer.path_to_qualify) == (Outcome.REFUSE, "P901", ())
    assert "fresh_food" in answer.reasons[0].text
    assert "fresh_food" in answer.reasons[0].text_zh


def test_at_most_four_reasons_are_named_and_what_stops_comes_first():
    worst = a_merchant(
        shipped(1, 100), cancelled(50, 100), a_number("merchant_debt_cents", 9_000_000),
        papers=(), band="E", counterfeit_level="confirmed",
    )  # fmt: skip
    assert codes(asked(worst)) == ["P801", "P803", "P804", "P301"]


def test_no_reason_is_that_a_score_was_too_low():
    reason = asked(a_merchant(band="E", score=420)).reasons[0]
    assert "band C or better" in reason.text
    assert "E" in reason.text
    assert "420" not in reason.text


# Nothing known at all, and places on trial.


@pytest.mark.parametrize(
    ("orders", "measured", "outcome"),
    [
        (0, (shipped(0, 0), cancelled(0, 0)), "review"),
        (0, (shipped(0, 1), cancelled(0, 0)), "review"),
        (3, (shipped(0, 0), cancelled(0, 0)), "conditions"),
        (3, (shipped(0, 1), cancelled(1, 1)), "review"),
        (3, (shipped(1, 1), cancelled(0, 0)), "conditions"),
    ],
)
def test_a_place_on_trial_needs_something_good_to_stand_on(orders, measured, outcome):
    assert asked(a_merchant(*measured, orders_365d=orders)).outcome == outcome


def test_a_place_on_trial_grows_with_what_goes_well():
    caps = [asked(a_merchant(shipped(n, n + 2))).cap for n in (58, 98)]
    assert caps == [100 + 5 * 58, 100 + 5 * 98]
    assert asked(a_merchant(shipped(0, 0))).cap == 100
    assert asked(a_merchant(shipped(585, 600))).cap == 2000


def test_a_change_of_hands_begins_anew_however_much_went_well():
    assert asked(a_merchant(a_number("n_owner_or_bank_account_changed_14d", 2))).cap == 100


def test_a_short_history_is_admitted_with_a_cap():
    new = a_merchant(shipped(12, 12), cancelled(0, 12), orders_365d=12, evidence_sufficient=False)
    answer = asked(new)
    assert (answer.outcome, answer.cap) == (Outcome.ADMIT, 160)
    assert asked(a_merchant(trading_days=29)).cap == 2000
    assert asked(a_merchant(evidence_sufficient=False)).cap == 2000


@pytest.mark.parametrize(
    ("orders", "days", "cap"),
    [
        # A yes is without a cap where the cap has grown to the most: 100 and 5 for each of 380 orders.
        (380, 300, None),
        (379, 300, 1995),
        (30, 30, 250),
        # Of a day at most ten orders count: a burst is one day's history.
        (83, 1, 150),
        (5_000, 37, 1950),
        (5_000, 38, None),
        (0, 0, 100),
    ],
)
def test_a_yes_has_a_cap_until_enough_went_well_on_enough_days(orders, days, cap):
    answer = asked(a_merchant(orders_365d=orders, order_days=days))
    assert (answer.outcome, answer.cap) == (Outcome.ADMIT, cap)


def test_a_burst_raises_no_place_on_trial_either():
    assert asked(a_merchant(shipped(585, 600), order_days=2)).cap == 100 + 5 * 20


# Papers.

TODAY = NOW.date()


@pytest.mark.parametrize(
    ("papers", "outcome", "code"),
    [
        ((BRAND,), "admit", None),
        ((replace(BRAND, category=None),), "admit", None),
        ((replace(BRAND, category="clothing"),), "refuse", "P203"),
        ((replace(BRAND, brand="Other"),), "refuse", "P203"),
        ((replace(BRAND, brand=None),), "refuse", "P203"),
        ((replace(BRAND, outcome="failed"),), "refuse", "P203"),
        ((replace(BRAND, outcome="expired"),), "refuse", "P802"),
        ((replace(BRAND, valid_until=TODAY),), "admit", None),
        ((replace(BRAND, valid_until=TODAY - timedelta(days=1)),), "refuse", "P802"),
        ((replace(BRAND, outcome="expired", category=None), BRAND), "admit", None),
    ],
)
def test_an_authorisation_counts_for_its_brand_and_category_and_as_long_as_it_lasts(papers, outcome, code):
    answer = asked(a_merchant(papers=(IDENTITY, LICENCE, *papers)), "one_fake_three_paid")
    assert (answer.outcome, (codes(answer) or [None])[0]) == (outcome, code)


def test_goods_without_a_brand_have_nobody_to_authorise_them():
    answer = asked(
        a_merchant(papers=(IDENTITY, LICENCE, replace(BRAND, brand=None))), "one_fake_three_paid", brand=None
    )
    assert codes(answer) == ["P203"]


def test_a_paper_of_one_programme_is_not_asked_for_by_another():
    expired = replace(BRAND, outcome="expired")
    assert asked(a_merchant(papers=(IDENTITY, LICENCE, expired)), "lightning_dispatch").outcome is Outcome.ADMIT


def test_a_yes_ends_with_the_paper_that_it_rests_on():
    until = TODAY + timedelta(days=10)
    answer = asked(a_merchant(papers=(replace(IDENTITY, valid_until=until), LICENCE)))
    assert answer.expires_at == datetime(2026, 12, 12, tzinfo=UTC)


def test_the_paper_that_lasts_longest_counts():
    short, long = (replace(IDENTITY, valid_until=TODAY + timedelta(days=days)) for days in (10, 20))
    assert asked(a_merchant(papers=(short, long, LICENCE))).expires_at == datetime(2026, 12, 22, tzinfo=UTC)
    assert asked(a_merchant(papers=(short, IDENTITY, LICENCE))).expires_at == NOW + timedelta(days=90)
    endless = replace(IDENTITY, valid_until=date.max)
    assert asked(a_merchant(papers=(endless, LICENCE))).expires_at == NOW + timedelta(days=90)


@pytest.mark.parametrize(("kept", "days"), [(600, 90), (585, 30), (560, 30)])
def test_a_trial_and_a_refusal_are_looked_at_again_sooner(kept, days):
    assert asked(a_merchant(shipped(kept, 600))).expires_at == NOW + timedelta(days=days)


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(TimeNaive):
        asked(a_merchant(), as_of=NOW.replace(tzinfo=None))


# The path to qualify.


def test_the_path_says_how_many_clean_orders_are_missing_and_when_they_can_be_there():
    merchant = a_merchant(shipped(585, 600))
    way = step(asked(merchant), "dispatch_kept_rate_90d_capped")
    enough = shipped(585 + way.orders_needed, 600 + way.orders_needed)
    one_less = shipped(584 + way.orders_needed, 599 + way.orders_needed)
    assert condition(asked(a_merchant(enough)), "P301").state is ConditionState.MET
    assert condition(asked(a_merchant(one_less)), "P301").state is ConditionState.NOT_YET_PROVEN
    assert way.earliest == TODAY + timedelta(days=-(-way.orders_needed // 7))
    assert f"{way.orders_needed} more orders due for dispatch" in way.text


def test_a_long_way_ends_when_the_old_failures_have_aged_out():
    way = step(asked(a_merchant(shipped(300, 600))), "dispatch_kept_rate_90d_capped")
    assert way.orders_needed > 7 * 90
    assert way.earliest == TODAY + timedelta(days=90)


@pytest.mark.parametrize("pace", [0.0, 0.01])
def test_who_sells_next_to_nothing_gets_no_date(pace):
    way = step(asked(a_merchant(shipped(560, 600), orders_per_day=pace)), "dispatch_kept_rate_90d_capped")
    assert way.orders_needed > 0
    assert way.earliest is None


def test_returns_have_a_pace_of_their_own():
    way = step(asked(a_merchant(refused(2, 180)), "seven_day_return"), "return_refusal_rate_90d_capped")
    assert way.earliest == TODAY + timedelta(days=-(-way.orders_needed // 2))


def test_a_limit_that_no_number_of_orders_reaches_has_no_number():
    hopeless = Measured(name="dispatch_kept_rate_90d_capped", value=0.5, of=300, per=600, prior=0.5, strength=1e9)
    way = step(asked(a_merchant(hopeless)), "dispatch_kept_rate_90d_capped")
    assert (way.orders_needed, way.earliest) == (None, None)


@pytest.mark.parametrize(
    ("merchant", "metric", "have", "need", "gap", "days"),
    [
        (a_merchant(a_number("deposit_cents", 20_000)), "deposit_cents", 20_000, 50_000, 30_000, 0),
        (a_merchant(a_number("deposit_cents", 90_000)), "large_order_cents_90d", 90_000, 140_000, 50_000, 0),
        (a_merchant(a_number("deposit_cents", None)), "large_order_cents_90d", None, 140_000, 140_000, 0),
        (a_merchant(a_number("n_linked_removed", 1), band="C"), "n_linked_removed", None, 0, None, 0),
        (
            a_merchant(a_number("n_owner_or_bank_account_changed_14d", 1)),
            "n_owner_or_bank_account_changed_14d",
            None,
            0,
            None,
            14,
        ),
        (a_merchant(papers=(IDENTITY, BRAND)), "business_licence", None, "valid", None, 0),
        (a_merchant(a_number("n_fakes_confirmed_180d_capped", 2)), "n_fakes_confirmed_180d_capped", 2, 0, 2, 180),
        (a_merchant(a_number("suspicion_90d", 1.5)), "suspicion_90d", 1.5, 1.0, 0.5, 90),
        (a_merchant(band="D"), "band", "D", "C", None, None),
        (a_merchant(counterfeit_level="confirmed"), "n_fakes_confirmed_365d", None, 0, None, 365),
        (a_merchant(a_number("merchant_debt_cents", 1_000_300)), "merchant_debt_cents", 1_000_300, 1_000_000, 300, 0),
        (a_merchant(shipped(4, 18)), "dispatch_kept_rate_90d_capped", 4 / 18, 0.5, 0.5 - 4 / 18, 2),
        (
            a_merchant(shipped(4, 18), orders_per_day=0.0),
            "dispatch_kept_rate_90d_capped",
            4 / 18,
            0.5,
            0.5 - 4 / 18,
            None,
        ),
    ],
)
def test_every_obstacle_has_its_step(merchant, metric, have, need, gap, days):
    way = step(asked(merchant, "one_fake_three_paid"), metric)
    earliest = None if days is None else TODAY + timedelta(days=days)
    assert (way.have, way.need, way.gap, way.earliest) == (have, need, gap, earliest)
    assert way.text
    assert way.text_zh


# What must hold for every merchant.

counts = st.integers(0, 80)
rates = st.tuples(counts, st.one_of(st.integers(0, 6), counts))


@st.composite
def merchants(draw):
    """Merchants of every kind, by what went well and what went wrong."""
    (kept, late), (placed, gone), (taken, turned) = draw(rates), draw(rates), draw(rates)
    return a_merchant(
        shipped(kept, kept + late), cancelled(gone, placed + gone), refused(turned, taken + turned),
        a_number("merchant_debt_cents", draw(st.sampled_from([0, 0, 2_000_000]))),
        band=draw(st.sampled_from("ABCDE")), basis=draw(st.sampled_from(["model", "model", "fallback"])),
        counterfeit_level=draw(st.sampled_from(["none", "watch", "high", "confirmed"])),
        orders_365d=draw(st.sampled_from([0, 5, 500])),
        papers=draw(st.sampled_from([PAPERS, (IDENTITY, LICENCE), ()])),
        pledged_cents=draw(st.sampled_from([0, 990_000])),
        link_refuted=draw(st.booleans()), failed_before=draw(st.sampled_from([(), ("P102", "P301")])),
    )  # fmt: skip


def changed(merchant, metric, *, good=0, bad=0):
    """The same merchant with more things behind a rate."""
    one = merchant.measured[metric]
    more = good if "kept" in metric else bad
    figure = replace(one, of=one.of + more, per=one.per + good + bad)
    return replace(merchant, measured={**merchant.measured, metric: figure})


metrics = st.sampled_from(
    ["dispatch_kept_rate_90d_capped", "merchant_cancel_rate_90d_capped", "return_refusal_rate_90d_capped"]
)


@given(merchants(), st.sampled_from(IDS), metrics, st.integers(1, 40))
def test_what_goes_well_never_worsens_an_outcome(merchant, programme, metric, more):
    before, after = asked(merchant, programme), asked(changed(merchant, metric, good=more), programme)
    assert ORDER.index(after.outcome) <= ORDER.index(before.outcome)


@given(merchants(), st.sampled_from(IDS), metrics, st.integers(1, 40))
def test_what_goes_wrong_never_improves_an_outcome(merchant, programme, metric, more):
    before, after = asked(merchant, programme), asked(changed(merchant, metric, bad=more), programme)
    assert ORDER.index(after.outcome) >= ORDER.index(before.outcome)


STOPPED = [
    a_merchant(counterfeit_level="confirmed"),
    a_merchant(a_number("merchant_debt_cents", 2_000_000)),
    a_merchant(papers=(replace(IDENTITY, outcome="expired"), LICENCE, BRAND)),
    a_merchant(shipped(200, 1000)),
    a_merchant(link_confirmed=True),
    a_merchant(a_number("n_unsafe_food_confirmed_365d", 2)),
    a_merchant(papers=(replace(IDENTITY, outcome="failed"), *PAPERS[1:])),
]


@given(st.sampled_from(STOPPED), st.sampled_from(IDS), st.integers(0, 500), st.integers(0, 5000))
def test_good_delivery_buys_off_no_stop_rule(merchant, programme, shipments, returns):
    better = changed(
        changed(merchant, "dispatch_kept_rate_90d_capped", good=shipments),
        "return_refusal_rate_90d_capped",
        good=returns,
    )
    answer = asked(replace(better, band="A", orders_365d=100_000), programme)
    assert answer.outcome is Outcome.REFUSE
    assert codes(answer)[0].startswith("P80")


@given(merchants(), st.sampled_from(IDS), st.randoms(use_true_random=False))
def test_the_order_of_conditions_and_papers_does_not_matter(merchant, programme, random):
    entry, papers = list(PROGRAMMES.programme(programme).entry), list(merchant.papers)
    random.shuffle(entry)
    random.shuffle(papers)
    shuffled = tuple(
        one.model_copy(update={"entry": tuple(entry)}) if one.id == programme else one for one in PROGRAMMES.programmes
    )
    plain = asked(merchant, programme)
    other = asked(
        replace(merchant, papers=tuple(papers)),
        programme,
        policy=PROGRAMMES.model_copy(update={"programmes": shuffled}),
    )
    assert (other.outcome, other.reasons, other.path_to_qualify, other.cap) == (
        plain.outcome, plain.reasons, plain.path_to_qualify, plain.cap,
    )  # fmt: skip
    assert {one.code: one for one in other.conditions} == {one.code: one for one in plain.conditions}


@given(merchants(), st.sampled_from(IDS))
def test_whoever_follows_the_path_is_no_longer_held_by_that_condition(merchant, programme):
    for way in asked(merchant, programme).path_to_qualify:
        if way.orders_needed and way.gap is not None and way.need != 0.5:
            better = asked(changed(merchant, way.metric, good=way.orders_needed), programme)
            found = next(one for one in better.conditions if one.metric == way.metric)
            assert found.state is ConditionState.MET


def test_a_paper_says_itself_whether_it_holds():
    paper = Paper(qualification="identity", outcome="passed", valid_until=TODAY)
    assert (paper.valid(TODAY), paper.expired(TODAY)) == (True, False)
    assert (paper.valid(TODAY + timedelta(days=1)), paper.expired(TODAY + timedelta(days=1))) == (False, True)
