"""Guarantee programmes: what each promises, who may carry it, and what stops everybody, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/programmes.toml`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from scoring.compensation_policy import Ground
from scoring.condition_policy import Condition
from scoring.errors import ProgrammeUnknown
from scoring.exploration import Exploration
from scoring.policy_text import BandName, Policy, PolicyPart, Text, Whole, one_sentence_per_code, times
from scoring.stop_rules import StopRule, StopRules

__all__ = ["Floor", "Pays", "Programme", "ProgrammePolicy", "Provisional", "StandingRules"]

Positive = Annotated[int, Field(gt=0)]


class Provisional(PolicyPart):
    """A place on trial: orders per month under the promise, `at_first` and more for each thing that went well.

    Of each day with orders only `per_day` things count (None: all of them), so that a burst is worth a day's history.
    """

    at_first: Positive
    per_thing: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    at_most: Positive
    valid_days: Positive
    per_day: Positive | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.at_first > self.at_most:
            raise ValueError(f"at_first ({self.at_first}) lies above at_most ({self.at_most})")
        return self

    def cap(self, things: int, *, days: int) -> int:
        """Orders per month for so many things that went well, on so many days with orders."""
        counted = things if self.per_day is None else min(things, self.per_day * days)
        return min(self.at_most, int(self.at_first + self.per_thing * counted))


class Floor(PolicyPart):
    """Under so many orders (365 days) or days of trading a place is capped, and words say that little is known."""

    orders: Whole
    days: Whole

    def reached(self, *, orders: int, days: int | None) -> bool:
        """Whether so much is enough to go without a cap."""
        return orders >= self.orders and (days or 0) >= self.days


class Pays(PolicyPart):
    """What a broken promise pays the buyer on its grounds: the price, the freight, and something on top.

    On top come `times_price`, at least and at most so much. Where it is None no number has a source, and the
    programme adds nothing to what the law gives until somebody sets one.
    """

    grounds: tuple[Ground, ...] = ()
    refund: bool = False
    freight: bool = False
    times_price: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    at_least_cents: Whole = 0
    at_most_cents: Positive | None = None

    @model_validator(mode="after")
    def _on_some_ground(self) -> Self:
        if bool(self.grounds) != (self.refund or self.freight or self.times_price is not None):
            raise ValueError("what is paid needs grounds, and grounds need something that is paid")
        return self

    def extra_cents(self, price_cents: int) -> int:
        """What comes on top of the price that was paid."""
        if self.times_price is None:
            return 0
        extra = max(times(self.times_price, price_cents), self.at_least_cents)
        return extra if self.at_most_cents is None else min(extra, self.at_most_cents)


class Programme(PolicyPart):
    """One promise to buyers, and what a merchant must show to make it and to keep it.

    `suits` names the categories that it is meant for first (none named: all alike), `excludes` those that it cannot
    hold in. A claim may come until `claim_days` after the order, and as long `pledge_cents` of the deposit stay
    pledged. A member that no longer keeps it has `grace_days` to mend it.
    """

    id: Text
    name: Text
    name_zh: Text
    promise: Text
    promise_zh: Text
    breach: Text
    breach_zh: Text
    since: date
    suits: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    band_at_worst: BandName
    counterfeit_at_worst: Literal["none", "watch", "high"]
    valid_days: Positive
    grace_days: Positive
    claim_days: Positive
    pledge_cents: Whole = 0
    evidence: Floor
    provisional: Provisional
    pays: Pays = Pays()
    entry: Annotated[tuple[Condition, ...], Field(min_length=1)]
    keep: tuple[Condition, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of entry that are judged."""
        return tuple(condition for condition in self.entry if condition.on)

    @property
    def papers(self) -> tuple[Condition, ...]:
        """The papers that are asked for."""
        return tuple(condition for condition in self.conditions if condition.is_paper)

    @property
    def brand_is_asked(self) -> bool:
        """Whether it is entered for one brand at a time."""
        return any(condition.kind == "brand_paper" for condition in self.entry)


class StandingRules(PolicyPart):
    """How members are judged: how often, how many failures running cost a place, and how long notice is.

    A failure counts only if `affected_metric`, a count of buyers who were let down, reaches `affected_buyers`.
    """

    every_days: Positive
    failures_running: Positive
    affected_metric: Text
    affected_buyers: Positive
    notice_of_rules_days: Positive
    notice_of_end_days: Positive
    return_days: Positive


class ProgrammePolicy(Policy):
    """Every programme, every stop rule, and who may be let in by lot; nobody where `exploration` is not there.

    In the text a condition stands once, under `[conditions.P001]`; programmes name it in `entry` and `keep`. Who
    names nothing to keep keeps what was asked at the door.
    """

    kind: ClassVar[str] = "programmes"

    exploration: Exploration | None = None
    stop_rules: StopRules
    standing: StandingRules
    programmes: Annotated[tuple[Programme, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _conditions_stand_where_they_are_named(cls, plain: Any) -> Any:
        if not isinstance(plain, dict) or not isinstance(plain.get("programmes"), dict):
            return plain
        told = {code: {"code": code, **table} for code, table in plain.get("conditions", {}).items()}
        programmes = {name: _with_conditions(name, table, told) for name, table in plain["programmes"].items()}
        unasked = set(told) - {
            one["code"] for table in programmes.values() for one in (*table["entry"], *table["keep"])
        }
        if unasked:
            raise ValueError(f"conditions that no programme asks for: {', '.join(sorted(unasked))}")
        rest = {name: value for name, value in plain.items() if name != "conditions"}
        return {**rest, "programmes": tuple(programmes.values())}

    @model_validator(mode="after")
    def _one_sentence_per_code(self) -> Self:
        one_sentence_per_code(self.coded)
        return self

    @model_validator(mode="after")
    def _lets_in_by_lot_where_it_may(self) -> Self:
        if self.exploration is None:
            return self
        named = {one.id: one for one in self.programmes}
        for name in self.exploration.programmes:
            if name not in named:
                raise ValueError(f"exploration: {name} is no programme")
            if named[name].brand_is_asked:
                raise ValueError(f"exploration: {name} is about fakes, and nobody is tried out on those")
            if self.exploration.cap > named[name].provisional.at_first:
                raise ValueError(f"exploration: the cap lies above where places on trial for {name} begin")
        return self

    @model_serializer(mode="wrap")
    def _nothing_of_what_is_not_there(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = whole(self)
        if self.exploration is None:
            # Without it a policy says what it said before there was such a thing, and its version stays.
            del plain["exploration"]
        return plain

    @property
    def asked(self) -> tuple[Condition, ...]:
        """Every condition that some programme asks to enter or to keep, each once."""
        named = (one for programme in self.programmes for one in (*programme.entry, *programme.keep))
        return tuple({(one.code, one.text): one for one in named}.values())

    @property
    def coded(self) -> tuple[Condition | StopRule, ...]:
        """Everything that has a reason code: every condition, then the stop rules."""
        return (*self.asked, *self.stop_rules.all)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every feature that a condition which is on, a stop rule, or the standing looks at, in the file's order."""
        asked = (one.metric for one in self.asked if one.on and not one.is_paper)
        return tuple(dict.fromkeys((*asked, *self.stop_rules.metrics, self.standing.affected_metric)))

    def programme(self, programme_id: str) -> Programme:
        """The programme of this id; ProgrammeUnknown where there is none."""
        for one in self.programmes:
            if one.id == programme_id:
                return one
        raise ProgrammeUnknown(programme=programme_id)


def _with_conditions(name: str, table: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """A programme's table with its conditions in place of their codes."""
    if not isinstance(table, dict):
        raise ValueError(f"programmes.{name} is no table")
    entry = table.get("entry", ())
    keep = table.get("keep", entry)
    if not isinstance(entry, tuple) or not isinstance(keep, tuple):
        raise ValueError(f"programmes.{name}: entry and keep are lists of codes")
    unknown = sorted(str(code) for code in (*entry, *keep) if code not in told)
    if unknown:
        raise ValueError(f"programmes.{name} asks for what is no condition: {', '.join(unknown)}")
    return {
        "id": name,
        **table,
        "entry": tuple(told[code] for code in entry),
        "keep": tuple(told[code] for code in keep),
    }
