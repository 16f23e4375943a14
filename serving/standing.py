"""What is known of a merchant while something is decided."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from scoring.evidence import Measured

__all__ = ["Readings"]

Readings = Callable[[Connection, str, Sequence[str], datetime], Mapping[str, Measured]]
