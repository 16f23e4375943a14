"""Offers: for how long which branded goods were up for sale, by whom, in which category and at which price.

A listing is up from its first change that names a brand, while nothing known says that it is off or recalled. What a
change does not say is as the changes before it said.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.facts import Lexicon
from features.known import Known, Rows
from features.spells import Spells, match, minus, peaks
from features.standing import order_of_events

__all__ = ["Names", "Offers", "offers"]

Ints = npt.NDArray[np.int64]

#: What a status says of a listing that is not for sale.
_DOWN = ("off", "recalled")


class Names:
    """Numbers for brands and categories: the same name, the same number, whoever says it."""

    def __init__(self) -> None:
        self._lexicon = Lexicon()

    def of(self, known: Known, rows: Rows, column: str) -> Ints:
        """The number of what each event says in a column, (n,); -1 where that is null."""
        numbers = np.full(len(rows), -1)
        filled = known.filled(rows, column)
        numbers[filled] = self._lexicon.numbers(known.texts(rows.where(filled), column))
        return numbers

    def number(self, name: str | None) -> int:
        """The number of a name; -1 for none."""
        return -1 if name is None else int(self._lexicon.numbers(pa.array([name]))[0])

    def text(self, number: int) -> str:
        """The name that has a number."""
        return self._lexicon.texts[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Stretches (n,) during which a listing is as it is; `category` and `price` are -1 where not known."""

    listing: Ints
    merchant: Ints
    brand: Ints
    category: Ints
    price: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.listing)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Offers":
        """Only those chosen by a mask."""
        return Offers(**{name: getattr(self, name)[chosen] for name in _COLUMNS})

    def spells(self, key: Ints) -> Spells:
        """The stretches under keys (n,) of the caller's choosing."""
        return Spells(key=key, start=self.start, end=self.end)


_COLUMNS = ("listing", "merchant", "brand", "category", "price", "start", "end")


class _Changes:
    """The changes of listings, and which of them is the latest of its listing to say a column."""

    def __init__(self, known: Known) -> None:
        self.known, self.rows = known, known.of("listing_changed")
        self.listing = known.keys(self.rows, "listing_id")
        self._place = order_of_events(known, [self.rows])

    def told(self, column: str) -> tuple[Spells, Ints]:
        """While which change it is: spells by listing, and the place of the change."""
        filled = self.known.filled(self.rows, column)
        own = self.rows.spells(np.where(filled, np.arange(len(self.rows)), -1))
        moves = peaks(Spells(key=self.listing[own.key], start=own.start, end=own.end), self._place[own.key])
        return Spells(key=moves.key, start=moves.start, end=moves.end), np.argsort(self._place)[moves.height]

    @property
    def down(self) -> npt.NDArray[np.bool_]:
        """Whether each change takes its listing down."""
        return np.array(
            [status in _DOWN for status in self.known.texts(self.rows, "status").to_pylist()], dtype=np.bool_
        )

    @property
    def owners(self) -> Ints:
        """The merchant of each listing."""
        owner = np.full(int(self.listing.max(initial=-1)) + 1, -1)
        owner[self.listing] = self.rows.merchant
        return owner


def offers(known: Known, names: Names) -> Offers:
    """All that is known of branded listings."""
    changes = _Changes(known)
    rows = changes.rows
    spells, branded = changes.told("brand")
    statuses, stated = changes.told("status")
    at, by, spells = _split(spells, statuses)
    up = ~np.append(changes.down[stated], False)[by]
    spells, found = spells.where(up), {"brand": names.of(known, rows, "brand")[branded[at[up]]]}
    said = {"category": names.of(known, rows, "category"), "price_cents": known.numbers(rows, "price_cents")}
    for column, values in said.items():
        others, told = changes.told(column)
        at, by, spells = _split(spells, others)
        found = {name: one[at] for name, one in found.items()} | {column: np.append(values[told], -1)[by]}
    return Offers(
        listing=spells.key, merchant=changes.owners[spells.key], brand=found["brand"], category=found["category"],
        price=found["price_cents"], start=spells.start, end=spells.end,
    )  # fmt: skip


def _split(left: Spells, right: Spells) -> tuple[Ints, Ints, Spells]:
    """The stretches of `left` cut where those of `right` with the same key begin and end; these do not overlap.

    Of each piece: the place of its stretch in `left`, that in `right` or -1, and the piece itself.
    """
    one, other = match(left.key, right.key)
    both = Spells(
        key=one,
        start=np.maximum(left.start[one], right.start[other]),
        end=np.minimum(left.end[one], right.end[other]),
    )
    lasting = both.start < both.end
    both, other = both.where(lasting), other[lasting]
    rest = minus(Spells(key=np.arange(len(left.key)), start=left.start, end=left.end), both)
    at = np.concatenate([both.key, rest.key])
    by = np.concatenate([other, np.full(len(rest.key), -1)])
    pieces = Spells(
        key=left.key[at], start=np.concatenate([both.start, rest.start]), end=np.concatenate([both.end, rest.end])
    )
    return at, by, pieces
