"""What a made-up marketplace is asked to be."""

from dataclasses import dataclass
from datetime import date

__all__ = ["DAY", "HOUR", "NEVER", "Scenario"]

#: The simulator counts in whole seconds since 1970.
HOUR, DAY = 3_600, 86_400

#: The time of what does not happen: later than every end, with room to add to it.
NEVER = 2**50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How many merchants trade for how many days from the midnight UTC that begins `start`; `seed` decides the rest."""

    merchants: int
    days: int
    start: date
    seed: int = 1

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
