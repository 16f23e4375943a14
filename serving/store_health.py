"""How the store does, as far as its errors say: what fails is counted by kind, and a full one is looked at again."""

from typing import Any

import structlog
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from features import errors as features_errors
from features.database import insert_new, writing
from features.tables import settled
from serving.errors import StoreFull, StoreUnavailable
from serving.metrics import Metrics

__all__ = ["StoreHealth"]

log = structlog.get_logger("goodfaith.serving")

#: What databases call it: SQLite's names of errors, PostgreSQL's states, their first two letters standing for a class.
_KINDS = {
    "SQLITE_FULL": "full",
    "SQLITE_BUSY": "slow",
    "SQLITE_LOCKED": "slow",
    "53100": "full",
    "53": "slow",
    "55P03": "slow",
    "57014": "slow",
    "08": "gone",
    "57": "gone",
    "SQLITE_CANTOPEN": "gone",
    "SQLITE_READONLY_DBMOVED": "gone",
}

#: Larger than what comes in one piece, so that where it finds room others do.
_FILLER = "." * 100_000
_ROOM = "room"


class StoreHealth:
    """Listens to an engine's errors. Where something failed the store is in doubt, until a write has been tried."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine, self._metrics = engine, metrics
        self._doubt = ""
        event.listen(engine, "handle_error", self._note)

    def check(self) -> None:
        """Raise `StoreFull` or `StoreUnavailable` where something failed, and a write would fail now.

        Whoever sees to it that nobody calls a service that is not ready also keeps the write away that would show
        that it is again: so one is made here.
        """
        if not self._doubt:
            return
        try:
            with writing(self._engine) as tx:
                insert_new(tx, settled, [{"name": _ROOM, "value": _FILLER}])
            with writing(self._engine) as tx:
                tx.execute(settled.delete().where(settled.c.name == _ROOM))
        except features_errors.StoreUnavailable as error:
            if self._doubt == "full":
                raise StoreFull("the store has no room left") from error
            raise StoreUnavailable("the store takes nothing in") from error
        self._doubt = ""

    def _note(self, context: ExceptionContext) -> None:
        kind = _kind(context.original_exception)
        if kind:
            self._doubt = kind
            self._metrics.store_failed(kind)
            # The error's own words may quote values.
            log.warning("the store could not do what was asked", kind=kind, state=_state(context.original_exception))


def _state(error: Any) -> str | None:
    """What the database calls it; None where it is not the database that says so."""
    return getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)


def _kind(error: Any) -> str | None:
    """What went wrong with the store; None where it was something else, such as a key that is taken."""
    told = _state(error)
    if told is None:
        # The driver has no state to tell where nobody answered.
        return "gone" if type(error).__name__ in ("OperationalError", "InterfaceError") else None
    return _KINDS.get(told) or _KINDS.get(told[:2])
