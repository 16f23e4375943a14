"""The counterfeit flag: how likely it is that a merchant sells fakes, as a level that people act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.evidence import Row, count
from scoring.model import Model, ModelName
from scoring.reasons import Reason, State, reasons_of, state_reason
from scoring.score_policy import CounterfeitLevels, ScorePolicy

__all__ = ["Counterfeit", "Level", "flags_of", "is_flagged", "level"]


class Level(StrEnum):
    """How far the suspicion goes; `confirmed` is a finding, not a guess."""

    NONE = "none"
    WATCH = "watch"
    HIGH = "high"
    CONFIRMED = "confirmed"

    @property
    def suspicious(self) -> bool:
        """Whether there is anything to tell."""
        return self is not Level.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfeit:
    """The flag of one merchant: `p` and `model` are None without such a model; reasons from `watch` on."""

    p: float | None
    level: Level
    flagged: bool
    reasons: tuple[Reason, ...]
    model: ModelName | None


def level(p_counterfeit: float | None, *, confirmed: int, policy: CounterfeitLevels) -> Level:
    """The level for a probability (None: there is no such model) and the fakes confirmed in the last 365 days."""
    if confirmed > 0:
        return Level.CONFIRMED
    p = 0.0 if p_counterfeit is None else p_counterfeit
    if p >= policy.high:
        return Level.HIGH
    return Level.WATCH if p >= policy.watch else Level.NONE


def is_flagged(found: Level, policy: CounterfeitLevels) -> bool:
    """Whether the policy flags from this level."""
    order = list(Level)
    return order.index(found) >= order.index(Level(policy.flagged_from))


def flags_of(rows: Sequence[Row], *, model: Model | None, policy: ScorePolicy, currency: str = "") -> list[Counterfeit]:
    """The flag of each row; merchants without orders are judged too, since fakes are reported by listing."""
    ps: list[float | None] = [*model.p(model.matrix(rows)).tolist()] if model else [None] * len(rows)
    levels = [
        level(p, confirmed=count(row, "n_fakes_confirmed_365d"), policy=policy.counterfeit)
        for row, p in zip(rows, ps, strict=True)
    ]
    suspected = [row for row, found in zip(rows, levels, strict=True) if found.suspicious]
    spoken = iter(_told(suspected, model, policy, currency))
    return [
        Counterfeit(
            p=p,
            level=found,
            flagged=is_flagged(found, policy.counterfeit),
            reasons=next(spoken) if found.suspicious else (),
            model=model.named if model else None,
        )
        for p, found in zip(ps, levels, strict=True)
    ]


def _told(rows: Sequence[Row], model: Model | None, policy: ScorePolicy, currency: str) -> list[tuple[Reason, ...]]:
    """What is told about merchants under suspicion; contributions are the dear part, so only they get them."""
    spoken: list[tuple[Reason, ...]] = [()] * len(rows)
    if model:
        spoken = reasons_of(model, model.matrix(rows), rows, limit=policy.reasons, currency=currency)
    # A finding decides the level by itself, so it is told first.
    return [(*_finding(row), *reasons)[: policy.reasons.most] for row, reasons in zip(rows, spoken, strict=True)]


def _finding(row: Row) -> tuple[Reason, ...]:
    return (state_reason(State.FAKE_CONFIRMED, row),) if count(row, "n_fakes_confirmed_365d") else ()
