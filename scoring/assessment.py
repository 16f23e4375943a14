"""Assessments: score, band, counterfeit flag and reasons of a merchant at a moment.

`judge` reads one row of features and `judge_all` many; both answer the same to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scoring.counterfeit import Counterfeit, flags_of
from scoring.errors import ScaleDiffers
from scoring.evidence import Evidence, Row, count, ever_sold, moment
from scoring.model import Model, ModelName
from scoring.reasons import Reason, State, reasons_of, state_reason
from scoring.score_policy import BandName, ScorePolicy
from scoring.scorecard import log_odds, points, probability

__all__ = ["FALLBACK", "Assessment", "Basis", "judge", "judge_all"]

#: The name that stands for a model where the fallback policy answered.
FALLBACK = "goodfaith-fallback"


class Basis(StrEnum):
    """What an answer rests on."""

    MODEL = "model"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What is thought about a merchant at `as_of` (UTC), and why.

    `score` and `p_bad` come from one log-odds; `band` may be worse than the score's own where the policy
    caps it: under the evidence floor, and for a fallback.
    """

    merchant_id: str
    as_of: datetime
    score: int
    band: BandName
    p_bad: float
    counterfeit: Counterfeit
    reasons: tuple[Reason, ...]
    evidence: Evidence
    model: ModelName
    basis: Basis
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opinion:
    """What the credit model, or the fallback in its place, says about one row."""

    log_odds: float
    reasons: tuple[Reason, ...]
    model: ModelName
    basis: Basis


def judge(
    row: Row, *, credit: Model | None, counterfeit: Model | None, policy: ScorePolicy, currency: str = ""
) -> Assessment:
    """Judge one merchant from its row of features; see `judge_all`."""
    return judge_all([row], credit=credit, counterfeit=counterfeit, policy=policy, currency=currency)[0]


def judge_all(
    rows: Sequence[Row], *, credit: Model | None, counterfeit: Model | None, policy: ScorePolicy, currency: str = ""
) -> tuple[Assessment, ...]:
    """Judge merchants from their rows of features, in the rows' order.

    A row holds `merchant_id`, `as_of`, the inputs of the models and the features that they show,
    `n_orders_365d`, `n_buyers_365d`, `n_fakes_confirmed_365d`; where known `days_since_first_order`,
    `days_since_registered` and `days_since_last_order`. `currency` is written behind amounts of money.
    Errors: RowRefused and its kinds, ScaleDiffers.
    """
    if credit and credit.bundle.scaling != policy.scale.scaling:
        raise ScaleDiffers(model=credit.bundle.scaling, policy=policy.scale.scaling)
    flags = flags_of(rows, model=counterfeit, policy=policy, currency=currency)
    opinions = _opinions(rows, credit, policy, currency)
    return tuple(
        _assessment(row, opinion, flag, policy) for row, opinion, flag in zip(rows, opinions, flags, strict=True)
    )


def _assessment(row: Row, opinion: _Opinion, flag: Counterfeit, policy: ScorePolicy) -> Assessment:
    evidence = Evidence.of(row, policy.evidence)
    score = points(opinion.log_odds, policy.scale.scaling)
    band, reasons = _placed(row, score, opinion, evidence, policy)
    return Assessment(
        merchant_id=row["merchant_id"],
        as_of=moment(row),
        score=score,
        band=band,
        p_bad=probability(opinion.log_odds),
        counterfeit=flag,
        reasons=reasons,
        evidence=evidence,
        model=opinion.model,
        basis=opinion.basis,
        policy_version=policy.version,
    )


def _placed(
    row: Row, score: int, opinion: _Opinion, evidence: Evidence, policy: ScorePolicy
) -> tuple[BandName, tuple[Reason, ...]]:
    """The band after every cap, and the reasons with a cap's own among them."""
    modelled = opinion.basis is Basis.MODEL
    uncapped = policy.band(score, best=policy.best_band(modelled=modelled, sufficient=True))
    band = max(uncapped, policy.best_band(modelled=modelled, sufficient=evidence.sufficient))
    if band == uncapped:
        return band, opinion.reasons
    # Whoever is held down by a short history must be told so, even where as many features spoke as may.
    told = (*opinion.reasons[: policy.reasons.most - 1], state_reason(State.SHORT_HISTORY, row))
    return band, told


def _opinions(rows: Sequence[Row], credit: Model | None, policy: ScorePolicy, currency: str) -> list[_Opinion]:
    """One opinion per row: the model's where there is one and the row has orders, else the fallback's."""
    if credit is None:
        return [_fallback(row, (State.NO_MODEL,), policy) for row in rows]
    sold = [count(row, "n_orders_365d") > 0 for row in rows]
    modelled = iter(_modelled([row for row, has in zip(rows, sold, strict=True) if has], credit, policy, currency))
    return [next(modelled) if has else _fallback(row, (), policy) for row, has in zip(rows, sold, strict=True)]


def _modelled(rows: Sequence[Row], credit: Model, policy: ScorePolicy, currency: str) -> list[_Opinion]:
    X = credit.matrix(rows)
    spoken = reasons_of(credit, X, rows, limit=policy.reasons, currency=currency)
    return [
        _Opinion(log_odds=value, reasons=reasons, model=credit.named, basis=Basis.MODEL)
        for value, reasons in zip(credit.log_odds(X).tolist(), spoken, strict=True)
    ]


def _fallback(row: Row, states: tuple[State, ...], policy: ScorePolicy) -> _Opinion:
    """The standing answer, with the states that made it necessary."""
    if count(row, "n_orders_365d") == 0:
        states = (*states, State.LONG_SILENT if ever_sold(row) else State.NEVER_SOLD)
    return _Opinion(
        log_odds=log_odds(policy.fallback.p_bad),
        reasons=tuple(state_reason(state, row) for state in states),
        model=ModelName(name=FALLBACK, version=policy.version),
        basis=Basis.FALLBACK,
    )
