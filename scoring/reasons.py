"""Reasons: contributions and states turned into sentences for people, in English and Chinese.

Codes R001-R899 are features' and come with their sentences from the catalogue through the bundle; codes from
R900 are states of judgement, and their sentences stand here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import Input
from scoring.errors import ColumnMissing
from scoring.model import Model
from scoring.score_policy import ReasonLimit
from scoring.wording import Value, fill, readable

__all__ = ["UNKNOWN", "Reason", "State", "principal_reasons", "reasons_of", "state_reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason: stable code, sentences, the feature shown with its value, and what it cost in log-odds.

    `contribution` is positive, a state's is 0; `feature` is None where no feature stands behind a state.
    """

    code: str
    text: str
    text_zh: str
    feature: str | None
    value: Value
    contribution: float


#: What is said about a value that is not known and has no sentence of its own for that.
UNKNOWN = ("Nothing is known about this yet.", "暂无相关记录。")


class State(Enum):
    """A state of judgement that people must be told: code, feature shown, its unit, English, Chinese."""

    NO_MODEL = (
        "R900",
        None,
        "count",
        "No model has judged this merchant yet; a cautious standing answer is given.",
        "尚无模型对该商家作出评估，暂以统一的审慎标准处理。",
    )
    NEVER_SOLD = (
        "R901",
        "n_orders_365d",
        "count",
        "Never sold anything yet; there is nothing to judge.",
        "尚无任何订单，暂无可供评估的记录。",
    )
    LONG_SILENT = (
        "R902",
        "days_since_last_order",
        "days",
        "Sold nothing for {value:,} days; what was known before is too old to judge by.",
        "已有 {value:,} 天没有订单，此前的记录已过时，不再用于评估。",
    )
    SHORT_HISTORY = (
        "R903",
        "n_orders_365d",
        "count",
        "Short history: too few orders in the last 365 days ({value:,}), or all too recent, for a better band.",
        "经营记录较短：近 365 天共 {value:,} 笔订单，数量不足或时间过短，暂不能获得更高等级。",
    )
    DRAWN_TO_CATEGORY = (
        "R904",
        None,
        "count",
        "The record behind some figures is short, so they count as closer to the category's average than they look.",
        "部分指标的样本较少，因此按更接近同类平均的水平计算。",
    )
    FAKE_CONFIRMED = (
        "R910",
        "n_fakes_confirmed_365d",
        "count",
        "Counterfeit goods were confirmed in the last 365 days (findings: {value:,}).",
        "近 365 天内有 {value:,} 次售假经核实。",
    )

    def __init__(self, code: str, feature: str | None, unit: str, text: str, text_zh: str) -> None:
        self.code = code
        self.feature = feature
        self.unit = unit
        self.text = text
        self.text_zh = text_zh


def state_reason(state: State, shown: Mapping[str, object]) -> Reason:
    """The reason for a state, with its value from the merchant's row."""
    value = readable(shown.get(state.feature), unit=state.unit) if state.feature else None
    return Reason(
        code=state.code,
        text=fill(state.text, value=value, days=None),
        text_zh=fill(state.text_zh, value=value, days=None),
        feature=state.feature,
        value=value,
        contribution=0.0,
    )


def principal_reasons(
    inputs: Sequence[Input],
    contributions: Sequence[float],
    shown: Mapping[str, object],
    *,
    most: int = 4,
    currency: str = "",
    drawn_from: float = 0.0,
) -> tuple[Reason, ...]:
    """What spoke most against a merchant: at most `most` adverse reasons, the heaviest first, ties by code.

    `inputs` and `contributions` (log-odds, positive = riskier) go together; `shown` maps feature names to
    values. Inputs of one reason code are kin: they count as their sum, and the heaviest speaks for them. What
    speaks against a merchant only because a short record is drawn towards its category's is told as that, never by
    a figure that looks good: one that is better by `drawn_from` (a share) than what the model takes. Nothing adverse
    gives no reasons. ColumnMissing where a feature to be shown is not in `shown`.
    """
    totals: dict[str, float] = defaultdict(float)
    heaviest: dict[str, tuple[float, Input]] = {}
    for one, contribution in zip(inputs, contributions, strict=True):
        drawn = contribution > 0 and _looks_better(one, shown, drawn_from)
        code = State.DRAWN_TO_CATEGORY.code if drawn else one.reason
        totals[code] += contribution
        if code not in heaviest or contribution > heaviest[code][0]:
            heaviest[code] = (contribution, one)
    adverse = sorted((code for code in totals if totals[code] > 0), key=lambda code: (-totals[code], code))
    return tuple(_told(code, heaviest[code][1], totals[code], shown, currency) for code in adverse[:most])


def _looks_better(one: Input, shown: Mapping[str, object], drawn_from: float) -> bool:
    """Whether the value that people see is safer by this share than the one that the model takes.

    Of what should be high, a share of orders sent in time, the part that is missing is looked at.
    """
    seen, taken = shown.get(one.shows), shown.get(one.name)
    if one.shows == one.name or not isinstance(seen, (int, float)) or not isinstance(taken, (int, float)):
        return False
    if one.riskier == "lower":
        seen, taken = 1 - seen, 1 - taken
    return one.riskier != "neither" and seen < taken * (1 - drawn_from)


def _told(code: str, one: Input, contribution: float, shown: Mapping[str, object], currency: str) -> Reason:
    if code == State.DRAWN_TO_CATEGORY.code:
        return replace(state_reason(State.DRAWN_TO_CATEGORY, shown), contribution=contribution)
    return _spoken(one, contribution, shown, currency)


def reasons_of(
    model: Model,
    X: NDArray[np.float64],
    shown: Sequence[Mapping[str, object]],
    *,
    limit: ReasonLimit,
    currency: str = "",
) -> list[tuple[Reason, ...]]:
    """The principal reasons of each row of inputs (n, k) under a model; `shown` holds the rows' features."""
    contributions, _ = model.contributions(X)
    told = partial(principal_reasons, model.bundle.features, most=limit.most, drawn_from=limit.drawn_from)
    return [told(parts, row, currency=currency) for row, parts in zip(shown, contributions.tolist(), strict=True)]


def _spoken(one: Input, contribution: float, shown: Mapping[str, object], currency: str) -> Reason:
    """The reason of a group in the words of its heaviest member."""
    if one.shows not in shown:
        raise ColumnMissing(merchant_id=shown.get("merchant_id"), column=one.shows)
    value = readable(shown[one.shows], unit=one.unit)
    if value is None:
        text, text_zh = one.text_none or UNKNOWN[0], one.text_none_zh or UNKNOWN[1]
    else:
        text, text_zh = one.text, one.text_zh
    return Reason(
        code=one.reason,
        text=fill(text, value=value, days=one.days, currency=currency),
        text_zh=fill(text_zh, value=value, days=one.days, currency=currency),
        feature=one.shows,
        value=value,
        contribution=contribution,
    )
