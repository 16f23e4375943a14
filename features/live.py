"""The live state: tiles of every merchant, kept true in the transaction that adds an event.

New events change only facts that they share something with: an order, a buyer, a return, "the latest" of anything.
So their effect is a difference: what `resolve` makes of the stored events beside them together with them, less what
it made of those alone. There is no second way to make a fact (docs/decisions/0003). A merchant of which something is
taken back, or whose tiles are of another version, is made anew from all of its events.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, delete, insert, select, update

from features.database import among, insert_new, some, update_all
from features.facts import latest_rows, resolve
from features.known import Known, known_of
from features.measures import Following, Latest, Measure, Soonest, Standing, Uncovered
from features.neighbours import all_of, beside, by_seq, key_columns, together
from features.queries import Query, given, listed
from features.tables import event_keys, merchants, waiting
from features.tile_rows import MEASURES, VERSION, Entries, entries_of, replace_tiles, write_tiles
from features.touched import touched
from features.words import KeptWords

__all__ = ["anything_waits", "lock_merchants", "outdated", "put_off", "rebuild", "take_in", "take_in_waiting"]

_DAY = 86_400_000_000

#: Where "the latest" of something is asked for; a merchant's heads are the events that stand for it, in this order.
_HEADS: tuple[Latest, ...] = tuple(
    dict.fromkeys(measure.source for measure in MEASURES if isinstance(measure.source, Latest))
)

#: Where it matters what happened shortly before.
_FOLLOWING: tuple[Following, ...] = tuple(
    dict.fromkeys(measure.source for measure in MEASURES if isinstance(measure.source, Following))
)

#: Where it matters what was on paper.
_UNCOVERED: tuple[Uncovered, ...] = tuple(
    dict.fromkeys(measure.source for measure in MEASURES if isinstance(measure.source, Uncovered))
)

_ALL_STANDING = [one.source.of if isinstance(one.source, Soonest) else one.source for one in MEASURES]

#: Types of which any event may stand for a merchant, or keep another one from it; they are few.
_STANDING = frozenset(
    frozenset(events.event_type for events in source.of) for source in _ALL_STANDING if isinstance(source, Standing)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A merchant's row: the version of its tiles, and its heads (seqs; 0 where there is none)."""

    measures: str
    heads: tuple[int, ...]


def lock_merchants(tx: Connection, merchant_ids: Sequence[str]) -> None:
    """Let nobody else change what is kept of these merchants until the transaction ends."""
    unborn = {"last_seq": 0, "assessed_seq": 0, "measures": "", "heads": "[]"}
    # Rows are taken in one order, the new ones too: two transactions that took them crosswise would wait for ever.
    names = sorted(merchant_ids)
    chosen = select(merchants.c.merchant_id).where(among(tx, merchants.c.merchant_id, names))
    there = set(tx.scalars(chosen))
    insert_new(tx, merchants, [{"merchant_id": one, **unborn} for one in names if one not in there])
    tx.execute(chosen.order_by(merchants.c.merchant_id).with_for_update())


def take_in(tx: Connection, seqs: Sequence[int], rows: pa.Table, *, at: int, later: bool = False) -> None:
    """Let newly stored events count; `at` is the moment (microseconds), their merchants are locked.

    Events that are not known yet at that moment wait until they are. With `later` tiles are put off.
    """
    new = rows.append_column("seq", pa.array(seqs, pa.int64()))
    ahead = pc.greater(new.column("known_at").cast(pa.int64()), at)
    _wait(tx, new.filter(ahead))
    counting = new.filter(pc.invert(ahead))
    if later:
        put_off(tx, counting.column("merchant_id").unique().to_pylist())
    else:
        _count(tx, counting, at)


def anything_waits(tx: Connection, *, at: int) -> bool:
    """Whether there are events whose moment has come, and that do not count yet."""
    return tx.scalar(select(waiting.c.seq).where(waiting.c.known_at <= at).limit(1)) is not None


def take_in_waiting(tx: Connection, *, at: int, later: bool = False) -> int:
    """Let the events count whose moment has come; answer how many did. With `later` tiles are put off.

    Their merchants are due again: whoever judged them before could not see these events.
    """
    names = sorted(tx.scalars(select(waiting.c.merchant_id).distinct().where(waiting.c.known_at <= at)))
    lock_merchants(tx, names)
    taken: list[int] = []
    for part in some(names):
        # Only theirs: what somebody else has stored meanwhile is of merchants that are not locked here.
        come = (waiting.c.known_at <= at, waiting.c.merchant_id.in_(part))
        taken += tx.scalars(delete(waiting).where(*come).returning(waiting.c.seq))
        due = {"due_since": at, "set_aside": None, "changes": merchants.c.changes + 1}
        tx.execute(update(merchants).where(merchants.c.merchant_id.in_(part)).values(due))
    if later:
        put_off(tx, names)
    elif taken:
        _count(tx, by_seq(tx, taken), at)
    return len(taken)


def put_off(tx: Connection, merchant_ids: Sequence[str]) -> None:
    """Have the tiles of some merchants made anew when they are next needed, instead of now."""
    if merchant_ids:
        tx.execute(update(merchants).where(among(tx, merchants.c.merchant_id, merchant_ids)).values(measures=""))


def outdated(tx: Connection, *, most: int, chosen: Sequence[str] = ()) -> list[str]:
    """Merchants (of those chosen, if any are) whose tiles are to be made anew."""
    if chosen:
        return [name for (name,) in _OUTDATED.rows(tx, chosen=list(chosen), version=VERSION)]
    query = select(merchants.c.merchant_id).where(merchants.c.measures != VERSION, merchants.c.last_seq > 0)
    return list(tx.scalars(query.order_by(merchants.c.merchant_id).limit(most)))


_OUTDATED = Query(
    select(merchants.c.merchant_id).where(
        listed(merchants.c.merchant_id, "chosen"), merchants.c.measures != given("version"), merchants.c.last_seq > 0
    )
)


def rebuild(tx: Connection, merchant_ids: Sequence[str], *, at: int) -> None:
    """Make the tiles of some merchants anew from all of their events that count."""
    lock_merchants(tx, merchant_ids)
    names = sorted(merchant_ids)
    rows = all_of(tx, names)
    old = outdated(tx, most=len(names), chosen=names)
    if old:
        # Their events may have been stored when fewer ids were looked for.
        theirs = rows.filter(pc.is_in(rows.column("merchant_id"), pa.array(old, pa.string())))
        keys = key_columns(theirs, theirs.column("seq").to_pylist())
        insert_new(tx, event_keys, [dict(zip(keys, row, strict=True)) for row in zip(*keys.values(), strict=True)])
    known = known_of(rows, _numbers(rows, names), live=True)
    replace_tiles(tx, names, _entries(tx, known, at).summed())
    _keep(tx, names, _heads(known, len(names)))


def _wait(tx: Connection, rows: pa.Table) -> None:
    if rows.num_rows:
        known_at = rows.column("known_at").cast(pa.int64()).to_pylist()
        columns = (rows.column("seq").to_pylist(), rows.column("merchant_id").to_pylist(), known_at)
        told = [{"seq": seq, "merchant_id": name, "known_at": known} for seq, name, known in zip(*columns, strict=True)]
        tx.execute(insert(waiting), told)


def _count(tx: Connection, new: pa.Table, at: int) -> None:
    names = sorted(new.column("merchant_id").unique().to_pylist())
    kept = _kept(tx, names)
    touched_back = _taken_back(tx, new)
    anew = [name for name in names if name in touched_back or kept[name].measures != VERSION]
    steady = sorted(set(names) - set(anew))
    if anew:
        rebuild(tx, anew, at=at)
    if steady:
        _add_difference(tx, new.filter(pc.is_in(new.column("merchant_id"), pa.array(steady))), kept, at)


def _kept(tx: Connection, names: Sequence[str]) -> dict[str, _Kept]:
    query = select(merchants.c.merchant_id, merchants.c.measures, merchants.c.heads)
    rows = tx.execute(query.where(among(tx, merchants.c.merchant_id, names)))
    return {name: _Kept(measures=measures, heads=tuple(json.loads(heads))) for name, measures, heads in rows}


def _taken_back(tx: Connection, new: pa.Table) -> set[str]:
    """Merchants of which a new event takes something back, or is itself taken back by what came before it."""
    reversals = new.filter(pc.equal(new.column("event_type"), "event_reversed"))
    ids = dict(zip((f"event:{one}" for one in new.column("event_id").to_pylist()),
                   new.column("merchant_id").to_pylist(), strict=True))  # fmt: skip
    awaited = (event_keys.c.key, event_keys.c.merchant_id)
    found = tx.execute(select(*awaited).where(among(tx, event_keys.c.key, list(ids))))
    return set(reversals.column("merchant_id").to_pylist()) | {m for key, m in found if ids[key] == m}


def _add_difference(tx: Connection, new: pa.Table, kept: Mapping[str, _Kept], at: int) -> None:
    names = sorted(new.column("merchant_id").unique().to_pylist())
    standing = together(tx, new, _STANDING)
    before = beside(tx, new, standing=standing, following=_FOLLOWING, uncovered=_UNCOVERED).rows
    moved = touched(MEASURES, new.column("event_type").unique().to_pylist())
    # What is the latest of anything shares nothing with anybody: its heads are all there is to look at beside it.
    latest = [measure for measure in moved if isinstance(measure.source, Latest)]
    asked = [number for number, source in enumerate(_HEADS) if any(source == measure.source for measure in latest)]
    heads = by_seq(tx, sorted({kept[name].heads[number] for name in names for number in asked} - {0}))
    others = [measure for measure in moved if not isinstance(measure.source, Latest)]
    both, of_heads = _twice(before, new, names), _twice(heads, new, names)
    change = _entries(tx, both, at, others).beside(_entries(tx, of_heads, at, latest))
    write_tiles(tx, names, _difference(change, len(names)))
    _keep(tx, names, _moved_heads(of_heads, [kept[name].heads for name in names], asked))


def _twice(before: pa.Table, new: pa.Table, names: Sequence[str]) -> Known:
    """Each merchant twice in one pass: without the new events under its own number, with them under a later one."""
    rows = pa.concat_tables([before, before, new], promote_options="default")
    numbers = _numbers(rows, names)
    numbers[before.num_rows :] += len(names)
    return known_of(rows, numbers, live=True)


def _moved_heads(known: Known, before: Sequence[Sequence[int]], asked: Sequence[int]) -> list[list[int]]:
    """The heads of each merchant, of which those of some sources (by number) may have moved."""
    heads, count = np.array(before, dtype=np.int64), len(before)
    for number in asked:
        heads[:, number] = latest_rows(known, _HEADS[number], 2 * count, column="seq")[count:]
    return [list(map(int, own)) for own in heads]


def _difference(both: Entries, count: int) -> Entries:
    later = both.merchant >= count
    return both.of(both.merchant - count * later).weighing(np.where(later, 1, -1)).summed()


def _numbers(rows: pa.Table, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """The number of each event's merchant."""
    found = pc.index_in(rows.column("merchant_id"), value_set=pa.array(names, pa.string()))
    return np.asarray(found.to_numpy()).astype(np.int64)


def _entries(tx: Connection, known: Known, at: int, measures: Sequence[Measure] = MEASURES) -> Entries:
    return entries_of(resolve(known, measures, KeptWords(tx)), day=at // _DAY)


def _heads(known: Known, count: int) -> list[list[int]]:
    """The heads of each merchant (by number): the seq of the event that stands for each `Latest`, 0 for none."""
    standing = [latest_rows(known, source, count, column="seq") for source in _HEADS]
    return [list(map(int, own)) for own in np.stack(standing, axis=1)]


def _keep(tx: Connection, names: Sequence[str], heads: Sequence[Sequence[int]]) -> None:
    told = [json.dumps(own) for own in heads]
    update_all(tx, merchants, {"merchant_id": names, "measures": [VERSION] * len(names), "heads": told})
