"""One HTML file per training run, whole in itself: what was learned from what, how well it does, and for whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from scoring.linear import Bins
from scoring.model import Model
from scoring.scorecard import STANDARD, points
from training.columns import words_of
from training.costs import cutoffs
from training.fit import bundle_of
from training.psi import Reference, Shift
from training.report import plots
from training.segments import LEAST_GOOD, MOST, unfair, unjudged

if TYPE_CHECKING:
    from training.dataset import Dataset, Declared
    from training.drift import Drift
    from training.train import Proof, Report

__all__ = ["card", "drift_page", "page"]

Floats = npt.NDArray[np.float64]

#: So many inputs are shown, and so many rows are explained.
_SHOWN, _EXPLAINED = 12, 2000


#: What figures are called, and what they mean.
WORDS = {
    "auc": ("AUC", "how often a bad row is rated riskier than a good one; 0.5 is chance, 1 is perfect"),
    "gini": ("Gini", "2 x AUC - 1; 0 is chance"),
    "ks": ("KS", "the widest gap between the bad and the good below one score (Kolmogorov-Smirnov)"),
    "ap": ("average precision", "area under precision and recall; chance is the share of bad rows"),
    "log_loss": ("log-loss", "how surprised the probabilities are by what happened; lower is better"),
    "brier": ("Brier score", "mean squared distance between probability and what happened; lower is better"),
    "ece": (
        "calibration error",
        "by how much predicted and seen shares differ over ten bins (ECE); lower is better. "
        "Samples drawn from few rows differ more than the rows do, so its interval may lie above it",
    ),
    "recall_at_1_fpr": ("caught at 1 %", "share of the bad that is caught while one good row in 100 is called risky"),
    "recall_at_5_fpr": (
        "caught at 5 %",
        "share of the bad that is caught while five good rows in 100 are called risky",
    ),
    "cost_per_row": ("cost of a row", "mean cost at the recipe's cut-offs, in its units; lower is better"),
    "precision_at_capacity": ("bad among the looked at", "share of bad ones among as many as people can look at"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An input, and how far its values in the test lie from those learned from."""

    name: str
    shift: Shift


def page(report: "Report") -> str:
    """The report of a run as one HTML file, for the first split and with the figures of all."""
    return _environment().get_template("report.html").render(_context(report), pictures=_pictures(report))


def card(report: "Report") -> str:
    """The model card of a run, in Markdown."""
    return _environment().get_template("table-card.md" if report.table else "card.md").render(_context(report))


def drift_page(drifts: Sequence["Drift"]) -> str:
    """What has moved away from some models, as one HTML file."""
    return _environment().get_template("drift.html").render(drifts=drifts, words=WORDS)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("training.report"), autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["figure"] = lambda figure: "–" if isnan(figure.value) else str(figure)
    environment.filters["short"] = lambda value: "–" if isnan(value) else f"{value:.3f}"
    environment.filters["share"] = lambda value: "–" if isnan(value) else f"{value:.1%}"
    environment.filters["rise"] = lambda value: "–" if isnan(value) else f"{100 * value:+.1f}"
    return environment


def _context(report: "Report") -> dict[str, Any]:
    proof = report.proofs[0]
    side = proof.sides["all"]
    return {
        "report": report,
        "recipe": report.recipe,
        "proof": proof,
        "side": side,
        "served": proof.choice.served,
        "unfair": unfair(side.groups),
        "unjudged": unjudged(side.groups),
        "most_unfair": MOST,
        "least_good": LEAST_GOOD,
        "cutoffs": cutoffs(report.recipe.costs) if report.recipe.costs else None,
        "inputs": proof.train.inputs,
        "moved": _moved(proof.train, side.rows),
        "score_shift": proof.score_shift,
        "bins": list(_bins(proof)),
        "words": WORDS,
        "scaling": STANDARD,
    }


def _pictures(report: "Report") -> dict[str, Markup]:
    proof = report.proofs[0]
    side, served = proof.sides["all"], proof.choice.served
    y, p, merchants = side.rows.y, dict(side.p), side.rows.merchants
    (X, parts), inputs = _explained(report), proof.train.inputs
    chosen = np.argsort(-np.abs(parts).mean(axis=0), kind="stable")[:_SHOWN].tolist()
    drawn = {
        "ranking": plots.ranking(y, p, merchants, served=served),
        "reliability": plots.reliability(y, p[served], merchants),
        "distribution": plots.distribution(y, _scores(p[served])),
        "gains": plots.gains(y, p, served=served),
        "summary": plots.summary(X, [one.name for one in inputs], chosen, parts),
        "effects": plots.effects(X, inputs, chosen, parts),
    }
    if side.months:
        drawn["months"] = plots.months(side.months)
    if side.groups:
        drawn["groups"] = plots.groups(side.groups, report.many)
    if report.recipe.costs:
        drawn["costs"] = plots.costs(y, p[served], report.recipe.costs)
    # It is what we have just drawn.
    return {name: Markup(text) for name, text in drawn.items()}  # noqa: S704


def _explained(report: "Report") -> tuple[Floats, Floats]:
    """Some test rows (n, k), and what each input adds to their log-odds (n, k)."""
    proof = report.proofs[0]
    rows = proof.sides["all"].rows
    at = np.unique(np.linspace(0, len(rows) - 1, _EXPLAINED).astype(int))
    model = Model(bundle_of(proof.model, proof.train, report.recipe), num_threads=2)
    return rows.X[at], model.contributions(rows.X[at])[0]


def _scores(p: Floats) -> Floats:
    held = np.clip(p, 1e-12, 1 - 1e-12)
    return np.array([points(float(value)) for value in np.log(held / (1 - held))], dtype=np.float64)


def _moved(learned: "Dataset", test: "Dataset") -> list[Moved]:
    """The inputs that have moved most; merchants count once."""
    then, now = learned.heads, test.heads
    every = [
        Moved(name=one.name, shift=Reference.of(learned.X[:, at], rows=then).shift(test.X[:, at], rows=now))
        for at, one in enumerate(learned.inputs)
    ]
    return sorted(every, key=lambda one: -one.shift.psi)[:_SHOWN]


def _bins(proof: "Proof") -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The scorecard as people read it: input, and the points of each bin beside those of an average merchant."""
    fitted = proof.fitted.get("scorecard")
    if fitted is None:
        return
    for name, spans in _pieces(proof.train.inputs, {one.feature: one for one in getattr(fitted.learner, "terms_", ())}):
        if any(value for _, value in spans):
            yield name, [(span, round(-STANDARD.factor * fitted.line.slope * value)) for span, value in spans]


def _pieces(inputs: Sequence["Declared"], terms: Mapping[str, Bins]) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """Each column with what its values add; words that add the same stand together."""
    words = {inputs[places[0]].name: (column, places) for column, places in words_of(inputs)}
    later = {inputs[at].name for _, places in words.values() for at in places[1:]}
    for name, term in terms.items():
        if name in words:
            (of, places), groups = words[name], dict[float, list[str]]()
            for word, at in zip(of.answers, places, strict=True):
                groups.setdefault(terms[inputs[at].name].values[-1], []).append(word)
            yield of.column, [(", ".join(some), value) for value, some in sorted(groups.items())]
        elif name not in later:
            yield name, _spans(term)


def _spans(term: Bins) -> list[tuple[str, float]]:
    edges = [f"{edge:.4g}" for edge in term.edges]
    spans = [f"below {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges))]
    return list(zip([*spans, f"{edges[-1]} and above"], term.values, strict=True))
