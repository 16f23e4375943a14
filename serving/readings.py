"""Features of one merchant as of now, with the evidence behind each."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from features import moment
from scoring.evidence import Measured

__all__ = ["live_readings"]


def live_readings(tx: Connection, merchant_id: str, names: Sequence[str], now: datetime) -> Mapping[str, Measured]:
    """The named features of a merchant as of now; nothing is written."""
    found = moment.readings(tx, merchant_id, names, now=now)
    return {
        name: Measured(name=name, value=one.value, of=one.of, per=one.per, prior=one.prior, strength=one.strength)
        for name, one in found.items()
    }
