"""The model kind `trees`: gradient-boosted trees, read from LightGBM's own text."""

import ctypes
import threading
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from scoring.errors import BundleBroken

__all__ = ["Trees"]

Floats = NDArray[np.float64]


class Trees:
    """A LightGBM booster that any number of threads may ask.

    LightGBM walks every row by itself and adds its trees in order, so a row's numbers are the same to the
    last bit alone, in a batch, and with any number of threads.
    """

    def __init__(self, text: bytes, inputs: tuple[str, ...], *, num_threads: int = 1) -> None:
        self._booster = _read(text)
        self._num_threads = num_threads
        # LightGBM recomputes every tree's depth at the start of each prediction of contributions, and another
        # thread could size its buffers by a depth that is half done: one caller at a time.
        self._turn = threading.Lock()
        if tuple(self._booster.feature_name()) != inputs:
            raise BundleBroken(problem="the trees' inputs and the manifest's differ in names or order")
        if self._booster.num_model_per_iteration() != 1:
            raise BundleBroken(problem="the trees answer more than one question")
        self.base = float(self._predict(np.zeros((1, len(inputs))), pred_contrib=True)[0, -1])
        self._single = _SingleRow(self._booster, len(inputs))

    def raw(self, X: Floats) -> Floats:
        """Uncalibrated log-odds of bad: (n, k) -> (n,)."""
        if len(X) == 1:
            with self._turn:
                return np.array([self._single(X)])
        return self._predict(X, raw_score=True)

    def contributions(self, X: Floats) -> Floats:
        """Exact SHAP values (Lundberg 2018) of the uncalibrated log-odds: (n, k) -> (n, k), without the base."""
        return self._predict(X, pred_contrib=True)[:, :-1]

    def _predict(self, X: Floats, **what: bool) -> Floats:
        with self._turn:
            answer = self._booster.predict(X, num_threads=self._num_threads, **what)
        return np.asarray(answer, dtype=np.float64)


class _SingleRow:
    """LightGBM's way to ask for one row at a time, which takes a fifth of the time: all but the row is set up once.

    It has no Python name, so it is reached through the library that the package has loaded. Not for two threads at
    once.
    """

    def __init__(self, booster: lightgbm.Booster, width: int) -> None:
        self._library: Any = vars(lightgbm.basic)["_LIB"]
        # The booster frees what the set-up points to, so it has to live as long.
        self._booster = booster
        self._config = ctypes.c_void_p()
        self._row = np.zeros(width, dtype=np.float64)
        self._answer, self._count = ctypes.c_double(), ctypes.c_int64()
        self._check(
            self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle, ctypes.c_int(_RAW), ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(_FLOAT64),
                ctypes.c_int32(width), ctypes.c_char_p(b"num_threads=1"), ctypes.byref(self._config),
            )
        )  # fmt: skip

    def __call__(self, X: Floats) -> float:
        """The uncalibrated log-odds of one row, (1, k)."""
        self._row[:] = X[0]
        self._check(
            self._library.LGBM_BoosterPredictForMatSingleRowFast(
                self._config, ctypes.c_void_p(self._row.ctypes.data), ctypes.byref(self._count),
                ctypes.byref(self._answer),
            )
        )  # fmt: skip
        return self._answer.value

    def __del__(self) -> None:
        if self._config:
            self._library.LGBM_FastConfigFree(self._config)

    def _check(self, status: int) -> None:
        if status:
            raise BundleBroken(problem=f"the trees do not answer: {self._library.LGBM_GetLastError()}")


#: LightGBM's numbers for "log-odds as they are" and "numbers of 64 bits".
_RAW, _FLOAT64 = 1, 1


def _read(content: bytes) -> lightgbm.Booster:
    try:
        text = content.decode()
        if not _is_whole(text):
            raise BundleBroken(problem="model.txt is no whole LightGBM model")
        return lightgbm.Booster(model_str=text)
    except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
        raise BundleBroken(problem=f"model.txt is no LightGBM model: {error}") from error


def _is_whole(text: str) -> bool:
    """Whether the trees stand where the header says; LightGBM itself reads beyond the end of a cut text."""
    header, _, _ = text.partition("\n\n")
    _, _, sizes = header.partition("\ntree_sizes=")
    at = len(header) + 2
    for number, size in enumerate(sizes.split()):
        if not size.isdecimal() or not text.startswith(f"Tree={number}\n", at):
            return False
        at += int(size)
    return text.startswith("end of trees\n", at)
