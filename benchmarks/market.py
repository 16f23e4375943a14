"""Draws what happens in a made-up marketplace, as small integer columns; `generate.py` writes them as a log."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

DAY = 86_400_000_000
HOUR = 3_600_000_000
START = int(np.datetime64("2024-01-01", "us").astype(np.int64))
DAYS = 730
END = START + DAYS * DAY
NOTHING = np.iinfo(np.int64).min
REVERSALS_SHARE, LATE_SHARE = 0.001, 0.10

RETURN_REASONS = ("no_reason", "quality", "not_as_described", "damaged", "late", "wrong_item", "counterfeit", "other")
DISPUTE_REASONS = ("not_received", "not_as_described", "quality", "counterfeit", "damaged", "wrong_item", "other")
REPORTERS = ("buyer", "brand", "merchant", "anonymous")

KINDS = (
    "order_placed",
    "order_shipped",
    "order_delivered",
    "order_cancelled",
    "return_requested",
    "return_answered",
    "refund_paid",
    "dispute_opened",
    "dispute_resolved",
    "review_posted",
    "advance_recovered",
    "advance_written_off",
    "deposit_changed",
    "merchant_registered",
    "fake_report_filed",
    "fake_report_resolved",
    "inspection_completed",
    "message_answered",
    "event_reversed",
)
LAYOUT = MappingProxyType(
    {
        "kind": (np.uint8, 0),
        "merchant": (np.int32, -1),
        "time": (np.int64, NOTHING),
        "order": (np.int32, -1),
        "subject": (np.int64, -1),
        "number": (np.int64, 0),
        "first": (np.uint8, 0),
        "second": (np.uint8, 0),
        "opened": (np.int64, NOTHING),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The orders as columns of one length; times in microseconds, `NOTHING` where there is none."""

    merchant: np.ndarray
    placed: np.ndarray
    buyer: np.ndarray
    listing: np.ndarray
    amount: np.ndarray
    ship_by: np.ndarray
    deliver_by: np.ndarray
    shipped: np.ndarray
    delivered: np.ndarray


class Sheet:
    """Events in the making: small integer columns, no text yet."""

    def __init__(self) -> None:
        self._parts: list[dict[str, np.ndarray]] = []

    def add(self, kind: str, **columns: np.ndarray) -> None:
        """Take in events of one kind; those after the end of the log are left out."""
        keep = (columns["time"] >= START) & (columns["time"] < END)
        part = {name: np.full(int(keep.sum()), missing, dtype) for name, (dtype, missing) in LAYOUT.items()}
        part["kind"][:] = KINDS.index(kind)
        for name, values in columns.items():
            part[name][:] = values[keep]
        self._parts.append(part)

    def stack(self) -> dict[str, np.ndarray]:
        """Put everything taken in so far into one dictionary of columns."""
        stacked = {name: np.concatenate([part[name] for part in self._parts]) for name in LAYOUT}
        self._parts.clear()
        return stacked


def make_orders(rng: np.random.Generator, n: int, merchants: int) -> Orders:
    """Draw `n` orders with their promises and what became of them, sorted by merchant."""
    # Pareto with exponent 1.4: among 10,000 merchants the largest has some 3 % of all orders, half have under 60.
    weight = ((rng.permutation(merchants) + 0.5) / merchants) ** (-1 / 1.4)
    per_merchant = rng.multinomial(n, weight / weight.sum())
    merchant = np.repeat(np.arange(merchants, dtype=np.int32), per_merchant)
    first = np.where(rng.random(merchants) < 0.5, 0, rng.random(merchants) * 0.8)
    last = np.where(rng.random(merchants) < 0.8, 1, first + (1 - first) * rng.random(merchants))
    share = first[merchant] + (last - first)[merchant] * rng.random(n)
    placed = START + DAY + (share * (DAYS - 1) * DAY).astype(np.int64)
    placed = np.where(rng.random(n) < 0.01, placed // DAY * DAY, placed)
    slow = rng.lognormal(0, 0.5, merchants)
    shipped = placed + (rng.lognormal(-0.2, 0.7, n) * slow[merchant] * DAY).astype(np.int64)
    promised = placed + rng.integers(1, 5, n) * DAY
    by_midnight = rng.random(n) < 0.5
    deliver_by = placed + rng.integers(4, 20, n) * DAY
    return Orders(
        merchant=merchant,
        placed=placed,
        buyer=_make_buyers(rng, merchant, n),
        listing=merchant.astype(np.int64) * 1000 + rng.integers(0, 200, n),
        amount=rng.lognormal(8.5, 1.0, n).astype(np.int64) + 100,
        ship_by=np.where(rng.random(n) < 0.03, NOTHING, np.where(by_midnight, promised // DAY * DAY, promised)),
        deliver_by=np.where(rng.random(n) < 0.08, NOTHING, np.where(by_midnight, deliver_by // DAY * DAY, deliver_by)),
        shipped=shipped,
        delivered=shipped + (rng.lognormal(1.4, 0.6, n) * DAY).astype(np.int64),
    )


def _make_buyers(rng: np.random.Generator, merchant: np.ndarray, n: int) -> np.ndarray:
    buyer = rng.integers(0, max(n // 3, 10), n)
    back = np.maximum(np.arange(n) - rng.integers(1, 50, n), 0)
    again = (merchant[back] == merchant) & (rng.random(n) < 0.15)
    return np.where(again, buyer[back], buyer)


def _pick(rng: np.random.Generator, n: int, shares: tuple[float, ...]) -> np.ndarray:
    """Draw codes 0, 1, ... in these shares."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(n), side="right").astype(np.uint8)


def _later(rng: np.random.Generator, times: np.ndarray, days: float) -> np.ndarray:
    return times + (rng.exponential(days, len(times)) * DAY).astype(np.int64)


def _add_fulfilment(rng: np.random.Generator, sheet: Sheet, orders: Orders) -> np.ndarray:
    """Add placing, shipping, delivering, cancelling; return the orders that were delivered."""
    n = len(orders.placed)
    everything = np.arange(n, dtype=np.int32)
    cancelled = rng.random(n) < 0.035
    # A cancelled order is seldom shipped as well, a shipped parcel is seldom lost.
    shipped = np.where(cancelled, rng.random(n) < 0.05, rng.random(n) < 0.99)
    delivered = shipped & (rng.random(n) < np.where(cancelled, 0.3, 0.985))
    for kind, chosen, times in (
        ("order_placed", everything, orders.placed),
        ("order_shipped", everything[shipped], orders.shipped),
        ("order_delivered", everything[delivered], orders.delivered),
    ):
        sheet.add(kind, order=chosen, merchant=orders.merchant[chosen], time=times[chosen])
    chosen = everything[cancelled]
    sheet.add(
        "order_cancelled",
        order=chosen,
        merchant=orders.merchant[chosen],
        time=_later(rng, orders.placed[chosen], 1.5),
        first=_pick(rng, len(chosen), (0.55, 0.4, 0.05)),
    )
    return everything[delivered]


def _add_opinions(rng: np.random.Generator, sheet: Sheet, orders: Orders, delivered: np.ndarray) -> None:
    chosen = delivered[rng.random(len(delivered)) < 0.40]
    sour = rng.beta(1, 8, int(orders.merchant[-1]) + 1)[orders.merchant[chosen]]
    stars = np.where(rng.random(len(chosen)) < sour, rng.integers(1, 3, len(chosen)), rng.integers(3, 6, len(chosen)))
    sheet.add(
        "review_posted",
        order=chosen,
        merchant=orders.merchant[chosen],
        number=stars,
        time=_later(rng, orders.delivered[chosen], 4),
    )


def _add_returns(rng: np.random.Generator, sheet: Sheet, orders: Orders, delivered: np.ndarray) -> None:
    chosen = delivered[rng.random(len(delivered)) < 0.06]
    opened = _later(rng, orders.delivered[chosen], 5)
    row = {"order": chosen, "merchant": orders.merchant[chosen], "subject": np.arange(len(chosen))}
    sheet.add("return_requested", **row, time=opened, first=_pick(rng, len(chosen), (0.5, 0.2, 0.1, *[0.04] * 5)))
    answered = rng.random(len(chosen)) < 0.93
    row = {name: values[answered] for name, values in row.items()}
    sheet.add(
        "return_answered",
        **row,
        time=_later(rng, opened[answered], 1),
        opened=opened[answered],
        first=_pick(rng, int(answered.sum()), (0.92, 0.08)),
    )


def _add_disputes(rng: np.random.Generator, sheet: Sheet, orders: Orders) -> None:
    n = len(orders.placed)
    chosen = np.flatnonzero(rng.random(n) < 0.015).astype(np.int32)
    opened = _later(rng, orders.delivered[chosen], 6)
    row = {
        "order": chosen,
        "merchant": orders.merchant[chosen],
        "subject": np.arange(len(chosen)),
        "first": rng.integers(0, len(DISPUTE_REASONS), len(chosen)).astype(np.uint8),
    }
    sheet.add("dispute_opened", **row, time=opened)
    ended = rng.random(len(chosen)) < 0.9
    row = {name: values[ended] for name, values in row.items()}
    sheet.add(
        "dispute_resolved",
        **row,
        time=_later(rng, opened[ended], 8),
        opened=opened[ended],
        second=_pick(rng, int(ended.sum()), (0.4, 0.2, 0.1, 0.2, 0.1)),
    )


def _add_refunds(rng: np.random.Generator, sheet: Sheet, orders: Orders) -> None:
    n = len(orders.placed)
    chosen = np.flatnonzero(rng.random(n) < 0.06).astype(np.int32)
    liable = _pick(rng, len(chosen), (0.6, 0.1, 0.1, 0.1, 0.1))
    row = {
        "order": chosen,
        "merchant": orders.merchant[chosen],
        "subject": np.arange(len(chosen)),
        "number": (orders.amount[chosen] * rng.uniform(0.3, 1.0, len(chosen))).astype(np.int64),
    }
    paid = _later(rng, orders.delivered[chosen], 7)
    sheet.add("refund_paid", **row, time=paid, second=liable, first=rng.integers(0, 10, len(chosen)).astype(np.uint8))
    owed = np.flatnonzero((chosen % 5 < 2) & (liable == 0))
    fate = _pick(rng, len(owed), (0.7, 0.1, 0.2))
    for kind, code in (("advance_recovered", 0), ("advance_written_off", 1)):
        back = owed[fate == code]
        sheet.add(
            kind,
            merchant=row["merchant"][back],
            subject=back,
            number=row["number"][back] * (1 - code) + code,
            time=_later(rng, paid[back], 20),
        )


def _add_suspicions(rng: np.random.Generator, sheet: Sheet, orders: Orders) -> None:
    n = len(orders.placed)
    chosen = np.flatnonzero(rng.random(n) < 0.004)
    filed = _later(rng, orders.delivered[chosen], 10)
    row = {
        "merchant": orders.merchant[chosen],
        "subject": np.arange(len(chosen)),
        "first": rng.integers(0, len(REPORTERS), len(chosen)).astype(np.uint8),
    }
    sheet.add("fake_report_filed", **row, time=filed)
    ended = rng.random(len(chosen)) < 0.8
    row = {name: values[ended] for name, values in row.items()}
    sheet.add(
        "fake_report_resolved",
        **row,
        time=_later(rng, filed[ended], 12),
        second=_pick(rng, int(ended.sum()), (0.25, 0.1, 0.6, 0.05)),
    )
    looked = np.flatnonzero(rng.random(n) < 0.002)
    sheet.add(
        "inspection_completed",
        merchant=orders.merchant[looked],
        time=_later(rng, orders.placed[looked], 3),
        first=_pick(rng, len(looked), (0.9, 0.07, 0.03)),
    )


def _add_merchants(rng: np.random.Generator, sheet: Sheet, orders: Orders, merchants: int) -> None:
    everyone = np.arange(merchants, dtype=np.int32)
    first = np.full(merchants, START + 30 * DAY)
    np.minimum.at(first, orders.merchant, orders.placed)
    deposit = rng.integers(1, 50, merchants) * 100_000
    sheet.add(
        "merchant_registered",
        merchant=everyone,
        number=deposit,
        time=np.maximum(first - (rng.random(merchants) * 20 * DAY).astype(np.int64), START),
    )
    again = rng.integers(0, merchants, merchants).astype(np.int32)
    sheet.add(
        "deposit_changed",
        merchant=again,
        number=deposit[again] // 2,
        time=START + (rng.random(merchants) * DAYS * DAY).astype(np.int64),
    )


def _known(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Nine in ten at once; one in ten 36 hours later on average, a few of them weeks."""
    late = rng.random(len(times)) < LATE_SHARE
    return times + (late * rng.exponential(1.0, len(times)) ** 1.5 * 27 * HOUR).astype(np.int64)


def _fill_up(rng: np.random.Generator, columns: dict[str, np.ndarray], n: int, orders: Orders) -> dict[str, np.ndarray]:
    """Add answered messages, or leave out events by lot, so that there are `n`."""
    have = len(columns["time"])
    if have > n:
        keep = np.sort(rng.choice(have, n, replace=False))
        return {name: values[keep] for name, values in columns.items()}
    sheet = Sheet()
    about = rng.integers(0, len(orders.placed), n - have)
    sheet.add(
        "message_answered",
        merchant=orders.merchant[about],
        time=orders.placed[about],
        subject=np.arange(n - have),
        number=(rng.exponential(4, n - have) * 3600).astype(np.int64),
    )
    extra = sheet.stack()
    extra["known"] = np.minimum(_known(rng, extra["time"]), END - 1)
    return {name: np.concatenate([values, extra[name]]) for name, values in columns.items()}


def _reverse(rng: np.random.Generator, columns: dict[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
    """Add `n` reversals: some come before their event is known, a few twice, a few of another reversal."""
    have = len(columns["time"])
    target = rng.integers(0, have, n)
    times = np.minimum(_later(rng, columns["time"][target], 4), END - 1)
    sheet = Sheet()
    merchant = columns["merchant"][target]
    again = np.flatnonzero(rng.random(n) < 0.02)
    target[again] = have + np.maximum(again - 1, 0)
    merchant[again[again > 0]] = merchant[again[again > 0] - 1]
    sheet.add("event_reversed", merchant=merchant, time=times, subject=target)
    extra = sheet.stack()
    extra["known"] = np.minimum(_known(rng, extra["time"]), END - 1)
    return {name: np.concatenate([values, extra[name]]) for name, values in columns.items()}


def make_events(rng: np.random.Generator, n: int, orders: Orders, merchants: int) -> dict[str, np.ndarray]:
    """Draw exactly `n` events around the orders: the columns of `LAYOUT` and `known`, in no order."""
    sheet = Sheet()
    delivered = _add_fulfilment(rng, sheet, orders)
    _add_opinions(rng, sheet, orders, delivered)
    _add_returns(rng, sheet, orders, delivered)
    _add_disputes(rng, sheet, orders)
    _add_refunds(rng, sheet, orders)
    _add_suspicions(rng, sheet, orders)
    _add_merchants(rng, sheet, orders, merchants)
    columns = sheet.stack()
    columns["known"] = _known(rng, columns["time"])
    keep = columns["known"] < END
    columns = {name: values[keep] for name, values in columns.items()}
    reversals = int(n * REVERSALS_SHARE)
    return _reverse(rng, _fill_up(rng, columns, n - reversals, orders), reversals)
