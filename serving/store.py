"""All SQL of the serving floor: assessments and API keys."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, update

from features import errors as features_errors
from features.database import check_durability, open_engine, reading, some, writing
from serving.auth import ApiKey
from serving.errors import KeyUnknown, StoreUnavailable
from serving.migrate import check_schema
from serving.notifications import outbox
from serving.notifications.outbox import Notice, Topic
from serving.record import audit
from serving.tables import api_keys, assessment_history, assessments

__all__ = ["AssessmentStore", "KeyStore", "Stored", "check_presence", "opened"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One assessment as it is kept; `answer` is the body that callers get, as JSON."""

    merchant_id: str
    as_of: datetime
    assessed_at: datetime
    score: int | None
    credit_version: str | None
    counterfeit_version: str | None
    answer: str

    def row(self) -> dict[str, Any]:
        """The values of its row."""
        return {
            "merchant_id": self.merchant_id,
            "as_of": _micros(self.as_of),
            "assessed_at": _micros(self.assessed_at),
            "score": self.score,
            "credit_version": self.credit_version,
            "counterfeit_version": self.counterfeit_version,
            "answer": self.answer,
        }


class AssessmentStore:
    """The latest assessment of every merchant, and those that once said something else."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def latest(self, merchant_id: str) -> str | None:
        """The stored answer about a merchant as JSON, None where it was never assessed."""
        with _reading(self.engine) as tx:
            return tx.scalar(select(assessments.c.answer).where(assessments.c.merchant_id == merchant_id))

    def latest_of(self, merchant_ids: Sequence[str]) -> dict[str, str]:
        """The stored answers about these merchants, of those that were ever assessed."""
        query = select(assessments.c.merchant_id, assessments.c.answer)
        with _reading(self.engine) as tx:
            rows = [tx.execute(query.where(assessments.c.merchant_id.in_(ids))).all() for ids in some(merchant_ids)]
        return {row.merchant_id: row.answer for piece in rows for row in piece}

    def ranked(self, most: int, *, worst: bool = False) -> tuple[str, ...]:
        """The latest answers by score, the best first, or the worst."""
        by = assessments.c.score.asc() if worst else assessments.c.score.desc()
        query = select(assessments.c.answer).order_by(by, assessments.c.merchant_id).limit(most)
        with _reading(self.engine) as tx:
            return tuple(tx.scalars(query))

    def newest(self) -> datetime | None:
        """The moment of the newest assessment of anybody."""
        with _reading(self.engine) as tx:
            return _moment(tx.scalar(select(func.max(assessments.c.assessed_at))))

    def past(self, merchant_id: str) -> tuple[str, ...]:
        """Every answer about a merchant that said something new, oldest first."""
        query = select(assessment_history.c.answer).where(assessment_history.c.merchant_id == merchant_id)
        with _reading(self.engine) as tx:
            return tuple(tx.scalars(query.order_by(assessment_history.c.seq)))

    def remember(self, batch: Sequence[Stored]) -> int:
        """Store a batch of different merchants in one transaction, and say how many became the latest.

        An assessment as of an earlier moment than the stored one goes into the history only: what was known then
        never hides what is known since.
        """
        with _writing(self.engine) as tx:
            return remember(tx, batch)


def remember(tx: Connection, batch: Sequence[Stored]) -> int:
    """`AssessmentStore.remember` within a transaction."""
    held = _held(tx, [one.merchant_id for one in batch])
    new = [one.row() for one in batch if one.merchant_id not in held]
    newer = [one.row() for one in batch if one.merchant_id in held and not held[one.merchant_id].is_later(one)]
    changed = [one.row() for one in batch if one.merchant_id not in held or held[one.merchant_id].differs(one)]
    _run(tx, insert(assessment_history), changed)
    for one in batch:
        if one.merchant_id in held and not held[one.merchant_id].is_later(one):
            outbox.tell(tx, list(_rated(held[one.merchant_id].answer, one.answer)), now=one.assessed_at)
    _run(tx, insert(assessments), new)
    _run(tx, _REPLACE, [{"of": row["merchant_id"], **row} for row in newer])
    return len(new) + len(newer)


_REPLACE = update(assessments).where(assessments.c.merchant_id == bindparam("of"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What is stored about a merchant before a new assessment comes in."""

    as_of: int
    answer: str

    def is_later(self, than: Stored) -> bool:
        return self.as_of > _micros(than.as_of)

    def differs(self, other: Stored) -> bool:
        return _judgement(self.answer) != _judgement(other.answer)


def _rated(before: str, after: str) -> Iterator[Notice]:
    """What others are told where somebody's band or suspicion of fakes is another than it was."""
    if before == after:
        return
    was, now = json.loads(before), json.loads(after)
    old, new = (was["band"], was["counterfeit"]["level"]), (now["band"], now["counterfeit"]["level"])
    if old != new:
        told = {"merchant_id": now["merchant_id"], "score": now["score"], "band": new[0], "band_before": old[0]}
        levels = {"counterfeit": new[1], "counterfeit_before": old[1]}
        yield Notice(topic=Topic.RATED, says={**told, **levels, "assessed_at": now["assessed_at"]})


def _judgement(answer: str) -> dict[str, Any]:
    """An answer without the moments at which it was given."""
    return {name: value for name, value in json.loads(answer).items() if name not in ("as_of", "assessed_at")}


def _held(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, _Held]:
    columns = (assessments.c.merchant_id, assessments.c.as_of, assessments.c.answer)
    query = select(*columns).where(assessments.c.merchant_id.in_(merchant_ids)).with_for_update()
    return {row.merchant_id: _Held(as_of=row.as_of, answer=row.answer) for row in tx.execute(query)}


def _run(tx: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    # SQLAlchemy takes an empty list for one row of defaults.
    if rows:
        tx.execute(statement, rows)


class KeyStore:
    """Who may call."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, key: ApiKey, *, by: str | None = None) -> None:
        """Keep a new key's hash; who made it is told in the audit record."""
        listed = None if key.event_types is None else " ".join(key.event_types)
        row = {"id": key.id, "name": key.name, "hash": key.hash, "scopes": " ".join(key.scopes), "event_types": listed}
        with _writing(self.engine) as tx:
            tx.execute(insert(api_keys).values(**row, created_at=_micros(key.created_at)))
            said = {"scopes": list(key.scopes), "event_types": key.event_types and list(key.event_types)}
            _tell(tx, "key_added", key.id, by=by, now=key.created_at, said=said)

    def find(self, key_id: str) -> ApiKey | None:
        """The key with this id, revoked or not."""
        with _reading(self.engine) as tx:
            row = tx.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
        return _key(row) if row else None

    def all(self) -> tuple[ApiKey, ...]:
        """Every key ever made, oldest first."""
        with _reading(self.engine) as tx:
            return tuple(map(_key, tx.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))))

    def revoke(self, key_id: str, *, now: datetime, by: str | None = None) -> None:
        """Let a key open nothing from now on; a second revocation changes nothing. Raises `KeyUnknown`.

        Who did it is told in the audit record.
        """
        with _writing(self.engine) as tx:
            if tx.scalar(select(api_keys.c.id).where(api_keys.c.id == key_id)) is None:
                raise KeyUnknown(f"no API key has the id {key_id!r}")
            untouched = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
            if tx.execute(update(api_keys).where(untouched).values(revoked_at=_micros(now))).rowcount:
                _tell(tx, "key_revoked", key_id, by=by, now=now)


def _tell(
    tx: Connection, action: str, key_id: str, *, by: str | None, now: datetime, said: Mapping[str, Any] | None = None
) -> None:
    if by is not None:
        audit.write(tx, audit.Entry(actor=by, action=action, subject=f"key:{key_id}", body=said or {}), now=now)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        hash=row.hash,
        scopes=tuple(row.scopes.split()),
        created_at=_EPOCH + timedelta(microseconds=row.created_at),
        revoked_at=_moment(row.revoked_at),
        event_types=None if row.event_types is None else tuple(row.event_types.split()),
    )


@contextmanager
def opened(url: str, *, waits: float | None = None) -> Iterator[Engine]:
    """The store at a database URL, closed at the end; an empty one gets its tables. Raises `SchemaOutdated`.

    `waits` is as in `open_engine`.
    """
    engine = open_engine(url, waits=waits)
    try:
        with _answering():
            check_schema(engine)
        check_durability(engine)
        yield engine
    finally:
        engine.dispose()


def check_presence(engine: Engine) -> None:
    """Raise `StoreUnavailable` where a store in a file has lost its file.

    SQLite does not notice: a connection goes on with a file that nobody else will ever see again.
    """
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and path != ":memory:" and not Path(path).exists():
        raise StoreUnavailable("the store's file is gone")


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with _answering(), reading(engine) as connection:
        yield connection


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with _answering(), writing(engine) as connection:
        yield connection


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except features_errors.StoreUnavailable as error:
        # The lower floor's sentence quotes the database's own words, which may name its host: not for callers.
        raise StoreUnavailable("the store does not answer, or is not one of ours") from error


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
