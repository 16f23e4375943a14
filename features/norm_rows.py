"""The norms of brands' prices as of a midnight, as the store keeps them."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from features.brands import norms_at
from features.crossing import Market
from features.database import insert_new
from features.tables import norms

__all__ = ["NormRows", "norm_of", "norms_of", "replace_norms"]

#: Brand and category -> cents.
NormRows = Mapping[tuple[str, str], int]


def norms_of(market: Market, day: int) -> NormRows:
    """Every norm as of the midnight that begins a day."""
    known = market.known
    return norms_at(known, day) if known else {}


def replace_norms(tx: Connection, day: int, rows: NormRows) -> None:
    """Make these the norms as of a midnight, whatever was there before."""
    tx.execute(norms.delete().where(norms.c.day == day))
    told = [
        {"day": day, "brand": brand, "category": category, "price_cents": cents}
        for (brand, category), cents in rows.items()
    ]
    insert_new(tx, norms, told)


def norm_of(tx: Connection, day: int, *, brand: str, category: str) -> int | None:
    """What a brand's goods of a category usually cost (cents), as of the midnight that begins a day."""
    goods = (norms.c.brand == brand, norms.c.category == category)
    return tx.scalar(select(norms.c.price_cents).where(norms.c.day == day, *goods))
