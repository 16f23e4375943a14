"""SQL of what nightly looks at the champions found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from features.database import insert_new, micros, moment
from features.tables import settled
from serving.tables import drifts

__all__ = ["Found", "claim", "keep", "newest"]

_CLAIMED = "champions looked at on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at a champion found: `advice` is keep, watch, retrain or roll back; `alarms` are sentences.

    `figures` are for monitors, by name; `told` is all of it, as JSON shows it.
    """

    target: str
    version: str
    as_of: datetime
    looked_at: datetime
    advice: str
    alarms: tuple[str, ...]
    figures: Mapping[str, float]
    told: Mapping[str, Any]


def claim(tx: Connection, day: str) -> bool:
    """Make a day's look one's own; False where another has it already."""
    insert_new(tx, settled, [{"name": _CLAIMED, "value": ""}])
    mine = settled.c.name == _CLAIMED, settled.c.value != day
    return tx.execute(update(settled).where(*mine).values(value=day)).rowcount == 1


def keep(tx: Connection, found: Found) -> None:
    """Keep what was found."""
    times = {"as_of": micros(found.as_of), "looked_at": micros(found.looked_at)}
    texts = {"alarms": list(found.alarms), "figures": dict(found.figures), "told": dict(found.told)}
    written = {name: json.dumps(value) for name, value in texts.items()}
    tx.execute(
        insert(drifts).values(target=found.target, version=found.version, advice=found.advice, **times, **written)
    )


def newest(tx: Connection) -> tuple[Found, ...]:
    """What the last look at each target's champion found."""
    last = select(drifts.c.target, func.max(drifts.c.looked_at).label("at")).group_by(drifts.c.target).subquery()
    query = select(drifts).join(last, (drifts.c.target == last.c.target) & (drifts.c.looked_at == last.c.at))
    return tuple(_found(dict(row._mapping)) for row in tx.execute(query.order_by(drifts.c.target)))


def _found(row: dict[str, Any]) -> Found:
    times = {name: moment(row[name]) for name in ("as_of", "looked_at")}
    read = {name: json.loads(row[name]) for name in ("alarms", "figures", "told")}
    return Found(**{**row, **times, **read, "alarms": tuple(read["alarms"])})
