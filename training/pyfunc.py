"""The door for MLflow's own tools: `mlflow.pyfunc.load_model` reads a bundle through this module.

Nothing is unpickled: the data folder holds the bundle's JSON and text, and its hashes are checked.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.bundle import Bundle
from scoring.complaints import Guess
from scoring.model import Model
from scoring.text import TextModel

__all__ = ["BundlePredictor", "TextPredictor", "read_bundle"]


def read_bundle(folder: Path) -> Bundle:
    """The bundle whose files lie in a folder; raises scoring.errors.BundleBroken."""
    return Bundle.unpack({path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()})


class BundlePredictor:
    """A bundle behind MLflow's `predict`."""

    def __init__(self, bundle: Bundle) -> None:
        self.model = Model(bundle)

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> npt.NDArray[np.float64]:
        """Probabilities of being bad (n,): the very numbers that the service gives.

        `data` is a table with a column per input, in any order, others ignored; or an array (n, k) in the
        bundle's order. `params` has no meaning here; MLflow passes it.
        """
        if isinstance(data, pd.DataFrame):
            data = data.loc[:, list(self.model.bundle.inputs)]
        return self.model.p(np.asarray(data, dtype=np.float64))


class TextPredictor:
    """A bundle that reads texts behind MLflow's `predict`."""

    def __init__(self, bundle: Bundle) -> None:
        self.model = TextModel(bundle)

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Of a table's column `text`: what each is about, how likely that is, and how likely it is a major case."""
        guesses = [Guess.of(self.model.p(str(text))) for text in data["text"]]
        return pd.DataFrame(
            {"topic": [one.topic for one in guesses], "p": [one.p for one in guesses],
             "p_major": [one.p_major for one in guesses]}
        )  # fmt: skip


def _load_pyfunc(data_path: str) -> BundlePredictor | TextPredictor:
    """Called by MLflow with the path of the logged data."""
    bundle = read_bundle(Path(data_path))
    return TextPredictor(bundle) if bundle.kind == "text" else BundlePredictor(bundle)
