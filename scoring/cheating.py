"""The price of cheating: the least that gains something which nobody earned, beside what that unlocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.wording import money

__all__ = ["Aim", "Cheat", "Price", "Warning", "least", "warnings_of"]


class Aim(StrEnum):
    """What somebody cheats for."""

    PLACE = "place"
    FULL_PLACE = "full_place"
    BAND = "band"
    RIVAL_PLACE = "rival_place"
    RIVAL_BAND = "rival_band"
    RIVAL_FLAG = "rival_flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What it takes: things done (orders, reports, messages), accounts, days, and money that is gone (cents)."""

    things: int
    accounts: int
    days: int
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheat:
    """The least price at which an attack gains a goal: a programme's id, a band, or a level; None = not possible.

    `before` and `after` are how it stood and stands; `unlocks_cents` is what the gain is worth.
    """

    attack: str
    aim: Aim
    goal: str
    before: str
    after: str | None = None
    price: Price | None = None
    unlocks_cents: int = 0

    @property
    def possible(self) -> bool:
        """Whether the search found a way."""
        return self.price is not None

    @property
    def too_cheap(self) -> bool:
        """Whether it costs less than what it unlocks.

        >>> paid = Price(things=9, accounts=3, days=1, cents=900)
        >>> Cheat(attack="a", aim=Aim.BAND, goal="B", before="C", price=paid, unlocks_cents=1000).too_cheap
        True
        >>> Cheat(attack="a", aim=Aim.BAND, goal="B", before="C", unlocks_cents=1000).too_cheap
        False
        """
        return self.price is not None and self.price.cents < self.unlocks_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """Something that is cheaper to cheat for than it is worth: where the policy says it, and in two languages why."""

    where: str
    text: str
    text_zh: str


_WHERE = {
    Aim.PLACE: "programmes.{}", Aim.FULL_PLACE: "programmes.{}", Aim.RIVAL_PLACE: "programmes.{}",
    Aim.BAND: "bands.{}", Aim.RIVAL_BAND: "bands.{}", Aim.RIVAL_FLAG: "counterfeit.{}",
}  # fmt: skip

_WHAT = {
    Aim.PLACE: ("a place on trial for {}", "{} 的试用资格"),
    Aim.FULL_PLACE: ("a full place for {}", "{} 的正式资格"),
    Aim.BAND: ("band {}", "{} 级"),
    Aim.RIVAL_PLACE: ("a rival's loss of {}", "使竞争对手失去 {}"),
    Aim.RIVAL_BAND: ("a rival's fall to band {}", "使竞争对手降至 {} 级"),
    Aim.RIVAL_FLAG: ("a rival's counterfeit level {}", "使竞争对手的售假风险升至 {}"),
}


def warnings_of(cheats: Sequence[Cheat]) -> tuple[Warning, ...]:
    """For each goal its cheapest attack, where that costs less than what it unlocks; the cheapest first."""
    found: dict[tuple[Aim, str], Cheat] = {}
    for one in sorted((one for one in cheats if one.too_cheap), key=_cents):
        found.setdefault((one.aim, one.goal), one)
    return tuple(_warning(one, one.price) for one in found.values() if one.price)


def _cents(cheat: Cheat) -> int:
    return cheat.price.cents if cheat.price else 0


def _warning(cheat: Cheat, price: Price) -> Warning:
    english, chinese = (said.format(cheat.goal) for said in _WHAT[cheat.aim])
    cost, gain = money(price.cents), money(cheat.unlocks_cents)
    return Warning(
        where=_WHERE[cheat.aim].format(cheat.goal),
        text=f"{cheat.attack} gains {english} for {cost} ({price.accounts} accounts, {price.days} days); "
        f"it unlocks {gain}.",
        text_zh=f"{cheat.attack} 以 {cost}（{price.accounts} 个账号，{price.days} 天）即可取得{chinese}，"
        f"其价值为 {gain}。",
    )


def least(holds: Callable[[int], bool], *, most: int) -> int | None:
    """The least number from 1 to `most` at which something holds that goes on to hold; None where it never does.

    It doubles until it holds, then halves what is left: about twice log2 of the answer evaluations.

    >>> least(lambda number: number >= 37, most=100)
    37
    >>> least(lambda number: number >= 101, most=100) is None
    True
    """
    low, high = 0, 1
    while not holds(high):
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
