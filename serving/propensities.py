"""How likely it was that merchants were let in, where a lot decided: what training weighs their labels by.

A month's row is learned from as of its first midnight. A decision speaks for the month in which it was made, and for
every month that begins before it ends.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import prod

import pyarrow as pa
from sqlalchemy import Connection

from scoring.gate import Outcome
from serving import store_decisions
from serving.store_decisions import Draw

__all__ = ["propensities"]

_SCHEMA = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("propensity", pa.float64()),
        ("let_in", pa.bool_()),
    ]
)
_IN = (Outcome.ADMIT, Outcome.CONDITIONS)


@dataclass(slots=True)
class _Month:
    """What was decided about a merchant for one month: by lot (programme and lot -> chance), or for certain."""

    chances: dict[tuple[str, float], float] = field(default_factory=dict)
    let_in: bool = False
    certain: bool = False

    def take(self, draw: Draw) -> None:
        """Add a decision; one that was made again with the same lot adds nothing."""
        if draw.lot is None or draw.propensity == 1.0:
            self.certain |= draw.outcome in _IN
        else:
            chance = draw.propensity if draw.explored else 1 - draw.propensity
            self.chances[draw.programme, draw.lot] = chance
            self.let_in |= draw.explored

    @property
    def propensity(self) -> float:
        """How likely it was that at least one lot, or none, let the merchant in, whichever came out."""
        none = prod(1 - chance for chance in self.chances.values())
        return 1 - none if self.let_in else none


def propensities(tx: Connection) -> pa.Table:
    """Columns merchant_id, as_of, propensity and let_in: the months of merchants whom nothing but a lot let in or not.

    Whoever was let in otherwise at the time is left away, since no lot decided; so is whoever had no chance.
    """
    months: dict[tuple[str, datetime], _Month] = {}
    for draw in store_decisions.draws(tx):
        for moment in _months(draw):
            months.setdefault((draw.merchant_id, moment), _Month()).take(draw)
    return _table((*at, one) for at, one in sorted(months.items(), key=lambda pair: pair[0]) if _by_lot(one))


def _by_lot(month: _Month) -> bool:
    return bool(month.chances) and not month.certain


def _table(rows: Iterable[tuple[str, datetime, _Month]]) -> pa.Table:
    plain = [
        {"merchant_id": merchant, "as_of": at, "propensity": one.propensity, "let_in": one.let_in}
        for merchant, at, one in rows
    ]
    return pa.Table.from_pylist(plain, schema=_SCHEMA)


def _months(draw: Draw) -> Iterator[datetime]:
    """The first midnights that a decision speaks for."""
    decided = draw.decided_at.astimezone(UTC)
    moment = datetime(decided.year, decided.month, 1, tzinfo=UTC)
    while moment < draw.expires_at:
        yield moment
        moment = moment.replace(year=moment.year + moment.month // 12, month=moment.month % 12 + 1)
