"""Has the world moved away from the champion? Populations, missing evidence, calibration and rank on matured labels.

Labels are late, so the first signs are those of the population; alarms hang on what has been proven: scores that moved,
probabilities that are off, a rank that was lost (design note 8). Its own limits stand here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import logit

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from features.engine import COLUMNS_KEPT, features_of
from features.log import EventLog
from features.partition import divided
from features.progress import Watch, silently
from features.spine import together
from scoring.bundle import Bundle
from scoring.model import Model
from training.costs import cutoffs
from training.dataset import Dataset, build_dataset, groups_of, matrix_of, seen_by, silent_in
from training.early import Early, Week
from training.errors import TooLittleToLearnFrom
from training.evaluate import MOST_OFF, Evaluation, Figure, difference, ece_by_chance, evaluate
from training.population import Population, effects_of, in_trade
from training.psi import Shift
from training.recipe import Recipe

__all__ = ["Champion", "Drift", "Matured", "Moved", "Now", "drift_of", "now_in", "weeks_in"]

#: Rows with matured labels below which nothing is said of calibration and rank (own proposal).
LEAST_MATURED = 200
#: The share of merchants without evidence behind an input may rise by so much (own proposal).
MOST_SILENT = 0.10
#: An input has shifted where its population has, and what it adds to the log-odds has by so much on average: 1.4 points
#: of the score (own proposal). Rates drawn to their category's move a little all the time, and tell nothing by that.
LEAST_EFFECT = 0.05
#: Scores have where theirs has, and their tenths lie so far from where they lay: 5 points, a quarter of what doubles
#: the odds (own proposal). Where most merchants score nearly the same, two points all round are a PSI of 0.7.
LEAST_MOVE = 0.17
#: Before labels mature, merchants are looked at at the end of each of so many weeks back: a credit label's horizon.
WEEKS = 8
#: What shows early, each of the 30 days before a week's end: what labels are made of, and what comes before it.
PROXIES = (
    "late_dispatch_rate_30d",
    "late_delivery_rate_30d",
    "merchant_cancel_rate_30d",
    "own_fault_rate_30d",
    "defect_rate_30d",
    "return_rate_30d",
    "fault_refund_rate_30d",
    "dispute_rate_30d",
    "complaint_rate_30d",
)
#: A share of these that rises by so much beyond chance, among so many merchants, is an early sign (own proposals). It
#: calls for a look, not for an alarm: seasons raise them too.
LEAST_RISE, LEAST_PAIRED = 0.02, 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Now:
    """Merchants in trade at a midnight: what a model's inputs are, and where there is no evidence behind them."""

    as_of: datetime
    merchants: npt.NDArray[np.object_]
    X: npt.NDArray[np.float64]
    silent: npt.NDArray[np.bool_]
    categories: npt.NDArray[np.object_]
    proxies: Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How far a population has moved, and what that does to log-odds: what an input adds to them on average beside
    then, or how far scores lie from where they lay, on average over tenths of the merchants.
    """

    shift: Shift
    effect: float
    least: float = LEAST_EFFECT

    @property
    def state(self) -> str:
        """Stable, watch or shifted; what hardly changes any answer is to be watched at most."""
        if self.shift.state == "shifted" and abs(self.effect) < self.least:
            return "watch"
        return self.shift.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """How the champion did on rows whose labels have matured since it was made; `chance` as in a training report.

    `earlier` is the AUC of the champion before it on the same rows, less its own; None where there was none, or one
    that asks for other inputs.
    """

    first: datetime
    last: datetime
    judged: Evaluation
    predicted: float
    chance: float
    earlier: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has moved since a version was made; `alarms` are sentences, `advice` is one word or two."""

    target: str
    version: str
    as_of: datetime
    rows: int
    score: Moved
    inputs: Mapping[str, Moved]
    categories: Shift
    silent: Mapping[str, float]
    early: Early
    matured: Matured | None
    alarms: tuple[str, ...]

    @property
    def shifted(self) -> list[str]:
        """The inputs that have shifted, most first."""
        found = [name for name, one in self.inputs.items() if one.state == "shifted"]
        return sorted(found, key=lambda name: -abs(self.inputs[name].effect))

    @property
    def advice(self) -> str:
        """What to do: going back is better than what is there only where it was shown to be."""
        if self.matured and self.matured.earlier and self.matured.earlier.low > 0:
            return "roll back"
        if self.alarms:
            return "retrain"
        return "watch" if self.shifted or self.early.risen or self.categories.state != "stable" else "keep"

    @property
    def figures(self) -> dict[str, float]:
        """For a monitor: how far what counts has moved, what shows early, and the error on matured labels."""
        last = self.early.weeks[-1]
        early = {f"early_{name}": last.mean(name) for name in last.figures}
        told = {
            "score_psi": self.score.shift.psi,
            "categories_psi": self.categories.psi,
            "inputs_shifted": len(self.shifted),
        }
        told |= {"early_signs": len(self.early.risen), **early}
        if self.matured:
            told |= {name: self.matured.judged.figures[name].value for name in ("ece", "auc")}
        return {name: float(value) for name, value in told.items() if not isnan(value)}

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "target": self.target,
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "rows": self.rows,
            "score": _plain_moved(self.score),
            "categories": {**asdict(self.categories), "state": self.categories.state},
            "inputs": {name: _plain_moved(one) for name, one in self.inputs.items()},
            "silent": dict(self.silent),
            "early": self.early.plain(),
            "matured": self.matured and _plain_matured(self.matured),
            "alarms": list(self.alarms),
            "advice": self.advice,
        }


def _plain_moved(moved: Moved) -> dict[str, Any]:
    return {**asdict(moved.shift), "effect": moved.effect, "state": moved.state}


def _plain_matured(matured: Matured) -> dict[str, Any]:
    return {
        "from": matured.first.isoformat(),
        "to": matured.last.isoformat(),
        "rows": matured.judged.rows,
        "bad": matured.judged.bad,
        "predicted": matured.predicted,
        "ece_by_chance": matured.chance,
        "auc_gain_of_the_one_before": matured.earlier and asdict(matured.earlier),
        "figures": {name: asdict(figure) for name, figure in matured.judged.figures.items()},
    }


def now_in(log: EventLog, bundle: Bundle, *, watch: Watch = silently) -> Now:
    """Everybody in trade at the last midnight that the log knows whole, as the bundle's model sees them.

    Raises TooLittleToLearnFrom where nobody trades then.
    """
    return weeks_in(log, bundle, weeks=0, watch=watch)[-1]


def weeks_in(log: EventLog, bundle: Bundle, *, weeks: int = WEEKS, watch: Watch = silently) -> tuple[Now, ...]:
    """The same at that midnight and at the ends of so many weeks before, the oldest first; none at which nobody traded.

    Raises TooLittleToLearnFrom where nobody trades at the last of them.
    """
    inputs = tuple(one for name in bundle.inputs for one in CATALOGUE if one.name == name)
    proxies = tuple(one for one in CATALOGUE if one.name in PROXIES)
    with divided(log, COLUMNS_KEPT) as parted:
        last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=parted.last_known // 86_400_000_000)
        moments = [last - timedelta(weeks=back) for back in range(weeks, -1, -1)]
        spine = together([parted.everybody(as_of) for as_of in moments])
        rows = features_of(parted, spine, features=seen_by(inputs, proxies), watch=watch)
    seen = [_seen(rows.filter(pc.field("as_of") == as_of), inputs, as_of) for as_of in moments]
    if not len(seen[-1].X):
        raise TooLittleToLearnFrom(f"no merchant trades on {last:%Y-%m-%d}")
    return tuple(one for one in seen if len(one.X))


def _seen(rows: pa.Table, inputs: Sequence[Feature], as_of: datetime) -> Now:
    groups = groups_of(rows)
    mine = in_trade(groups["trade"])
    return Now(
        as_of=as_of,
        merchants=rows["merchant_id"].to_numpy(zero_copy_only=False).astype(object)[mine],
        X=matrix_of(rows, inputs)[mine],
        silent=silent_in(rows, inputs)[mine],
        categories=groups["category"][mine],
        proxies={name: rows[name].cast(pa.float64()).to_numpy()[mine] for name in PROXIES},
    )


def _early(weeks: Sequence[Now], model: Model, recipe: Recipe) -> Early:
    return Early.of([_week(one, model, recipe) for one in weeks], rise=LEAST_RISE, merchants=LEAST_PAIRED)


def _week(one: Now, model: Model, recipe: Recipe) -> Week:
    """What is told of a week: foretold badness, who would be refused, evidence that is missing, and the proxies."""
    p = model.p(one.X)
    refused = {"refused": (p >= cutoffs(recipe.costs).refuse).astype(np.float64)} if recipe.costs else {}
    told = {"p": p, **refused, "without_evidence": one.silent.mean(axis=1), **one.proxies}
    return Week(as_of=one.as_of, merchants=one.merchants, figures=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """A served version, the recipe it was made from, the figures of its own test, and the champion before it."""

    version: str
    bundle: Bundle
    recipe: Recipe
    on_record: Mapping[str, float]
    before: Bundle | None = None


def drift_of(
    log: EventLog, champion: Champion, *, since: date | None = None, say: Callable[[str], None] = lambda text: None
) -> Drift:
    """What has moved since a champion was made.

    Labels count that matured after it was made, of moments from `since` on.
    """
    bundle, version = champion.bundle, champion.version
    model, then = Model(bundle, version=version), Population.read(bundle.training["reference"])
    say(f"{bundle.target}: merchants as they are")
    weeks = weeks_in(log, bundle)
    now = weeks[-1]
    effects = effects_of(model, now.X)
    inputs = {
        name: Moved(shift=then.inputs[name].shift(now.X[:, at]), effect=effects[name] - then.effects[name])
        for at, name in enumerate(bundle.inputs)
    }
    silent = {name: float(now.silent[:, at].mean()) for at, name in enumerate(bundle.inputs)}
    score = _moved(then, model.p(now.X))
    say(f"{bundle.target}: labels that have matured since")
    matured = _matured(log, champion.recipe, model, champion.before, since)
    return Drift(
        target=bundle.target,
        version=version,
        as_of=now.as_of,
        rows=len(now.X),
        score=score,
        inputs=inputs,
        categories=then.mix(now.categories),
        silent=silent,
        early=_early(weeks, model, champion.recipe),
        matured=matured,
        alarms=tuple(_alarms(score, silent, then, matured, champion.on_record)),
    )


def _moved(then: Population, p: npt.NDArray[np.float64]) -> Moved:
    """How far scores have moved: a PSI alone tells of less than a point, where most merchants score nearly the same."""
    edges = logit(then.p.apart(p))
    by = float(np.abs(edges[:, 1] - edges[:, 0]).mean()) if len(edges) else 0.0
    return Moved(shift=then.p.shift(p), effect=by, least=LEAST_MOVE)


def _matured(log: EventLog, recipe: Recipe, model: Model, before: Bundle | None, since: date | None) -> Matured | None:
    """Rows of moments after the last one learned from; None where too few of their labels have matured."""
    try:
        rows = build_dataset(log, recipe)
    except TooLittleToLearnFrom:
        return None
    made = datetime.fromisoformat(model.bundle.training["until"]) - recipe.label.gap
    first = max(np.datetime64(made.replace(tzinfo=None), "us"), _begin(since))
    late = rows.where(rows.as_of >= first if since else rows.as_of > first)
    if len(late) < LEAST_MATURED or late.bad in (0, len(late)):
        return None
    p = model.p(_columns(late, model.bundle))
    return Matured(
        first=late.as_of.min().item().replace(tzinfo=UTC),
        last=late.as_of.max().item().replace(tzinfo=UTC),
        judged=evaluate(late.y, p, late.merchants, resamples=200, seed=recipe.seed),
        predicted=float(p.mean()),
        chance=ece_by_chance(p, seed=recipe.seed),
        earlier=_earlier(late, p, before, recipe) if before else None,
    )


def _earlier(rows: Dataset, p: npt.NDArray[np.float64], before: Bundle, recipe: Recipe) -> Figure | None:
    if not set(before.inputs) <= {one.name for one in rows.inputs}:
        return None
    other = Model(before).p(_columns(rows, before))
    return difference(rows.y, other, p, rows.merchants, resamples=200, seed=recipe.seed)


def _begin(since: date | None) -> np.datetime64:
    return np.datetime64(since or date(1970, 1, 1), "us")


def _columns(rows: Dataset, bundle: Bundle) -> npt.NDArray[np.float64]:
    return rows.X[:, [rows.column(name) for name in bundle.inputs]]


def _alarms(
    score: Moved,
    silent: Mapping[str, float],
    then: Population,
    matured: Matured | None,
    on_record: Mapping[str, float],
) -> list[str]:
    found = []
    if score.state == "shifted":
        shift = score.shift
        found.append(
            f"scores have shifted: PSI {shift.psi:.2f}, chance explains {shift.bound:.2f}, "
            f"and log-odds by {score.effect:.2f}"
        )
    risen = {name: share - then.silent.get(name, 0.0) for name, share in silent.items()}
    worst = max(risen, key=lambda name: risen[name])
    if risen[worst] > MOST_SILENT:
        found.append(
            f"{sum(rise > MOST_SILENT for rise in risen.values())} inputs have lost evidence, {worst} most: "
            f"{silent[worst]:.0%} of merchants have none, and {then.silent.get(worst, 0.0):.0%} had"
        )
    return found + (_proven(matured, on_record) if matured else [])


def _proven(matured: Matured, on_record: Mapping[str, float]) -> list[str]:
    """Alarms that hang on what became of merchants."""
    found, figures = [], matured.judged.figures
    off = figures["ece"].value - matured.chance
    if off > MOST_OFF:
        share = matured.judged.bad / matured.judged.rows
        found.append(
            f"probabilities are off by {off:.3f} beyond chance: {matured.predicted:.1%} predicted, {share:.1%} were bad"
        )
    low = on_record.get("auc.low")
    if low is not None and figures["auc"].high < low:
        found.append(f"rank was lost: AUC {figures['auc']}, and its own test had at least {low:.3f}")
    if matured.earlier and matured.earlier.low > 0:
        found.append(f"the champion before it ranks better: AUC {matured.earlier} more on the same rows")
    return found
