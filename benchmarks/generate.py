"""A made-up event log of any size, for timing: plausible in shape, deterministic by seed, no known truth in it.

Two years of a marketplace: heavy-tailed merchants, orders with promises, what follows an order (shipment,
delivery, review, return, dispute, refund, recovery, cancellation), fake reports, messages, reversals. A tenth
of the events is known late. Later events carry the promises of their order. Rows stand in the order in which
the platform learned of them. Run it as `python -m benchmarks.generate --events 5000000 --out DIR`.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.market import (
    DAY,
    DAYS,
    DISPUTE_REASONS,
    KINDS,
    NOTHING,
    REPORTERS,
    RETURN_REASONS,
    START,
    Orders,
    make_events,
    make_orders,
)
from features.events import SCHEMA

PIECE = 250_000
ORDERS_SHARE = 0.27
CATEGORIES = ("apparel", "electronics", "food", "home", "beauty", "toys", "sports", "books", "baby", "tools")
REGIONS = ("north", "south", "east", "west")

#: Which columns the two small codes (`first`, `second`) of a row mean, by event type, and their words.
WORDS: MappingProxyType[str, tuple[tuple[str, tuple[str, ...]], ...]] = MappingProxyType(
    {
        "order_cancelled": (("actor", ("buyer", "merchant", "platform")),),
        "return_requested": (("reason", RETURN_REASONS),),
        "return_answered": (("outcome", ("accepted", "rejected")),),
        "refund_paid": (
            ("reason", (*DISPUTE_REASONS, "no_reason", "missing_parts", "unsafe")),
            ("finally_liable", ("merchant", "platform", "carrier", "buyer", "undecided")),
        ),
        "dispute_opened": (("reason", DISPUTE_REASONS),),
        "dispute_resolved": (
            ("reason", DISPUTE_REASONS),
            ("outcome", ("merchant_at_fault", "buyer_at_fault", "carrier_at_fault", "nobody_at_fault", "settled")),
        ),
        "fake_report_filed": (("reporter_kind", REPORTERS),),
        "fake_report_resolved": (
            ("reporter_kind", REPORTERS),
            ("outcome", ("confirmed", "grey_market", "dismissed", "bad_faith")),
        ),
        "inspection_completed": (("outcome", ("passed", "failed_quality", "failed_counterfeit")),),
    }
)
#: Which column the number of a row, and which the number of its subject, means.
NUMBERS = MappingProxyType(
    {
        "refund_paid": "amount_cents",
        "advance_recovered": "amount_cents",
        "advance_written_off": "amount_cents",
        "deposit_changed": "deposit_cents",
        "merchant_registered": "deposit_cents",
        "review_posted": "stars",
        "message_answered": "reply_seconds",
    }
)
SUBJECTS = MappingProxyType(
    {
        "return_requested": "return_id",
        "return_answered": "return_id",
        "refund_paid": "refund_id",
        "advance_recovered": "refund_id",
        "advance_written_off": "refund_id",
        "dispute_opened": "dispute_id",
        "dispute_resolved": "dispute_id",
        "fake_report_filed": "report_id",
        "fake_report_resolved": "report_id",
        "message_answered": "message_id",
        "event_reversed": "reverses",
    }
)
#: What each type repeats from its order, beside `order_id`.
CARRIED = MappingProxyType(
    {
        "order_placed": ("buyer_id", "listing_id", "category", "amount_cents", "ship_by", "deliver_by"),
        "order_shipped": ("placed_at", "ship_by"),
        "order_delivered": ("placed_at", "deliver_by"),
        "order_cancelled": ("buyer_id", "placed_at", "ship_by", "deliver_by"),
        "return_requested": ("buyer_id", "placed_at"),
        "return_answered": (),
        "refund_paid": (),
        "dispute_opened": ("buyer_id", "placed_at"),
        "dispute_resolved": ("buyer_id", "placed_at"),
        "review_posted": ("buyer_id", "placed_at"),
    }
)


_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)


def ids(numbers: np.ndarray, salt: str, valid: np.ndarray | None = None) -> pa.Array:
    """Turn numbers into ids of 16 hexadecimal digits, one to one for each salt; null where not `valid`."""
    valid = np.ones(len(numbers), bool) if valid is None else valid
    seed = np.uint64(int.from_bytes(salt.encode()[:8].ljust(8), "big"))
    with np.errstate(over="ignore"):
        mixed = (numbers[valid].astype(np.uint64) ^ seed) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    text = _HEX[(mixed ^ (mixed >> np.uint64(32))).view(np.uint8)]
    offsets = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(valid * 16, out=offsets[1:])
    return pa.StringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets), pa.py_buffer(text), pa.array(valid).buffers()[1]
    )


class Writer:
    """Turns small integer columns into rows of the event log."""

    def __init__(self, columns: dict[str, np.ndarray], orders: Orders) -> None:
        self._columns = columns
        self._orders = orders

    def table(self, rows: np.ndarray) -> pa.Table:
        """Make the rows with these numbers, in this order, as a table of `SCHEMA`."""
        part = {name: values[rows] for name, values in self._columns.items()}
        part["row"] = rows
        filled = {
            "event_id": ids(rows, "event"),
            "merchant_id": ids(part["merchant"], "merchant"),
            "event_type": pa.array(KINDS).take(pa.array(part["kind"])),
            "event_time": _times(part["time"]),
            "known_at": _times(part["known"]),
            "opened_at": _times(part["opened"]),
        }
        filled |= self._carried(part) | _subjects(part) | _words(part) | _numbers(part, self._orders)
        arrays = [filled.get(field.name, pa.nulls(len(rows), field.type)).cast(field.type) for field in SCHEMA]
        return pa.table(arrays, schema=SCHEMA)

    def _carried(self, part: dict[str, np.ndarray]) -> dict[str, pa.Array]:
        order = part["order"]
        of = self._orders
        times = {"placed_at": of.placed, "ship_by": of.ship_by, "deliver_by": of.deliver_by}
        filled = {name: _times(np.where(_has(part, name), values[order], NOTHING)) for name, values in times.items()}
        filled["order_id"] = ids(order, "order", order >= 0)
        filled["buyer_id"] = ids(of.buyer[order], "buyer", _has(part, "buyer_id"))
        filled["listing_id"] = ids(of.listing[order], "listing", _has(part, "listing_id"))
        category = part["merchant"] % len(CATEGORIES)
        registered = _is(part, "merchant_registered")
        filled["category"] = _choose(CATEGORIES, category, _has(part, "category") | registered)
        filled["region"] = _choose(REGIONS, part["merchant"] % len(REGIONS), registered)
        filled["advanced_by"] = _choose(("merchant", "platform"), (order % 5 < 2) * 1, _is(part, "refund_paid"))
        filled["reporter_id"] = ids(part["subject"] // 3, "reporter", _is(part, "fake_report_filed"))
        return filled


def _is(part: dict[str, np.ndarray], *kinds: str) -> np.ndarray:
    return np.isin(part["kind"], [KINDS.index(kind) for kind in kinds])


def _has(part: dict[str, np.ndarray], column: str) -> np.ndarray:
    return _is(part, *(kind for kind, carried in CARRIED.items() if column in carried))


def _times(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.timestamp("us", tz="UTC"), mask=values == NOTHING)


def _choose(words: tuple[str, ...], codes: np.ndarray, valid: np.ndarray) -> pa.Array:
    return pa.array(words).take(pa.array(codes.astype(np.int32), mask=~valid))


def _subjects(part: dict[str, np.ndarray]) -> dict[str, pa.Array]:
    filled = {}
    for column in dict.fromkeys(SUBJECTS.values()):
        mine = _is(part, *(kind for kind, name in SUBJECTS.items() if name == column))
        filled[column] = ids(part["subject"], "event" if column == "reverses" else column, mine)
    return filled


def _words(part: dict[str, np.ndarray]) -> dict[str, pa.Array]:
    texts: dict[str, Any] = {}
    for kind, columns in WORDS.items():
        for code, (column, words) in zip(("first", "second"), columns, strict=False):
            mine = _is(part, kind)
            texts.setdefault(column, np.full(len(mine), None, object))[mine] = np.array(words, object)[part[code][mine]]
    return {column: pa.array(values, pa.string()) for column, values in texts.items()}


def _numbers(part: dict[str, np.ndarray], orders: Orders) -> dict[str, pa.Array]:
    filled = {}
    for column in dict.fromkeys(NUMBERS.values()):
        mine = _is(part, *(kind for kind, name in NUMBERS.items() if name == column))
        values = part["number"]
        if column == "amount_cents":
            placed = _is(part, "order_placed")
            mine, values = mine | placed, np.where(placed, orders.amount[part["order"]], values)
        filled[column] = pa.array(values, mask=~mine)
    return filled


def pieces(n: int, *, merchants: int, seed: int) -> Iterator[pa.Table]:
    """Yield a log of exactly `n` events, piece by piece, in the order of `known_at`."""
    rng = np.random.default_rng(seed)
    orders = make_orders(rng, int(n * ORDERS_SHARE), merchants)
    columns = make_events(rng, n, orders, merchants)
    order = np.argsort(columns["known"], kind="stable")
    writer = Writer(columns, orders)
    for start in range(0, n, PIECE):
        yield writer.table(order[start : start + PIECE])


def spine(rows: int, *, merchants: int, seed: int) -> pa.Table:
    """Draw (merchant, midnight) pairs, all different, over all but the first 60 days, in no order."""
    rng = np.random.default_rng(seed + 1)
    days = DAYS - 60
    drawn = rng.choice(merchants * days, min(rows, merchants * days), replace=False)
    as_of = START + (60 + 1 + drawn % days) * DAY
    return pa.table({"merchant_id": ids(drawn // days, "merchant"), "as_of": _times(as_of)})


def write(folder: Path, *, events: int, rows: int, merchants: int, seed: int) -> tuple[Path, Path]:
    """Write `events.parquet` and `spine.parquet` into the folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    log, moments = folder / "events.parquet", folder / "spine.parquet"
    with pq.ParquetWriter(log, SCHEMA) as file:
        for piece in pieces(events, merchants=merchants, seed=seed):
            file.write_table(piece)
    pq.write_table(spine(rows, merchants=merchants, seed=seed), moments)
    return log, moments


def main() -> None:
    """Write a log and its spine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--spine", type=int, default=100_000)
    parser.add_argument("--merchants", type=int, help="default: one per 500 events")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    started = time.process_time()
    merchants = asked.merchants or max(asked.events // 500, 20)
    paths = write(asked.out, events=asked.events, rows=asked.spine, merchants=merchants, seed=asked.seed)
    print(*paths, f"{asked.events:,} events, {merchants:,} merchants, {time.process_time() - started:.1f} CPU s")


if __name__ == "__main__":
    main()
