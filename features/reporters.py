"""Reporters: what each report of fakes is worth by its reporter's record, and one vote for each who belong together.

A report weighs the part of its reporter's earlier reports, of all merchants, that were confirmed, as known before the
midnight that begins the day on which it became known; from then on that weight stands. It is a vote while it is known
and not resolved: what is confirmed counts as a fake and no more as a suspicion, what is dismissed or in bad faith has
lost its weight, and what is grey market is no fake. Within any window a circle of linked reporters has one voice, its
strongest (docs/decisions/0011).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.circles import ALONE, Circle, Circles, circles_of
from features.facts import Facts
from features.kernel import Moments, window_sums, windows_of
from features.known import Known, Rows, days
from features.measures import Credence, Crossed, Events, Is, Measure, Number
from features.selection import numbered, presence
from features.sharing import distinct
from features.spells import FOREVER, Spells, intersect, minus, union

__all__ = ["READS", "Reports", "reporter_facts", "reports_of", "voices"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Event types that the worth of reports is made from.
READS = ("fake_report_filed", "fake_report_resolved", "link_observed")

_MILLION = 1_000_000

#: Whose word this kind's reports are, nobody knows: all of them together are one reporter, without a record.
_ANONYMOUS = "anonymous"
_NOBODY = -1

_OUTCOMES = ("confirmed", "dismissed", "bad_faith")
_RECORD = tuple(Measure(source=Crossed(by="reporters", of=outcome)) for outcome in _OUTCOMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Reports of fakes (n,) as filed: by whom, and what that was worth then, in millionths of a vote.

    `credible`: the reporter was right more often than wrong, or somebody vouches for it; `trusted`: it would have been
    admitted as a trusted reporter. `open` are spells by place, while a report is known and not resolved.
    """

    rows: Rows
    reporter: Ints
    weight: Ints
    credible: Flags
    trusted: Flags
    open: Spells


def reporter_facts(market: Known, measures: Sequence[Measure]) -> list[Facts]:
    """Facts about the reports of each merchant and those who filed them."""
    found: list[Facts] = []
    for credence in dict.fromkeys(measure.amount for measure in measures):
        if isinstance(credence, Credence):
            asked = [one for one in measures if one.amount == credence]
            found += _facts(*reports_of(market, credence), asked)
    return found


def _facts(reports: Reports, circles: Circles, measures: Iterable[Measure]) -> Iterator[Facts]:
    about, ever = reports.rows.merchant, numbered(reports.rows)
    credible, one = np.where(reports.credible, reports.weight, 0), np.ones_like(reports.weight)
    for measure in measures:
        match measure.source:
            case Crossed(of="credible_votes"):
                yield voices(reports, circles, about, spells=reports.open, weight=credible, measure=measure)
            case Crossed(of="votes"):
                yield voices(reports, circles, about, spells=reports.open, weight=reports.weight, measure=measure)
            case Crossed(of="voices"):
                yield voices(reports, circles, about, spells=ever, weight=one, measure=measure)
            case Crossed(of="reports"):
                yield _counted(reports, ever, measure)
            case Crossed(of="credible_reports"):
                yield _counted(reports, ever.where(reports.credible[ever.key]), measure)
            case Crossed(of="trusted_open"):
                yield _counted(reports, reports.open.where(reports.trusted[reports.open.key]), measure)


def _counted(reports: Reports, spells: Spells, measure: Measure) -> Facts:
    """One for each report while its spell lasts."""
    return _standing(reports.rows.merchant[spells.key], days(reports.rows.time)[spells.key], spells, measure)


def _standing(merchant: Ints, clock: Ints, spells: Spells, measure: Measure) -> Facts:
    """One for each spell, on its clock, and taken back when it ends."""
    back = np.flatnonzero(spells.end < FOREVER)
    return Facts(
        merchant=np.concatenate([merchant, merchant[back]]),
        clock=np.concatenate([clock, clock[back]]),
        known=np.concatenate([spells.start, spells.end[back]]),
        amounts=np.repeat([1, -1], [len(merchant), len(back)])[None, :],
        measures=(measure,),
    )


# What a report is worth.


def reports_of(market: Known, credence: Credence) -> tuple[Reports, Circles]:
    """All reports of a market, and who belongs together among those who filed them."""
    filed = market.of("fake_report_filed")
    kind = market.texts(filed, "reporter_kind")
    person, circles = circles_of(market, market.texts(filed, "reporter_id"))
    nameless = pc.equal(kind, _ANONYMOUS).to_numpy(zero_copy_only=False)
    reporter = np.where(nameless, _NOBODY, person)
    ever, lately = _records(market, filed, reporter, credence.trusted_days)
    confirmed, failed = ever[0], ever[1] + credence.bad_faith * ever[2]
    prior = {belief.kind: belief for belief in credence.beliefs}
    right, wrong, vouched = (_by_word(kind, {word: getattr(belief, name) for word, belief in prior.items()})
                             for name in ("confirmed", "refuted", "vouched"))  # fmt: skip
    percent = _by_word(market.texts(filed, "evidence"), dict(credence.evidence))
    share = _MILLION * (right + confirmed) // (right + wrong + confirmed + failed)
    resolved = presence(market, filed, (Events(event_type="fake_report_resolved"),), by="report_id")
    return Reports(
        rows=filed, reporter=reporter, weight=share * percent // 100, credible=confirmed + vouched > failed,
        trusted=_trusted(lately, credence), open=minus(numbered(filed), resolved),
    ), circles  # fmt: skip


def _trusted(lately: Ints, credence: Credence) -> Flags:
    confirmed, _, bad_faith = lately
    decided = lately.sum(axis=0)
    enough = (decided >= credence.trusted_least) & (100 * confirmed >= credence.trusted_percent * decided)
    return np.asarray(enough & (1000 * bad_faith <= credence.trusted_thousandths * decided))


def _by_word(words: pa.Array, numbers: dict[str | None, int] | dict[str, int]) -> Ints:
    """What each word stands for; a null may stand for something too."""
    found = pc.index_in(words, value_set=pa.array(list(numbers), pa.string()))
    values = np.array(list(numbers.values()), dtype=np.int64)
    return np.asarray(values[found.to_numpy(zero_copy_only=False).astype(np.int64)])


def _records(market: Known, filed: Rows, reporter: Ints, lately: int) -> tuple[Ints, Ints]:
    """What was known, of each outcome (3, n), about a reporter's reports when each became known: ever, and lately."""
    named = np.flatnonzero(reporter != _NOBODY)
    moments, place = distinct(reporter[named], days(filed.start)[named])
    mornings = Moments(merchant=moments[0], day=moments[1])
    numbers = [(outcome, window) for window in (None, lately) for outcome in _RECORD]
    sums: dict[Number, Ints] = {}
    for facts in _outcomes(market, filed, reporter):
        sums |= window_sums(facts, mornings, windows_of(numbers))
    found = np.zeros((len(numbers), len(reporter)), dtype=np.int64)
    found[:, named] = [sums[number][place] for number in numbers]
    return found[: len(_RECORD)], found[len(_RECORD) :]


def _outcomes(market: Known, filed: Rows, reporter: Ints) -> Iterator[Facts]:
    """What reports came to, by reporter: each report once, on the day on which its outcome became known."""
    cases, case = distinct(reporter, market.keys(filed, "report_id"))
    confirmed, dismissed, bad_faith = (_ruled(market, filed, outcome, case) for outcome in _OUTCOMES)
    # Rulings that contradict each other may stand together until one is taken back.
    bad_faith = minus(bad_faith, confirmed)
    dismissed = minus(minus(dismissed, confirmed), bad_faith)
    for measure, spells in zip(_RECORD, (confirmed, dismissed, bad_faith), strict=True):
        own = spells.where(cases[0][spells.key] != _NOBODY)
        yield _standing(cases[0][own.key], own.start, own, measure)


def _ruled(market: Known, filed: Rows, outcome: str, case: Ints) -> Spells:
    """While an outcome of each case is known."""
    ruling = Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=(outcome,)),))
    spells = intersect(numbered(filed), presence(market, filed, (ruling,), by="report_id"))
    return union(Spells(key=case[spells.key], start=spells.start, end=spells.end))


# One voice for each circle.


def voices(reports: Reports, circles: Circles, about: Ints, *, spells: Spells, weight: Ints, measure: Measure) -> Facts:
    """Within any window, the strongest report of each circle about each thing, by number (n,); below 0 about nothing.

    A circle's strongest within `[a, b)` is what its reports from `a` on come to at most. So each report's day holds
    what it adds to the strongest of the later ones, and the sum over a window is the strongest within.
    """
    row = spells.key[about[spells.key] >= 0]
    kept = spells.where(about[spells.key] >= 0)
    circle = np.append(circles.of, _NOBODY)[reports.reporter]
    latest_first = -days(reports.rows.time)[row]
    told = [about[row], circle[row], latest_first, kept.start, kept.end, weight[row], reports.reporter[row]]
    votes = np.unique(np.stack(told), axis=1)
    cuts = np.flatnonzero((votes[:2, 1:] != votes[:2, :-1]).any(axis=0)) + 1
    found: list[tuple[int, int, int, int]] = []
    for begin, end in zip([0, *cuts], [*cuts, votes.shape[1]], strict=True) if votes.size else ():
        thing, number, *_ = votes[:, begin].tolist()
        moves = _moves(votes[2:, begin:end].T.tolist(), circles.linked.get(number, ALONE))
        found += [(thing, *move) for move in moves]
    merchant, clock, known, amount = np.array(found, dtype=np.int64).reshape(-1, 4).T
    return Facts(merchant=merchant, clock=clock, known=known, amounts=amount[None, :], measures=(measure,))


def _moves(votes: Sequence[Sequence[int]], circle: Circle) -> Iterator[tuple[int, int, int]]:
    """What a circle's votes add to each day, whenever that changes: clock, known day, amount."""
    begin, end = min(vote[1] for vote in votes), max(vote[2] for vote in votes)
    moments = {moment for vote in votes for moment in vote[1:3]} | {day for day in circle.days if begin < day < end}
    stood: dict[int, int] = {}
    for day in sorted(moments - {int(FOREVER)}):
        stands = _strongest(votes, day, circle)
        for clock in stood.keys() | stands.keys():
            if change := stands.get(clock, 0) - stood.get(clock, 0):
                yield clock, day, change
        stood = stands


def _strongest(votes: Sequence[Sequence[int]], day: int, circle: Circle) -> dict[int, int]:
    """How far each vote known on a day stands above the later ones of those linked on that day, by clock."""
    first, tops = circle.on(day), dict[int, int]()
    adds: dict[int, int] = {}
    for back, start, end, weight, reporter in votes:
        who = first.get(reporter, reporter)
        if start <= day < end and weight > tops.get(who, 0):
            adds[-back] = adds.get(-back, 0) + weight - tops.get(who, 0)
            tops[who] = weight
    return adds
