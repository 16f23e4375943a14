"""Where attacks are tried: a simulated marketplace of known truth in a store of its own, and the real path through it.

Each trial has a copy of the store: the merchant's events go in, it is judged and knocks at every door as it would live.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.database import day_of
from features.jsonrows import check_rows
from features.midnights import ensure_midnight, forget_midnights
from features.settings import Settings
from features.simulator.scenario import Scenario
from features.simulator.simulate import simulate
from features.store import EventStore
from scoring.cheating_policy import CheatingPolicy
from scoring.gate_words import GateState
from scoring.programmes import ProgrammePolicy
from scoring.refunds import RefundPolicy
from serving.applications import standings
from serving.assess import Judge
from serving.attack.telling import Event, Subject, as_told
from serving.champions import Champions, current_declarations, live_models
from serving.policy import read_policy, shipped_policy, shipped_programmes, shipped_refunds
from serving.reassess import reassess
from serving.serve import service_on
from serving.store import opened

__all__ = ["MARKET", "Found", "Policies", "Stage", "shipped_terms", "stage"]

#: The marketplace: small, so that the stage is set in seconds; long enough for a quarter's figures and a past.
MARKET = Scenario(merchants=40, days=240, start=date(2026, 3, 1), seed=11)
_CARELESS, _RIVALS = ("sloppy", "overstretched", "careless_cheap"), ("reliable",)
_PAPERS = {"identity", "business_licence"}
#: Orders in 90 days of the merchants that are tried on.
_USUAL = 60
#: Rivals of whom the one with most to lose is taken.
_LOOKED_AT = 4
_NEWCOMER = "newcomer-of-the-attack"

#: Reasons for a review that a model would not take away.
_A_PERSON_LOOKS = {GateState.LINKED.code, GateState.NOTHING_KNOWN.code, GateState.STALE.code}


def shipped_terms() -> CheatingPolicy:
    """What cheating costs and is worth, as it comes with Goodfaith."""
    return CheatingPolicy.parse((files("scoring") / "policies" / "cheating.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies that are attacked; `score` is a text."""

    score: str
    programmes: ProgrammePolicy
    refunds: RefundPolicy

    @classmethod
    def shipped(cls) -> "Policies":
        """Those that come with Goodfaith."""
        return cls(score=shipped_policy(), programmes=shipped_programmes(), refunds=shipped_refunds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a merchant stands: band, counterfeit level, and by programme the gate's outcome and cap."""

    band: str
    level: str
    outcomes: Mapping[str, str]
    caps: Mapping[str, int | None]

    def has_place(self, programme: str) -> bool:
        """Whether the gate lets it in, if only on trial."""
        return self.outcomes[programme] in ("admit", "conditions")

    def has_full_place(self, programme: str) -> bool:
        """Whether the gate lets it in without a cap."""
        return self.outcomes[programme] == "admit" and self.caps[programme] is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The store of the marketplace without its subjects, who judges, and the subjects by role."""

    store: Path
    judge: Judge
    champions: Champions
    policies: Policies
    settings: Settings
    as_of: datetime
    subjects: Mapping[str, Subject] = field(default_factory=dict)

    def judged(self, merchant_id: str, events: Sequence[Event], *, crosses: bool = False) -> Found:
        """How the merchant stands with these events and no others of its own.

        What crosses merchants is added up anew only where the events cross: it costs ten times the rest.
        """
        copy = self.store.with_name("trial.db")
        shutil.copyfile(self.store, copy)
        try:
            with opened(f"sqlite:///{copy}") as engine:
                EventStore(engine).append(self.checked(events), at=self.as_of)
                if crosses:
                    forget_midnights(engine, after=self.as_of - timedelta(days=1))
                service = replace(
                    service_on(engine, self.champions, self.settings, lambda: self.as_of),
                    score=read_policy(self.policies.score), programmes=self.policies.programmes,
                    refunds=self.policies.refunds,
                )  # fmt: skip
                (thought,) = reassess(engine, self.judge, [merchant_id], now=self.as_of).assessments
                said = standings(service, merchant_id)
        finally:
            for file in copy.parent.glob("trial.db*"):
                file.unlink()
        modelled = self.judge.models.credit is not None
        return Found(
            band=thought.band,
            level=thought.counterfeit.level,
            outcomes={one["programme"]: _outcome(one, modelled) for one in said},
            caps={one["programme"]: one["cap"] for one in said},
        )

    def checked(self, events: Sequence[Event]) -> pa.Table:
        """The events as the store takes them. Raises `ValueError` where it would not."""
        checked = check_rows(events, currency=self.settings.currency)
        if checked.rejected:
            raise ValueError(f"an event of the attack is refused: {checked.rejected[0]}")
        return checked.rows


def _outcome(said: Mapping[str, Any], modelled: bool) -> str:
    """The gate's outcome; without a model, where nothing but that keeps it from a place, the place on trial."""
    codes = {one["code"] for one in said["reasons"]}
    rates_only = not modelled and said["outcome"] == "review" and not codes & _A_PERSON_LOOKS
    return "conditions" if rates_only else str(said["outcome"])


@contextmanager
def stage(
    champions: Champions, policies: Policies, settings: Settings, *, market: Scenario = MARKET
) -> Iterator[Stage]:
    """Set the stage, and clear it away. Raises `ChampionUnloadable`."""
    policy = read_policy(policies.score)
    models = live_models(champions, current_declarations())
    models.check_fit(policy)
    as_of = datetime.combine(market.start + timedelta(days=market.days), datetime.min.time(), UTC)
    with TemporaryDirectory(prefix="goodfaith-") as folder:
        made = Stage(
            store=Path(folder) / "market.db",
            judge=Judge(models=models, policy=policy, currency=settings.currency),
            champions=champions,
            policies=policies,
            settings=settings,
            as_of=as_of,
        )
        yield replace(made, subjects=_set_up(made, market))


def _set_up(made: Stage, market: Scenario) -> dict[str, Subject]:
    """Take the marketplace into the store, all but those on whom attacks may be tried, and choose among these."""
    pieces = list(simulate(market, texts=False))
    events, truth = pa.concat_tables([one.events for one in pieces]), pa.concat_tables([one.truth for one in pieces])
    careless, *_ = _usual(events, truth, _CARELESS, made.as_of)
    rivals = _usual(events, truth, _RIVALS, made.as_of)[:_LOOKED_AT]
    apart = pa.array([one.merchant_id for one in (careless, *rivals)])
    others = events.filter(pc.invert(pc.is_in(events.column("merchant_id"), value_set=apart)))
    with opened(f"sqlite:///{made.store}") as engine:
        EventStore(engine).append(made.checked(as_told(others.to_pylist())), at=made.as_of, later=True)
        ensure_midnight(engine, day_of(made.as_of))
    return {"careless": careless, "newcomer": _newcomer(careless, made.as_of), "rival": _best(made, rivals)}


def _best(made: Stage, rivals: Sequence[Subject]) -> Subject:
    """Whoever has most to lose: the most places, then the best band."""
    found = [(made.judged(one.merchant_id, one.events), one) for one in rivals]
    return min(found, key=lambda pair: (-sum(map(pair[0].has_place, pair[0].outcomes)), pair[0].band))[1]


def _usual(events: pa.Table, truth: pa.Table, archetypes: Sequence[str], as_of: datetime) -> list[Subject]:
    """Merchants of some archetypes that have their papers and were not removed, the nearest a usual trade first."""
    rows = [one for one in truth.to_pylist() if one["archetype"] in archetypes and one["removed_at"] is None]
    subjects = [_subject(events, one["merchant_id"], as_of) for one in rows if one["n_orders"]]
    verified = [one for one in subjects if _papers(one) >= _PAPERS]
    return sorted(verified, key=lambda one: (abs(one.orders_90d - _USUAL), one.merchant_id))


def _papers(subject: Subject) -> set[str]:
    return {one["qualification"] for one in subject.events if one.get("outcome") == "passed" and "qualification" in one}


def _subject(events: pa.Table, merchant_id: str, as_of: datetime) -> Subject:
    own = as_told(events.filter(pc.equal(events.column("merchant_id"), merchant_id)).to_pylist())
    orders = [one for one in own if one["event_type"] == "order_placed"]
    since = (as_of - timedelta(days=90)).isoformat()
    return Subject(
        merchant_id=merchant_id,
        as_of=as_of,
        category=next(one["category"] for one in own if one["event_type"] == "merchant_registered"),
        price_cents=int(median(one["amount_cents"] for one in orders)),
        cheap_cents=min(one["amount_cents"] for one in orders),
        orders_90d=sum(one["event_time"] >= since for one in orders),
        events=own,
    )


def _newcomer(like: Subject, as_of: datetime) -> Subject:
    """Somebody who registered a quarter ago with papers and a deposit, and has sold nothing."""
    at = (as_of - timedelta(days=90)).isoformat()
    told: list[dict[str, Any]] = [
        {"event_type": "merchant_registered", "category": like.category, "deposit_cents": 1_000_000},
        {"event_type": "qualification_checked", "qualification": "identity", "outcome": "passed"},
        {"event_type": "qualification_checked", "qualification": "business_licence", "outcome": "passed"},
    ]
    named = {"merchant_id": _NEWCOMER, "event_time": at}
    events = tuple({**named, "event_id": f"{_NEWCOMER}-{number}", **one} for number, one in enumerate(told))
    return replace(like, merchant_id=_NEWCOMER, orders_90d=0, events=events)
