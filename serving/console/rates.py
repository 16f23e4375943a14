"""The rates that a reviewer sees of a merchant, each with what it rests on and how far it can be trusted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from scoring.bounds import lower, upper
from scoring.evidence import Measured
from scoring.wording import fill
from serving.console.charts import Bar, bar

__all__ = ["CONFIDENCE", "COUNTS", "NAMES", "Count", "Rate", "counts", "rates"]

#: What is shown, in this order: promises kept, then what went wrong.
NAMES = (
    "dispatch_kept_rate_90d",
    "delivery_kept_rate_90d",
    "merchant_cancel_rate_90d",
    "defect_rate_90d",
    "fault_rate_90d",
    "return_refusal_rate_90d",
    "low_star_rate_90d",
)
#: What is told of counterfeits, where there is any: facts, which a model's chance cannot show.
COUNTS = ("n_fakes_confirmed_365d", "n_fake_reports_open")
#: The gates' own default, so that a reviewer sees the bounds that a gate judged by.
CONFIDENCE = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate for people; without things behind it there are neither value nor bounds.

    `usual` is the rate of its category, towards which the bounds are drawn.
    """

    name: str
    text: str
    text_zh: str
    value: float | None
    of: int | None = None
    per: int | None = None
    low: float | None = None
    high: float | None = None
    usual: float | None = None
    picture: Bar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Something counted, in words."""

    text: str
    text_zh: str


def counts(found: Mapping[str, Measured]) -> tuple[Count, ...]:
    """What there is of `COUNTS`, in their order; nothing is said of what there is none of."""
    told = ((feature, found[feature.name].value) for feature in _features(COUNTS) if feature.name in found)
    return tuple(
        Count(
            text=fill(feature.text, value=value, days=feature.days),
            text_zh=fill(feature.text_zh, value=value, days=feature.days),
        )
        for feature, value in told
        if value
    )


def rates(found: Mapping[str, Measured]) -> tuple[Rate, ...]:
    """The rates of `NAMES` that were read, in their order."""
    return tuple(_rate(feature, found[feature.name]) for feature in _features(NAMES) if feature.name in found)


def _features(names: Sequence[str]) -> Iterator[Feature]:
    known = {feature.name: feature for feature in CATALOGUE}
    return (known[name] for name in names)


def _rate(feature: Feature, reading: Measured) -> Rate:
    if not isinstance(reading.value, (int, float)):
        text, text_zh = (fill(one, value=None, days=feature.days) for one in (feature.text_none, feature.text_none_zh))
        return Rate(name=feature.name, text=text, text_zh=text_zh, value=None)
    low, high = lower(reading, CONFIDENCE), upper(reading, CONFIDENCE)
    return Rate(
        name=feature.name,
        text=fill(feature.text, value=reading.value, days=feature.days),
        text_zh=fill(feature.text_zh, value=reading.value, days=feature.days),
        value=float(reading.value),
        of=reading.of,
        per=reading.per,
        low=low,
        high=high,
        usual=reading.prior,
        picture=bar(float(reading.value), low=low, high=high, riskier=feature.riskier),
    )
