"""What all merchants of a marketplace share: categories, brands, the season and the carriers' weather."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from features.simulator.lot import Floats, Lot
from features.simulator.scenario import Scenario

__all__ = ["CATEGORIES", "PROGRAMMES", "REGIONS", "Category", "Climate", "climate"]


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
    carriers.
    """

    demand: Floats
    strain: Floats
    weather: Floats


def climate(scenario: Scenario) -> Climate:
    """The season, the promotions and the carriers' weather of a scenario."""
    lot = Lot(scenario.seed, 0)
    dates = [scenario.start + timedelta(days=day) for day in range(scenario.days)]
    rush = np.array([1.0 if (day.month, day.day) in _RUSH else 0.0 for day in dates])
    weekend = np.array([0.12 if day.weekday() >= 5 else 0.0 for day in dates])
    of_year = np.array([day.timetuple().tm_yday for day in dates])
    season = 0.12 * np.cos(2 * np.pi * (of_year - 340) / 365)
    busy = np.convolve(rush, np.ones(6))[: scenario.days]
    return Climate(
        demand=1 + season + weekend + 1.5 * rush,
        strain=0.6 * np.minimum(busy, 1) + 0.15 * lot.rng.standard_normal(scenario.days),
        weather=_weather(lot, scenario.days) + 0.5 * np.minimum(busy, 1),
    )


#: Days of great sales; the days after them strain everybody.
_RUSH = {(month, day) for month, days in ((6, (16, 17, 18)), (11, (10, 11)), (12, (11, 12))) for day in days}


def _weather(lot: Lot, days: int) -> Floats:
    """Log-odds that slow all carriers: everyday noise, and a storm or a strike of some days now and then."""
    storms = np.where(lot.chance(1 / 60, days), lot.between(1.0, 2.2, days), 0.0)
    lasting = np.convolve(storms, np.array([1.0, 1.0, 0.8, 0.6, 0.3]))[:days]
    return np.asarray(lasting + 0.25 * lot.rng.standard_normal(days))
