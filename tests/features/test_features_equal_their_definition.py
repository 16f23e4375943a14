"""The engine against the slow definition, and what must hold of every log whatever the features are."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.engine import build_features
from features.log import FileLog
from tests.features.build import a_spine, write_lines, write_log
from tests.features.naive import Event, Value, features_of, history
from tests.features.naive_capped import capped_features_of
from tests.features.strategies import MERCHANTS, known_at, logs, refused_rows, spines, splits

Rows = list[tuple[str, datetime]]

# The definition above all is worth every example; what follows from it is asked less often, since it builds twice.
now_and_then = settings(max_examples=settings().max_examples // 5)


def everybody_at(moments: Sequence[datetime]) -> Rows:
    """Every merchant at every moment, the unknown one too, merchants not kept together."""
    return [(merchant, as_of) for as_of, merchant in product(moments, MERCHANTS)]


@contextmanager
def files_of(*parts: Sequence[Event]) -> Iterator[list[Path]]:
    """One Parquet file per part; Hypothesis runs many examples in one test, so each has its own folder."""
    with TemporaryDirectory() as folder:
        yield [write_log(part, Path(folder) / f"{number}.parquet") for number, part in enumerate(parts)]


def engine(*parts: Sequence[Event], rows: Rows, **options: Any) -> pa.Table:
    """The engine's answer from the parts of a log."""
    with files_of(*parts) as paths:
        return build_features(FileLog(paths, currency="CNY"), a_spine(rows), **options)


def as_bytes(table: pa.Table) -> bytes:
    """The table as it would travel: equal bytes are equal names, types, values, nulls and order."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def equal(found: Value, expected: Value) -> bool:
    """Integers, texts and nulls exactly; rates and means to the last digits of a float."""
    if isinstance(expected, float):
        return isinstance(found, float) and math.isclose(found, expected, rel_tol=1e-12, abs_tol=0.0)
    return type(found) is type(expected) and found == expected


def definition(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every feature that is defined a second time."""
    return features_of(past, as_of) | capped_features_of(past, as_of)


def differences(log: Sequence[Event], rows: Rows, answers: Sequence[Event]) -> list[tuple[Any, ...]]:
    """Where the answers differ from the definition: merchant, moment, feature, found, expected."""
    pasts = {merchant: history(log, merchant) for merchant, _ in rows}
    return [
        (merchant, as_of.isoformat(), name, answer[name], expected)
        for (merchant, as_of), answer in zip(rows, answers, strict=True)
        for name, expected in definition(pasts[merchant], as_of).items()
        if not equal(answer[name], expected)
    ]


@given(logs(), spines())
def test_every_feature_is_what_the_contract_says(log, moments):
    rows = everybody_at(moments)
    assert differences(log, rows, engine(log, rows=rows).to_pylist()) == []


@now_and_then
@given(logs(), spines())
def test_rows_come_in_the_order_of_the_spine(log, moments):
    rows = everybody_at(moments)
    answers = engine(log, rows=rows).to_pylist()
    assert [(answer["merchant_id"], answer["as_of"]) for answer in answers] == rows


@now_and_then
@given(logs(), spines(), st.data())
def test_the_order_of_the_events_changes_nothing(log, moments, data):
    shuffled = data.draw(st.permutations(log))
    rows = everybody_at(moments)
    assert as_bytes(engine(log, rows=rows)) == as_bytes(engine(shuffled, rows=rows))


@now_and_then
@given(logs(), spines())
def test_what_becomes_known_at_the_moment_or_later_changes_nothing(log, moments):
    rows = everybody_at([min(moments)])
    past = [event for event in log if known_at(event) < min(moments)]
    assert as_bytes(engine(log, rows=rows)) == as_bytes(engine(past, rows=rows))


@now_and_then
@given(logs(), spines())
def test_what_else_is_asked_changes_nothing(log, moments):
    rows = everybody_at(moments)
    assert engine(log, rows=rows[:1]).equals(engine(log, rows=rows).slice(0, 1))


@now_and_then
@given(logs(), spines(), splits(3))
def test_a_log_may_come_in_several_files(log, moments, split):
    rows = everybody_at(moments)
    assert as_bytes(engine(log, rows=rows)) == as_bytes(engine(*split(log), rows=rows))


@now_and_then
@given(logs(), spines())
def test_json_lines_say_the_same_as_parquet(log, moments):
    rows = everybody_at(moments)
    with TemporaryDirectory() as folder:
        lines = FileLog([write_lines(log, Path(folder) / "events.jsonl")], currency="CNY")
        assert as_bytes(build_features(lines, a_spine(rows))) == as_bytes(engine(log, rows=rows))


@now_and_then
@given(logs(), spines(), st.integers(2, 5))
def test_into_how_many_parts_the_log_is_divided_changes_nothing(log, moments, parts):
    rows = everybody_at(moments)
    assert as_bytes(engine(log, rows=rows, parts=1)) == as_bytes(engine(log, rows=rows, parts=parts))


@now_and_then
@given(logs(), spines(), st.data())
def test_rows_that_are_refused_change_nothing(log, moments, data):
    assume(log)  # A file of nothing but refused rows is an error of its own.
    refused = data.draw(refused_rows(sorted({event["event_id"] for event in log})))
    rows = everybody_at(moments)
    assert as_bytes(engine(log, rows=rows)) == as_bytes(engine([*refused, *log], rows=rows))
