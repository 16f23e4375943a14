"""Events divided by merchant and by type, kept in a folder until a part is asked for.

There is one file per event type, with the columns that the type uses; each of its record batches is of one part, and
which is of which is remembered. Where there is but one part, all stay in memory.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.events import EVENT_TYPES, SCHEMA
from features.known import uses

__all__ = ["Parts"]

Ints = npt.NDArray[np.int64]

#: Bytes that a file waits for before it is written to.
_BUFFER = 2**18


class _Kept:
    """The record batches of one type in memory, all of one part."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._batches: list[pa.RecordBatch] = []

    def add(self, _: int, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)

    def load(self, _: int) -> pa.Table:
        return pa.Table.from_batches(self._batches, self.schema)


class _File:
    """The record batches of one type in a file that is there as soon as there is one of them."""

    def __init__(self, schema: pa.Schema, path: Path, stack: ExitStack) -> None:
        self.schema = schema
        self._path, self._stack = str(path), stack
        self._places: defaultdict[int, list[int]] = defaultdict(list)
        self._count = 0

    def add(self, part: int, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)
        self._places[part].append(self._count)
        self._count += 1

    def load(self, part: int) -> pa.Table:
        batches = [self._reader.get_batch(place) for place in self._places.get(part, ())]
        return pa.Table.from_batches(batches, self.schema)

    @cached_property
    def _sink(self) -> pa.BufferedOutputStream:
        # A record batch is some twenty short buffers, and each would be a call of the system's.
        return self._stack.enter_context(pa.BufferedOutputStream(pa.OSFile(self._path, "wb"), _BUFFER))

    @cached_property
    def _writer(self) -> pa.RecordBatchFileWriter:
        return pa.ipc.new_file(self._sink, self.schema)

    @cached_property
    def _reader(self) -> pa.RecordBatchFileReader:
        self._writer.close()
        self._sink.close()
        # Read and not mapped: of a mapped file, what was looked at stays in memory.
        return pa.ipc.open_file(self._stack.enter_context(pa.OSFile(self._path)))


class Parts:
    """`count` parts in a folder; the merchant with number i is in part i modulo `count`."""

    def __init__(self, folder: Path, columns: Sequence[str], count: int, stack: ExitStack) -> None:
        self.count = count
        schemas = {name: _schema(uses(columns, name)) for name in EVENT_TYPES}
        self._of: dict[str, _Kept | _File] = {
            name: _Kept(schema) if count == 1 else _File(schema, folder / f"{name}.arrow", stack)
            for name, schema in schemas.items()
        }

    def write(self, rows: pa.Table) -> None:
        """Take in some events, with the columns `number`, `merchant` and `type` beside those of the log."""
        merchant = rows.column("merchant").to_numpy()
        for event_type, own in _by_type(rows):
            batch = _batch(rows, own, self._by_part(merchant[own]), self._of[event_type].schema)
            part = batch.column("merchant").to_numpy() % self.count
            cuts = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(part)]
            for begin, end in pairwise(cuts):
                self._of[event_type].add(int(part[begin]), batch.slice(begin, end - begin))

    def load(self, part: int, event_type: str) -> pa.Table:
        """The events of a type in a part; nothing can be taken in any more."""
        return self._of[event_type].load(part)

    def _by_part(self, merchant: Ints) -> Ints:
        """The places of events of these merchants, part by part."""
        # Within a part merchants stand together, which makes for fewer jumps in memory later on.
        order = _sorted(merchant // self.count)
        return order[_sorted((merchant % self.count)[order])]


def _by_type(rows: pa.Table) -> Iterator[tuple[str, Ints]]:
    """Each type that occurs with its rows, in their order."""
    code = rows.column("type").to_numpy()
    order = _sorted(code)
    cuts = np.searchsorted(code[order], np.arange(len(EVENT_TYPES) + 1))
    for event_type, (begin, end) in zip(EVENT_TYPES, pairwise(cuts.tolist()), strict=True):
        if begin < end:
            yield event_type, order[begin:end]


def _schema(columns: Sequence[str]) -> pa.Schema:
    numbers = [pa.field("number", pa.int64()), pa.field("merchant", pa.int32())]
    return pa.schema(numbers + [SCHEMA.field(name) for name in columns])


def _sorted(numbers: Ints) -> Ints:
    # NumPy sorts 16 bits by radix, several times faster than wider numbers.
    narrow = np.uint16 if numbers.max(initial=0) < 2**16 else np.int64
    return np.argsort(numbers.astype(narrow), kind="stable")


def _batch(rows: pa.Table, own: Ints, order: Ints, schema: pa.Schema) -> pa.RecordBatch:
    """Some of the rows, brought into an order; columns that say nothing need not be touched."""
    saying = [name for name in schema.names if name in rows.column_names and rows[name].null_count < len(rows)]
    # Taken as they stand first, and ordered then: the jumps in memory are short ones, which halves the time.
    taken = rows.select(saying).take(pa.array(own)).take(pa.array(order)).combine_chunks().to_batches()[0]
    nothing = {name: pa.nulls(len(own), schema.field(name).type) for name in schema.names if name not in saying}
    columns = [nothing[name] if name in nothing else taken[name].cast(schema.field(name).type) for name in schema.names]
    return pa.record_batch(columns, schema=schema)
