"""Events as JSON: rows of a request or lines of a file, checked; and the one canonical text of an event."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson

from features.columns import Coerced, coerce_values
from features.events import COLUMNS, COMMON, EVENT_TYPES, SCHEMA
from features.validation import REJECTIONS, Checked, Rejection, check

__all__ = ["canonical", "changed", "check_rows", "parse_canonical", "parse_line", "same_event"]

#: Columns that are no part of an event's content: the store has but one currency.
_NOT_CONTENT = frozenset({"currency"})

#: The log's schema as Arrow reads it from JSON: dates would have to be numbers there.
_AS_JSON = pa.schema([pa.field(f.name, pa.string() if pa.types.is_date(f.type) else f.type) for f in SCHEMA])


#: Made once: to make an encoder for each value costs as much as to use it.
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: The same of a text.
_text_written = json.encoder.encode_basestring


def parse_line(line: bytes) -> Any:
    """The JSON value of a line, or None where it has none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _fault(row: Any) -> tuple[str, str] | None:
    """What keeps a row from being looked at: (code, detail)."""
    if not isinstance(row, dict):
        return "bad_json", REJECTIONS["bad_json"]
    unknown = sorted(name for name in row if name not in COLUMNS)
    if unknown:
        return "unknown_column", f"{unknown[0][:100]!r}: {REJECTIONS['unknown_column']}"
    return None


def _set_aside(rows: Sequence[Any], first: int) -> tuple[list[int], list[Rejection]]:
    """Positions of the rows to check, and the rejections of the others."""
    kept: list[int] = []
    rejected: list[Rejection] = []
    for position, row in enumerate(rows):
        fault = _fault(row)
        if fault is None:
            kept.append(position)
            continue
        event_id = row.get("event_id") if isinstance(row, dict) else None
        named = event_id if isinstance(event_id, str) else None
        rejected.append(Rejection(index=first + position, code=fault[0], detail=fault[1], event_id=named))
    return kept, rejected


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Coerced]:
    names = {name for row in rows for name in row}
    return {
        name: coerce_values([row.get(name) for row in rows], column.kind)
        for name, column in COLUMNS.items()
        if name in names
    }


def check_rows(rows: Sequence[Any], *, currency: str, first: int = 0, clock: datetime | None = None) -> Checked:
    """Validate events that came as JSON values; `first` is the position of the first row in its file.

    `Checked.good` holds positions within `rows`; rejections count from `first`.
    """
    kept, rejected = _set_aside(rows, first)
    if not kept:
        return Checked(good=np.array([], dtype=np.int64), rows=pa.table({}), rejected=tuple(rejected))
    looked_at = [rows[position] for position in kept]
    columns = _columns(looked_at)
    if not columns:
        columns = {"event_id": coerce_values([None] * len(looked_at), COLUMNS["event_id"].kind)}
    checked = check(columns, lambda row, name: looked_at[row].get(name), currency=currency, clock=clock)
    rejected += [
        Rejection(index=first + kept[r.index], code=r.code, detail=r.detail, event_id=r.event_id)
        for r in checked.rejected
    ]
    good = np.array(kept, dtype=np.int64)[checked.good]
    return Checked(good=good, rows=checked.rows, rejected=tuple(sorted(rejected, key=lambda r: r.index)))


def canonical(rows: pa.Table) -> list[str]:
    """The one text of each event's content: its type's columns only, sorted, without nulls."""
    texts: list[str] = [""] * rows.num_rows
    names = rows.column("event_type").combine_chunks().dictionary_encode()
    codes = names.indices.to_numpy()
    for code, name in enumerate(names.dictionary.to_pylist()):
        places = np.flatnonzero(codes == code)
        own = rows.take(pa.array(places)).select([c for c in sorted(_content(name)) if c in rows.column_names])
        said = [_said(column, _plain(own.column(column))) for column in own.column_names]
        for place, event in zip(places.tolist(), zip(*said, strict=True), strict=True):
            texts[place] = f"{{{','.join(filter(None, event))}}}"
    return texts


def _said(column: str, values: pa.ChunkedArray) -> list[str]:
    """What each event says in a column, as a member of a JSON object; empty where it says nothing."""
    wrote = _text_written if pa.types.is_string(values.type) else _written
    begins = f"{_text_written(column)}:"
    return ["" if value is None else begins + wrote(value) for value in values.to_pylist()]


def changed(event: str, values: Mapping[str, str | None]) -> str:
    """A canonical text with other values; what is None is left out.

    >>> changed('{"buyer_id":"b1","text":"Hello"}', {"buyer_id": "b2", "text": None})
    '{"buyer_id":"b2"}'
    """
    return _written({name: value for name, value in {**json.loads(event), **values}.items() if value is not None})


def same_event(one: str, other: str, *, undated: bool = False) -> bool:
    """Whether two canonical texts say the same; `undated`: whatever they say of when it became known.

    >>> same_event('{"event_id":"e","known_at":"1"}', '{"event_id":"e","known_at":"2"}', undated=True)
    True
    """
    if one == other or not undated:
        return one == other
    return _undated(one) == _undated(other)


def _undated(text: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(text).items() if name != "known_at"}


def _content(event_type: str) -> set[str]:
    return (set(COMMON) | set(EVENT_TYPES[event_type].columns)) - _NOT_CONTENT


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times and dates as texts; they keep all their digits."""
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, "%Y-%m-%dT%H:%M:%S+00:00")
    return values.cast(pa.string()) if pa.types.is_date(values.type) else values


def parse_canonical(texts: Sequence[str]) -> pa.Table:
    """The events of canonical texts, with the columns that any of them fills."""
    lines = "\n".join(texts).encode()
    rows = pajson.read_json(
        pa.BufferReader(lines),
        read_options=pajson.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=pajson.ParseOptions(explicit_schema=_AS_JSON, unexpected_field_behavior="error"),
    )
    told = rows.select([name for name in rows.column_names if rows.column(name).null_count < rows.num_rows])
    return told.cast(pa.schema([SCHEMA.field(name) for name in told.column_names])).combine_chunks()
