"""What the linter must be told, since judgement knows no feature and no log: metrics, papers, events, merchants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from scoring.cheating import Cheat
from scoring.evidence import Measured

__all__ = ["Cheating", "Given", "Metric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is known of a feature.

    `nullable` = it may be unknown of a merchant. `averaged` = it divides by what volume makes more of; `capped` = by no
    more of each buyer than a few real things. `fed_by` names the event types that it counts; empty: nobody can tell.
    """

    name: str
    unit: str
    nullable: bool
    riskier: str
    averaged: bool
    capped: bool
    fed_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheating:
    """What cheating was found to cost, and the versions of the policies that were cheated."""

    cheats: Sequence[Cheat]
    versions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the caller knows: features, papers, programmes; and where there is one a day, a log's events, a sample.

    `sample` holds, for each metric that is a rate, what stands behind it at each merchant. What is None is not looked
    at; `cheating` are measured prices.
    """

    metrics: Mapping[str, Metric]
    papers: frozenset[str]
    programmes: frozenset[str]
    today: date | None = None
    event_types: frozenset[str] | None = None
    sample: Mapping[str, Sequence[Measured]] = field(default_factory=dict)
    cheating: Cheating | None = None
