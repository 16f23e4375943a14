"""The grammar of a language: its templates, slots and words, as arrays from which texts are put together in bulk.

A group holds templates, a template holds slots one after another (its fixed words are slots with one option), a slot
has options, an option consists of pieces, and a piece has variants (`features/simulator/slips.py`). Each level is a
`Ragged`, so that a million texts are a handful of look-ups in arrays.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.simulator.dice import spread_of
from features.simulator.slips import MANNERS, SLIPS, lookalikes, pieces_of, variants_of

__all__ = ["LANGUAGES", "WIDTH", "Grammar", "Ragged", "grammar_of", "words_of"]

Ints = npt.NDArray[np.int64]

#: How many variants of a piece there are.
WIDTH = len(MANNERS) * (1 + SLIPS)

LANGUAGES = ("en", "zh", "pt")

_SLOT = re.compile(r"\{(\w+)\}")

#: What a slot is called that hangs on the goods' brand, and the slot that stands for it where there is none.
_BRANDED = {"brand": "nobrand", "lookalike": "nobrand"}


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of numbers, one after another: where each begins, how long it is, and all their numbers."""

    start: Ints
    count: Ints
    value: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> "Ragged":
        """The lists as arrays."""
        count = np.array([len(one) for one in lists], dtype=np.int64)
        flat = [number for one in lists for number in one]
        return cls(np.cumsum(count) - count, count, np.array(flat, dtype=np.int64))

    def all_of(self, lists: Ints) -> tuple[Ints, Ints, Ints]:
        """The numbers of some lists (n,), one after another: of which row they are, at which place there, and they."""
        owner, place = spread_of(self.count[lists])
        return owner, place, self.value[self.start[lists][owner] + place]

    def one_of(self, lists: Ints, place: Ints) -> Ints:
        """Of each of some lists (n,) the number at a place."""
        return np.asarray(self.value[self.start[lists] + place])


@cache
def words_of(language: str) -> Mapping[str, Any]:
    """What `words/LANGUAGE.toml` says, with the forms that it derives."""
    said = tomllib.loads(files("features.simulator").joinpath(f"words/{language}.toml").read_text("utf-8"))
    for about in said["about"].values():
        for name, form in said.get("forms", {}).items():
            about[name] = [_swapped(one, form["swap"]) for one in about[form["of"]]]
    return said


def _swapped(text: str, swap: Mapping[str, str]) -> str:
    head = next((one for one in swap if text.startswith(one)), "")
    return swap.get(head, "") + text[len(head) :]


class Grammar:
    """Everything that can be written in a language; brands are learned as they come (`brand`)."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.words = words_of(language)
        self.about = tuple(self.words["about"])
        #: Slots whose options hang on what a text is about, in the order of their columns in `contexts`.
        self.loose = (*_BRANDED, *(name for name in self.words["about"]["any"]))
        self.loose = (*self.loose, *(one[0].upper() + one[1:] for one in self.loose))
        self._slips = self.words["slips"]
        self._pieces: dict[str, int] = {}
        self._options: dict[str, int] = {}
        self._option_pieces: list[list[int]] = []
        self._slots: dict[str, int] = {}
        self._slot_options: list[list[int]] = []
        self._templates: list[list[int]] = []
        self._brands: dict[str | None, list[int]] = {}
        self.groups = self._all_groups()
        self._rows = {name: self._row(name) for name in self.about}
        self._variants: list[str] = []
        self._frozen: tuple[Ragged, Ragged, Ragged, Ragged] | None = None
        #: Forms of one word (`item`, `o_item`) have the same number, so that a text is about one thing throughout.
        self.family = np.array([self._family(name) for name in self.loose], dtype=np.int64)

    def _family(self, name: str) -> int:
        root = name[0].lower() + name[1:]
        return self.loose.index(self.words.get("forms", {}).get(root, {"of": root})["of"])

    def _all_groups(self) -> dict[str, int]:
        """Groups of templates by name, such as `review.late`; their lists are kept beside."""
        self._group_templates: list[list[int]] = []
        said = {f"{kind}.{name}": lines for kind in _KINDS for name, lines in self.words[kind].items()}
        said["joint"] = self.words["slots"]["joint"]
        for lines in said.values():
            first = len(self._templates)
            self._templates.extend(self._template(line) for line in lines)
            self._group_templates.append(list(range(first, len(self._templates))))
        return {name: number for number, name in enumerate(said)}

    def _template(self, line: str) -> list[int]:
        """A line as slots; those that hang on what a text is about are below 0."""
        slots = []
        for place, part in enumerate(_SLOT.split(line)):
            if place % 2 == 0:
                slots.extend([self._slot(f"={part}", [part])] if part else [])
            elif part in self.loose:
                slots.append(-1 - self.loose.index(part))
            else:
                slots.append(self._slot(part, self._wording(part)))
        return slots

    def _wording(self, name: str) -> list[str]:
        options: list[str] = self.words["slots"][name[0].lower() + name[1:]]
        return [_capital(one) for one in options] if name[0].isupper() else options

    def _slot(self, name: str, options: Iterable[str]) -> int:
        if name not in self._slots:
            self._slots[name] = len(self._slot_options)
            self._slot_options.append([self._option(one) for one in options])
        return self._slots[name]

    def _option(self, text: str) -> int:
        if text not in self._options:
            self._options[text] = len(self._option_pieces)
            pieces = pieces_of(text, self._slips, self.language)
            self._option_pieces.append([self._pieces.setdefault(one, len(self._pieces)) for one in pieces])
        return self._options[text]

    def _row(self, about: str) -> list[int]:
        """The slots that stand for the loose ones where a text is about something without a brand."""
        row = []
        for name in self.loose:
            plain = name[0].lower() + name[1:]
            options = self.words["slots"][_BRANDED[plain]] if plain in _BRANDED else self.words["about"][about][plain]
            options = [_capital(one) for one in options] if name != plain else options
            row.append(self._slot(f"{about}:{name}", options))
        return row

    def contexts(self, about: Sequence[str | None], brands: Sequence[str | None], *, maker: bool) -> Ints:
        """For texts about pairs of category and brand (k,) their loose slots (k, loose).

        With `maker`, goods without a brand have a made-up maker's name; otherwise one says "the brand".
        """
        rows = [self._rows.get(name or "any", self._rows["any"]).copy() for name in about]
        for row, brand in zip(rows, brands, strict=True):
            row[: len(_BRANDED)] = self._branded(brand, maker=maker)
            row[len(self.loose) // 2 : len(self.loose) // 2 + len(_BRANDED)] = row[: len(_BRANDED)]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.loose))

    def _branded(self, brand: str | None, *, maker: bool) -> list[int]:
        """The slots that stand for a brand's name and for what looks like it."""
        key = brand or ("/maker" if maker else None)
        if key not in self._brands:
            self._frozen = None
            instead = self.words["slots"]["maker" if maker else "nobrand"]
            names = ([brand], lookalikes(brand) or [brand]) if brand else (instead, instead)
            self._brands[key] = [self._slot(f"{place}/{key}", one) for place, one in enumerate(names)]
        return self._brands[key]

    def frozen(self) -> tuple[Ragged, Ragged, Ragged, Ragged]:
        """Templates by group, slots by template, options by slot, pieces by option."""
        if self._frozen is None:
            for piece in list(self._pieces)[len(self._variants) // WIDTH :]:
                self._variants.extend(variants_of(piece, self._slips, self.language))
            #: All variants of all pieces, `WIDTH` of each.
            self.variants = pa.array(self._variants, pa.string())
            self._frozen = (
                Ragged.of(self._group_templates), Ragged.of(self._templates),
                Ragged.of(self._slot_options), Ragged.of(self._option_pieces),
            )  # fmt: skip
        return self._frozen


_KINDS = ("clauses", "review", "complaint", "title", "message")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def grammar_of(language: str) -> Grammar:
    """The grammar of a language, made once."""
    return Grammar(language)
