"""Features of one merchant with the evidence behind each, read from its events as of the midnight that begins today."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, select

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature, Ratio, Total
from features.engine import build_features
from features.jsonrows import parse_canonical
from features.log import Batch
from features.spine import midnight
from features.tables import events
from scoring.evidence import Measured

__all__ = ["readings_from_events"]


def readings_from_events(
    tx: Connection, merchant_id: str, names: Sequence[str], now: datetime
) -> Mapping[str, Measured]:
    """The named features of a merchant; a rate comes with its two counts, and without its category's rate."""
    chosen = [feature for feature in CATALOGUE if feature.name in names]
    spine = pa.table(
        {"merchant_id": [merchant_id], "as_of": pa.array([midnight(now.date())], pa.timestamp("us", tz="UTC"))}
    )
    features = [*chosen, *(count for feature in chosen for count in _counts(feature))]
    (row,) = build_features(_Events(tx, merchant_id), spine, features=features).to_pylist()
    return {feature.name: _measured(feature, row) for feature in chosen}


class _Events:
    """A merchant's events as a log, read within a transaction.

    A second connection would be one too many: in a burst, those who hold the locks would wait for those who wait
    for them.
    """

    settled = True

    def __init__(self, tx: Connection, merchant_id: str) -> None:
        query = select(events.c.body).where(events.c.merchant_id == merchant_id).order_by(events.c.seq)
        self._bodies = list(tx.scalars(query))

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self._bodies)

    def batches(self, *, clock: datetime | None = None) -> Iterator[Batch]:
        """All of them at once; what is stored was checked before."""
        if self._bodies:
            numbers = np.arange(len(self._bodies))
            yield Batch(source="the store", numbers=numbers, rows=parse_canonical(self._bodies))


def _counts(feature: Feature) -> tuple[Feature, ...]:
    """What a rate divides, and by what, as features of their own."""
    if not isinstance(feature.formula, Ratio):
        return ()
    of, per = (Total(of=measure) for measure in (feature.formula.of, feature.formula.per))
    return (
        replace(feature, name=f"{feature.name}.of", formula=of),
        replace(feature, name=f"{feature.name}.per", formula=per),
    )


def _measured(feature: Feature, row: Mapping[str, Any]) -> Measured:
    of, per = (row.get(f"{feature.name}.{part}") for part in ("of", "per"))
    return Measured(name=feature.name, value=row[feature.name], of=of, per=per)
