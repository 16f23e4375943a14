"""Errors of the importers.

ImportFailed                  (features.errors)
├── SourceFileMissing         the folder, or a table that the import cannot do without, is not there
├── SourceFileBroken          a file is neither readable Parquet nor readable CSV
├── SourceColumnMissing       a table lacks a column that the import needs
├── SourceValueBroken         a value is of the wrong type or impossible, a needed one is empty, or a key stands twice
└── OutputNotWritable         the event log cannot be written where it should go
"""

from features.errors import ImportFailed

__all__ = [
    "ImportFailed",
    "OutputNotWritable",
    "SourceColumnMissing",
    "SourceFileBroken",
    "SourceFileMissing",
    "SourceValueBroken",
]


class SourceFileMissing(ImportFailed):
    """A table that the import cannot do without is not in the folder."""


class SourceFileBroken(ImportFailed):
    """A file cannot be read as what its name says it is."""


class SourceColumnMissing(ImportFailed):
    """A table lacks a column that the import needs."""


class SourceValueBroken(ImportFailed):
    """A value cannot be what its column says, or a key stands twice."""


class OutputNotWritable(ImportFailed):
    """The event log cannot be written where it should go."""
