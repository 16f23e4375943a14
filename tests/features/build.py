"""Small event logs for tests: written as lines that can be read, handed to the engine as the Parquet file it reads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from features.engine import build_features
from features.events import COLUMNS, SCHEMA, Kind
from features.log import FileLog

SPINE = pa.schema([("merchant_id", pa.string()), ("as_of", pa.timestamp("us", tz="UTC"))])


def a_log(text: str, *, merchant_id: str = "shop") -> list[dict[str, Any]]:
    """Events written one a line: when, what, then `column=value` as often as needed; `#` begins a remark.

    The event of the third line is `e3` unless it says otherwise.

    >>> a_log("2024-01-02T09:30  order_placed  order_id=A amount_cents=500")[0]["event_time"]
    datetime.datetime(2024, 1, 2, 9, 30, tzinfo=datetime.timezone.utc)
    """
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    written = [words for words in lines if words]
    return [_event(words, f"e{number}", merchant_id) for number, words in enumerate(written, start=1)]


def _event(words: Sequence[str], event_id: str, merchant_id: str) -> dict[str, Any]:
    when, what, *rest = words
    known = {"event_id": event_id, "merchant_id": merchant_id, "event_type": what, "event_time": moment(when)}
    return known | {name: _value(name, text) for name, _, text in (word.partition("=") for word in rest)}


def _value(column: str, text: str) -> Any:
    read = {Kind.TIME: moment, Kind.DATE: date.fromisoformat, Kind.INTEGER: int, Kind.FLAG: "yes".__eq__}
    return read.get(COLUMNS[column].kind, str)(text)


def moment(text: str) -> datetime:
    """A moment in UTC; a day alone is the midnight that begins it.

    >>> moment("2024-02-29") == moment("2024-02-29T00:00:00.000000")
    True
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_spine(rows: Iterable[tuple[str, datetime]]) -> pa.Table:
    """The (merchant, moment) rows that features are asked for."""
    return pa.Table.from_pylist([{"merchant_id": merchant, "as_of": as_of} for merchant, as_of in rows], schema=SPINE)


def write_log(events: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Put events into a Parquet file with every column of the vocabulary, in the order given."""
    pq.write_table(pa.Table.from_pylist([dict(event) for event in events], schema=SCHEMA), path)
    return path


def write_lines(events: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Put events into a file of JSON lines, times and dates in ISO 8601."""
    path.write_text("".join(json.dumps(event, default=lambda value: value.isoformat()) + "\n" for event in events))
    return path


def engine_features(
    events: Sequence[Mapping[str, Any]],
    rows: Iterable[tuple[str, datetime]],
    *,
    folder: Path,
    features: Sequence[Feature] = CATALOGUE,
) -> pa.Table:
    """What the engine answers for (merchant, moment) rows when it reads these events from one Parquet file."""
    log = FileLog([write_log(events, folder / "events.parquet")], currency="CNY")
    return build_features(log, a_spine(rows), features=features)
