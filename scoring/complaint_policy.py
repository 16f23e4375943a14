"""The policy of complaints: topics with their routes, tiers with their clocks, and what makes a case grave.

The text is the caller's to read; the shipped one is `scoring/policies/complaints.toml`.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scoring.policy_text import Policy, PolicyPart, Text

__all__ = ["Channel", "ComplaintPolicy", "Gravity", "Tier", "Topic", "TopicName"]

Positive = Annotated[int, Field(gt=0)]

#: What a complaint is about, as far as its way goes.
TopicName = Literal["refund", "logistics", "quality", "fake", "cooperation", "other"]
_TOPICS: tuple[TopicName, ...] = ("refund", "logistics", "quality", "fake", "cooperation", "other")


class Topic(PolicyPart):
    """A topic: who deals with it, which of the log's finer topics it covers, and the words by which it is known.

    `told_as` is what the log calls a complaint of which no more is known.
    """

    name: TopicName
    route: Text
    told_as: Text
    covers: tuple[Text, ...]
    words: tuple[Text, ...] = ()
    text: Text
    text_zh: Text


class Tier(PolicyPart):
    """How grave a complaint is, 1 to 3, with the hours for a first answer and for an end."""

    tier: Literal[1, 2, 3]
    name: Text
    answer_hours: Positive
    settle_hours: Positive
    text: Text
    text_zh: Text


class Gravity(PolicyPart):
    """What raises a question to a complaint, and a complaint to a major case."""

    complaint_words: tuple[Text, ...]
    safety_words: tuple[Text, ...]
    safety_topics: tuple[Text, ...]
    buyers_alike: Positive
    buyers_alike_days: Positive
    amount_cents: Positive


class Channel(PolicyPart):
    """Where a complaint may come from, with the clock that it brings."""

    name: Text
    tier_at_least: Literal[1, 2, 3] = 1
    accept_working_days: Positive | None = None
    settle_working_days: Positive
    text: Text
    text_zh: Text


class ComplaintPolicy(Policy):
    """How complaints are sorted."""

    kind: ClassVar[str] = "complaints"

    sure_from: Annotated[float, Field(ge=0.5, le=1)]
    major_from: Annotated[float, Field(ge=0.5, le=1)]
    holidays: tuple[date, ...] = ()
    topics: tuple[Topic, ...]
    tiers: tuple[Tier, ...]
    gravity: Gravity
    channels: tuple[Channel, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sorted(one.name for one in self.topics) != sorted(_TOPICS):
            raise ValueError(f"each of the topics {', '.join(_TOPICS)} must stand once")
        if tuple(one.tier for one in self.tiers) != (1, 2, 3):
            raise ValueError("the tiers must be 1, 2 and 3, in this order")
        covered = [fine for one in self.topics for fine in one.covers]
        double = sorted({fine for fine in covered if covered.count(fine) > 1})
        if double:
            raise ValueError(f"topics that stand under two: {', '.join(double)}")
        strange = [one.told_as for one in self.topics if one.told_as not in one.covers]
        if strange:
            raise ValueError(f"told as what they do not cover: {', '.join(strange)}")
        return self

    @model_validator(mode="after")
    def _clocks_run_no_later_for_what_is_grave(self) -> Self:
        hours = [(one.answer_hours, one.settle_hours) for one in self.tiers]
        if any(answer > settle for answer, settle in hours):
            raise ValueError("a first answer is due before the end")
        if self.tiers[2].settle_hours > min(self.tiers[0].settle_hours, self.tiers[1].settle_hours):
            raise ValueError("a major case waits longer than a lesser one")
        return self

    def topic(self, name: TopicName) -> Topic:
        """The topic of this name."""
        return next(one for one in self.topics if one.name == name)

    def covering(self, fine: str | None) -> Topic | None:
        """The topic that covers one of the log's, or is named so itself; None where none does."""
        return next((one for one in self.topics if fine in (one.name, *one.covers)), None)

    def channel(self, name: str) -> Channel | None:
        """The clock of a channel; None where it brings none."""
        return next((one for one in self.channels if one.name == name), None)
