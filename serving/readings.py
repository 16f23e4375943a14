"""Features of merchants as of now, with the evidence behind each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from features import moment
from scoring.evidence import Measured

__all__ = ["live_readings"]


def live_readings(
    tx: Connection, merchant_ids: Sequence[str], names: Sequence[str], now: datetime
) -> dict[str, dict[str, Measured]]:
    """The named features of some merchants as of now, by merchant and name; nothing is written."""
    found = moment.readings(tx, merchant_ids, names, now=now)
    return {merchant_id: {name: _measured(one) for name, one in own.items()} for merchant_id, own in found.items()}


def _measured(one: moment.Reading) -> Measured:
    return Measured(name=one.name, value=one.value, of=one.of, per=one.per, prior=one.prior, strength=one.strength)
