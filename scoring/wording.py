"""Sentences for people: what a reason sentence may mention, and how its numbers are written.

A sentence is a format string with at most three names: `{value}` (with any format: `{value:.0%}`,
`{value:,}`), `{money}` (the same value, an amount in minor units, written in major units with its currency)
and `{days}` (the length of the window). Nothing else can be reached from a sentence.
"""

import math
from string import Formatter

__all__ = ["INTEGRAL", "Value", "fill", "money", "problem_of", "readable"]

#: What people are shown: a number, a word such as a category, or nothing.
Value = float | int | str | None

#: Units whose values are whole numbers.
INTEGRAL = frozenset({"count", "cents", "days"})

#: Digits after the point, where they are not two (ISO 4217, list one).
_DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0) | dict.fromkeys(
    ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3
)


def money(minor: float, currency: str = "") -> str:
    """An amount in minor units as people write it, in major units; without a currency, of two digits.

    >>> money(123450, "CNY"), money(123450, "JPY"), money(-5)
    ('1,234.50 CNY', '123,450 JPY', '-0.05')
    """
    digits = _DIGITS.get(currency, 2)
    whole, rest = divmod(abs(round(minor)), 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{fraction} {currency}".rstrip()


def readable(value: object, *, unit: str) -> Value:
    """A stored value as people are shown it: NaN is nothing, whole units are whole, words stay words.

    >>> readable(3.0, unit="count"), readable(float("nan"), unit="share"), readable("toys", unit="category")
    (3, None, 'toys')
    """
    if value is None or isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]  # A stored value is a number where it is no text.
    if math.isnan(number):
        return None
    return round(number) if unit in INTEGRAL else number


def fill(sentence: str, *, value: Value, days: int | None, currency: str = "") -> str:
    """The sentence with its numbers.

    >>> fill("Owes {money} for {days} days ({value:,} in cents).", value=123450, days=30, currency="CNY")
    'Owes 1,234.50 CNY for 30 days (123,450 in cents).'
    """
    amount: Value = value
    if "{money" in sentence and isinstance(value, (int, float)):
        amount = money(value, currency)
    return sentence.format(value=value, money=amount, days=days)


def problem_of(sentence: str, *, unit: str, days: int | None, with_value: bool) -> str | None:
    """What is wrong with a sentence, or nothing: tried before anybody is to be shown it."""
    sample: Value = {"category": "toys"}.get(unit, 3 if unit in INTEGRAL else 0.5)
    allowed = {"days"} if days is not None else set()
    allowed |= {"value", "money"} if with_value else set()
    try:
        for _, name, spec, _ in Formatter().parse(sentence):
            if name is not None and (name not in allowed or "{" in (spec or "")):
                return f"{{{name}}} cannot be filled in {sentence!r}"
        fill(sentence, value=sample, days=days)
    except (ValueError, TypeError) as error:
        return f"{sentence!r} cannot be filled: {error}"
    return None
