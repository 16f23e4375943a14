"""What a made-up marketplace is asked to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

__all__ = ["DAY", "HOUR", "LANGUAGES", "NEVER", "Acts", "Attack", "Scenario"]

#: The simulator counts in whole seconds since 1970.
HOUR, DAY = 3_600, 86_400

#: The time of what does not happen: later than every end, with room to add to it.
NEVER = 2**50

#: In which shares buyers write which language.
LANGUAGES = MappingProxyType({"zh": 0.6, "en": 0.25, "pt": 0.15})


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What the platform does of its own accord; each can be switched off, and nobody behaves otherwise for it.

    `inspections` holds the triggers on which it looks at goods: `random`, `report`.
    """

    fast_refund: bool = True
    programmes: bool = True
    penalties: bool = True
    inspections: tuple[str, ...] = ("random", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """Somebody's scheme, or a blow from outside: its kind, how strong (0 = not at all, 1 = very), since when, how long.

    `day` counts from 0, the scenario's first.
    """

    kind: str
    strength: float = 0.5
    day: int = 0
    days: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How many merchants trade for how many days from the midnight UTC that begins `start`; `seed` decides the rest.

    `mix` holds the weights of archetypes, empty for the everyday ones; `languages` those of the buyers' languages.
    """

    merchants: int
    days: int
    start: date
    seed: int = 1
    name: str = "everyday"
    mix: Mapping[str, float] = field(default_factory=dict)
    languages: Mapping[str, float] = field(default_factory=lambda: dict(LANGUAGES))
    attacks: tuple[Attack, ...] = ()
    acts: Acts = Acts()

    @property
    def begin(self) -> int:
        """The first second of the marketplace.

        >>> Scenario(merchants=1, days=2, start=date(1970, 1, 2)).begin
        86400
        """
        return (self.start - date(1970, 1, 1)).days * DAY

    @property
    def end(self) -> int:
        """The first second that is no part of it any more."""
        return self.begin + self.days * DAY

    @property
    def buyers(self) -> int:
        """How many people buy here: about half as many as there are orders."""
        return max(self.merchants * self.days // 6, 200)
