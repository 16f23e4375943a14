"""The simulator's seam: a scenario in, pieces of an event log and the truth about its merchants out."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from features.simulator.account import join_programmes, tell_account, tell_penalties
from features.simulator.claims import tell_claims
from features.simulator.diary import Diary
from features.simulator.fakes import tell_fakes
from features.simulator.life import Life
from features.simulator.links import tell_links
from features.simulator.lot import Lot
from features.simulator.market import Climate, climate
from features.simulator.merchants import draw_merchant
from features.simulator.opinions import tell_messages, tell_reviews
from features.simulator.scenario import Scenario
from features.simulator.sheet import event_table
from features.simulator.trade import take_orders, tell_orders
from features.simulator.traits import traits_of
from features.simulator.truth import TRUTH, Lived, truth_of

__all__ = ["TOGETHER", "TRUTH", "Piece", "piece_of", "simulate"]

#: Merchants whose events are kept in memory at a time.
TOGETHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some merchants' events (columns of the event vocabulary), the truth about them (`TRUTH`), and all its tables."""

    events: pa.Table
    tables: dict[str, pa.Table]

    @property
    def truth(self) -> pa.Table:
        """What is true of each merchant."""
        return self.tables["truth"]


def simulate(scenario: Scenario, *, together: int = TOGETHER) -> Iterator[Piece]:
    """Simulate a marketplace, `together` merchants at a time; that number changes nothing but the pieces' sizes."""
    shared = climate(scenario)
    for first in range(0, scenario.merchants, together):
        yield piece_of(scenario, range(first, min(first + together, scenario.merchants)), shared)


def piece_of(scenario: Scenario, numbers: range, shared: Climate | None = None) -> Piece:
    """The lives of the merchants of some numbers, which depend on no others; `shared` is the scenario's climate."""
    weather = climate(scenario) if shared is None else shared
    lived = [_live(scenario, weather, number) for number in numbers]
    return Piece(
        events=event_table([(one.life.merchant.number, one.notes) for one in lived], seed=scenario.seed),
        tables=truth_of(lived, scenario),
    )


def _live(scenario: Scenario, shared: Climate, number: int) -> Lived:
    """Tell the life of one merchant."""
    merchant = draw_merchant(scenario, number)
    traits = traits_of(scenario, shared, merchant, Lot(scenario.seed, 2, number))
    joined = join_programmes(Lot(scenario.seed, 4, number), merchant, scenario)
    diary = Diary(number, end=scenario.end)
    life = Life(scenario=scenario, climate=shared, merchant=merchant, traits=traits, diary=diary, joined=joined)
    orders = take_orders(life)
    tell_account(life)
    for tell in (tell_orders, tell_reviews, tell_messages, tell_claims, tell_links):
        tell(life, orders)
    reports = tell_fakes(life, orders)
    removed = tell_penalties(life)
    return Lived(life=life, notes=diary.close(removed), orders=orders, reports=reports, removed=removed)
