"""SQL of claims: which merchants a worker has taken hold of, so that several share the work and none is left.

A claim ends by itself after a while. One that has ended was not finished: its worker died, so the merchant is due
again, in ever smaller company, since it may be what the worker died of.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update

from features.database import moment, some
from features.tables import merchants, settled
from serving.notifications import outbox
from serving.notifications.outbox import set_aside_notices

__all__ = [
    "CLAIMED_FOR",
    "LEADS_FOR",
    "Claim",
    "Finished",
    "anybody_due",
    "claim",
    "finish",
    "give_up",
    "lead",
    "leave",
    "reviewed_on",
]

#: How long a worker may take over what it has claimed; a round takes seconds.
CLAIMED_FOR = timedelta(minutes=2)

#: How long a worker may take over what it does for all; the sums of a midnight of many millions of events take minutes.
LEADS_FOR = timedelta(minutes=10)

#: How many merchants are claimed together: at first, and after each time that their worker did not finish.
_TOGETHER = (500, 50, 5, 1)

#: What is said of a merchant over which worker after worker has died.
_DIED = "WorkerDied"

_name, _since, _until = merchants.c.merchant_id, merchants.c.due_since, merchants.c.claimed_until
_tries = func.coalesce(merchants.c.tries, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Merchants that are one worker's until a moment (microseconds)."""

    merchant_ids: tuple[str, ...]
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A claim that is done with: whose places were looked at, and whose could not be, with why not."""

    claim: Claim
    reviewed: Collection[str]
    set_aside: Mapping[str, str]


def claim(tx: Connection, *, day: int, now: int) -> Claim:
    """Take hold of merchants to judge: those of a worker that died, else those with unseen events, who waits longest
    first, then those not judged on this day.
    """
    until = now + CLAIMED_FOR // timedelta(microseconds=1)
    names = _left(tx, now) or _due(tx, day)
    for part in some(names):
        holding = update(merchants).where(_name.in_(part))
        tx.execute(holding.values(claimed_until=until, tries=_tries + 1))
    return Claim(merchant_ids=tuple(names), until=until)


def anybody_due(tx: Connection, *, day: int, now: int) -> bool:
    """Whether there is anybody to claim."""
    ways = (_lapsed(now), _waiting(), _not_judged(day))
    return any(tx.scalar(select(_name).where(one).limit(1)) is not None for one in ways)


def finish(tx: Connection, done: Finished, *, now: int, day: int) -> None:
    """Let go of what was claimed, all of it done; what meanwhile is somebody else's stays theirs."""
    for part in some(sorted(done.claim.merchant_ids)):
        # In the order in which everybody locks them.
        tx.execute(select(_name).where(_name.in_(part)).order_by(_name).with_for_update())
        own = (_name.in_(part), _until == done.claim.until)
        tx.execute(update(merchants).where(*own).values(claimed_until=None, tries=None))
    for part in some(sorted(done.reviewed)):
        tx.execute(update(merchants).where(_name.in_(part)).values(reviewed_day=day))
    for name, why in sorted(done.set_aside.items()):
        # An event that came meanwhile has it judged again.
        tx.execute(update(merchants).where(_name == name, _since.is_(None)).values(set_aside=why))
    outbox.tell(tx, set_aside_notices(done.set_aside), now=moment(now))


def give_up(tx: Connection, *, day: int, now: int) -> list[str]:
    """Set aside whoever no worker has outlived, even alone; answer who that is."""
    hopeless = and_(_lapsed(now), _tries >= len(_TOGETHER))
    if tx.scalar(select(_name).where(hopeless).limit(1)) is None:
        return []
    values = {"set_aside": _DIED, "assessed_day": day, "claimed_until": None, "tries": None}
    names = list(tx.scalars(update(merchants).where(hopeless).values(**values).returning(_name)))
    outbox.tell(tx, set_aside_notices(dict.fromkeys(names, _DIED)), now=moment(now))
    return names


def lead(tx: Connection, what: str, *, now: int) -> bool:
    """Take hold of work that one worker does for all; false where it is another's, and not left undone too long ago."""
    row = tx.execute(select(settled.c.value).where(settled.c.name == what).with_for_update()).one_or_none()
    until = now + LEADS_FOR // timedelta(microseconds=1)
    if row is None:
        tx.execute(settled.insert().values(name=what, value=str(until)))
    elif now <= int(row.value) <= until:
        return False
    else:
        tx.execute(update(settled).where(settled.c.name == what).values(value=str(until)))
    return True


def leave(tx: Connection, what: str) -> None:
    """Let go of work that was done for all, or given up."""
    tx.execute(delete(settled).where(settled.c.name == what))


def reviewed_on(tx: Connection, merchant_ids: Sequence[str], *, day: int) -> set[str]:
    """Those of these merchants whose places were looked at on a day."""
    return {
        name
        for part in some(merchant_ids)
        for name in tx.scalars(select(_name).where(_name.in_(part), merchants.c.reviewed_day == day))
    }


def _left(tx: Connection, now: int) -> list[str]:
    """Some of those whose worker did not finish, who failed most often first, and nobody together with others."""
    tries = tx.scalar(select(func.max(_tries)).where(_lapsed(now), _tries < len(_TOGETHER)))
    if tries is None:
        return []
    return _locked(tx, select(_name).where(_lapsed(now), _tries == tries).order_by(_name), _TOGETHER[tries])


def _due(tx: Connection, day: int) -> list[str]:
    most = _TOGETHER[0]
    found = _locked(tx, select(_name).where(_waiting()).order_by(_since), most)
    if len(found) < most:
        found += _locked(tx, select(_name).where(_not_judged(day)), most - len(found))
    return found


def _locked(tx: Connection, query: Select[tuple[str]], most: int) -> list[str]:
    """What nobody else is about to claim; on SQLite a transaction that writes is alone anyway."""
    return list(tx.scalars(query.limit(most).with_for_update(skip_locked=True)))


def _lapsed(now: int) -> ColumnElement[bool]:
    # A claim that ends later than any could was made by a clock that has been put back since.
    latest = now + CLAIMED_FOR // timedelta(microseconds=1)
    return and_(_until.is_not(None), or_(_until < now, _until > latest))


def _waiting() -> ColumnElement[bool]:
    return and_(_since.is_not(None), merchants.c.set_aside.is_(None), _until.is_(None))


def _not_judged(day: int) -> ColumnElement[bool]:
    old = or_(merchants.c.assessed_day.is_(None), merchants.c.assessed_day < day)
    idle = or_(_since.is_(None), merchants.c.set_aside.is_not(None))
    return and_(idle, old, merchants.c.last_seq > 0, _until.is_(None))
