"""How far a challenger and the champion differ on live traffic, and which was right where that is known by now."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine

from features.database import day_of, reading
from features.label_spec import LabelSpec
from features.labels import build_labels
from features.spine import midnight
from features.store import EventStore
from scoring.counterfeit import Level
from scoring.policy_text import BAND_NAMES
from serving import store_shadow
from serving.errors import NoShadows
from serving.store_shadow import Day, Outcome, Pair

__all__ = ["Agreement", "Matured", "Report", "Spread", "report_on"]

#: Grades of each target, the safest first.
GRADES: Mapping[str, tuple[str, ...]] = {"credit": BAND_NAMES, "counterfeit": tuple(Level)}

_BEGIN, _QUANTILES = date(1970, 1, 1), (0, 5, 25, 50, 75, 95, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How many merchants got which grade by the champion and which by the challenger; `grades` from the safest on."""

    grades: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]

    @property
    def judged(self) -> int:
        """Merchants judged by both."""
        return sum(self.counts.values())

    @property
    def alike(self) -> int:
        """Those of the same grade by both."""
        return sum(count for (live, shadow), count in self.counts.items() if live == shadow)

    @property
    def riskier(self) -> int:
        """Those whom the challenger calls riskier."""
        return sum(count for (live, shadow), count in self.counts.items() if self.gap(live, shadow) > 0)

    @property
    def safer(self) -> int:
        """Those whom the challenger calls safer."""
        return self.judged - self.alike - self.riskier

    def gap(self, live: str, shadow: str) -> int:
        """By how many grades the challenger calls a merchant riskier."""
        return self.grades.index(shadow) - self.grades.index(live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The challenger's figures less the champion's: their mean, and per cent of merchants -> at most so much."""

    unit: str
    mean: float
    quantiles: Mapping[int, float]

    @classmethod
    def of(cls, differences: Sequence[float], *, unit: str) -> Self | None:
        """None where there is nothing to compare.

        >>> Spread.of([1.0, 2.0, 6.0], unit="points").mean
        3.0
        """
        if not differences:
            return None
        found = np.percentile(differences, _QUANTILES).tolist()
        return cls(unit=unit, mean=float(np.mean(differences)), quantiles=dict(zip(_QUANTILES, found, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """Merchant-months whose label is known by now: the mean squared error of each one's probability, and who was bad.

    `riskier` and `safer` are those that the challenger graded so: how many, and how many of them turned out bad.
    """

    rows: int
    bad: int
    brier_live: float
    brier_shadow: float
    riskier: tuple[int, int]
    safer: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known of a champion and a challenger that judged the same merchants; `matured` None = no label yet."""

    pair: Pair
    first: date
    last: date
    agreement: Agreement
    spread: Spread | None
    outcomes: tuple[Outcome, ...]
    matured: Matured | None

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        told, matured = self.agreement, self.matured
        return {
            "target": self.pair.target,
            "champion": self.pair.champion,
            "challenger": self.pair.challenger,
            "first_day": self.first.isoformat(),
            "last_day": self.last.isoformat(),
            "merchants": {name: getattr(told, name) for name in ("judged", "alike", "riskier", "safer")},
            "grades": [
                {"champion": live, "challenger": shadow, "merchants": count}
                for (live, shadow), count in sorted(told.counts.items())
            ],
            "difference": asdict(self.spread) if self.spread else None,
            "decisions": [
                {"kind": one.kind, "champion": one.live, "challenger": one.shadow, "decisions": one.decisions,
                 "cents": one.cents}
                for one in self.outcomes
            ],
            "labels": _matured(matured) if matured else None,
        }  # fmt: skip


def _matured(matured: Matured) -> dict[str, Any]:
    sides = {name: dict(zip(("rows", "bad"), getattr(matured, name), strict=True)) for name in ("riskier", "safer")}
    brier = {"champion": matured.brier_live, "challenger": matured.brier_shadow}
    return {"rows": matured.rows, "bad": matured.bad, "brier": brier, **sides}


def report_on(
    engine: Engine, target: str, *, label: Callable[[str], LabelSpec], since: date | None, now: datetime
) -> Report:
    """Compare the champion and the challenger of a target that judged last, from a day on. Raises `NoShadows`.

    `label` tells what is bad for a target; it is not asked before a day of theirs has passed.
    """
    first = since or _BEGIN
    with reading(engine) as tx:
        pair = store_shadow.newest_pair(tx, target)
        latest = [*store_shadow.latest_days(tx, pair, since=_number(first))] if pair else []
        if not (pair and latest):
            raise NoShadows(f"no challenger has judged by {target} {f'since {first}' if since else 'yet'}")
        months = _by_month(store_shadow.days(tx, pair, since=_number(first), until=day_of(now)))
        outcomes = store_shadow.outcomes(tx, pair, since=midnight(first))
    counts = Counter((one.live_grade, one.shadow_grade) for one in latest)
    return Report(
        pair=pair,
        first=_date(min(one.day for one in (*latest, *months))),
        last=_date(max(one.day for one in latest)),
        agreement=Agreement(grades=GRADES[target], counts=counts),
        spread=_spread(target, latest),
        outcomes=outcomes,
        matured=_judged_by_labels(engine, months, label(target), now=now) if months else None,
    )


def _spread(target: str, latest: Sequence[Day]) -> Spread | None:
    if target == "credit":
        return Spread.of([float(one.shadow_score - one.live_score) for one in latest], unit="points")
    both = [(one.live_p, one.shadow_p) for one in latest]
    return Spread.of([shadow - live for live, shadow in both if live is not None and shadow is not None], unit="p")


def _by_month(days: Iterable[Day]) -> list[Day]:
    """The first of each merchant's days in each month: what one thinks on the next day is no news."""
    kept: dict[tuple[str, int, int], Day] = {}
    for one in days:
        at = _date(one.day)
        kept.setdefault((one.merchant_id, at.year, at.month), one)
    return [*kept.values()]


def _judged_by_labels(engine: Engine, months: Sequence[Day], spec: LabelSpec, *, now: datetime) -> Matured | None:
    """Who was right, of the months whose labels are known; a day's label begins with the midnight that ends it."""
    old = [one for one in months if midnight(_date(one.day + 1)) + spec.gap <= now]
    if not old:
        return None
    moments = pa.array([midnight(_date(one.day + 1)) for one in old], pa.timestamp("us", tz="UTC"))
    spine = pa.table({"merchant_id": pa.array([one.merchant_id for one in old], pa.string()), "as_of": moments})
    labels = build_labels(EventStore(engine).log(), spine, spec)["label"].to_pylist()
    told = [(day, y) for day, y in zip(old, labels, strict=True) if y is not None]
    return _right(spec.target, told)


def _right(target: str, told: Sequence[tuple[Day, int]]) -> Matured | None:
    both = [(day, y) for day, y in told if day.live_p is not None and day.shadow_p is not None]
    if not both:
        return None
    y = np.array([bad for _, bad in both], dtype=np.float64)
    live, shadow = (np.array([getattr(day, name) for day, _ in both]) for name in ("live_p", "shadow_p"))
    grades = GRADES[target]
    gaps = np.array([grades.index(day.shadow_grade) - grades.index(day.live_grade) for day, _ in both])
    return Matured(
        rows=len(both),
        bad=int(y.sum()),
        brier_live=float(np.mean((live - y) ** 2)),
        brier_shadow=float(np.mean((shadow - y) ** 2)),
        riskier=(int((gaps > 0).sum()), int(y[gaps > 0].sum())),
        safer=(int((gaps < 0).sum()), int(y[gaps < 0].sum())),
    )


def _number(day: date) -> int:
    return day_of(datetime.combine(day, datetime.min.time(), tzinfo=UTC))


def _date(day: int) -> date:
    return _BEGIN + timedelta(days=day)
