"""One-sided bounds of a rate: how good and how bad it may truly be, given how little is known.

A rate of `of` in `per` things, drawn towards its category's rate `prior` with the weight of `strength` things, has
the posterior Beta(of + strength * prior, per - of + strength * (1 - prior)). A rate without a prior takes an even one
of two things, so that one spotless order proves little.
"""

from scipy.special import betaincinv

from scoring.evidence import Measured

__all__ = ["lower", "upper"]


def lower(measured: Measured, confidence: float) -> float:
    """The rate is at least this with probability `confidence`; 0 where nothing speaks for more.

    A spotless 99 of 99 over an even prior of two things is Beta(100, 1), whose distribution is x ** 100: the
    bound at 95 % is 0.05 ** (1 / 100).

    >>> spotless = Measured(name="kept", value=1.0, of=99, per=99, prior=0.5, strength=2.0)
    >>> round(lower(spotless, 0.95), 4), round(0.05 ** (1 / 100), 4)
    (0.9705, 0.9705)
    """
    return _quantile(measured, 1.0 - confidence)


def upper(measured: Measured, confidence: float) -> float:
    """The rate is at most this with probability `confidence`; 1 where nothing speaks for less.

    None of 9 over the same prior is Beta(1, 10): 1 - (1 - x) ** 10 is 0.8 at the bound.

    >>> clean = Measured(name="refused", value=0.0, of=0, per=9, prior=0.5, strength=2.0)
    >>> round(upper(clean, 0.8), 4), round(1 - 0.2 ** (1 / 10), 4)
    (0.1487, 0.1487)
    """
    return _quantile(measured, confidence)


def _quantile(measured: Measured, share: float) -> float:
    """The posterior's quantile; a side without any weight leaves nothing but the other end."""
    good, rest = _weights(measured)
    if good <= 0 and rest <= 0:
        # Nothing is known and nobody is like it: every rate is possible.
        return 0.0 if share < 0.5 else 1.0
    if good <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    return float(betaincinv(good, rest, share))


def _weights(measured: Measured) -> tuple[float, float]:
    """The posterior's two parameters; where no prior is known, one thing on each side (Bayes and Laplace)."""
    of, per = measured.of or 0, measured.per or 0
    prior, strength = (0.5, 2.0) if measured.prior is None else (measured.prior, measured.strength)
    # Orders of before the window may be cancelled within it, so that there may be more failures than things.
    return of + strength * prior, max(per - of, 0) + strength * (1.0 - prior)
