"""The truth, beside the log: about merchants, their days, orders, reports and the attacks; no model ever sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.events import Kind
from features.simulator.archetypes import ARCHETYPES
from features.simulator.diary import Notes
from features.simulator.fakes import Reports
from features.simulator.life import SCHEMES, Life, Orders
from features.simulator.lot import Flags, Ints, Words, odds_of, share_of
from features.simulator.scenario import DAY, NEVER, Scenario
from features.simulator.sheet import tokens

__all__ = ["TABLES", "TRUTH", "Lived", "truth_of"]

#: What is true of each merchant; all columns of all tables are explained in docs/howto/simulate.md.
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
        ("honest", pa.bool_()),
        ("n_scheme_orders", pa.int64()),
        ("restored_at", Kind.TIME.arrow),
        ("predecessor_id", pa.string()),
        ("attacks", pa.list_(pa.string())),
    ]
)
_DAYS = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("day", pa.date32()),
        ("archetype", pa.string()),
        ("late_propensity", pa.float32()),
        ("cancel_propensity", pa.float32()),
        ("defect_propensity", pa.float32()),
        ("refusal_propensity", pa.float32()),
        ("fake_share", pa.float32()),
        ("sells_fakes", pa.bool_()),
        ("in_bust_out", pa.bool_()),
    ]
)
_ORDERS = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("order_id", pa.string()),
        ("at_fault", pa.string()),
        ("what", pa.string()),
        ("fake", pa.bool_()),
        ("scheme", pa.string()),
        ("attack", pa.string()),
    ]
)
_REPORTS = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("report_id", pa.string()),
        ("good_faith", pa.bool_()),
        ("fake", pa.bool_()),
        ("attack", pa.string()),
    ]
)
_ATTACKS = pa.schema(
    [
        ("attack", pa.string()),
        ("strength", pa.float64()),
        ("since", Kind.TIME.arrow),
        ("until", Kind.TIME.arrow),
        ("merchant_id", pa.string()),
        ("n_orders", pa.int64()),
        ("n_reports", pa.int64()),
    ]
)

#: The tables of the truth, by the names of their files.
TABLES = {
    "truth": TRUTH, "truth_days": _DAYS, "truth_orders": _ORDERS, "truth_reports": _REPORTS, "truth_attacks": _ATTACKS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A merchant whose life is told: the events, orders and reports, and when the platform removed it."""

    life: Life
    notes: dict[str, list[Notes]]
    orders: Orders
    reports: Reports
    removed: int

    @property
    def traded(self) -> Flags:
        """Which of its orders were placed at all: after a removal there are none."""
        return self.orders.placed <= self.removed

    @property
    def filed(self) -> Flags:
        """Which of its reports were filed at all."""
        return self.reports.filed < min(self.removed + 1, self.life.scenario.end)


def truth_of(lived: Sequence[Lived], scenario: Scenario) -> dict[str, pa.Table]:
    """The truth about some merchants, table by table."""
    told = {"truth": _merchants(lived, scenario)}
    for name, of_one in (("truth_days", _days), ("truth_orders", _orders), ("truth_reports", _reports),
                         ("truth_attacks", _attacks)):  # fmt: skip
        told[name] = pa.concat_tables([of_one(one, scenario) for one in lived])
    return told


def _moments(seconds: Sequence[int]) -> pa.Array:
    return pa.array([None if one >= NEVER else one * 1_000_000 for one in seconds], pa.int64()).cast(Kind.TIME.arrow)


def _table(schema: pa.Schema, columns: dict[str, object]) -> pa.Table:
    return pa.table(
        [column if isinstance(column, pa.Array) else pa.array(column, schema.field(name).type)
         for name, column in columns.items()], schema=schema,
    )  # fmt: skip


def _who(one: Lived, scenario: Scenario, n: int) -> pa.Array:
    return tokens(np.full(n, one.life.merchant.number), "merchant", seed=scenario.seed)


def _merchants(lived: Sequence[Lived], scenario: Scenario) -> pa.Table:
    who = [one.life.merchant for one in lived]
    numbers = np.array([one.number for one in who])
    before = np.array([-1 if one.predecessor is None else one.predecessor for one in who])
    traits = {
        f"{name}_share": share_of(odds_of(np.array([getattr(one.kind.manner, name) for one in who]))
                                  + np.array([getattr(one, name) for one in who]))
        for name in ("late", "cancel", "defect")
    }  # fmt: skip
    return _table(TRUTH, {
        "merchant_id": tokens(numbers, "merchant", seed=scenario.seed),
        "archetype": [one.archetype for one in who],
        "category": [one.category.name for one in who],
        "region": [one.region for one in who],
        "registered_at": _moments([one.registered for one in who]),
        "turned_at": _moments([one.turned for one in who]),
        "removed_at": _moments([one.removed for one in lived]),
        "n_orders": [int(one.traded.sum()) for one in lived],
        "n_fake_orders": [int((one.traded & one.orders.fake).sum()) for one in lived],
        "n_missing_orders": [int(one.traded[one.orders.missing].sum()) for one in lived],
        **traits,
        "honest": [ARCHETYPES[one.archetype].honest for one in who],
        "n_scheme_orders": [int((one.traded & (one.orders.scheme > 0)).sum()) for one in lived],
        "restored_at": _moments([one.restored for one in who]),
        "predecessor_id": tokens(before, "merchant", seed=scenario.seed),
        "attacks": [sorted({hit.kind for hit in one.hits}) for one in who],
    })  # fmt: skip


def _days(one: Lived, scenario: Scenario) -> pa.Table:
    """Its days, from its registration to its removal."""
    merchant, traits = one.life.merchant, one.life.traits
    first = max((merchant.registered - scenario.begin) // DAY, 0)
    last = min((one.removed - scenario.begin) // DAY + 1, scenario.days)
    days = np.arange(first, max(first, last))
    n = len(days)
    shares = {name: traits.on(trait, days).round(4).astype(np.float32) for name, trait in (
        ("late_propensity", "late"), ("cancel_propensity", "cancel"), ("defect_propensity", "defect"),
        ("refusal_propensity", "refuse"), ("fake_share", "faked"),
    )}  # fmt: skip
    day = pa.array((days + scenario.begin // DAY).astype(np.int32)).cast(pa.date32())
    return _table(_DAYS, {
        "merchant_id": _who(one, scenario, n), "day": day, "archetype": np.full(n, merchant.archetype, dtype=object),
        **shares, "sells_fakes": traits.on("faked", days) > 0, "in_bust_out": traits.on("gone", days) > 0,
    })  # fmt: skip


def _orders(one: Lived, scenario: Scenario) -> pa.Table:
    """Its orders: what truly went wrong, and whose doing that was."""
    traded, orders = one.traded, one.orders
    what, fault = _faults(one)
    return _table(_ORDERS, {
        "merchant_id": _who(one, scenario, int(traded.sum())),
        "order_id": tokens(orders.number[traded], "order", seed=scenario.seed),
        "at_fault": fault[traded], "what": what[traded], "fake": orders.fake[traded],
        "scheme": _named([None, *SCHEMES[1:]], orders.scheme[traded]),
        "attack": _attacked(scenario, orders.attack[traded]),
    })  # fmt: skip


def _faults(one: Lived) -> tuple[Words, Words]:
    """For each order the worst that was wrong with it and whose doing that was; null where all was well."""
    orders = one.orders
    sender = "platform" if one.life.merchant.is_a("platform_fulfilled") else "merchant"
    late_sent = (orders.sent > orders.ship_by) & (orders.sent < NEVER)
    late = (orders.delivered > orders.deliver_by) & (orders.delivered < NEVER)
    never = (orders.sent >= NEVER) & (orders.cancelled >= NEVER)
    cases: dict[str, tuple[Flags, str]] = {
        "brushed": (orders.part_of("brushing"), "merchant"),
        "colluded": (orders.part_of("collusion"), "merchant"),
        "abused": (orders.abusive | orders.part_of("freight_farming", "claiming"), "buyer"),
        "kept": (orders.gone, "merchant"),
        "forced_cancel": (orders.forced, "merchant"),
        "cancelled": ((orders.cancelled < NEVER) & (orders.actor == "merchant"), "merchant"),
        "never_sent": (never | ((orders.sent >= NEVER) & (orders.cancelled > orders.ship_by) & ~orders.gone
                                & (orders.cancelled < NEVER)), "merchant"),
        "fake": (orders.fake, "merchant"),
        "misdescribed": (orders.misdescribed, "merchant"),
        "defective": (orders.defective & (orders.delivered < NEVER), "merchant"),
        "lost": (orders.lost, "carrier"),
        "strike": (orders.stuck, "nobody"),
        "sent_late": (late_sent, sender),
        "arrived_late": (late, "carrier"),
    }  # fmt: skip
    hits = [hit for hit, _ in cases.values()]
    what = np.select(hits, list(cases), "").astype(object)
    fault = np.select(hits, [who for _, who in cases.values()], "").astype(object)
    what[what == ""], fault[fault == ""] = None, None
    return what, fault


def _named(names: Sequence[str | None], places: Ints) -> Words:
    return np.array(names, dtype=object)[places]


def _attacked(scenario: Scenario, places: Ints) -> Words:
    """The kinds of attacks at some places in the scenario; at -1 there is none."""
    return _named([*(attack.kind for attack in scenario.attacks), None], places)


def _reports(one: Lived, scenario: Scenario) -> pa.Table:
    """Its reports of fakes: whether who filed them believed it, and whether it is so."""
    filed, n = one.filed, len(one.reports.row)
    return _table(_REPORTS, {
        "merchant_id": _who(one, scenario, int(filed.sum())),
        "report_id": tokens((one.life.merchant.number * 2**20 + np.arange(n))[filed], "report", seed=scenario.seed),
        "good_faith": one.reports.good_faith[filed], "fake": one.orders.fake[one.reports.row][filed],
        "attack": _attacked(scenario, one.reports.attack[filed]),
    })  # fmt: skip


def _attacks(one: Lived, scenario: Scenario) -> pa.Table:
    """The attacks that touch it, and how many of its orders and reports each made or changed."""
    hits = one.life.merchant.hits
    orders, reports = one.orders.attack[one.traded], one.reports.attack[one.filed]
    return _table(_ATTACKS, {
        "attack": [hit.kind for hit in hits], "strength": [hit.strength for hit in hits],
        "since": _moments([hit.since for hit in hits]), "until": _moments([hit.until for hit in hits]),
        "merchant_id": _who(one, scenario, len(hits)),
        "n_orders": [int((orders == hit.index).sum()) for hit in hits],
        "n_reports": [int((reports == hit.index).sum()) for hit in hits],
    })  # fmt: skip
