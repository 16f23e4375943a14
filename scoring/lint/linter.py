"""Reads a policy before it judges anybody: what in it cannot be meant, is missing, or nobody vouches for.

Nothing here opens a file; what features, papers, logs and merchants there are is `given`.
"""

import tomllib
from collections.abc import Callable, Iterator

from scoring.errors import PolicyInvalid
from scoring.lint.cheating_rows import cheating_rows
from scoring.lint.conditions import Proof, looked_at, proofs
from scoring.lint.draft import KINDS, Draft, kind_of
from scoring.lint.given import Given
from scoring.lint.other_rows import advert_rows, breaker_rows, compensation_rows, complaint_rows, penalty_rows
from scoring.lint.places import Places, places_of
from scoring.lint.programme_rows import programme_rows
from scoring.lint.refund_rows import refund_rows
from scoring.lint.rules import Finding, Severity
from scoring.lint.score_rows import score_rows
from scoring.lint.written import written
from scoring.policy_text import Policy

__all__ = ["lint", "proofs_of"]

_ROWS: dict[str, Callable[[Draft], Iterator[Finding]]] = {
    "score": score_rows,
    "programmes": programme_rows,
    "refunds": refund_rows,
    "compensation": compensation_rows,
    "complaints": complaint_rows,
    "adverts": advert_rows,
    "penalties": penalty_rows,
    "breaker": breaker_rows,
}

_SEVERITY = tuple(Severity)


def lint(text: str, given: Given) -> tuple[Finding, ...]:
    """Everything that is to be said of a policy's text, the gravest first, then by line."""
    return tuple(
        sorted(set(_found(text, given)), key=lambda one: (_SEVERITY.index(one.severity), one.line, one.code, one.text))
    )


def proofs_of(text: str, given: Given) -> list[Proof]:
    """How hard each condition on a rate is to prove; none where the text is no TOML."""
    return proofs(_draft(text, given)) if kind_of(text) else []


def _found(text: str, given: Given) -> Iterator[Finding]:
    kind = kind_of(text)
    if kind is None:
        yield from _of_no_kind(text, given)
        return
    draft = _draft(text, given)
    policy = _parsed(text, kind)
    if isinstance(policy, PolicyInvalid):
        yield draft.found("L101", (), problem=f"{policy}")
    yield from written(draft)
    yield from _ROWS[kind](draft)
    yield from looked_at(draft)
    yield from cheating_rows(draft, policy.version if isinstance(policy, Policy) else None)


def _draft(text: str, given: Given) -> Draft:
    return Draft(plain=tomllib.loads(text), places=places_of(text), given=given)


def _of_no_kind(text: str, given: Given) -> Iterator[Finding]:
    nowhere = Draft(plain={}, places=Places(lines={}, comments={}), given=given)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield nowhere.found("L101", (), problem=f"it is no TOML: {error}")
        return
    yield nowhere.found("L102", ())


def _parsed(text: str, kind: str) -> Policy | PolicyInvalid:
    """The policy, or what keeps the text from being one of its kind."""
    try:
        return KINDS[kind][0].parse(text)
    except PolicyInvalid as error:
        return error
