"""The simulator's seam: a scenario in, pieces of an event log and the truth about its merchants out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.simulator.account import join_programmes, tell_account, tell_penalties
from features.simulator.authors import Cast, write_texts
from features.simulator.claims import tell_claims
from features.simulator.diary import Diary
from features.simulator.fakes import tell_fakes
from features.simulator.life import Life, Orders
from features.simulator.links import tell_links
from features.simulator.lot import Flags, Lot
from features.simulator.market import Climate, climate
from features.simulator.merchants import draw_merchant
from features.simulator.opinions import tell_messages, tell_reviews
from features.simulator.scenario import Scenario
from features.simulator.services import tell_services
from features.simulator.sheet import event_table, tokens
from features.simulator.trade import take_orders, tell_orders
from features.simulator.traits import traits_of
from features.simulator.truth import TRUTH, Lived, truth_of

__all__ = ["TOGETHER", "TRUTH", "Piece", "piece_of", "simulate"]

#: Merchants whose events are kept in memory at a time.
TOGETHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some merchants' events (columns of the event vocabulary), the `tables` of the truth about them, and texts."""

    events: pa.Table
    texts: pa.Table
    tables: dict[str, pa.Table]

    @property
    def truth(self) -> pa.Table:
        """What is true of each merchant."""
        return self.tables["truth"]


def simulate(scenario: Scenario, *, together: int = TOGETHER, texts: bool = True) -> Iterator[Piece]:
    """Simulate a marketplace, `together` merchants at a time; that number changes nothing but the pieces' sizes.

    Without `texts`, listings have titles all the same, but pieces' texts are empty.
    """
    shared = climate(scenario)
    for first in range(0, scenario.merchants, together):
        numbers = range(first, min(first + together, scenario.merchants))
        yield piece_of(scenario, numbers, shared=shared, texts=texts)


def piece_of(scenario: Scenario, numbers: range, *, shared: Climate, texts: bool = True) -> Piece:
    """The lives of the merchants of some numbers, which depend on no others; `shared` is the scenario's climate."""
    lived = [_live(scenario, shared, number) for number in numbers]
    events = event_table([(one.life.merchant.number, one.notes) for one in lived], seed=scenario.seed)
    tables = truth_of(lived, scenario)
    told = write_texts(events, _cast(lived, tables["truth"], scenario), bodies=texts)
    return Piece(events=told.events, tables=tables, texts=told.texts)


def _cast(lived: Sequence[Lived], truth: pa.Table, scenario: Scenario) -> Cast:
    """Whoever sees through a fake writes of a fake, whoever was promised something else of that; a ring copies."""

    def orders(which: Callable[[Orders], Flags]) -> pa.Array:
        numbers = np.concatenate([one.orders.number[which(one.orders)] for one in lived])
        return tokens(numbers, "order", seed=scenario.seed)

    causes = {
        "not_as_described": orders(lambda of_one: of_one.misdescribed),
        "counterfeit": orders(lambda of_one: of_one.noticed),
    }
    brushed = orders(lambda of_one: of_one.part_of("brushing"))
    return Cast(seed=scenario.seed, truth=truth, causes=causes, brushed=brushed, languages=scenario.languages)


def _live(scenario: Scenario, shared: Climate, number: int) -> Lived:
    """Tell the life of one merchant."""
    merchant = draw_merchant(scenario, number)
    traits = traits_of(scenario, shared, merchant, Lot(scenario.seed, 2, number))
    joined = join_programmes(Lot(scenario.seed, 4, number), merchant, scenario)
    diary = Diary(number, end=scenario.end)
    life = Life(scenario=scenario, climate=shared, merchant=merchant, traits=traits, diary=diary, joined=joined)
    orders = take_orders(life)
    tell_account(life)
    for tell in (tell_orders, tell_reviews, tell_messages, tell_claims, tell_links, tell_services):
        tell(life, orders)
    reports = tell_fakes(life, orders)
    removed = tell_penalties(life)
    return Lived(life=life, notes=diary.close(removed), orders=orders, reports=reports, removed=removed)
