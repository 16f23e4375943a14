"""Made-up marketplaces that no model has seen, and models that have not seen them: what `goals` judges.

Models learn from an everyday marketplace by their recipes, from every row whose label was known when it ended. Other
scenarios, each of its own seed, begin on the day on which it ended: other merchants, another mix, and later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.scenarios import DAYS, START
from features.catalogue import CATALOGUE
from features.engine import build_features
from features.labels import labels_of
from features.log import FileLog
from features.simulator.write import Written
from training.choice import choose, folds_of
from training.dataset import Dataset, inputs_of, matrix_of, monthly_spine
from training.fit import Fitted, fit
from training.recipe import CANDIDATES, Recipe

__all__ = ["LATER", "PAST", "Learned", "datasets", "learn", "log_of", "together", "with_a_past"]

#: When the later marketplaces begin, and how long nobody has a past in them.
LATER = START + timedelta(days=DAYS)
PAST = timedelta(days=90)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """A target's served candidate and the others, by name, and what they were learned from."""

    recipe: Recipe
    rows: Dataset
    served: str
    fitted: Mapping[str, Fitted]

    @property
    def model(self) -> Fitted:
        """What is served."""
        return self.fitted[self.served]


def log_of(written: Written) -> FileLog:
    """The log of a marketplace."""
    return FileLog([written.events], currency="CNY")


def datasets(log: FileLog, recipes: Sequence[Recipe]) -> dict[str, Dataset]:
    """What `training.dataset.build_dataset` makes of a log, for several targets out of one table of features."""
    spine = monthly_spine(log, min(recipes, key=lambda one: one.label.gap))
    inputs = {name for recipe in recipes for name in (one.name for one in inputs_of(recipe))}
    rows = build_features(log, spine, features=[one for one in CATALOGUE if one.name in inputs])
    return {one.target: _labelled(rows, labels_of(log, spine, one.label).rows, one) for one in recipes}


def _labelled(rows: pa.Table, labels: pa.Table, recipe: Recipe) -> Dataset:
    known = pc.and_(labels["mature"], pc.is_valid(labels["label"]))
    mine, inputs = rows.filter(known), inputs_of(recipe)
    return Dataset(
        inputs=inputs,
        X=matrix_of(mine, inputs),
        y=labels["label"].filter(known).to_numpy().astype(np.int8),
        merchants=np.array(mine["merchant_id"].to_pylist(), dtype=object),
        as_of=mine["as_of"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]"),
    )


def learn(rows: Dataset, recipe: Recipe, *, others: bool = False) -> Learned:
    """What a recipe makes of rows, whole; with `others`, all of its candidates."""
    served = choose(folds_of(rows, recipe), recipe, trees=recipe.model).served
    names = recipe.candidates if others else dict.fromkeys((CANDIDATES[0], served))
    return Learned(recipe=recipe, rows=rows, served=served, fitted={name: fit(name, rows, recipe) for name in names})


def with_a_past(rows: Dataset) -> Dataset:
    """The rows of a later marketplace whose moments are not among its first."""
    return rows.where(rows.as_of >= np.datetime64(LATER + PAST, "us"))


def together(parts: Sequence[Dataset]) -> Dataset:
    """Rows of several marketplaces as if they were one."""
    return Dataset(
        inputs=parts[0].inputs, X=np.concatenate([one.X for one in parts]), y=np.concatenate([one.y for one in parts]),
        merchants=np.concatenate([one.merchants for one in parts]), as_of=np.concatenate([one.as_of for one in parts]),
    )  # fmt: skip
