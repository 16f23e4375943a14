"""Archetypes: what kinds of merchants there are, how each does its work, and how that changes once it turns."""

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ARCHETYPES", "EVERYDAY", "HONEST", "Archetype", "Manner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a kind of merchant does its work, as shares of orders, returns, messages and adverts.

    `reply_hours` on average; `orders` and `price` multiply what is usual in its category. A `defect` is goods that are
    not what was sold; `misdescribed` of the defects are boasts rather than bad quality.
    """

    late: float = 0.037
    cancel: float = 0.005
    defect: float = 0.020
    refuse: float = 0.03
    silent: float = 0.02
    bold: float = 0.06
    misdescribed: float = 0.3
    reply_hours: float = 4
    orders: float = 1.0
    price: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Archetype:
    """A kind of merchant: its manner, and `then` the one that it takes on over so many days once it turns.

    `turns` is how many days after its first sale that is at the earliest, null if never; `at_once` is the share that
    has turned from its first sale on. `fakes`: how much of its offer it fakes. `vanishes`: it ends by taking money and
    sending nothing. `most_orders`: never more a day before it grows. Merchants of a
    kind differ in log-odds of being late by `spread`. `honest` ones mean well, however well they do.
    """

    says: str
    share: float
    manner: Manner = Manner()
    then: Manner | None = None
    over: int = 1
    turns: int | None = None
    at_once: float = 0.0
    honest: bool = True
    fakes: tuple[float, float] | None = None
    vanishes: bool = False
    most_orders: float = 25.0
    spread: float = 1.45


_RELIABLE = Manner()
_SLOPPY = Manner(late=0.24, cancel=0.05, defect=0.13, refuse=0.25, silent=0.10, bold=0.3, reply_hours=16, orders=0.8)
_FAKER = Manner(late=0.03, cancel=0.008, defect=0.04, refuse=0.15, silent=0.05, bold=0.3, reply_hours=7, orders=2.0)
_SMOOTH = Manner(late=0.025, cancel=0.006, defect=0.03, refuse=0.05, silent=0.03, reply_hours=5, orders=1.2)


def _seller_of_fakes(*, share: float, fakes: tuple[float, float], says: str) -> Archetype:
    return Archetype(says=says, share=share, manner=_FAKER, turns=0, at_once=0.55, honest=False, fakes=fakes)


#: Every kind of merchant, and its share of an everyday marketplace.
ARCHETYPES: MappingProxyType[str, Archetype] = MappingProxyType(
    {
        "reliable": Archetype(share=0.395, says="good and bad months, some reliably better than others"),
        "seasonal": Archetype(
            share=0.05, manner=Manner(orders=1.1), says="sells most of its year in one season, and strains then"
        ),
        "platform_fulfilled": Archetype(
            share=0.03,
            manner=Manner(late=0.018, cancel=0.002, orders=1.5),
            says="reliable; the platform stores and sends its goods, so delays are not its own",
        ),
        "newcomer": Archetype(share=0.05, says="reliable; began to sell in the last months of the log"),
        "overstretched": Archetype(
            share=0.02, manner=Manner(orders=0.6), most_orders=0.8,
            says="good until its orders outgrow what it can handle"
        ),
        "decaying": Archetype(
            share=0.05, turns=45, over=90, then=Manner(late=0.25, cancel=0.04, defect=0.155, refuse=0.1, silent=0.08),
            says="reliable until `turned_at`, then worse for three months, and it stays so",
        ),
        "turn_around": Archetype(
            share=0.015, honest=False, manner=_SLOPPY, spread=0.7, turns=60, over=45, then=_RELIABLE,
            says="sloppy until `turned_at`, then reliable within weeks",
        ),
        "victim": Archetype(share=0.025, says="reliable; a few strangers accuse it of fakes in bad faith"),
        "fading": Archetype(share=0.03, says="reliable, then stops trading"),
        "dormant": Archetype(share=0.03, says="registers and never sells"),
        "sloppy": Archetype(
            share=0.07, manner=_SLOPPY, spread=0.7, honest=False, says="late, out of stock, bad goods, refused returns"
        ),
        "careless_cheap": Archetype(
            share=0.03, honest=False,
            manner=Manner(late=0.08, cancel=0.02, defect=0.16, refuse=0.06, silent=0.05, orders=2.2, price=0.45),
            says="asks half the price for goods that are often bad; takes them back without a word",
        ),
        "false_advertiser": Archetype(
            share=0.015, honest=False,
            manner=Manner(defect=0.10, misdescribed=0.95, bold=0.7, refuse=0.12, orders=1.4),
            says="promises in its adverts what its goods are not",
        ),
        "refuser": Archetype(
            share=0.01, honest=False, turns=60, over=10, then=Manner(refuse=0.75, silent=0.15, orders=1.1),
            says="promises returns; from `turned_at` on it refuses them",
        ),
        "grey_market": Archetype(
            share=0.015, honest=False, manner=Manner(price=0.85, orders=1.3),
            says="genuine branded goods without the brands' authorisation, cheaper than theirs",
        ),
        "fakes_few": _seller_of_fakes(
            share=0.02, fakes=(0.08, 0.25),
            says="a few listings are fakes, the first sale's or from `turned_at`",
        ),
        "fakes_most": _seller_of_fakes(
            share=0.03, fakes=(0.60, 1.0),
            says="most listings are fakes, the first sale's or from `turned_at`",
        ),
        "fakes_mixed": _seller_of_fakes(
            share=0.02, fakes=(0.5, 1.0),
            says="under one listing it sends now a genuine piece, now a fake",
        ),
        "bust_out": Archetype(
            share=0.04, honest=False, manner=_SMOOTH, turns=110, vanishes=True,
            says="honest for months; around `turned_at` the bank account changes, sales surge, parcels stop, and the "
            "platform pays",
        ),
        "phoenix": Archetype(
            share=0.01, honest=False, manner=_SMOOTH, turns=40, vanishes=True,
            says="a removed bust-out (`predecessor_id`) under a new name, with some of the old accounts and devices",
        ),
        "brusher": Archetype(
            share=0.02, honest=False,
            manner=Manner(late=0.09, cancel=0.02, defect=0.09, refuse=0.15, bold=0.2, orders=0.7),
            says="buys from itself through linked buyers, for the reviews; its real orders are middling",
        ),
        "hijacked": Archetype(
            share=0.01, turns=80, vanishes=True,
            says="reliable; at `turned_at` a thief takes it over, sells cheap and sends nothing until `restored_at`",
        ),
        "sold_shop": Archetype(
            share=0.015, honest=False, turns=80, over=14,
            then=Manner(late=0.2, cancel=0.06, defect=0.16, refuse=0.3, silent=0.12),
            says="reliable; at `turned_at` it is sold, and the new owner lives on its name",
        ),
    }
)  # fmt: skip

#: The weights of an everyday marketplace.
EVERYDAY = MappingProxyType({name: one.share for name, one in ARCHETYPES.items()})

#: Those who mean well.
HONEST = tuple(name for name, one in ARCHETYPES.items() if one.honest)
