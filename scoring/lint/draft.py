"""A policy as it was written, whether or not it can be followed: its plain values, and where they stand."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from scoring.advert_policy import AdvertPolicy
from scoring.breaker_policy import BreakerPolicy
from scoring.compensation_policy import CompensationPolicy
from scoring.complaint_policy import ComplaintPolicy
from scoring.lint.given import Given
from scoring.lint.places import Path, Places
from scoring.lint.rules import RULES, Finding, Severity
from scoring.penalty_policy import PenaltyPolicy
from scoring.policy_text import Policy
from scoring.programmes import ProgrammePolicy
from scoring.refund_policy import RefundPolicy
from scoring.score_policy import ScorePolicy

__all__ = ["KINDS", "Draft", "kind_of", "shown"]

#: Each kind of policy, and a table that no other kind has.
KINDS: dict[str, tuple[type[Policy], str]] = {
    "score": (ScorePolicy, "bands"),
    "programmes": (ProgrammePolicy, "stop_rules"),
    "refunds": (RefundPolicy, "buyer_bands"),
    "compensation": (CompensationPolicy, "rules"),
    "complaints": (ComplaintPolicy, "topics"),
    "adverts": (AdvertPolicy, "absolute"),
    "penalties": (PenaltyPolicy, "steps"),
    "breaker": (BreakerPolicy, "watched"),
}


def kind_of(text: str) -> str | None:
    """Which kind of policy a text is; None where it is none."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    return next((kind for kind, (_, own) in KINDS.items() if own in plain), None)


def shown(path: Path) -> str:
    """A path as people write it."""
    return ".".join(f"{part}" for part in path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A policy's plain values, their places, and what is given about the world."""

    plain: dict[str, Any]
    places: Places
    given: Given

    def at(self, *path: str | int) -> Any:
        """The value at a path; None where there is none."""
        found: Any = self.plain
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found

    def number(self, *path: str | int) -> float | int | None:
        """The number at a path; None where there is none."""
        found = self.at(*path)
        return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None

    def date(self, *path: str | int) -> date | None:
        """The day at a path; None where there is none."""
        found = self.at(*path)
        return found if isinstance(found, date) else None

    def words(self, *path: str | int) -> tuple[str, ...]:
        """The texts of the list at a path."""
        found = self.at(*path)
        return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()

    def tables(self, *path: str | int) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The tables below a path, be they named or in an array, each with its own path."""
        found = self.at(*path)
        pairs = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
        for name, table in pairs:
            if isinstance(table, dict):
                yield (*path, name), table

    def leaves(self, path: Path = ()) -> Iterator[tuple[Path, Any]]:
        """Every value that is no table and no array, with its path."""
        found = self.at(*path)
        if isinstance(found, dict):
            below: Any = found
        elif isinstance(found, list):
            below = range(len(found))
        else:
            yield path, found
            return
        for part in below:
            yield from self.leaves((*path, part))

    def found(self, code: str, path: Path, **values: object) -> Finding:
        """A finding at a path; its sentences may use `{row}`, the path as it is written."""
        rule, told = RULES[code], {"row": shown(path)} | values
        return Finding(
            code=code,
            severity=Severity(rule.severity),
            line=self.places.line(path),
            text=rule.text.format(**told),
            text_zh=rule.text_zh.format(**told),
        )
