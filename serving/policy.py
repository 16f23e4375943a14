"""The policies that are in force: their texts are read here, their meaning stands in `scoring`.

A policy with an error that its linter can find without a log is not loaded.
"""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

from scoring.advert_policy import AdvertPolicy
from scoring.breaker_policy import BreakerPolicy
from scoring.compensation_policy import CompensationPolicy
from scoring.complaint_policy import ComplaintPolicy
from scoring.errors import PolicyInvalid as PolicyTextInvalid
from scoring.lint.given import Given
from scoring.lint.linter import lint
from scoring.lint.rules import Severity
from scoring.penalty_policy import PenaltyPolicy
from scoring.policy_text import Policy
from scoring.programmes import ProgrammePolicy
from scoring.refunds import RefundPolicy
from scoring.score_policy import ScorePolicy
from serving.errors import PolicyInvalid
from serving.policies.lint import known_here

__all__ = [
    "given",
    "read_any",
    "read_policy",
    "read_programmes",
    "restored",
    "shipped_adverts",
    "shipped_breaker",
    "shipped_compensation",
    "shipped_complaints",
    "shipped_penalties",
    "shipped_policy",
    "shipped_programmes",
    "shipped_refunds",
    "shipped_texts",
]

#: The policies that come with Goodfaith.
_SHIPPED = ("score", "programmes", "refunds", "compensation", "complaints", "adverts", "penalties", "breaker")

#: What every kind is read by.
_KINDS: Mapping[str, type[Policy]] = MappingProxyType(
    {
        one.kind: one
        for one in (
            AdvertPolicy,
            BreakerPolicy,
            CompensationPolicy,
            ComplaintPolicy,
            PenaltyPolicy,
            ProgrammePolicy,
            RefundPolicy,
            ScorePolicy,
        )
    }
)

Read = TypeVar("Read")


def shipped_policy() -> str:
    """The text of the score policy that comes with Goodfaith."""
    return _shipped("score")


@cache
def shipped_programmes() -> ProgrammePolicy:
    """The programmes that come with Goodfaith. Raises `PolicyInvalid`."""
    return read_programmes(_shipped("programmes"))


@cache
def shipped_refunds() -> RefundPolicy:
    """The policy of fast refunds that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(RefundPolicy.parse, _shipped("refunds"))


@cache
def shipped_complaints() -> ComplaintPolicy:
    """The policy of complaints that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(ComplaintPolicy.parse, _shipped("complaints"))


@cache
def shipped_compensation() -> CompensationPolicy:
    """The policy of compensation that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(CompensationPolicy.parse, _shipped("compensation"))


@cache
def shipped_breaker() -> BreakerPolicy:
    """The policy of the circuit breaker that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(BreakerPolicy.parse, _shipped("breaker"))


@cache
def shipped_penalties() -> PenaltyPolicy:
    """The policy of penalties that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(PenaltyPolicy.parse, _shipped("penalties"))


@cache
def shipped_adverts() -> AdvertPolicy:
    """The policy of adverts that comes with Goodfaith. Raises `PolicyInvalid`."""
    return _read(AdvertPolicy.parse, _shipped("adverts"))


@lru_cache(maxsize=64)
def read_programmes(text: str) -> ProgrammePolicy:
    """What a policy of programmes says; raises `PolicyInvalid`, also where it judges by what nobody measures."""
    return _read(ProgrammePolicy.parse, text)


@lru_cache(maxsize=64)
def read_policy(text: str) -> ScorePolicy:
    """What a score policy's text says; raises `PolicyInvalid` with every place that is wrong."""
    return _read(ScorePolicy.parse, text)


def shipped_texts() -> dict[str, str]:
    """The text of every policy that comes with Goodfaith, by the name of its kind."""
    return {name: _shipped(name) for name in _SHIPPED}


@lru_cache(maxsize=64)
def read_any(kind: str, text: str) -> Policy:
    """The policy of a kind that a text holds; raises `PolicyInvalid` with every place that is wrong."""
    readers: Mapping[str, Callable[[str], Policy]] = {"score": read_policy, "programmes": read_programmes}
    return readers[kind](text) if kind in readers else _read(_KINDS[kind].parse, text)


def restored(kind: str, canonical: str) -> Policy:
    """The policy of a kind that has this canonical text. Raises `PolicyInvalid`."""
    try:
        return _KINDS[kind].restored(canonical)
    except (PolicyTextInvalid, KeyError) as error:
        raise PolicyInvalid(f"a policy of kind {kind} that was kept cannot be read: {error}") from error


@cache
def given() -> Given:
    """What the linter must be told of this product."""
    return known_here(frozenset(tomllib.loads(_shipped("programmes"))["programmes"]))


def _shipped(name: str) -> str:
    return (files("scoring") / "policies" / f"{name}.toml").read_text(encoding="utf-8")


def _read(parse: Callable[[str], Read], text: str) -> Read:
    try:
        policy = parse(text)
    except PolicyTextInvalid as error:
        raise PolicyInvalid(str(error)) from error
    wrong = _errors(text)
    if wrong:
        raise PolicyInvalid("; ".join(wrong))
    return policy


@lru_cache(maxsize=64)
def _errors(text: str) -> tuple[str, ...]:
    """What the linter cannot let pass, by line; the same texts are read again and again."""
    found = lint(text, given())
    return tuple(f"line {one.line}: {one.code} {one.text}" for one in found if one.severity is Severity.ERROR)
