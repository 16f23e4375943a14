"""From a table's columns to a model's inputs: learned from the training part alone, kept as JSON, done again alike.

Numbers stay numbers, a null counting as the median and told by an input of its own. Words become one input for each
frequent one and one for how often rows with that word were bad, drawn to everybody's share.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from training.errors import TableBroken
from training.recipe import Columns

__all__ = ["ColumnInput", "Number", "Preparation", "Words", "is_number", "words_of"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: From this skewness on a number is an amount: most are small, a few are huge (own proposal).
_LONG_TAILED = 2.0
#: Words of which more than this share are different name rows rather than kinds of them (own proposal).
_MOST_DIFFERENT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A column of numbers: `median` stands for a null; `missing` says that there were nulls to learn from."""

    column: str
    median: float
    missing: bool
    amount: bool
    riskier: Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A column of words: `levels` have an input each, all others share one where `rest`; `missing` as for numbers."""

    column: str
    levels: tuple[str, ...]
    rest: bool
    missing: bool

    @property
    def answers(self) -> tuple[str, ...]:
        """What each of its inputs stands for."""
        return (*self.levels, *(["other words"] if self.rest else []), *(["missing"] if self.missing else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnInput:
    """One input that a column becomes, with the words for it; `of` is what was learned about the column."""

    name: str
    of: Number | Words
    text: str
    text_zh: str
    unit: str = "flag"
    riskier: str = "neither"
    days: int | None = None
    text_none: str = ""
    text_none_zh: str = ""

    @property
    def shows(self) -> str:
        """People see what the model sees."""
        return self.name

    @property
    def reason(self) -> str:
        """A stable code for the column."""
        return f"column {self.of.column}"

    def declaration(self) -> str:
        """SHA-256 (hex) of everything that its value depends on."""
        return hashlib.sha256(repr((self.name, self.of)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What was learned about each column, in the table's order, and why others became no input."""

    columns: tuple[Number | Words, ...]
    left_out: Mapping[str, str]

    @classmethod
    def learn(
        cls, rows: pa.Table, settings: Columns, *, riskier: Mapping[str, str], admits: Callable[[str], bool]
    ) -> Self:
        """Learn from the training part's columns; raises TableBroken where `riskier` names one that is no number."""
        found: list[Number | Words] = []
        left_out: dict[str, str] = {}
        for name in rows.column_names:
            one = _learned(rows, name, settings, riskier) if admits(name) else "the recipe leaves it out"
            if isinstance(one, str):
                left_out[name] = one
            else:
                found.append(one)
        turned = {one.column for one in found if isinstance(one, Number)}
        for name in riskier.keys() - turned:
            raise TableBroken(name, f"cannot be riskier one way: {left_out.get(name, 'it is no column of numbers')}")
        return cls(columns=tuple(found), left_out=left_out)

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read what `pack` wrote; raises TableBroken where it is none."""
        try:
            return TypeAdapter(cls).validate_json(content)
        except ValidationError as error:
            raise TableBroken("columns.json", f"is no preparation of columns: {error.errors()[0]['msg']}") from error

    def pack(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1).encode()

    @property
    def inputs(self) -> tuple[ColumnInput, ...]:
        """The inputs, each with a name of its own that LightGBM can write down."""
        taken: set[str] = set()
        return tuple(_named(one, taken) for column in self.columns for one in _inputs(column))

    def matrix(self, rows: pa.Table) -> Floats:
        """The inputs of any rows that have these columns, (n, k); raises TableBroken for a column that is not there."""
        for one in self.columns:
            if one.column not in rows.column_names:
                raise TableBroken("the table", f"has no column {one.column!r}, which the model was made with")
        parts = [part for one in self.columns for part in _values(one, rows[one.column])]
        return np.column_stack(parts) if parts else np.zeros((rows.num_rows, 0))


def words_of(inputs: Sequence[object]) -> tuple[tuple[Words, tuple[int, ...]], ...]:
    """Each column of words, and where its inputs stand, of which a row has a 1 in one; those with but one left out."""
    placed: dict[Words, list[int]] = {}
    for at, one in enumerate(inputs):
        if isinstance(one, ColumnInput) and isinstance(one.of, Words):
            placed.setdefault(one.of, []).append(at)
    return tuple((of, tuple(places)) for of, places in placed.items() if len(places) > 1)


def _learned(rows: pa.Table, name: str, settings: Columns, riskier: Mapping[str, str]) -> Number | Words | str:
    """What is to know about a column, or why it becomes no input."""
    column = rows[name]
    if column.null_count == len(column):
        return "it is null everywhere"
    if is_number(column.type):
        return _number(name, column, riskier.get(name, "neither"))
    if _is_text(column.type):
        return _words(name, column, settings)
    return f"it holds neither numbers nor words but {column.type}"


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type holds numbers; booleans are 0 and 1."""
    of = pa.types
    return bool(of.is_integer(kind) or of.is_floating(kind) or of.is_boolean(kind) or of.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _number(name: str, column: pa.ChunkedArray, riskier: str) -> Number | str:
    values = _floats(column)
    known = values[np.isfinite(values)]
    if not len(known):
        return "it is null everywhere"
    missing = len(known) < len(values)
    if np.ptp(known) == 0 and not missing:
        return "it never changes"
    if pa.types.is_integer(column.type) and _numbers_rows(known):
        return "it numbers the rows"
    way = TypeAdapter(Literal["higher", "lower", "neither"]).validate_python(riskier)
    return Number(
        column=name, median=float(np.median(known)), missing=missing, amount=_is_amount(known), riskier=way
    )  # fmt: skip


def _numbers_rows(values: Floats) -> bool:
    """Whether whole numbers are an id: all different, and as dense as a count of the rows."""
    return len(np.unique(values)) == len(values) and bool(np.ptp(values) < 2 * len(values))


def _is_amount(values: Floats) -> bool:
    spread = values.std()
    return bool(values.min() >= 0 and spread > 0 and np.mean(((values - values.mean()) / spread) ** 3) > _LONG_TAILED)


def _words(name: str, column: pa.ChunkedArray, settings: Columns) -> Words | str:
    counts = {one["values"]: one["counts"] for one in pc.value_counts(_texts(column)).to_pylist()}
    nulls = counts.pop(None, 0)
    known = len(column) - nulls
    if len(counts) == 1 and not nulls:
        return "it never changes"
    if len(counts) > _MOST_DIFFERENT * known:
        return "nearly every row has another word, as in a name or an id"
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    levels = [word for word in ordered if counts[word] >= settings.least_share * len(column)][: settings.levels]
    if not levels:
        return f"no word is frequent: each stands in less than {settings.least_share:.1%} of the rows"
    rest = len(levels) < len(counts)
    # Of two words the rarer one says everything, unless there is a third answer: none.
    told = levels[1:] if len(levels) == 2 and not rest and not nulls else levels
    return Words(column=name, levels=tuple(told), rest=rest, missing=bool(nulls))


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def _floats(column: pa.ChunkedArray) -> Floats:
    """As float64 (n,), NaN for null."""
    values = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _values(one: Number | Words, column: pa.ChunkedArray) -> Iterator[Floats]:
    """The values (n,) of each of a column's inputs, in the order of `_inputs`."""
    if isinstance(one, Number):
        if not is_number(column.type):
            raise TableBroken("the table", f"column {one.column!r} holds {column.type}, and it has to hold numbers")
        values = _floats(column)
        known = np.isfinite(values)
        yield np.where(known, values, one.median)
        if one.missing:
            yield (~known).astype(np.float64)
        return
    words = np.array(_texts(column).to_pylist(), dtype=object)
    missing = np.array([word is None for word in words], dtype=np.bool_)
    named = missing.copy()
    for level in one.levels:
        mine = words == level
        named |= mine
        yield mine.astype(np.float64)
    if one.rest:
        yield (~named).astype(np.float64)
    if one.missing:
        yield missing.astype(np.float64)


def _inputs(one: Number | Words) -> Iterator[ColumnInput]:
    """The inputs of a column, whose names may still clash."""
    name = one.column
    said = name.replace("{", "{{").replace("}", "}}")
    if isinstance(one, Number):
        yield ColumnInput(
            name=name, of=one, unit="amount" if one.amount else "number", riskier=one.riskier,
            text=f"{said} is {{value:,.6g}}.", text_zh=f"{said}为{{value:,.6g}}。",
        )  # fmt: skip
    else:
        yield from (_flag(one, f"{name}_is_{level}", f"is “{level}”", f"是“{level}”") for level in one.levels)
        if one.rest:
            yield _flag(one, f"{name}_is_other", "is another word", "是其他词")
    if one.missing:
        yield _flag(one, f"{name}_is_missing", "is missing", "缺失")


def _flag(one: Number | Words, name: str, what: str, what_zh: str) -> ColumnInput:
    said, what, what_zh = (text.replace("{", "{{").replace("}", "}}") for text in (one.column, what, what_zh))
    return ColumnInput(
        name=name, of=one,
        text=f"Whether {said} {what} (1) or not (0): {{value:.0f}}.",
        text_zh=f"{said}{what_zh}为1，否则为0：{{value:.0f}}。",
    )  # fmt: skip


def _named(one: ColumnInput, taken: set[str]) -> ColumnInput:
    """The same under a name that LightGBM takes and no other input has."""
    plain = re.sub(r'[\s",:\[\]{}\\=]+', "_", one.name).strip("_") or "column"
    name, again = plain, 2
    while name in taken:
        name, again = f"{plain}_{again}", again + 1
    taken.add(name)
    return ColumnInput(
        name=name, of=one.of, text=one.text, text_zh=one.text_zh, unit=one.unit, riskier=one.riskier
    )  # fmt: skip
