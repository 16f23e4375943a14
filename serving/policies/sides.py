"""The two sets of policies that a simulation compares: what is in force, and the same with one file changed."""

import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from scoring.cost_policy import CostPolicy
from scoring.errors import PolicyInvalid as PolicyTextInvalid
from scoring.refunds import RefundPolicy
from scoring.what_if import Policies
from serving.errors import NothingChanges, PolicyFileUnusable, PolicyInvalid
from serving.policies.folder import read_folder
from serving.policy import read_policy, read_programmes

__all__ = ["costs_of", "kind_of", "sides"]

#: By which table of its own a policy file is recognised.
_MARKS = {"score": "bands", "programmes": "programmes", "refunds": "tiers"}


def sides(
    policy: Path | None, against: Path, *, folder: Path | None = None, currency: str
) -> tuple[Policies, Policies, str]:
    """Before, after, and which kind of policy changes; `policy` stands in for the one that is in force by `folder`.

    Raises `PolicyFileUnusable`, `PolicyInvalid`, `NothingChanges`.
    """
    text = _text(against)
    kind = kind_of(text, against)
    now = read_folder(folder)
    before = Policies(score=now["score"], programmes=now["programmes"], refunds=now["refunds"])
    if policy is not None:
        mine = _text(policy)
        if kind_of(mine, policy) != kind:
            raise PolicyFileUnusable(f"{policy} and {against} are no policies of one kind")
        before = _with(before, kind, mine, policy)
    after = _with(before, kind, text, against)
    if after.versions == before.versions:
        raise NothingChanges(f"{against} says what is in force already ({getattr(after, kind).version})")
    for side in (before, after):
        if side.refunds.currency != currency:
            raise PolicyInvalid(f"the policy of fast refunds states its limits in {side.refunds.currency}")
    return before, after, kind


def kind_of(text: str, path: Path) -> str:
    """Which policy a file holds: score, programmes or refunds. Raises `PolicyFileUnusable`."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyFileUnusable(f"{path} is no TOML: {error}") from error
    for kind, mark in _MARKS.items():
        if mark in told:
            return kind
    listed = ", ".join(f"{kind} ([{mark}])" for kind, mark in _MARKS.items())
    raise PolicyFileUnusable(f"{path} is no policy whose change can be simulated: {listed}")


def costs_of(path: Path | None) -> CostPolicy:
    """What answers cost: by a file, or as shipped. Raises `PolicyFileUnusable`, `PolicyInvalid`."""
    text = _text(path) if path else (files("scoring") / "policies" / "costs.toml").read_text(encoding="utf-8")
    try:
        return CostPolicy.parse(text)
    except PolicyTextInvalid as error:
        raise PolicyInvalid(f"{path or 'costs.toml'}: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyFileUnusable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyFileUnusable(f"{path} is no text in UTF-8") from error


def _with(policies: Policies, kind: str, text: str, path: Path) -> Policies:
    try:
        if kind == "score":
            return replace(policies, score=read_policy(text))
        if kind == "programmes":
            return replace(policies, programmes=read_programmes(text))
        return replace(policies, refunds=RefundPolicy.parse(text))
    except (PolicyInvalid, PolicyTextInvalid) as error:
        raise PolicyInvalid(f"{path}: {error}") from error
