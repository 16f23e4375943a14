"""Scenarios as TOML files: the shipped ones by their names, others by their paths; every mistake is told by its key."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any

from features.errors import ScenarioInvalid
from features.simulator.archetypes import EVERYDAY
from features.simulator.attacks import ATTACKS
from features.simulator.scenario import LANGUAGES, Acts, Attack, Scenario

__all__ = ["SHIPPED", "Plot", "plot_of", "read_plot"]

_FOLDER = files("features").joinpath("simulator/scenarios")

#: The names of the scenarios that come with the product.
SHIPPED = (
    "everyday", "calm", "counterfeit_wave", "bust_out_spree", "gamed_rules", "refund_abuse", "hard_times",
)  # fmt: skip

_TRIGGERS = ("random", "report")
_KEYS = ("says", "merchants", "days", "start", "seed", "mix", "languages", "acts", "attack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A scenario as a file tells it: attacks may be dated, and what nobody said is null until somebody does."""

    name: str
    says: str = ""
    merchants: int = 2000
    days: int = 540
    start: date | None = None
    seed: int = 1
    mix: Mapping[str, float] = field(default_factory=dict)
    languages: Mapping[str, float] = field(default_factory=lambda: dict(LANGUAGES))
    acts: Acts = field(default_factory=Acts)
    attacks: tuple[tuple[Attack, date | None], ...] = ()

    def played(self, *, start: date, merchants: int | None, days: int | None, seed: int | None) -> Scenario:
        """The scenario from a first day on; what is null is as the file says."""
        dated = [attack if day is None else _on(attack, (day - start).days, self.name) for attack, day in self.attacks]
        return Scenario(
            name=self.name, start=start, merchants=self.merchants if merchants is None else merchants,
            days=self.days if days is None else days, seed=self.seed if seed is None else seed,
            mix=self.mix, languages=self.languages, acts=self.acts, attacks=tuple(dated),
        )  # fmt: skip


def _on(attack: Attack, day: int, name: str) -> Attack:
    if day < 0:
        raise ScenarioInvalid(f"{name}: {attack.kind} begins before the first day of the marketplace")
    return Attack(kind=attack.kind, strength=attack.strength, day=day, days=attack.days)


def read_plot(name: str) -> Plot:
    """A shipped scenario by its name, any other by its path. Raises `ScenarioInvalid`."""
    try:
        text = (_FOLDER.joinpath(f"{name}.toml") if name in SHIPPED else Path(name)).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioInvalid(f"{name} is neither a file that can be read nor one of {', '.join(SHIPPED)}") from error
    return plot_of(text, name=Path(name).stem)


def plot_of(text: str, *, name: str) -> Plot:
    """A scenario of a TOML text. Raises `ScenarioInvalid`, which names the key."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioInvalid(f"{name} is no TOML: {error}") from error
    page = _Page(told, name)
    page.only(_KEYS)
    start = page.get("start", None, date, lambda day: 2000 <= day.year < 2100, "a date of this century")
    return Plot(
        name=name, says=page.get("says", "", str),
        merchants=page.get("merchants", 2000, int, lambda n: 1 <= n <= 100_000, "1 to 100,000"),
        days=page.get("days", 540, int, lambda n: 1 <= n <= 3650, "1 to 3,650"),
        seed=page.get("seed", 1, int, lambda n: 0 <= n <= 2**31, "0 to 2147483648"),
        start=start, mix=_mix(page), languages=_weights(page, "languages", dict(LANGUAGES)),
        acts=_acts(page.section("acts")), attacks=tuple(_attack(one) for one in page.sections("attack")),
    )  # fmt: skip


def _name(kind: type | UnionType) -> str:
    return kind.__name__ if isinstance(kind, type) else f"{kind}"


class _Page:
    """A table of a scenario file, which tells its mistakes."""

    def __init__(self, told: Any, where: str) -> None:
        if not isinstance(told, dict):
            raise ScenarioInvalid(f"{where} must be a table")
        self._told, self.where = told, where

    def only(self, known: tuple[str, ...]) -> None:
        """Refuse keys that mean nothing."""
        for key in self._told:
            if key not in known:
                raise ScenarioInvalid(f"{self.where} has no key {key!r}: it may have {', '.join(known)}")

    def get(
        self,
        key: str,
        default: Any,
        kind: type | UnionType,
        right: Callable[[Any], bool] = lambda _: True,
        asked: str = "",
    ) -> Any:
        """A value of a kind for which something is right; `asked` says what."""
        value = self._told.get(key, default)
        if key not in self._told:
            return value
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool) or not right(value)
        if wrong:
            raise ScenarioInvalid(f"{self.where}: {key} = {value!r} must be {asked or f'a {_name(kind)}'}")
        return value

    def share(self, key: str, default: float) -> float:
        """A number from 0 to 1."""
        number = int | float
        value = self.get(key, default, number, lambda one: 0 <= one <= 1, "a number from 0 to 1")
        return float(value)

    def weights(self) -> dict[str, float]:
        """All its values, as weights."""
        for key, value in self._told.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
                raise ScenarioInvalid(f"{self.where}: {key} = {value!r} must be a weight, 0 or more")
        return {key: float(value) for key, value in self._told.items()}

    def section(self, key: str) -> "_Page":
        """A table of it, empty if there is none."""
        return _Page(self._told.get(key, {}), f"{self.where}: [{key}]")

    def sections(self, key: str) -> list["_Page"]:
        """Its tables of one name."""
        told = self._told.get(key, [])
        if not isinstance(told, list):
            raise ScenarioInvalid(f"{self.where}: write [[{key}]], not [{key}]")
        return [_Page(one, f"{self.where}: [[{key}]] {number}") for number, one in enumerate(told, 1)]


def _mix(page: _Page) -> dict[str, float]:
    """The weights of archetypes: everyday ones, times `others`, but for those that are named."""
    section = page.section("mix")
    section.only(("others", *EVERYDAY))
    given = section.weights()
    others = given.pop("others", 1.0)
    if not given and others == 1.0:
        return {}
    return _positive({name: given.get(name, share * others) for name, share in EVERYDAY.items()}, page, "mix")


def _weights(page: _Page, key: str, default: dict[str, float]) -> dict[str, float]:
    section = page.section(key)
    section.only(tuple(default))
    return _positive(section.weights() or default, page, key)


def _positive(weights: dict[str, float], page: _Page, key: str) -> dict[str, float]:
    if sum(weights.values()) <= 0:
        raise ScenarioInvalid(f"{page.section(key).where} gives nobody any weight")
    return {name: weight for name, weight in weights.items() if weight > 0}


def _acts(page: _Page) -> Acts:
    page.only(("fast_refund", "programmes", "penalties", "inspections"))
    on = {name: page.get(name, True, bool) for name in ("fast_refund", "programmes", "penalties")}
    asked = f"a list of {', '.join(_TRIGGERS)}"
    looks = page.get("inspections", list(_TRIGGERS), list, lambda told: all(one in _TRIGGERS for one in told), asked)
    return Acts(**on, inspections=tuple(looks))


def _attack(page: _Page) -> tuple[Attack, date | None]:
    page.only(("kind", "strength", "day", "date", "days"))
    kind = page.get("kind", "", str, lambda one: one in ATTACKS, f"one of {', '.join(ATTACKS)}")
    if not kind:
        raise ScenarioInvalid(f"{page.where}: kind is missing; it must be one of {', '.join(ATTACKS)}")
    day = page.get("day", 0, int, lambda one: 0 <= one <= 3650, "a day from 0, the first, to 3,650")
    days = page.get("days", 60, int, lambda one: 1 <= one <= 3650, "1 to 3,650 days")
    when = page.get("date", None, date, lambda one: 2000 <= one.year < 2100, "a date of this century")
    return Attack(kind=kind, strength=page.share("strength", 0.5), day=day, days=days), when
