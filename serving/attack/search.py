"""The search: per attack, the least that gains a programme, lifts a band or sinks a rival."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from scoring.cheating import Aim, Cheat, least
from scoring.cheating_policy import CheatingPolicy
from scoring.counterfeit import Level
from scoring.policy_text import BAND_NAMES, times
from scoring.programmes import ProgrammePolicy
from serving.attack.ploys import CARELESS, NEWCOMER, PLOYS, RIVAL, Ploy
from serving.attack.stage import Found, Stage
from serving.attack.telling import Subject, Teller

__all__ = ["Goal", "Trial", "cheats_of", "goals_of"]

_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Something to cheat for, and how it stands before: a programme, a band or a level, by name."""

    aim: Aim
    name: str
    before: str

    def holds(self, found: Found) -> bool:
        """Whether somebody who stands so has it; a better band than the one wanted will do, and a rival's worse one."""
        match self.aim:
            case Aim.PLACE:
                return found.has_place(self.name)
            case Aim.FULL_PLACE:
                return found.has_full_place(self.name)
            case Aim.RIVAL_PLACE:
                return not found.has_place(self.name)
            case Aim.BAND:
                return found.band <= self.name
            case Aim.RIVAL_BAND:
                return found.band >= self.name
            case Aim.RIVAL_FLAG:
                return _suspicion(found.level) >= _suspicion(self.name)

    def after(self, found: Found) -> str:
        """How it stands then."""
        if self.aim in (Aim.BAND, Aim.RIVAL_BAND):
            return found.band
        return found.level if self.aim is Aim.RIVAL_FLAG else found.outcomes[self.name]


def _suspicion(level: str) -> int:
    return _LEVELS.index(Level(level))


def goals_of(before: Found, *, rival: bool) -> tuple[Goal, ...]:
    """What is not so yet: places, full places and better bands; of a rival, lost places, worse bands, suspicion."""
    return tuple(goal for goal in (_against(before) if rival else _for(before)) if not goal.holds(before))


def _for(before: Found) -> Iterator[Goal]:
    for name, outcome in before.outcomes.items():
        yield Goal(aim=Aim.PLACE, name=name, before=outcome)
        yield Goal(aim=Aim.FULL_PLACE, name=name, before=outcome)
    for band in reversed(BAND_NAMES):
        yield Goal(aim=Aim.BAND, name=band, before=before.band)


def _against(before: Found) -> Iterator[Goal]:
    for name, outcome in before.outcomes.items():
        yield Goal(aim=Aim.RIVAL_PLACE, name=name, before=outcome)
    for band in BAND_NAMES:
        yield Goal(aim=Aim.RIVAL_BAND, name=band, before=before.band)
    for level in _LEVELS:
        yield Goal(aim=Aim.RIVAL_FLAG, name=level, before=before.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One attack on its subject; what was tried once is remembered, since goals share trials."""

    name: str
    ploy: Ploy
    subject: Subject
    stage: Stage
    terms: CheatingPolicy
    tried: dict[tuple[int, int], Found] = field(default_factory=dict)

    def found(self, things: int, days: int) -> Found:
        """How the subject stands after so many things within so many days."""
        key = things, days
        if key not in self.tried:
            effort = self.ploy.effort(things, days, self.terms.search.per_account)
            teller = Teller(subject=self.subject, effort=effort, scheme=self.name)
            events = tuple(self.ploy.tells(teller, self.terms.costs))
            self.tried[key] = self.stage.judged(self.subject.merchant_id, events, crosses=self.ploy.crosses)
        return self.tried[key]

    def cheat(self, goal: Goal) -> Cheat:
        """The least for a goal: first as few things as will do in all the days, then as few days."""
        longest = self.terms.search.days_at_most
        most = self.ploy.most(self.subject, self.terms.search.things_at_most)
        things = least(lambda number: goal.holds(self.found(number, longest)), most=most) if most else None
        missed = Cheat(attack=self.name, aim=goal.aim, goal=goal.name, before=goal.before)
        if things is None:
            return missed
        days = least(lambda number: goal.holds(self.found(things, number)), most=longest) or longest
        cents = self.subject.price_cents if self.ploy.role == RIVAL else self.subject.cheap_cents
        effort = self.ploy.effort(things, days, self.terms.search.per_account)
        price = self.ploy.price(effort, self.terms.costs, order_cents=cents)
        gained = self.found(things, days)
        worth = _unlocks(goal, gained, self)
        return replace(missed, after=goal.after(gained), price=price, unlocks_cents=worth)


def _unlocks(goal: Goal, gained: Found, trial: Trial) -> int:
    """What a gain is worth in a month: the margin of the orders it allows or takes away, or what the platform lends."""
    subject, policies, terms = trial.subject, trial.stage.policies, trial.terms
    if goal.aim is Aim.BAND:
        fund = {str(band): cents for band, cents in policies.refunds.fund.merchant_30d_cents.items()}
        return max(fund[goal.name] - fund[goal.before], 0)
    orders = _orders(goal, gained, subject, policies.programmes)
    return times(terms.worth.margin, round(orders * subject.price_cents))


def _orders(goal: Goal, gained: Found, subject: Subject, programmes: ProgrammePolicy) -> float:
    """Orders a month: as many as the cap allows, of a full place the most that any cap does; a rival's own."""
    if goal.aim in (Aim.PLACE, Aim.FULL_PLACE):
        trial, full = programmes.programme(goal.name).provisional, gained.has_full_place(goal.name)
        return trial.at_most if full else gained.caps[goal.name] or trial.at_first
    return subject.orders_90d / 3


def cheats_of(
    stage: Stage, terms: CheatingPolicy, *, attacks: Sequence[str] = tuple(PLOYS)
) -> Iterator[tuple[Cheat, ...]]:
    """What each of some attacks takes for every goal, attack by attack."""
    standing = {role: _before(stage, role) for role in (CARELESS, NEWCOMER, RIVAL)}
    for name in attacks:
        ploy = PLOYS[name]
        trial = Trial(name=name, ploy=ploy, subject=stage.subjects[ploy.role], stage=stage, terms=terms)
        yield tuple(_each(trial, goals_of(standing[ploy.role], rival=ploy.role == RIVAL)))


def _before(stage: Stage, role: str) -> Found:
    subject = stage.subjects[role]
    return stage.judged(subject.merchant_id, subject.events)


def _each(trial: Trial, goals: Iterable[Goal]) -> Iterator[Cheat]:
    yield from map(trial.cheat, goals)
