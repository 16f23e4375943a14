"""What all merchants of a marketplace share: categories, brands, the season and the carriers' weather."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from features.simulator.attacks import window_of
from features.simulator.exact import wave
from features.simulator.lot import Flags, Floats, Lot
from features.simulator.scenario import DAY, Scenario

__all__ = ["CATEGORIES", "PROGRAMMES", "REGIONS", "Category", "Climate", "climate", "lasting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of goods: its middle price (cents), how often buyers change their minds, what brands there are.

    `faked` weighs how gladly sellers of fakes go there.
    """

    name: str
    price: int
    regret: float
    brands: tuple[str, ...] = ()
    faked: float = 0.2
    presale: float = 0.02
    custom: float = 0.0


CATEGORIES: tuple[Category, ...] = (
    Category(name="apparel", price=15900, regret=0.11, brands=("Alvanta", "Kestrio", "Morrowind Wear"), faked=2.0),
    Category(name="shoes", price=32900, regret=0.10, brands=("Stridel", "Kestrio", "Vantomo"), faked=3.0),
    Category(name="bags", price=45900, regret=0.07, brands=("Belcanto", "Orsini Vale"), faked=3.0, presale=0.06),
    Category(name="beauty", price=12900, regret=0.03, brands=("Lumielle", "Hanaya", "Dr. Fenn"), faked=2.0),
    Category(name="electronics", price=59900, regret=0.05, brands=("Quantix", "Norvell", "Pulsaro"), faked=1.5),
    Category(name="home", price=18900, regret=0.05, brands=("Casavira",), custom=0.05),
    Category(name="furniture", price=89900, regret=0.04, presale=0.10, custom=0.15),
    Category(name="toys", price=8900, regret=0.04, brands=("Tinkertot",), faked=0.8),
    Category(name="food", price=6900, regret=0.01, brands=("Goldacre",)),
    Category(name="sports", price=21900, regret=0.06, brands=("Stridel", "Peakform"), faked=1.0),
)  # fmt: skip
REGIONS = ("north", "south", "east", "west", "centre")

#: The programmes that merchants join here, with the share of honest ones that does.
PROGRAMMES = {"seven_day_return": 0.55, "lightning_dispatch": 0.20, "one_fake_three_paid": 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """What every day (days,) brings to everybody.

    `demand` multiplies the orders; `strain` and `weather` are added to the log-odds of late dispatch and of slow
    carriers. `strike` says on which days carriers stand still, `haste` how far the platform's rules ask for dispatch
    within a day and ease returns (0 to 1).
    """

    demand: Floats
    strain: Floats
    weather: Floats
    strike: Flags
    haste: Floats


def climate(scenario: Scenario) -> Climate:
    """The season, the promotions and the carriers' weather of a scenario, and what strikes everybody."""
    lot, days = Lot(scenario.seed, 0), scenario.days
    dates = [scenario.start + timedelta(days=day) for day in range(days)]
    rush = np.array([1.0 if (day.month, day.day) in _RUSH else 0.0 for day in dates])
    weekend = np.array([0.12 if day.weekday() >= 5 else 0.0 for day in dates])
    of_year = np.array([day.timetuple().tm_yday for day in dates])
    busy = 1.0 * (lasting(rush, (1.0,) * 6) > 0)
    shock, strike, haste = (_blows(scenario, kind) for kind in ("demand_shock", "carrier_strike", "policy_change"))
    return Climate(
        demand=(1 + 0.12 * wave((of_year - 249) / 365) + weekend + 1.5 * rush) * (1 + 3 * shock),
        strain=0.6 * busy + 0.15 * lot.normal(days) + 1.5 * shock,
        weather=_weather(lot, days) + 0.5 * busy + 6 * strike,
        strike=strike > 0, haste=haste,
    )  # fmt: skip


#: Days of great sales; the days after them strain everybody.
_RUSH = {(month, day) for month, days in ((6, (16, 17, 18)), (11, (10, 11)), (12, (11, 12))) for day in days}


def _weather(lot: Lot, days: int) -> Floats:
    """Log-odds that slow all carriers: everyday noise, and a storm of some days now and then."""
    storms = np.where(lot.chance(1 / 60, days), lot.between(1.0, 2.2, days), 0.0)
    return lasting(storms, (1.0, 1.0, 0.8, 0.6, 0.3)) + 0.25 * lot.normal(days)


def lasting(blows: Floats, echo: Sequence[float]) -> Floats:
    """What blows (days,) come to when each goes on for some days, as strongly as its echo says.

    >>> lasting(np.array([2.0, 0.0, 0.0]), (1.0, 0.5)).tolist()
    [2.0, 1.0, 0.0]
    """
    total = np.zeros(len(blows))
    for days, strength in enumerate(echo[: len(blows)]):
        total[days:] += strength * blows[: len(blows) - days]
    return total


def _blows(scenario: Scenario, kind: str) -> Floats:
    """How strongly attacks of a kind strike on each day."""
    struck = np.zeros(scenario.days)
    for attack in scenario.attacks:
        if attack.kind == kind:
            since, until = window_of(attack, scenario)
            struck[(since - scenario.begin) // DAY : (until - scenario.begin) // DAY] += attack.strength
    return np.minimum(struck, 1.0)
