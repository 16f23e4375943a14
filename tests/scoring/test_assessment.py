"""Assessments: model or fallback, evidence and caps, the counterfeit flag, and the reasons for each."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.assessment import FALLBACK, Basis, judge, judge_all
from scoring.counterfeit import Level
from scoring.errors import ColumnMissing, InputMissing, ScaleDiffers, TimeNaive
from scoring.score_policy import ScorePolicy
from scoring.scorecard import Scaling, log_odds, points, probability
from tests.scoring.build import AS_OF, POLICY, POLICY_TEXT, a_counterfeit_model, a_credit_model, a_row

SAFE = a_credit_model(intercept=-7.0)
CREDIT = a_credit_model(intercept=-2.0)


def judged(credit=CREDIT, counterfeit=None, policy=POLICY, **row):
    return judge(a_row(**row), credit=credit, counterfeit=counterfeit, policy=policy)


def codes(reasons):
    return [reason.code for reason in reasons]


def test_score_and_probability_come_from_the_models_log_odds():
    found = judged(late=0.5, kept=-1.0)
    assert (found.score, found.p_bad) == (points(-2.0), probability(-2.0))
    assert (found.score, found.band) == (545, "C")


def test_an_assessment_says_whom_when_and_by_what():
    found = judged()
    assert (found.merchant_id, found.as_of, found.basis) == ("m1", AS_OF, "model")
    assert (found.model.name, found.model.version, found.policy_version) == ("goodfaith-credit", "3", POLICY.version)


def test_reasons_are_the_models():
    assert codes(judged(late=0.25, kept=1.0).reasons) == ["R021", "R020"]
    assert judged(late=0.0, kept=-1.0).reasons == ()


def test_the_moment_is_kept_in_utc():
    shanghai = AS_OF.astimezone(timezone(timedelta(hours=8)))
    assert judged(as_of=shanghai).as_of.tzinfo is UTC
    assert judged(as_of=pd.Timestamp(AS_OF)).as_of == AS_OF


@pytest.mark.parametrize("as_of", [datetime(2024, 3, 1), None, "2024-03-01"])  # noqa: DTZ001
def test_a_moment_without_an_offset_is_refused(as_of):
    with pytest.raises(TimeNaive):
        judged(as_of=as_of)


# Evidence: under the floor the score stays, the best band does not.


@pytest.mark.parametrize(
    ("orders", "days", "sufficient"),
    [(30, 30, True), (29, 30, False), (30, 29, False), (30, None, False), (1, 0, False)],
)
def test_evidence_needs_orders_and_days(orders, days, sufficient):
    evidence = judged(n_orders_365d=orders, n_buyers_365d=7, days_since_registered=days).evidence
    assert (evidence.orders, evidence.buyers, evidence.sufficient) == (orders, 7, sufficient)


@pytest.mark.parametrize(("first_order", "sufficient"), [(29, False), (30, True), (None, True)])
def test_days_count_from_the_first_order_where_it_is_known(first_order, sufficient):
    assert judged(days_since_first_order=first_order, days_since_registered=900).evidence.sufficient is sufficient


def test_under_the_floor_there_is_no_top_band_and_the_score_stays():
    short, long = judged(SAFE, n_orders_365d=29), judged(SAFE, n_orders_365d=30)
    assert short.score == long.score == 689
    assert (short.band, long.band) == ("B", "A")
    assert codes(short.reasons) == ["R903"]
    assert long.reasons == ()


def test_a_short_history_is_told_only_where_it_costs_a_band():
    assert codes(judged(n_orders_365d=5, late=0.5).reasons) == ["R020"]


def test_a_short_history_takes_the_last_place_of_full_reasons():
    policy = ScorePolicy.parse(POLICY_TEXT.replace("most = 4", "most = 2"))
    assert codes(judged(SAFE, policy=policy, n_orders_365d=5, late=0.25, kept=0.25).reasons) == ["R020", "R903"]


# Fallback: no model, or nothing to judge by.


def test_without_a_model_the_policy_answers():
    found = judged(credit=None)
    assert found.basis is Basis.FALLBACK
    assert (found.score, found.p_bad, found.band) == (551, pytest.approx(0.10), "C")
    assert (found.model.name, found.model.version) == (FALLBACK, POLICY.version)
    assert codes(found.reasons) == ["R900"]


@pytest.mark.parametrize(
    ("credit", "last_order", "expected"),
    [(CREDIT, None, ["R901"]), (CREDIT, 400, ["R902"]), (None, None, ["R900", "R901"]), (None, 400, ["R900", "R902"])],
)
def test_who_sold_nothing_in_a_year_is_not_judged_by_a_model(credit, last_order, expected):
    found = judged(credit, n_orders_365d=0, days_since_last_order=last_order)
    assert (found.basis, codes(found.reasons)) == (Basis.FALLBACK, expected)


def test_inputs_are_not_needed_where_no_model_is_asked():
    found = judged(credit=CREDIT, n_orders_365d=0, late=None)
    assert found.basis is Basis.FALLBACK


@pytest.mark.parametrize(("orders", "band"), [(400, "C"), (0, "C")])
def test_a_fallback_is_capped_however_mild_its_prior(orders, band):
    mild = ScorePolicy.parse(POLICY_TEXT.replace("p_bad = 0.10", "p_bad = 0.001"))
    found = judged(credit=None, policy=mild, n_orders_365d=orders)
    assert (found.score, found.band) == (points(log_odds(0.001)), band)


def test_a_fallback_is_under_the_evidence_floor_too():
    text = POLICY_TEXT.replace("p_bad = 0.10", "p_bad = 0.001").replace('best_band = "C"', 'best_band = "A"')
    found = judged(credit=None, policy=ScorePolicy.parse(text), n_orders_365d=5)
    assert (found.band, codes(found.reasons)) == ("B", ["R900", "R903"])


# The counterfeit flag.


def test_without_a_counterfeit_model_there_is_no_probability():
    flag = judged().counterfeit
    assert (flag.p, flag.level, flag.flagged, flag.reasons, flag.model) == (None, Level.NONE, False, (), None)


@pytest.mark.parametrize(
    ("p", "level", "flagged"),
    [
        (0.049, "none", False),
        (0.0501, "watch", False),
        (0.199, "watch", False),
        (0.201, "high", True),
        (0.99, "high", True),
    ],
)
def test_levels_follow_the_policy(p, level, flagged):
    flag = judged(counterfeit=a_counterfeit_model(log_odds(p))).counterfeit
    assert (flag.p, flag.level, flag.flagged) == (pytest.approx(p), level, flagged)


@pytest.mark.parametrize("model", [None, a_counterfeit_model(-9.0)], ids=["no model", "mild model"])
def test_a_confirmed_fake_is_confirmed_whatever_a_model_thinks(model):
    flag = judged(counterfeit=model, n_fakes_confirmed_365d=2).counterfeit
    assert (flag.level, flag.flagged, codes(flag.reasons)) == (Level.CONFIRMED, True, ["R910"])
    assert flag.reasons[0].value == 2


def test_a_suspicion_comes_with_its_reasons_and_its_model():
    flag = judged(counterfeit=a_counterfeit_model(-3.0), fakes=2).counterfeit
    assert (flag.level, codes(flag.reasons), flag.model.name) == (Level.HIGH, ["R050"], "goodfaith-counterfeit")
    assert flag.reasons[0].text == "2 fakes."


def test_a_finding_is_told_before_what_a_model_saw():
    flag = judged(counterfeit=a_counterfeit_model(-3.0), fakes=2, n_fakes_confirmed_365d=1).counterfeit
    assert codes(flag.reasons) == ["R910", "R050"]


def test_a_merchant_without_orders_can_be_suspected():
    found = judged(counterfeit=a_counterfeit_model(-3.0), fakes=3, n_orders_365d=0)
    assert (found.basis, found.counterfeit.level) == (Basis.FALLBACK, Level.HIGH)


# Many rows, and rows that cannot be judged.


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1), st.integers(0, 4)), max_size=8))
def test_merchants_together_are_judged_as_each_alone(drawn):
    models = {"credit": CREDIT, "counterfeit": a_counterfeit_model(-3.0), "policy": POLICY}
    rows = [
        a_row(merchant_id=f"m{position}", n_orders_365d=orders, late=late, fakes=fakes)
        for position, (orders, late, fakes) in enumerate(drawn)
    ]
    assert judge_all(rows, **models) == tuple(judge(row, **models) for row in rows)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_of_what_is_riskier_never_raises_score_or_band(one, other):
    safer, riskier = judged(late=min(one, other)), judged(late=max(one, other))
    assert riskier.score <= safer.score
    assert riskier.band >= safer.band


def test_rows_of_numpy_values_are_judged_like_plain_ones():
    assert judged(n_orders_365d=np.int64(400), late=np.float64(0.5)) == judged(late=0.5)


def test_an_input_without_a_value_is_refused_by_name():
    with pytest.raises(InputMissing, match="late"):
        judged(late=None)


@pytest.mark.parametrize("column", ["n_orders_365d", "n_buyers_365d", "n_fakes_confirmed_365d", "late"])
def test_a_row_without_a_needed_column_is_refused_by_name(column):
    row = a_row()
    del row[column]
    with pytest.raises(ColumnMissing, match=column):
        judge(row, credit=CREDIT, counterfeit=None, policy=POLICY)


def test_a_model_on_another_scale_than_the_bands_is_refused():
    other = a_credit_model(scaling=Scaling(points=500, odds=1, pdo=50, lowest=0, highest=1000))
    with pytest.raises(ScaleDiffers):
        judged(credit=other)
