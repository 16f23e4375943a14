"""The circuit breaker's judgement: what shifted surely, and who may shift it."""

from importlib.resources import files

import numpy as np
import pytest

from scoring.breaker import Tally, Verdict, look, rise, tally
from scoring.breaker_policy import BreakerPolicy
from scoring.errors import PolicyInvalid

TEXT = (files("scoring") / "policies" / "breaker.toml").read_text("utf-8")
POLICY = BreakerPolicy.parse(TEXT)
INSTANT = POLICY.watched[0]


def seen(before, after, *, n=2_000, watched=INSTANT):
    """What follows where so large a share was of the sort before and after."""
    return look(watched, Tally(of=before * n, per=n), Tally(of=after * n, per=n), policy=POLICY).verdict


@pytest.mark.parametrize(
    ("before", "after", "n", "verdict"),
    [
        (0.3, 0.3, 2_000, Verdict.NOTHING),
        (0.3, 0.1, 2_000, Verdict.NOTHING),  # Fewer is no jump of this sort; of the others there are more.
        (0.3, 0.36, 2_000, Verdict.NOTHING),  # So much may be chance.
        (0.3, 0.36, 50_000, Verdict.NOTHING),  # It is surely more, and surely less than is looked at.
        (0.3, 0.42, 2_000, Verdict.CASE),
        (0.3, 0.6, 2_000, Verdict.BACK),
        (0.3, 0.9, 199, Verdict.NOTHING),  # Too few, however clear.
        (0.0, 1.0, 200, Verdict.BACK),
    ],
)
def test_a_jump_is_what_is_surely_more_than_the_policy_lets_pass(before, after, n, verdict):
    assert seen(before, after, n=n) == verdict


def test_one_merchant_shifts_nothing_however_often_it_asks():
    others = [(1, 3)] * 400
    quiet = look(INSTANT, tally(others, voices=3), tally([*others, (100_000, 100_000)], voices=3), policy=POLICY)
    assert quiet.verdict is Verdict.NOTHING


def test_a_change_that_shifts_nothing_opens_no_case_more_often_than_the_policy_says():
    """A day of looks at 300 changes, by decisions of one and the same share: the looks share out the error."""
    random, looks = np.random.default_rng(1), POLICY.watch_hours * 60 // POLICY.every_minutes
    alarms = 0
    for _ in range(300):
        before = Tally(of=random.binomial(5_000, 0.3), per=5_000)
        n = np.arange(1, looks + 1) * 20
        of = np.cumsum(random.binomial(20, 0.3, size=looks))
        picked = range(10, looks, 8)
        alarms += any(
            rise(before, Tally(of=of[one], per=int(n[one])), POLICY.confidence) > 0 for one in picked
        )  # fmt: skip
    assert alarms <= 300 * POLICY.error


@pytest.mark.parametrize(
    ("before", "after"), [("back_from = 0.15", "back_from = 0.04"), ("least = 200 ", "least = 60_000 ")]
)
def test_a_policy_that_goes_back_before_anybody_looks_or_never_is_refused(before, after):
    assert before in TEXT
    with pytest.raises(PolicyInvalid):
        BreakerPolicy.parse(TEXT.replace(before, after, 1))
