"""The score policy: bands, evidence floor, fallback and counterfeit levels, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/score.toml`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from scoring.errors import ScoreOffScale
from scoring.policy_text import BAND_NAMES, BandName, Policy, PolicyPart, Share, Whole
from scoring.scorecard import Scaling

__all__ = [
    "BAND_NAMES",
    "Band",
    "BandName",
    "CounterfeitLevels",
    "EvidenceFloor",
    "Fallback",
    "ReasonLimit",
    "ScorePolicy",
]


class Scale(PolicyPart):
    """Where the points stand; the bands below are cut on this scale."""

    points: int
    odds: Annotated[int, Field(gt=0)]
    pdo: Annotated[int, Field(gt=0)]
    lowest: int
    highest: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lowest < self.points < self.highest:
            raise ValueError("lowest, points and highest must rise")
        return self

    @property
    def scaling(self) -> Scaling:
        """The same as the scorecard's value."""
        return Scaling(points=self.points, odds=self.odds, pdo=self.pdo, lowest=self.lowest, highest=self.highest)


class Band(PolicyPart):
    """A named range of scores, both ends included."""

    name: BandName
    least: int = Field(alias="from")
    most: int = Field(alias="to")


class EvidenceFloor(PolicyPart):
    """Under this many orders (365 days) or days of trading, evidence is insufficient and the band capped."""

    orders: Whole
    days: Whole
    best_band: BandName


class Fallback(PolicyPart):
    """What is answered about a known merchant without a model or without evidence."""

    p_bad: Share
    best_band: BandName


class CounterfeitLevels(PolicyPart):
    """Least p_counterfeit of a level, and the level from which a merchant is flagged."""

    watch: Share
    high: Share
    flagged_from: Literal["watch", "high", "confirmed"]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.watch >= self.high:
            raise ValueError(f"watch ({self.watch}) must lie below high ({self.high})")
        return self


class Suspicion(PolicyPart):
    """From how many open reports of fakes on a person has a look."""

    fake_reports_open: Annotated[int, Field(ge=1)]


class ReasonLimit(PolicyPart):
    """How many adverse reasons are named, and by which share a figure looks better than what the model takes of it."""

    most: Annotated[int, Field(ge=1, le=4)]
    drawn_from: Annotated[float, Field(ge=0, lt=1)]


class ScorePolicy(Policy):
    """Everything arguable about a score."""

    kind: ClassVar[str] = "score"

    scale: Scale
    bands: tuple[Band, ...]
    evidence: EvidenceFloor
    fallback: Fallback
    counterfeit: CounterfeitLevels
    suspicion: Suspicion
    reasons: ReasonLimit

    def band(self, score: int, *, best: BandName = "A") -> BandName:
        """The band of a score, or `best` where that is the worse of the two; ScoreOffScale outside the scale."""
        for band in self.bands:
            if band.least <= score <= band.most:
                return max(band.name, best)
        raise ScoreOffScale(score=score, lowest=self.scale.lowest, highest=self.scale.highest)

    def best_band(self, *, modelled: bool, sufficient: bool) -> BandName:
        """The best band that may be had: less than A where no model has spoken, or on too little evidence."""
        by_basis: BandName = "A" if modelled else self.fallback.best_band
        return by_basis if sufficient else max(by_basis, self.evidence.best_band)

    @field_validator("bands")
    @classmethod
    def _bands_meet(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        names = tuple(band.name for band in bands)
        if names != BAND_NAMES:
            raise ValueError(f"there must be bands {', '.join(BAND_NAMES)}, the best first, not {', '.join(names)}")
        problems = [*_empty(bands), *filter(None, (_seam(upper, lower) for upper, lower in pairwise(bands)))]
        if problems:
            raise ValueError(", ".join(problems))
        return bands

    @model_validator(mode="after")
    def _bands_fill_the_scale(self) -> Self:
        ends = (self.bands[-1].least, self.bands[0].most)
        if ends != (self.scale.lowest, self.scale.highest):
            raise ValueError(
                f"bands run from {ends[0]} to {ends[1]}, the scale from {self.scale.lowest} to {self.scale.highest}"
            )
        return self


def _empty(bands: Sequence[Band]) -> list[str]:
    return [f"band {band.name} runs from {band.least} down to {band.most}" for band in bands if band.least > band.most]


def _seam(upper: Band, lower: Band) -> str | None:
    """What is wrong between two neighbours, or nothing."""
    if lower.least >= upper.least:
        return f"band {lower.name} does not lie below band {upper.name}"
    if lower.most >= upper.least:
        return f"bands {upper.name} and {lower.name} overlap from {upper.least} to {lower.most}"
    if lower.most + 1 < upper.least:
        return f"scores {lower.most + 1} to {upper.least - 1} between bands {upper.name} and {lower.name} have no band"
    return None
