"""Errors of the scoring floor: each says what is wrong with the values it was given.

ScoringError
├── BundleBroken             the model's files do not belong together, or were changed
├── GoldenRowsDiffer         the model no longer gives what it gave when it was made
├── PolicyInvalid            a policy text cannot be used; every place is named
├── ProgrammeUnknown         no programme has this id
├── ScaleDiffers             the model's scale is not the one that the policy's bands stand on
├── ScoreOffScale            a score that no band can hold
├── ViolationUnknown         the policy of penalties names no such violation
└── RowRefused               what is known about a merchant cannot be judged
    ├── WidthDiffers         a matrix has other columns than the model
    ├── ColumnMissing        a row lacks a column that judgement needs
    ├── InputMissing         a model input is null or not finite
    ├── NotANumber           a number was needed and something else was there
    └── TimeNaive            `as_of` has no offset
"""

__all__ = [
    "BundleBroken",
    "ColumnMissing",
    "GoldenRowsDiffer",
    "InputMissing",
    "NotANumber",
    "PolicyInvalid",
    "ProgrammeUnknown",
    "RowRefused",
    "ScaleDiffers",
    "ScoreOffScale",
    "ScoringError",
    "TimeNaive",
    "ViolationUnknown",
    "WidthDiffers",
]


class ScoringError(Exception):
    """Nothing could be judged."""

    def __init__(self, **values: object) -> None:
        """Fill the class's docstring with `values`: it is the message."""
        sentence = " ".join((type(self).__doc__ or type(self).__name__).split())
        super().__init__(sentence.format(**values))
        self.values = values


class BundleBroken(ScoringError):
    """The model bundle is broken: {problem}."""


class GoldenRowsDiffer(ScoringError):
    """The model does not repeat its golden rows: {problem}."""


class PolicyInvalid(ScoringError):
    """The policy is invalid: {problems}."""


class ProgrammeUnknown(ScoringError):
    """There is no programme {programme}."""


class ScaleDiffers(ScoringError):
    """The model's scale ({model}) is not the policy's ({policy}), so its bands do not fit."""


class ScoreOffScale(ScoringError):
    """Score {score} lies outside the scale from {lowest} to {highest}."""


class ViolationUnknown(ScoringError):
    """There is no violation {kind}."""


class RowRefused(ScoringError):
    """The row cannot be judged."""


class WidthDiffers(RowRefused):
    """The model takes {wanted} inputs per row, not an array of shape {shape}."""


class ColumnMissing(RowRefused):
    """The row of merchant {merchant_id} has no column {column}."""


class InputMissing(RowRefused):
    """Input {feature} is null or not finite in row {row}; this model takes a finite number there."""


class NotANumber(RowRefused):
    """{column} of merchant {merchant_id} is {value}, which is not a number."""


class TimeNaive(RowRefused):
    """The moment {as_of} has no offset; it cannot be told when that is."""
