"""How exposed the platform is, for Prometheus: what is promised, paid first and not back, and held as security."""

import time
from collections.abc import Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, func, select

from features.database import day_of
from serving.ledger.accounts import FAST_REFUND
from serving.ledger.tables import RESERVED, held_days, merchant_balances, reservations

__all__ = ["Exposure"]

#: Balances are added up over all merchants, which takes a moment where there are a million: not for every look.
_EVERY = 60.0

_BALANCES = ("advanced", "receivable", "deposit", "pledge")


class Exposure:
    """Adds it up, once a minute at most."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._sums: dict[str, int] = {}

    def figures(self, tx: Connection, *, now: datetime) -> Iterator[Metric]:
        """The sums in minor units, by the ledger's accounts; and what weighs on the fund today."""
        if self._at is None or time.monotonic() - self._at >= _EVERY:
            self._sums, self._at = _sums(tx), time.monotonic()
        exposure = GaugeMetricFamily(
            "goodfaith_exposure_cents",
            "What stands on an account of the ledger, over all merchants; fund_today is what weighs on the fund's day",
            labels=("account",),
        )
        for account, cents in {**self._sums, "fund_today": _today(tx, now)}.items():
            exposure.add_metric([account], cents)
        yield exposure


def _sums(tx: Connection) -> dict[str, int]:
    balances = tx.execute(select(*(func.sum(merchant_balances.c[one]) for one in _BALANCES))).one()
    reserved = tx.scalar(select(func.sum(reservations.c.cents)).where(reservations.c.state == RESERVED))
    return {"reserved": int(reserved or 0), **dict(zip(_BALANCES, (int(one or 0) for one in balances), strict=True))}


def _today(tx: Connection, now: datetime) -> int:
    mine = (held_days.c.holder == f"fund:{FAST_REFUND}", held_days.c.day == day_of(now))
    return int(tx.scalar(select(held_days.c.cents).where(*mine)) or 0)
