"""The policies that are in force: their texts are read here, their meaning stands in `scoring`."""

from collections.abc import Callable
from importlib.resources import files
from typing import TypeVar

from features.catalogue import CATALOGUE
from scoring.advert_policy import AdvertPolicy
from scoring.compensation_policy import CompensationPolicy
from scoring.complaint_policy import ComplaintPolicy
from scoring.errors import PolicyInvalid as PolicyTextInvalid
from scoring.programmes import ProgrammePolicy
from scoring.refunds import RefundPolicy
from scoring.score_policy import ScorePolicy
from serving.errors import PolicyInvalid

__all__ = [
    "read_policy",
    "read_programmes",
    "shipped_adverts",
    "shipped_compensation",
    "shipped_complaints",
    "shipped_policy",
    "shipped_programmes",
    "shipped_refunds",
]

Policy = TypeVar("Policy")


def shipped_policy() -> str:
    """The text of the score policy that comes with Goodfaith."""
    return _shipped("score")


def shipped_programmes() -> ProgrammePolicy:
    """The programmes that come with Goodfaith. Raises `PolicyInvalid`."""
    return read_programmes(_shipped("programmes"))


def shipped_refunds() -> RefundPolicy:
    """The policy of fast refunds that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(RefundPolicy.parse, _shipped("refunds"))


def shipped_complaints() -> ComplaintPolicy:
    """The policy of complaints that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(ComplaintPolicy.parse, _shipped("complaints"))


def shipped_compensation() -> CompensationPolicy:
    """The policy of compensation that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(CompensationPolicy.parse, _shipped("compensation"))


def shipped_adverts() -> AdvertPolicy:
    """The policy of adverts that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(AdvertPolicy.parse, _shipped("adverts"))


def read_programmes(text: str) -> ProgrammePolicy:
    """What a policy of programmes says; raises `PolicyInvalid`, also where it judges by what nobody measures."""
    policy = _read(ProgrammePolicy.parse, text)
    unknown = sorted(set(policy.metrics) - {feature.name for feature in CATALOGUE})
    if unknown:
        raise PolicyInvalid(f"the programmes look at what is no feature: {', '.join(unknown)}")
    return policy


def read_policy(text: str) -> ScorePolicy:
    """What a score policy's text says; raises `PolicyInvalid` with every place that is wrong."""
    return _read(ScorePolicy.parse, text)


def _shipped(name: str) -> str:
    return (files("scoring") / "policies" / f"{name}.toml").read_text(encoding="utf-8")


def _read(parse: Callable[[str], Policy], text: str) -> Policy:
    try:
        return parse(text)
    except PolicyTextInvalid as error:
        raise PolicyInvalid(str(error)) from error
