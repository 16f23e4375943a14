"""What a gap starves: which features, and which inputs of models, read an event type or one of its columns.

Nobody keeps a list: every measure of the catalogue is resolved once on a few made-up events that note who asks them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.answers import measures_of
from features.catalogue import CATALOGUE, INPUTS
from features.crossing import crossing_facts
from features.events import COLUMNS, COMMON, EVENT_TYPES, SCHEMA, EventType, Kind
from features.facts import Lexicon, resolve
from features.known import REPEATED, Known, Rows
from features.measures import Crossed, Measure

__all__ = ["Starved", "Starving", "starving"]

Ints = npt.NDArray[np.int64]

#: An event type and one of its columns; no column stands for the events themselves.
Read = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Starved:
    """How many features and model inputs read what is missing, of all there are."""

    features: int
    of_features: int
    inputs: int
    of_inputs: int

    @property
    def share(self) -> float:
        """Of all features."""
        return self.features / self.of_features

    @property
    def share_of_inputs(self) -> float:
        """Of the inputs of models."""
        return self.inputs / self.of_inputs

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "features": self.features,
            "features_share": round(self.share, 4),
            "model_inputs": self.inputs,
            "model_inputs_share": round(self.share_of_inputs, 4),
        }


class Starving:
    """Who reads what: `reads` are, for each feature in turn, what it asks for; `inputs` are the places of inputs."""

    def __init__(self, reads: Sequence[frozenset[Read]], inputs: Collection[int]) -> None:
        self.reads, self._inputs = tuple(reads), frozenset(inputs)

    def types(self, event_types: Collection[str]) -> Starved:
        """Without the events of these types."""
        return self._without({(name, "") for name in event_types})

    def column(self, event_type: str, column: str) -> Starved:
        """Without what the events of a type say in a column."""
        return self._without({(event_type, column)})

    def asked(self) -> list[Read]:
        """All that any feature reads, sorted."""
        return sorted(frozenset().union(*self.reads))

    def _without(self, missing: set[Read]) -> Starved:
        hit = [place for place, reads in enumerate(self.reads) if not missing.isdisjoint(reads)]
        return Starved(
            features=len(hit), of_features=len(self.reads),
            inputs=len(self._inputs.intersection(hit)), of_inputs=len(self._inputs),
        )  # fmt: skip


@cache
def starving() -> Starving:
    """Of the catalogue."""
    known = _Listening(_a_few_events)
    asked = {measure: known.reads(measure) for measure in measures_of(CATALOGUE)}
    reads = [frozenset().union(*(asked[measure] for measure in measures_of((one,)))) for one in CATALOGUE]
    return Starving(reads, [CATALOGUE.index(one) for one in INPUTS])


class _Listening(Known):
    """Events that note which types and columns they are asked for.

    What an event only repeats of the one it follows is not its own: without it, the other one is asked. What takes
    events back is not noted, since every measure reads it and none starves without it.
    """

    def __init__(self, load: Callable[[str], pa.Table]) -> None:
        self.asked: set[Read] = set()
        self.repeated: set[Read] = set()
        super().__init__(load)

    def reads(self, measure: Measure) -> frozenset[Read]:
        """What a measure asks for."""
        # What was worked out for another measure would not be asked for again.
        for kept in (self.asked, self.repeated, self.found):
            kept.clear()
        if isinstance(measure.source, Crossed):
            crossing_facts(self, [measure])
        else:
            resolve(self, [measure], Lexicon())
        return frozenset(self.asked - self.repeated)

    def of(self, event_type: str) -> Rows:
        if event_type != "event_reversed":
            self.asked.add((event_type, ""))
        return super().of(event_type)

    def numbers(self, rows: Rows, column: str) -> Ints:
        self._note(rows, column)
        return super().numbers(rows, column)

    def filled(self, rows: Rows, column: str) -> npt.NDArray[np.bool_]:
        self._note(rows, column)
        return super().filled(rows, column)

    def texts(self, rows: Rows, column: str) -> pa.Array:
        self._note(rows, column)
        return super().texts(rows, column)

    def lists(self, rows: Rows, column: str, word: str) -> npt.NDArray[np.bool_]:
        self._note(rows, column)
        return super().lists(rows, column, word)

    def keys(self, rows: Rows, column: str) -> Ints:
        self._note(rows, column)
        return super().keys(rows, column)

    def dealt(self, rows: Rows, column: str, into: int) -> Ints:
        self._note(rows, column)
        return super().dealt(rows, column, into)

    def times(self, rows: Rows, column: str) -> Ints:
        self._note(rows, column)
        return super().times(rows, column)

    def _repeated(self, rows: Rows, opening: tuple[str, str], column: str) -> Ints:
        self.repeated.update((rows.event_type, name) for name in REPEATED)
        return super()._repeated(rows, opening, column)

    def _note(self, rows: Rows, column: str) -> None:
        if column not in COMMON and rows.event_type != "event_reversed":
            self.asked.add((rows.event_type, column))


#: What a column says that is not limited to words: anything will do, as long as ids meet.
_SAID: dict[Kind, Callable[[], Any]] = {
    Kind.TEXT: lambda: "x",
    Kind.TEXTS: lambda: ["x"],
    Kind.INTEGER: lambda: 1,
    Kind.FLAG: lambda: True,
    Kind.DATE: lambda: date(2020, 1, 1),
}


@cache
def _a_few_events(event_type: str) -> pa.Table:
    """Events of a type of one merchant, one for each word that a column may say, once in full and once in short.

    What is repeated is left out.
    """
    told = _events_of(EVENT_TYPES[event_type])
    rows = [{"event_id": f"{event_type}{number}", **row} for number, row in enumerate(told)]
    merchant = pa.array(np.zeros(len(rows), dtype=np.int64))
    own = [name for name in SCHEMA.names if name in COMMON or name in EVENT_TYPES[event_type].columns]
    return pa.Table.from_pylist(rows, schema=SCHEMA).select(own).append_column("merchant", merchant)


def _events_of(event_type: EventType) -> list[dict[str, Any]]:
    count = max((len(words) for words in event_type.words.values()), default=1)
    return [
        _event(event_type, columns, number)
        for columns in (event_type.columns, event_type.required)
        for number in range(count)
    ]


def _event(event_type: EventType, columns: Sequence[str], number: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: _SAID[COLUMNS[name].kind]() for name in columns if COLUMNS[name].kind is not Kind.TIME
    }
    said |= {name: words[number % len(words)] for name, words in event_type.words.items() if name in columns}
    own = [name for name in columns if COLUMNS[name].kind is Kind.TIME]
    promised = [name for name in own if name not in REPEATED or event_type.name == "order_placed"]
    times = dict.fromkeys(["event_time", "known_at", *promised], number)
    return {"event_type": event_type.name, "merchant_id": "m", **said, **times}
