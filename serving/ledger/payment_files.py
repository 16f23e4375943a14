"""Payment files: what a payment system says that it paid, as CSV, Parquet or JSON lines."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.columns import FINE, NAIVE_TIME, parse
from features.events import Kind
from serving.errors import PaymentFileUnusable

__all__ = ["Payment", "read_payments"]

_COLUMNS = ("decision_id", "refund_id", "merchant_id", "amount_cents", "paid_at")
_WHOLE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment: `row` is its place in the file, from 1; one of decision and refund is named at least."""

    row: int
    cents: int
    decision_id: str | None = None
    refund_id: str | None = None
    merchant_id: str | None = None
    paid_at: datetime | None = None


def read_payments(path: Path) -> Iterator[Payment]:
    """The payments of a file; columns besides those that are asked for are passed over.

    Raises `PaymentFileUnusable`, which names the first row that is not one.
    """
    readers = {".csv": _csv, ".parquet": _parquet, ".jsonl": _jsonl}
    if path.suffix not in readers:
        raise PaymentFileUnusable(f"{path.name} is neither .csv nor .parquet nor .jsonl")
    try:
        for number, row in enumerate(readers[path.suffix](path), start=1):
            yield _payment(path, number, row)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise PaymentFileUnusable(f"{path.name} cannot be read: {error}") from error


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    # Spreadsheets write a mark before the first column's name.
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        _check_columns(path, rows.fieldnames or ())
        for row in rows:
            amount = row["amount_cents"]
            yield {**row, "amount_cents": int(amount) if amount and _WHOLE.fullmatch(amount) else amount}


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    with pq.ParquetFile(path) as file:
        there = file.schema_arrow.names
        _check_columns(path, there)
        for batch in file.iter_batches(columns=[name for name in _COLUMNS if name in there]):
            yield from batch.to_pylist()


def _jsonl(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise PaymentFileUnusable(f"{path.name}: row {number} is no JSON object")
            yield row


def _check_columns(path: Path, there: Iterable[str]) -> None:
    names = set(there)
    if "amount_cents" not in names:
        raise PaymentFileUnusable(f"{path.name} has no column amount_cents")
    if not names & {"decision_id", "refund_id"}:
        raise PaymentFileUnusable(f"{path.name} has neither a column decision_id nor refund_id")


def _payment(path: Path, number: int, row: Mapping[str, Any]) -> Payment:
    def value(name: str, kind: Kind, what: str) -> Any:
        found, fault = parse(row.get(name) if row.get(name) != "" else None, kind)
        if fault != FINE:
            told = "has no offset from UTC" if fault == NAIVE_TIME else f"is no {what}"
            raise PaymentFileUnusable(f"{path.name}: row {number}: {name} {told}: {str(row[name])[:40]!r}")
        return found

    names = {name: value(name, Kind.TEXT, "text") for name in ("decision_id", "refund_id", "merchant_id")}
    if not (names["decision_id"] or names["refund_id"]):
        raise PaymentFileUnusable(f"{path.name}: row {number} names neither a decision nor a refund")
    cents = value("amount_cents", Kind.INTEGER, "whole number of cents")
    if cents is None or cents <= 0:
        raise PaymentFileUnusable(f"{path.name}: row {number}: amount_cents is to be more than nothing")
    return Payment(row=number, cents=cents, paid_at=value("paid_at", Kind.TIME, "moment"), **names)
