"""Features of one merchant with the evidence behind each, read from its events as of the midnight that begins today."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature, Ratio, Total
from features.engine import build_features
from features.spine import midnight
from features.store import EventStore
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
    log = EventStore(tx.engine).log(merchant_id=merchant_id)
    features = [*chosen, *(count for feature in chosen for count in _counts(feature))]
    (row,) = build_features(log, spine, features=features).to_pylist()
    return {feature.name: _measured(feature, row) for feature in chosen}


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
