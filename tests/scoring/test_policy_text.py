"""What is kept of a policy comes back as it was, and nothing else is taken for it."""

from importlib.resources import files

import pytest

from scoring.advert_policy import AdvertPolicy
from scoring.breaker_policy import BreakerPolicy
from scoring.compensation_policy import CompensationPolicy
from scoring.complaint_policy import ComplaintPolicy
from scoring.errors import PolicyInvalid
from scoring.penalty_policy import PenaltyPolicy
from scoring.programmes import ProgrammePolicy
from scoring.refund_policy import RefundPolicy
from scoring.score_policy import ScorePolicy

KINDS = (
    AdvertPolicy, BreakerPolicy, CompensationPolicy, ComplaintPolicy, PenaltyPolicy, ProgrammePolicy, RefundPolicy,
    ScorePolicy,
)  # fmt: skip


def shipped(kind):
    return kind.parse(files("scoring").joinpath(f"policies/{kind.kind}.toml").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_comes_back_from_its_canonical_text(kind):
    policy = shipped(kind)
    again = kind.restored(policy.canonical)
    assert (again, again.digest, again.version) == (policy, policy.digest, policy.version)


@pytest.mark.parametrize(
    ("text", "why"),
    [("{}", "Field required"), ("no json", "Invalid JSON"), (None, "its canonical text says something else")],
)
def test_a_text_that_no_policy_has_is_refused(text, why):
    spaced = shipped(PenaltyPolicy).canonical.replace('"since":', '"since": ')
    with pytest.raises(PolicyInvalid, match=why):
        PenaltyPolicy.restored(spaced if text is None else text)


def test_a_copy_with_other_values_has_another_version():
    policy = shipped(PenaltyPolicy)
    assert policy.digest != policy.model_copy(update={"counts_days": 1}).digest
