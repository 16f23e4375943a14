"""What crosses merchants as of a midnight, as the store keeps it: one packed row per merchant that anything reaches."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from features.catalogue import CATALOGUE
from features.crossing import Market
from features.database import insert_new, some
from features.kernel import Moments, window_sums, windows_of
from features.measures import Crossed, Number
from features.tables import crossed

__all__ = ["CROSSING", "Rows", "read_crossed", "replace_crossed", "sums_of"]

Ints = npt.NDArray[np.int64]

#: Merchant -> its packed numbers.
Rows = Mapping[str, bytes]

#: Every number of the catalogue that crosses merchants; its place here is its number in a row.
CROSSING: tuple[Number, ...] = tuple(
    dict.fromkeys(n for feature in CATALOGUE for n in feature.numbers if isinstance(n[0].source, Crossed))
)
_PAIR = np.dtype([("number", "<u2"), ("sum", "<i8")])


def sums_of(market: Market, merchants: Mapping[str, int], day: int) -> Rows:
    """What crosses to each merchant as of the midnight that begins a day."""
    moments = Moments(merchant=np.arange(len(merchants)), day=np.full(len(merchants), day))
    sums = np.zeros((len(merchants), len(CROSSING)), dtype=np.int64)
    for facts in market.facts(measure for measure, _ in CROSSING):
        for number, found in window_sums(facts, moments, windows_of(CROSSING)).items():
            sums[:, CROSSING.index(number)] += found
    some_cross = np.flatnonzero(sums.any(axis=1))
    names = list(merchants)
    return {names[at]: _packed(sums[at]) for at in some_cross.tolist()}


def _packed(sums: Ints) -> bytes:
    at = np.flatnonzero(sums)
    pairs = np.empty(len(at), dtype=_PAIR)
    pairs["number"], pairs["sum"] = at, sums[at]
    return pairs.tobytes()


def replace_crossed(tx: Connection, day: int, rows: Rows) -> None:
    """Make this what crosses as of a midnight, whatever was there before."""
    tx.execute(crossed.delete().where(crossed.c.day == day))
    insert_new(tx, crossed, [{"day": day, "merchant_id": name, "amounts": own} for name, own in rows.items()])


def read_crossed(
    tx: Connection, day: int, merchant_ids: Sequence[str], numbers: Iterable[Number]
) -> dict[Number, Ints]:
    """Some numbers of some merchants, (n,) each, as of the midnight that begins a day."""
    place_of = {name: place for place, name in enumerate(merchant_ids)}
    sums = np.zeros((len(CROSSING), len(merchant_ids)), dtype=np.int64)
    query = select(crossed.c.merchant_id, crossed.c.amounts).where(crossed.c.day == day)
    for names in some(merchant_ids):
        for name, amounts in tx.execute(query.where(crossed.c.merchant_id.in_(names))):
            pairs = np.frombuffer(amounts, dtype=_PAIR)
            sums[pairs["number"], place_of[name]] = pairs["sum"]
    row_of = {number: row for row, number in enumerate(CROSSING)}
    return {number: sums[row_of[number]] for number in numbers}
