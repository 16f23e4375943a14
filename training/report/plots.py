"""The pictures of a training report, each as SVG text; colours and sizes are the same in all of them."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from training.costs import Cutoffs, cost_per_row, cutoffs
from training.dataset import Declared
from training.evaluate import Figure as Measured
from training.evaluate import curves, resampled
from training.recipe import Costs
from training.segments import MOST, Group, Month

__all__ = ["costs", "distribution", "effects", "gains", "groups", "months", "ranking", "reliability", "summary"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Names = npt.NDArray[np.object_]

INK, SOFT, RULE, ACCENT, BAD, GOOD = "#1d2530", "#56606d", "#dcdad2", "#1d5c7a", "#8a3a10", "#14603f"
_COLOURS = (ACCENT, "#c17d11", GOOD, "#7b4a9e", SOFT)
_STYLE: Any = {
    "font.family": "sans-serif", "font.size": 9,
    "figure.facecolor": "none", "axes.edgecolor": SOFT, "axes.labelcolor": SOFT, "text.color": INK,
    "xtick.color": SOFT, "ytick.color": SOFT, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": RULE, "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False,
    "svg.fonttype": "none", "svg.hashsalt": "goodfaith", "axes.titlesize": 10, "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}  # fmt: skip
_RESAMPLES = 100
_TICKS = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def ranking(y: Labels, p: dict[str, Floats], merchants: Names, *, served: str) -> str:
    """ROC and precision-recall curves of all candidates; the served one with its 95 % band."""
    figures, (roc, pr) = _panels(2)
    for place, (name, one) in enumerate(p.items()):
        recall, fpr, precision = curves(y, one, np.ones(len(y)))
        look: Any = {"color": _COLOURS[place], "lw": 2.2 if name == served else 1.1, "label": name}
        roc.plot(fpr, recall, **look)
        # Between two thresholds no more than the precision of the later one is had: ties come all at once.
        pr.step(recall, np.append(precision[1], precision[1:]), where="pre", **look)
    _bands(roc, pr, y, p[served], merchants, _COLOURS[list(p).index(served)])
    roc.plot([0, 1], [0, 1], color=SOFT, lw=0.8, ls=":")
    pr.axhline(y.mean(), color=SOFT, lw=0.8, ls=":")
    _named(roc, "ROC", "share of good ones called risky", "share of bad ones caught", legend="lower right")
    _named(pr, "Precision and recall", "share of bad ones caught", "bad among those called risky")
    pr.set_ylim(0, 1.03)
    return _svg(figures)


def _bands(roc: Axes, pr: Axes, y: Labels, p: Floats, merchants: Names, colour: str) -> None:
    grid = np.linspace(0, 1, 101)
    recalls, precisions = [], []
    for weight in resampled(merchants, times=_RESAMPLES, seed=0):
        recall, fpr, precision = curves(y, p, weight)
        if np.isfinite(recall[-1]) and np.isfinite(fpr[-1]):
            recalls.append(np.interp(grid, fpr, recall))
            precisions.append(precision[np.searchsorted(recall, grid[1:])])
    for axes, xs, sample in ((roc, grid, recalls), (pr, grid[1:], precisions)):
        if sample:
            low, high = np.quantile(sample, [0.025, 0.975], axis=0)
            axes.fill_between(xs, low, high, color=colour, alpha=0.15, lw=0)


def reliability(y: Labels, p: Floats, merchants: Names) -> str:
    """What was predicted beside what happened, in ten bins of equal count, with 95 % intervals by merchant."""
    figures, (axes, log) = _panels(2)
    bins = np.minimum((np.argsort(np.argsort(p)) / len(p) * 10).astype(int), 9)
    mean = np.array([p[bins == one].mean() for one in range(10) if (bins == one).any()])
    seen = np.array([y[bins == one].mean() for one in range(10) if (bins == one).any()])
    spread = [_bin_means(y, bins, weight) for weight in resampled(merchants, times=_RESAMPLES, seed=1)]
    low, high = np.nanquantile(np.array(spread), [0.025, 0.975], axis=0)[:, np.unique(bins)]
    for one in (axes, log):
        one.plot([1e-4, 1], [1e-4, 1], color=SOFT, lw=0.8, ls=":")
        one.errorbar(mean, seen, yerr=[np.maximum(seen - low, 0), np.maximum(high - seen, 0)], fmt="o", ms=4,
                     color=ACCENT, lw=1.2)  # fmt: skip
    _named(axes, "Reliability", "predicted", "share that was bad")
    least = max(1e-4, min(mean.min(), seen[seen > 0].min(initial=1.0)) / 2)
    ticks = [one for one in _TICKS if one >= least]
    log.set(xscale="log", yscale="log", xlim=(least, 1.2), ylim=(least, 1.2))
    for axis in (log.xaxis, log.yaxis):
        axis.set_ticks(ticks, [f"{one:.2g}" for one in ticks])
        axis.set_minor_locator(NullLocator())
    _named(log, "The same, in logarithms", "predicted", "share that was bad")
    return _svg(figures)


def _bin_means(y: Labels, bins: npt.NDArray[np.int64], weight: Floats) -> Floats:
    total = np.bincount(bins, weights=weight, minlength=10)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.bincount(bins, weights=weight * y, minlength=10) / total)


def distribution(y: Labels, score: Floats) -> str:
    """Scores of good and of bad rows, and where they lie furthest apart (KS)."""
    figures, (bars, ks) = _panels(2)
    edges = np.linspace(score.min() - 0.5, score.max() + 0.5, 31)
    for label, colour, name in ((0, GOOD, "good"), (1, BAD, "bad")):
        mine = score[y == label]
        share = np.full(len(mine), 1 / max(len(mine), 1))
        bars.hist(mine, bins=edges.tolist(), weights=share, color=colour, alpha=0.55, label=name)
        order = np.sort(mine)
        ks.step(order, np.arange(1, len(order) + 1) / max(len(order), 1), where="post", color=colour, label=name)
    grid = np.unique(score)
    apart = _below(score[y == 1], grid) - _below(score[y == 0], grid)
    at = int(np.argmax(apart))
    ks.axvline(grid[at], color=SOFT, lw=0.8, ls=":", label=f"KS {apart[at]:.3f} at {grid[at]:.0f}")
    _named(bars, "Scores", "score (points, higher is safer)", "share of good, of bad rows", legend="best")
    _named(ks, "Kolmogorov-Smirnov (KS)", "score (points, higher is safer)", "share at or below", legend="upper left")
    return _svg(figures)


def _below(values: Floats, grid: Floats) -> Floats:
    return np.searchsorted(np.sort(values), grid, side="right") / max(len(values), 1)


def gains(y: Labels, p: dict[str, Floats], *, served: str) -> str:
    """How many of the bad ones are among the riskiest so many, and how often more than by lot."""
    figures, (cumulated, lift) = _panels(2)
    shares = np.arange(1, len(y) + 1) / len(y)
    for place, (name, one) in enumerate(p.items()):
        recall, fpr, _ = curves(y, one, np.ones(len(y)))
        # Equal ones are looked at in no order, so each of them brings the same.
        caught = np.interp(shares, recall * y.mean() + fpr * (1 - y.mean()), recall)
        look: Any = {"color": _COLOURS[place], "lw": 2.2 if name == served else 1.1, "label": name}
        cumulated.plot(shares, caught, **look)
        first = max(len(y) // 100, 1)
        lift.plot(shares[first:], (caught / shares)[first:], **look)
    cumulated.plot([0, 1], [0, 1], color=SOFT, lw=0.8, ls=":")
    _named(cumulated, "Gains", "riskiest share looked at", "share of bad ones caught", legend="lower right")
    _named(lift, "Lift", "riskiest share looked at", "times as often as by lot")
    return _svg(figures)


def months(told: Sequence[Month]) -> str:
    """Stability: the ranking, and what was predicted beside what happened, month by month, with 95 % intervals."""
    figures, (auc, level) = _panels(2)
    names = [one.as_of[:7] for one in told]
    _spread(auc, names, [one.auc for one in told], ACCENT, "AUC")
    auc.set_ylim(0.4, 1.02)
    auc.axhline(0.5, color=SOFT, lw=0.8, ls=":")
    _spread(level, names, [one.seen for one in told], BAD, "was bad")
    level.plot(names, [one.expected for one in told], "o-", color=ACCENT, label="predicted")
    # Room above for the legend.
    level.set_ylim(0, 1.35 * level.get_ylim()[1])
    for axes in (auc, level):
        axes.set_xticks(range(0, len(names), -(-len(names) // 6)), names[:: -(-len(names) // 6)])
    _named(auc, "AUC by month", "month", "AUC")
    _named(level, "Level by month", "month", "share of rows", legend="upper left")
    return _svg(figures)


def _spread(axes: Axes, names: list[str], told: Sequence[Measured], colour: str, label: str) -> None:
    """Figures with their intervals, joined by a line."""
    value = np.array([one.value for one in told])
    off = [[max(one.value - one.low, 0.0) for one in told], [max(one.high - one.value, 0.0) for one in told]]
    axes.errorbar(names, value, yerr=np.nan_to_num(off), fmt="s--", ms=4, lw=1.2, color=colour, label=label)


def groups(told: Sequence[Group], many: str) -> str:
    """Each group's good ones refused, as a multiple of all others', with 95 % intervals; an arrow goes on beyond 4.

    Nothing where no good one is refused: there is nothing to draw.
    """
    judged = [one for one in told if np.isfinite(one.ratio.value)]
    if not judged:
        return ""
    figures, (axes,) = _panels(1, width=9.2, height=0.9 + 0.24 * len(judged))
    for place, one in enumerate(reversed(judged)):
        colour = BAD if one.unfair else ACCENT
        axes.plot([one.ratio.low, min(one.ratio.high, _FARTHEST)], [place, place], color=colour, lw=1.4)
        axes.plot(min(one.ratio.value, _FARTHEST), place, "o", ms=4, color=colour)
        if one.ratio.high > _FARTHEST:
            axes.plot(_FARTHEST + 0.05, place, ">", ms=5, color=colour)
    axes.set_yticks(range(len(judged)), [_short(f"{one.dimension}: {one.name}") for one in reversed(judged)])
    axes.axvline(1.0, color=SOFT, lw=0.8)
    axes.axvline(MOST, color=BAD, lw=0.8, ls=":")
    axes.set(xlim=(-0.1, _FARTHEST + 0.15), ylim=(-0.6, len(judged) - 0.4))
    _named(axes, f"Good {many} refused, beside all others", f"times as often ({MOST} is the most allowed)", "")
    return _svg(figures, look="one")


def effects(X: Floats, inputs: Sequence[Declared], chosen: Sequence[int], parts: Floats) -> str:
    """What each of the strongest inputs adds to the log-odds, along its values; each dot is a row."""
    figures, every = _panels(len(chosen), width=3.0, height=2.3)
    for axes, column in zip(every, chosen, strict=True):
        one = inputs[column]
        axes.plot(X[:, column], parts[:, column], ".", ms=2.5, alpha=0.35, color=ACCENT, rasterized=True)
        axes.axhline(0, color=SOFT, lw=0.8)
        axes.set_title(_short(one.name, 36), fontsize=7.5, loc="left", fontweight="bold")
        axes.set_xlabel(f"{one.unit}; {_WAYS[one.riskier]}", fontsize=7.5)
        axes.set_ylabel("log-odds of bad", fontsize=7.5)
        axes.tick_params(labelsize=7.5)
    return _svg(figures, look="three")


#: Which way an input may bend the model.
_WAYS = {"higher": "▲ higher is riskier", "lower": "▼ lower is riskier", "neither": "may bend either way"}
#: Ratios are drawn so far.
_FARTHEST = 4.0


def _short(name: str, most: int = 40) -> str:
    """A name that does not run into its neighbour's; its end tells it from others that begin alike.

    >>> _short("status_of_existing_account_is_none", 20)
    'status_of…nt_is_none'
    """
    left = (most - 1) // 2
    return name if len(name) <= most else f"{name[:left]}…{name[left - most + 1 :]}"


def summary(X: Floats, names: Sequence[str], chosen: Sequence[int], parts: Floats) -> str:
    """Contributions to the log-odds of the strongest inputs; a dot is a row, dark where the input's value is high."""
    figures, (axes,) = _panels(1, width=9.2, height=0.8 + 0.26 * len(chosen))
    random = np.random.default_rng(0)
    for place, column in enumerate(reversed(chosen)):
        rank = np.argsort(np.argsort(X[:, column])) / max(len(X) - 1, 1)
        jitter = place + random.uniform(-0.28, 0.28, len(X))
        axes.scatter(parts[:, column], jitter, c=rank, cmap="cividis_r", s=3, lw=0, rasterized=True)
    axes.set_yticks(range(len(chosen)), [_short(names[column]) for column in reversed(chosen)])
    axes.axvline(0, color=SOFT, lw=0.8)
    _named(axes, "What pushed scores (SHAP values; right is riskier)", "contribution to the log-odds of bad", "")
    return _svg(figures, look="one")


def costs(y: Labels, p: Floats, given: Costs) -> str:
    """The cost of a row by where the line is drawn, with costs of a miss 20 % up and down, and the chosen cut-offs."""
    figures, (axes,) = _panels(1, width=9.2, height=3.2)
    grid, ones = np.linspace(0.0, 1.0, 201), np.ones(len(y))
    for change, style in ((1.0, "-"), (0.8, "--"), (1.2, ":")):
        varied = Costs(missed=given.missed * change, refused=given.refused, review=given.review, capacity=1)
        line = [cost_per_row(y, p, ones, varied, Cutoffs(review=at, refuse=at)) for at in grid]
        axes.plot(grid, line, style, color=ACCENT, lw=1.4, label=f"nobody looks, a miss costs {varied.missed:g}")
    chosen = cutoffs(given)
    axes.axhline(cost_per_row(y, p, ones, given), color=GOOD, lw=1.4, label="at the chosen cut-offs, with people")
    for at, word in ((chosen.review, "look"), (chosen.refuse, "refuse")):
        axes.axvline(at, color=SOFT, lw=0.8, ls=":")
        axes.annotate(f"{word} from {at:.2f}", (at, axes.get_ylim()[1]), xytext=(3, -9), textcoords="offset points")
    _named(axes, "What the line costs", "probability from which a row is refused", "mean cost of a row")
    axes.set_ylim(bottom=0)
    figures[0].legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return _svg(figures, look="one")


def _panels(count: int, *, width: float = 4.6, height: float = 2.9) -> tuple[list[Figure], list[Axes]]:
    """So many figures of one plot each, which stand beside one another where there is room, and else below."""
    with mpl.rc_context(_STYLE):
        figures = [Figure(figsize=(width, height), layout="constrained") for _ in range(count)]
        return figures, [figure.subplots() for figure in figures]


def _named(axes: Axes, title: str, x: str, y: str, *, legend: Any = None) -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    if legend:
        axes.legend(loc=legend, frameon=False, fontsize=8)


def _svg(figures: Sequence[Figure], *, look: str = "two") -> str:
    """The figures as SVG, the same bytes for the same figures; `look` names how they stand on the page."""
    return f'<div class="plots {look}">{"".join(map(_drawn, figures))}</div>'


def _drawn(figure: Figure) -> str:
    out = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(out, format="svg", dpi=160, metadata={"Date": None, "Creator": None})
    return out.getvalue().partition("<svg")[1] + out.getvalue().partition("<svg")[2]
