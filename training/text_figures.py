"""How well texts are sorted, with intervals: texts are drawn anew, which is drawing the counts of a table anew."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluate import Figure
from training.text_recipe import TextRecipe
from training.texts import Texts

__all__ = ["Answers", "accuracy", "figures", "macro_f1"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What somebody makes of texts (n,): the topic, and whether it is a major case."""

    topic: npt.NDArray[np.object_]
    major: npt.NDArray[np.bool_]


def accuracy(table: Floats) -> Floats:
    """Share on the diagonal of tables (..., true, told).

    >>> accuracy(np.array([[3.0, 1.0], [0.0, 4.0]])).item()
    0.875
    """
    return np.asarray(np.trace(table, axis1=-2, axis2=-1) / table.sum(axis=(-2, -1)))


def macro_f1(table: Floats) -> Floats:
    """Mean F1 over the classes that truly occur in tables (..., true, told).

    >>> round(macro_f1(np.array([[3.0, 1.0], [0.0, 4.0]])).item(), 4)
    0.873
    """
    hit = np.diagonal(table, axis1=-2, axis2=-1)
    both = table.sum(axis=-1) + table.sum(axis=-2)
    there = table.sum(axis=-1) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = np.where(both > 0, 2 * hit / both, 0.0)
    return np.asarray(np.where(there, f1, 0.0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1))


def figures(
    texts: Texts, answers: Mapping[str, Answers], rows: npt.NDArray[np.bool_], recipe: TextRecipe
) -> dict[str, Figure]:
    """Topic accuracy, macro-F1, recall and precision of major cases, by who answers; what is served less the rules."""
    n, rng = int(rows.sum()), np.random.default_rng(recipe.seed)
    # All figures of a set come from the same draws, so that differences are paired.
    drawn = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=recipe.resamples)])
    found: dict[str, Floats] = {}
    for name, told in answers.items():
        table = _table(texts.topic[rows], told.topic[rows], drawn)
        found[f"{name}_accuracy"], found[f"{name}_macro_f1"] = accuracy(table), macro_f1(table)
        found |= {f"{name}_{what}": value for what, value in _major(texts.major[rows], told.major[rows], drawn).items()}
    found["gain_macro_f1"] = found["served_macro_f1"] - found["rules_macro_f1"]
    return {name: _figure(values) for name, values in found.items()}


def _table(true: npt.NDArray[np.object_], told: npt.NDArray[np.object_], drawn: Floats) -> Floats:
    """How often each topic (true) is called what (told), for each draw (d,): (d, c, c)."""
    names = sorted({*true, *told})
    place = {name: number for number, name in enumerate(names)}
    cell = np.array([place[a] * len(names) + place[b] for a, b in zip(true, told, strict=True)], dtype=np.int64)
    counts = np.zeros((len(drawn), len(names) ** 2))
    for one in np.unique(cell):
        counts[:, one] = drawn[:, cell == one].sum(axis=1)
    return counts.reshape(len(drawn), len(names), len(names))


def _major(true: npt.NDArray[np.bool_], told: npt.NDArray[np.bool_], drawn: Floats) -> dict[str, Floats]:
    hit, there, named = (drawn[:, rows].sum(axis=1) for rows in (true & told, true, told))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"major_recall": hit / there, "major_precision": hit / named}


def _figure(values: Floats) -> Figure:
    """The first is the value, the others are what draws gave; NaN where it cannot be told."""
    if not np.isfinite(values[0]):
        return Figure(value=float("nan"), low=float("nan"), high=float("nan"))
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return Figure(value=float(values[0]), low=float(low), high=float(high))
