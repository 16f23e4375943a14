"""Retention: records that are older than the settings allow are dropped, and the audit record stays verifiable.

Nothing goes that is younger than three years, and nothing that something still hangs on: the last decision of each
kind about a merchant and a programme, penalties, decisions whose case is open; those are sealed anew. What was dropped
is told of in the audit record: how far each chain was cut, and before which moment decisions may be missing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, Engine

from features.database import micros, reading, written
from features.progress import Watch, silently
from serving.errors import AuditBroken
from serving.months import drop_empty_months
from serving.record import audit, seals, store_audit, store_retention
from serving.record.anchors import anchor
from serving.record.audit import COMMAND_LINE, Entry
from serving.record.dropped import entry_of_dropped
from serving.record.store_audit import Head
from serving.record.store_retention import OldChain
from serving.service import Clock
from serving.store_decisions import Decision

__all__ = ["Plan", "apply_retention", "cutoff", "planned"]

#: Rows in one transaction: enough to be quick, few enough for others to write in between.
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is older than `before`: what goes of it, and how many decisions stay since something hangs on them."""

    before: datetime
    decisions: int
    staying: int
    assessments: int
    chains: tuple[OldChain, ...]

    @property
    def rows(self) -> int:
        """About how many rows there are to be written."""
        return self.staying + self.decisions + self.assessments + self.entries

    @property
    def entries(self) -> int:
        """How many audit entries go."""
        return sum(one.entries for one in self.chains)

    def plain(self) -> dict[str, object]:
        """As JSON shows it."""
        told = {"decisions": self.decisions, "decisions_staying": self.staying, "assessments": self.assessments}
        return {"before": self.before.isoformat(), **told, "audit_entries": self.entries}


def cutoff(now: datetime, *, years: int) -> datetime:
    """The midnight UTC before which records may go."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        # There was no 29th of February: the day before it is as old, and a day more.
        return day.replace(year=day.year - years, day=28)


def planned(tx: Connection, *, before: datetime) -> Plan:
    """What would go now."""
    at = micros(before)
    return Plan(
        before=before,
        staying=store_retention.how_many_stay(tx, before=at),
        chains=tuple(store_retention.old_chains(tx, before=at)),
        **store_retention.how_many_go(tx, before=at),
    )


def apply_retention(engine: Engine, *, before: datetime, clock: Clock, watch: Watch = silently) -> Plan:
    """Drop what is older than a moment, some at a time; what was dropped. Raises `AuditBroken`.

    It may be stopped at any moment, and goes on the next time.
    """
    with reading(engine) as tx:
        plan = planned(tx, before=before)
    # What goes is held by an anchor first, so that anchors kept elsewhere still say that it was there.
    anchor(engine, now=clock())
    work = _Work(before=micros(before), clock=clock)
    steps = (written(engine, step) for step in work.steps(plan))
    for _ in watch(steps, title="dropping old records", total=plan.rows // _AT_ONCE):
        pass
    drop_empty_months(engine, before=before)
    anchor(engine, now=clock())
    return plan


#: A piece of the work, in a transaction of its own.
Step = Callable[[Connection], None]


@dataclass(slots=True, kw_only=True)
class _Work:
    """Drops what is older than `before` (microseconds), and tells of it in the same transaction."""

    before: int
    clock: Clock
    done: bool = False

    def steps(self, plan: Plan) -> Iterator[Step]:
        """The pieces, in an order that leaves the record whole after each."""
        for work in (self._reseal, self._drop_decisions, self._drop_history):
            self.done = False
            while not self.done:
                yield work
        for cuts in _pieces(plan.chains):
            yield partial(self._cut, cuts=cuts)

    def _reseal(self, tx: Connection) -> None:
        """Seal decisions that stay anew: the entries that sealed them go."""
        some = store_retention.staying(tx, before=self.before, most=_AT_ONCE)
        for made in some:
            if not seals.is_whole(tx, made):
                raise AuditBroken(f"the decision {made.id} is not what the audit chain has sealed")
        audit.write_all(tx, [_kept(one) for one in some], now=self.clock())
        self.done = not some

    def _drop_decisions(self, tx: Connection) -> None:
        count = store_retention.drop_decisions(tx, before=self.before, most=_AT_ONCE)
        self._tell(tx, decisions=count)
        self.done = not count

    def _drop_history(self, tx: Connection) -> None:
        count = store_retention.drop_history(tx, before=self.before, most=_AT_ONCE)
        if count:
            self._tell(tx, assessments=count)
        self.done = not count

    def _cut(self, tx: Connection, *, cuts: Sequence[tuple[str, int]]) -> None:
        for chain, seq in cuts:
            store_audit.cut(tx, Head(chain=chain, seq=seq, hash=store_audit.hash_of(tx, chain, seq)))
        self._tell(tx, chains_cut=len(cuts))

    def _tell(self, tx: Connection, **gone: int) -> None:
        audit.write(tx, entry_of_dropped(tx, before=self.before, by=COMMAND_LINE, gone=gone), now=self.clock())


def _kept(made: Decision) -> Entry:
    return Entry(actor=COMMAND_LINE, action=seals.KEPT, subject=f"decision:{made.id}", body=seals.seal(made))


def _pieces(chains: Sequence[OldChain]) -> Iterator[list[tuple[str, int]]]:
    """Where to cut, in pieces of so many entries at most: a long chain is cut several times."""
    piece: list[tuple[str, int]] = []
    size = 0
    for one in chains:
        for seq in (*range(one.seq - one.entries + _AT_ONCE, one.seq, _AT_ONCE), one.seq):
            piece.append((one.chain, seq))
            size += min(one.entries, _AT_ONCE)
            if size >= _AT_ONCE:
                yield piece
                piece, size = [], 0
    if piece:
        yield piece
