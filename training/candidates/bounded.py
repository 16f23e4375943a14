"""Logistic regression whose coefficients may not turn against what is known to be riskier."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from training.calibration import probability

__all__ = ["bounded_logistic"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def bounded_logistic(
    X: Floats, y: Labels, weight: Floats, *, l2: float, signs: npt.NDArray[np.int64]
) -> tuple[float, Floats]:
    """Intercept and coefficients (k,) of the greatest likelihood of labels (n,), less `l2` / 2 times their squares.

    `signs` (k,): 1 keeps a coefficient from falling below 0, -1 from rising above it, 0 lets it be. Columns should be
    of like scale, since all are drawn to 0 alike.
    """
    limits = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs.tolist()]
    share = float(np.average(y, weights=weight))
    start = np.append(np.log(share / (1 - share)), np.zeros(X.shape[1]))

    def loss(beta: Floats) -> tuple[float, Floats]:
        logits = X @ beta[1:] + beta[0]
        off = weight * (probability(logits) - y)
        height = weight @ (np.logaddexp(0.0, logits) - y * logits) + l2 / 2 * beta[1:] @ beta[1:]
        return float(height), np.append(off.sum(), X.T @ off + l2 * beta[1:])

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(None, None), *limits], options=_UNTIL)
    return float(found.x[0]), np.asarray(found.x[1:], dtype=np.float64)


_UNTIL = {"maxiter": 1000, "ftol": 1e-12, "gtol": 1e-8}
