"""Logarithms, powers and waves that are the same to the last bit on every machine.

`np.exp`, `np.log` and `np.cos` come from each processor's own library and differ in the last bit now and then, which is
enough to turn one order in a billion. Here they are made of additions, multiplications and divisions of whole arrays,
which IEEE 754 leaves no choice about. They are right to about nine digits, which is plenty for making things up.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["exp", "log", "normal", "wave"]

Floats = npt.NDArray[np.float64]

_LN2 = 0.6931471805599453
#: 1/n!, from the highest power down.
_EXP = tuple(1 / factorial for factorial in (40320, 5040, 720, 120, 24, 6, 2, 1, 1))
_LOG = tuple(2 / odd for odd in (11, 9, 7, 5, 3, 1))


def _polynomial(terms: tuple[float, ...], x: Floats) -> Floats:
    total = np.full(x.shape, terms[0])
    for term in terms[1:]:
        total *= x
        total += term
    return total


def exp(x: Floats | float) -> Floats:
    """e to the powers `x`.

    >>> exp(np.array([0.0, 1.0, -20.0])).round(9).tolist()
    [1.0, 2.718281828, 2e-09]
    """
    given = np.maximum(np.asarray(x, dtype=np.float64), -700.0)
    twos = np.rint(given * (1 / _LN2))
    return np.asarray(np.ldexp(_polynomial(_EXP, given - twos * _LN2), twos.astype(np.int32)))


def log(x: Floats | float) -> Floats:
    """The natural logarithms of positive numbers.

    >>> log(np.array([1.0, 10.0, 0.25])).round(8).tolist()
    [0.0, 2.30258509, -1.38629436]
    """
    part, twos = np.frexp(np.asarray(x, dtype=np.float64))
    low = part < 0.7071067811865476
    part, twos = np.where(low, part * 2, part), np.where(low, twos - 1, twos)
    ratio = (part - 1) / (part + 1)
    return np.asarray(_polynomial(_LOG, ratio * ratio) * ratio + twos * _LN2)


def wave(turns: Floats) -> Floats:
    """A wave between -1 and 1 that begins at 0 and repeats after one turn (Bhaskara's sine, right to 0.002).

    >>> wave(np.array([0.0, 0.25, 0.5, 0.75, 1.25])).tolist()
    [0.0, 1.0, 0.0, -1.0, 1.0]
    """
    place = turns - np.floor(turns)
    half = np.where(place < 0.5, place, place - 0.5) * 2
    bow = half * (1 - half)
    return np.asarray(np.where(place < 0.5, 1.0, -1.0) * (16 * bow / (5 - 4 * bow)) + 0.0)


#: Acklam's rational approximation of the normal quantile (relative error 1.15e-9): the middle and the tails.
_MIDDLE = (
    (
        -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
        2.506628277459239,
    ),
    (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0),
)  # fmt: skip
_TAIL = (
    (
        -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
        2.938163982698783,
    ),
    (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0),
)  # fmt: skip


def normal(u: Floats) -> Floats:
    """The standard normal numbers below which the shares `u` lie, each strictly between 0 and 1.

    >>> normal(np.array([0.5, 0.975, 0.001])).round(5).tolist()
    [0.0, 1.95996, -3.09023]
    """
    centred = u - 0.5
    square = centred * centred
    middle = _polynomial(_MIDDLE[0], square) * centred / _polynomial(_MIDDLE[1], square)
    outer = np.minimum(u, 1 - u)
    far = np.sqrt(-2 * log(np.maximum(outer, 1e-300)))
    tail = _polynomial(_TAIL[0], far) / _polynomial(_TAIL[1], far)
    return np.asarray(np.where(outer < 0.02425, np.where(centred < 0, tail, -tail), middle))
