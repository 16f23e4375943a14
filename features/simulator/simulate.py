"""The simulator's seam: a scenario in, pieces of an event log and the truth about its merchants out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.events import Kind
from features.simulator.account import join_programmes, tell_account, tell_penalties
from features.simulator.authors import Cast, write_texts
from features.simulator.claims import tell_claims
from features.simulator.diary import Diary, Notes
from features.simulator.fakes import tell_fakes
from features.simulator.lot import Flags, Lot, share_of
from features.simulator.market import Climate, climate
from features.simulator.merchants import Merchant, draw_merchant
from features.simulator.opinions import tell_messages, tell_reviews
from features.simulator.scenario import NEVER, Scenario
from features.simulator.sheet import event_table, tokens
from features.simulator.trade import Life, Orders, take_orders, tell_orders

__all__ = ["TOGETHER", "TRUTH", "Piece", "simulate"]

#: What is true of each merchant; the columns are explained in docs/howto/simulate.md.
TRUTH = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("archetype", pa.string()),
        ("category", pa.string()),
        ("region", pa.string()),
        ("registered_at", Kind.TIME.arrow),
        ("turned_at", Kind.TIME.arrow),
        ("removed_at", Kind.TIME.arrow),
        ("n_orders", pa.int64()),
        ("n_fake_orders", pa.int64()),
        ("n_missing_orders", pa.int64()),
        ("late_share", pa.float64()),
        ("cancel_share", pa.float64()),
        ("defect_share", pa.float64()),
    ]
)

#: Merchants whose events are kept in memory at a time.
TOGETHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some merchants' events (columns of the event vocabulary), the truth about them (`TRUTH`), and texts (`TEXTS`)."""

    events: pa.Table
    truth: pa.Table
    texts: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lived:
    """A merchant whose life is told: the events, the orders taken, and when the platform removed it."""

    merchant: Merchant
    notes: dict[str, list[Notes]]
    orders: Orders
    removed: int


def simulate(scenario: Scenario, *, together: int = TOGETHER, texts: bool = True) -> Iterator[Piece]:
    """Simulate a marketplace, `together` merchants at a time; that number changes nothing but the pieces' sizes.

    Without `texts`, listings have titles all the same, but pieces' texts are empty.
    """
    shared = climate(scenario)
    for first in range(0, scenario.merchants, together):
        numbers = range(first, min(first + together, scenario.merchants))
        lived = [_live(scenario, shared, number) for number in numbers]
        events = event_table([(one.merchant.number, one.notes) for one in lived], seed=scenario.seed)
        truth = _truth(lived, seed=scenario.seed)
        told = write_texts(events, _cast(lived, truth, seed=scenario.seed), bodies=texts)
        yield Piece(events=told.events, truth=truth, texts=told.texts)


def _cast(lived: Sequence[_Lived], truth: pa.Table, *, seed: int) -> Cast:
    """Whoever sees through a fake writes of a fake."""
    noticed = np.concatenate([one.orders.number[one.orders.noticed] for one in lived])
    return Cast(seed=seed, truth=truth, causes={"counterfeit": tokens(noticed, "order", seed=seed)})


def _live(scenario: Scenario, shared: Climate, number: int) -> _Lived:
    """Tell the life of one merchant."""
    lot = Lot(scenario.seed, 1, number)
    merchant = draw_merchant(lot, number, scenario)
    joined = join_programmes(lot, merchant, scenario)
    diary = Diary(number, end=scenario.end)
    life = Life(scenario=scenario, climate=shared, merchant=merchant, lot=lot, diary=diary, joined=joined)
    orders = take_orders(life)
    tell_account(life)
    for tell in (tell_orders, tell_reviews, tell_messages, tell_claims, tell_fakes):
        tell(life, orders)
    removed = tell_penalties(life)
    return _Lived(merchant=merchant, notes=diary.close(removed), orders=orders, removed=removed)


def _truth(lived: Sequence[_Lived], *, seed: int) -> pa.Table:
    who = [one.merchant for one in lived]
    columns = {
        "merchant_id": tokens(np.array([one.number for one in who]), "merchant", seed=seed),
        "archetype": [one.archetype for one in who],
        "category": [one.category.name for one in who],
        "region": [one.region for one in who],
        "registered_at": _moments([one.registered for one in who]),
        "turned_at": _moments([one.turned for one in who]),
        "removed_at": _moments([one.removed for one in lived]),
        **{f"{trait}_share": share_of(np.array([getattr(one, trait) for one in who])) for trait in _TRAITS},
        **{name: [int(count(one)) for one in lived] for name, count in _COUNTS.items()},
    }
    return pa.table([pa.array(columns[field.name], field.type) for field in TRUTH], schema=TRUTH)


def _moments(seconds: Sequence[int]) -> pa.Array:
    return pa.array([None if one >= NEVER else one * 1_000_000 for one in seconds], pa.int64()).cast(Kind.TIME.arrow)


_TRAITS = ("late", "cancel", "defect")


def _counted(one: _Lived, which: Flags) -> int:
    return int((which & (one.orders.placed <= one.removed)).sum())


_COUNTS: dict[str, Callable[[_Lived], int]] = {
    "n_orders": lambda one: _counted(one, one.orders.placed > 0),
    "n_fake_orders": lambda one: _counted(one, one.orders.fake),
    "n_missing_orders": lambda one: _counted(one, (one.orders.delivered >= NEVER) & (one.orders.cancelled >= NEVER)),
}
