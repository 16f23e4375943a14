"""Policies as the service reads them: what they look at must be there."""

from importlib.resources import files

import pytest

from serving.errors import PolicyInvalid
from serving.policy import read_programmes, shipped_programmes, shipped_refunds


def test_the_shipped_policies_can_be_followed():
    assert {one.id for one in shipped_programmes().programmes} >= {"seven_day_return", "lightning_dispatch"}
    assert shipped_refunds().currency == "CNY"


def test_a_condition_on_what_nobody_measures_is_refused_by_name(shipped_text):
    broken = shipped_text.replace('"merchant_cancel_rate_90d_capped"', '"merchant_mood_90d_capped"')
    with pytest.raises(PolicyInvalid, match="no feature: merchant_mood_90d_capped"):
        read_programmes(broken)


def test_a_text_that_is_no_policy_is_refused():
    with pytest.raises(PolicyInvalid):
        read_programmes("since = tomorrow")


@pytest.fixture
def shipped_text():

    return (files("scoring") / "policies" / "programmes.toml").read_text(encoding="utf-8")
