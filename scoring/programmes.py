"""Guarantee programmes: what each promises, who may carry it, and what stops everybody, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/programmes.toml`.
"""

from collections import Counter
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from scoring.errors import ProgrammeUnknown
from scoring.exploration import Exploration
from scoring.policy_text import BandName, Policy, PolicyPart, Share, Text, Whole

__all__ = [
    "BrokenPromise",
    "Condition",
    "Kind",
    "Programme",
    "ProgrammePolicy",
    "Provisional",
    "StopRule",
    "StopRules",
]

Code = Annotated[str, Field(pattern=r"^P\d{3}$")]
Positive = Annotated[int, Field(gt=0)]

#: A rate with bounds, a plain number, a paper of the merchant's, or a paper for the brand that is applied for.
Kind = Literal["rate", "number", "paper", "brand_paper"]


class Condition(PolicyPart):
    """One condition of entry, in words for people.

    `metric` is a feature, or for a paper its qualification. A rate looks back `days`, counts `things`, and is met
    with `confidence`, or with at most `small_count` failures. `switched_off` says why a condition is not judged yet.
    """

    code: Code
    kind: Kind
    metric: Text
    at_least: float | int | None = None
    at_most: float | int | None = None
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.80
    small_count: Whole | None = None
    days: Positive | None = None
    things: str = ""
    things_zh: str = ""
    paced_by_orders: bool = True
    switched_off: str = ""
    switched_off_zh: str = ""
    text: Text
    text_zh: Text

    @property
    def on(self) -> bool:
        """Whether it is judged."""
        return not self.switched_off

    @property
    def is_paper(self) -> bool:
        """Whether it asks for a paper, not for a figure."""
        return self.kind in ("paper", "brand_paper")

    @property
    def need(self) -> float | int | str:
        """What is asked for: the limit, or of a paper that it is valid."""
        if self.at_least is not None:
            return self.at_least
        return "valid" if self.at_most is None else self.at_most

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        limits = (self.at_least is not None) + (self.at_most is not None)
        if self.is_paper and limits:
            raise ValueError(f"{self.code}: a paper has no limit")
        if not self.is_paper and limits != 1:
            raise ValueError(f"{self.code}: exactly one of at_least and at_most is needed")
        if bool(self.switched_off) != bool(self.switched_off_zh):
            raise ValueError(f"{self.code}: why it is switched off must be said in both languages")
        return self

    @model_validator(mode="after")
    def _rate_is_whole(self) -> Self:
        if self.kind != "rate":
            return self
        if not 0 < float(self.need) < 1:
            raise ValueError(f"{self.code}: the limit of a rate lies between 0 and 1")
        if self.days is None or not self.things or not self.things_zh:
            raise ValueError(f"{self.code}: a rate needs days, things and things_zh")
        if self.on and not self.metric.removesuffix("_capped").endswith(f"_{self.days}d"):
            raise ValueError(f"{self.code}: {self.metric} does not look back {self.days} days")
        return self


class Provisional(PolicyPart):
    """A place on trial: orders per month under the promise, `at_first` and more for each thing that went well."""

    at_first: Positive
    per_thing: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    at_most: Positive
    valid_days: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.at_first > self.at_most:
            raise ValueError(f"at_first ({self.at_first}) lies above at_most ({self.at_most})")
        return self

    def cap(self, things: int) -> int:
        """Orders per month for so many things that went well."""
        return min(self.at_most, int(self.at_first + self.per_thing * things))


class Programme(PolicyPart):
    """One promise to buyers, and what a merchant must show to make it.

    `suits` names the categories that it is meant for first (none named: all alike), `excludes` those that it cannot
    hold in.
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
    provisional: Provisional
    entry: Annotated[tuple[Condition, ...], Field(min_length=1)]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that are judged."""
        return tuple(condition for condition in self.entry if condition.on)

    @property
    def papers(self) -> tuple[Condition, ...]:
        """The papers that are asked for."""
        return tuple(condition for condition in self.conditions if condition.is_paper)


class StopRule(PolicyPart):
    """What no good record outweighs."""

    code: Code
    text: Text
    text_zh: Text


class BrokenPromise(StopRule):
    """A rate of kept promises `under` the limit, with so many promises not kept.

    It counts what was not kept, not what was due: else the tenth order, sent in time, could stop a merchant.
    """

    metric: Text
    under: Share
    failures_at_least: Positive


class StopRules(PolicyPart):
    """Every stop rule; they hold for all programmes."""

    fake_confirmed: StopRule
    paper_expired: StopRule
    debt_above_deposit: StopRule
    dispatch_broken: BrokenPromise

    @property
    def all(self) -> tuple[StopRule, ...]:
        """The rules, by their codes."""
        return (self.fake_confirmed, self.paper_expired, self.debt_above_deposit, self.dispatch_broken)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The features that they look at."""
        return ("merchant_debt_cents", "deposit_cents", self.dispatch_broken.metric)


class ProgrammePolicy(Policy):
    """Every programme, every stop rule, and who may be let in by lot; nobody where `exploration` is not there."""

    kind: ClassVar[str] = "programmes"

    exploration: Exploration | None = None
    stop_rules: StopRules
    programmes: Annotated[tuple[Programme, ...], Field(min_length=1)]

    @field_validator("programmes", mode="before")
    @classmethod
    def _named_by_their_tables(cls, tables: Any) -> Any:
        if not isinstance(tables, dict):
            return tables
        return tuple({"id": name, **table} if isinstance(table, dict) else table for name, table in tables.items())

    @model_validator(mode="after")
    def _one_sentence_per_code(self) -> Self:
        told = Counter(code for code, _ in {(one.code, one.text) for one in self.coded})
        double = sorted(code for code, times in told.items() if times > 1)
        if double:
            raise ValueError(f"codes with more than one sentence: {', '.join(double)}")
        return self

    @model_validator(mode="after")
    def _lets_in_by_lot_where_it_may(self) -> Self:
        if self.exploration is None:
            return self
        named = {one.id: one for one in self.programmes}
        for name in self.exploration.programmes:
            if name not in named:
                raise ValueError(f"exploration: {name} is no programme")
            if any(one.kind == "brand_paper" for one in named[name].entry):
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
    def coded(self) -> tuple[Condition | StopRule, ...]:
        """Everything that has a reason code: every condition, then the stop rules."""
        return (*(condition for programme in self.programmes for condition in programme.entry), *self.stop_rules.all)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every feature that a condition which is on, or a stop rule, looks at: each once, in the file's order."""
        asked = (one.metric for programme in self.programmes for one in programme.conditions if not one.is_paper)
        return tuple(dict.fromkeys((*asked, *self.stop_rules.metrics)))

    def programme(self, programme_id: str) -> Programme:
        """The programme of this id; ProgrammeUnknown where there is none."""
        for one in self.programmes:
            if one.id == programme_id:
                return one
        raise ProgrammeUnknown(programme=programme_id)
