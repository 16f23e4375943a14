"""Errors of the features floor.

FeaturesError
├── LogUnreadable            a file is no event log at all
│   ├── UnknownColumns       a Parquet file has columns that the vocabulary does not know
│   └── NothingAccepted      a file has rows, and every one of them was rejected
├── SpineInvalid             a spine that lacks a column, or has a moment that is no midnight UTC
├── ScenarioInvalid          a scenario for the simulator cannot be read, or asks for what there is not
├── ImportFailed             another system's tables cannot be turned into events
├── OutputUnwritable         a file cannot be written where it is wanted
├── CurrencyDiffers          a store has one currency, and it is another one than the setting's
├── StoreUnavailable         the database does not answer, or has no tables of ours
├── StreamFailed             a running service refuses events, or does not answer
├── SparkUnavailable         Spark is asked for, and pyspark, Java or the cluster is not there
└── SparkFailed              a task on Spark failed

Each error's message says what is wrong with the values; the command line prints it and ends with 1.
"""

__all__ = [
    "CurrencyDiffers",
    "FeaturesError",
    "ImportFailed",
    "LogUnreadable",
    "NothingAccepted",
    "OutputUnwritable",
    "ScenarioInvalid",
    "SparkFailed",
    "SparkUnavailable",
    "SpineInvalid",
    "StoreUnavailable",
    "StreamFailed",
    "UnknownColumns",
]


class FeaturesError(Exception):
    """The root of what can go wrong on this floor."""


class LogUnreadable(FeaturesError):
    """A file cannot be read as an event log."""


class UnknownColumns(LogUnreadable):
    """A Parquet file has columns that no event uses."""


class NothingAccepted(LogUnreadable):
    """Every row of a log was rejected."""


class SpineInvalid(FeaturesError):
    """The rows to compute features for are not (merchant, midnight) pairs."""


class ScenarioInvalid(FeaturesError):
    """A scenario for the simulator cannot be read, or asks for what there is not."""


class ImportFailed(FeaturesError):
    """Another system's tables cannot be turned into an event log."""


class OutputUnwritable(FeaturesError):
    """A file cannot be written where it is wanted."""


class CurrencyDiffers(FeaturesError):
    """The store's currency is not the one that is set."""


class StoreUnavailable(FeaturesError):
    """The database does not answer, or is not one of ours."""


class StreamFailed(FeaturesError):
    """A running service cannot be told events: it refuses them, or does not answer."""


class SparkUnavailable(FeaturesError):
    """Spark is asked for, and cannot be had."""


class SparkFailed(FeaturesError):
    """A task on Spark failed."""
