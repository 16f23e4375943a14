"""What challengers thought is kept for so many days, then dropped."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from features.database import written
from features.spine import midnight
from serving import store_shadow
from serving.champions import TARGETS

__all__ = ["prune"]


def prune(engine: Engine, *, days: int, now: datetime) -> int:
    """Drop what challengers thought, and would have decided, more than so many days ago; answer how many rows.

    What counts (assessments, decisions, the audit chain) is never dropped.
    """
    before = midnight(now.date() - timedelta(days=days))
    return sum(_pruned(engine, target, before) for target in TARGETS)


def _pruned(engine: Engine, target: str, before: datetime) -> int:
    drop = partial(store_shadow.drop_oldest_day, target=target, before=before)
    return sum(iter(lambda: written(engine, drop), 0))
