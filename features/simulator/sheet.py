"""Diaries become event tables: numbers become opaque tokens, seconds become moments."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from features.events import SCHEMA, Kind
from features.simulator.diary import Notes
from features.simulator.lot import Flags, Ints

__all__ = ["FILLED", "event_table", "tokens"]

#: Which ids are numbers in a diary, and what is numbered there: the same number of the same thing is the same token.
_IDS = {
    "event_id": "event", "merchant_id": "merchant", "order_id": "order", "listing_id": "listing",
    "buyer_id": "person", "reporter_id": "person", "return_id": "return", "refund_id": "refund",
    "dispute_id": "dispute", "report_id": "report", "complaint_id": "complaint", "message_id": "message",
    "service_id": "service", "link_token": "link",
}  # fmt: skip
_TEXTS = (
    "category", "brand", "region", "title", "status", "fulfilled_by", "kind", "change", "link_kind", "qualification",
    "outcome", "leg", "scan", "actor", "reason", "basis", "channel", "advanced_by", "finally_liable", "speed",
    "recovered_from", "reporter_kind", "evidence", "trigger", "topic", "programme", "penalty",
    "service",
)  # fmt: skip
_TIMES = (
    "event_time",
    "known_at",
    "placed_at",
    "ship_by",
    "deliver_by",
    "opened_at",
    "answer_by",
    "reply_by",
    "due_by",
)
_NUMBERS = (
    "amount_cents", "price_cents", "deposit_cents", "quantity", "severity", "tier", "stars", "reply_seconds", "points",
)  # fmt: skip
_OTHERS = ("event_type", "programmes", "tracked", "satisfied", "valid_until")

#: The columns that the simulator fills, in the order of the vocabulary.
FILLED = pa.schema([field for field in SCHEMA if field.name in {*_IDS, *_TEXTS, *_TIMES, *_NUMBERS, *_OTHERS}])

_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)


def tokens(numbers: Ints, kind: str, *, seed: int) -> pa.Array:
    """Turn numbers below 2**48 into ids of 12 hexadecimal digits, one to one for each kind and seed; null below 0.

    >>> tokens(np.array([1, 2, -1]), "order", seed=7).is_null().to_pylist()
    [False, False, True]
    """
    valid = numbers >= 0
    mask = np.uint64(2**48 - 1)
    salt = np.uint64(int.from_bytes(kind.encode()[:6], "big") ^ (seed * 0x9E3779B97F4B & (2**48 - 1)))
    mixed = numbers[valid].astype(np.uint64) ^ salt
    # Odd factors and shifts of the number into itself lose nothing: different numbers stay different.
    for factor in (0x9E3779B97F4B, 0xBF58476D1CE5, 0x94D049BB1333):
        mixed = (mixed * np.uint64(factor)) & mask
        mixed ^= mixed >> np.uint64(23)
    digits = _HEX[mixed.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :6]]
    offsets = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(valid * 12, out=offsets[1:])
    present = pa.array(valid).buffers()[1]
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(digits.tobytes()), present)


def event_table(diaries: Sequence[tuple[int, Mapping[str, list[Notes]]]], *, seed: int) -> pa.Table:
    """The events of some merchants (number and notes) as one table of the columns `FILLED`, type by type."""
    found: dict[str, list[Notes]] = {}
    for number, notes in diaries:
        for event_type, parts in notes.items():
            found.setdefault(event_type, []).extend(_of(number, part) for part in parts)
    tables = [_rows(event_type, parts, seed) for event_type, parts in found.items()]
    return pa.concat_tables(tables) if tables else FILLED.empty_table()


def _of(number: int, part: Notes) -> Notes:
    return {**part, "merchant_id": np.full(len(part["time"]), number)}


def _rows(event_type: str, parts: list[Notes], seed: int) -> pa.Table:
    names = set().union(*parts)
    size = [len(part["time"]) for part in parts]
    columns = {
        name: np.concatenate(
            [part[name] if name in part else _nothing(name, n) for part, n in zip(parts, size, strict=True)]
        )
        for name in names - {"since"}
    }
    columns["event_time"] = columns.pop("time")
    columns["event_type"] = np.full(sum(size), event_type, dtype=object)
    arrays = [
        _arrow(field.name, columns[field.name], seed) if field.name in columns else pa.nulls(sum(size), field.type)
        for field in FILLED
    ]
    return pa.table(arrays, schema=FILLED)


def _nothing(name: str, n: int) -> np.ndarray[Any, Any]:
    return np.full(n, None, dtype=object) if name in (*_TEXTS, "programmes") else np.full(n, -1)


def _arrow(name: str, values: np.ndarray[Any, Any], seed: int) -> pa.Array:
    kind = FILLED.field(name).type
    if name in _IDS:
        return tokens(values.astype(np.int64), _IDS[name], seed=seed)
    if name in _TIMES:
        return pa.array(values * 1_000_000, mask=_absent(values)).cast(Kind.TIME.arrow)
    if name in _NUMBERS:
        return pa.array(values, mask=_absent(values), type=kind)
    if name == "valid_until":
        return pa.array(values.astype(np.int32), mask=_absent(values)).cast(kind)
    return pa.array(values, type=kind)


def _absent(values: np.ndarray[Any, Any]) -> Flags:
    return np.asarray(values == -1)
