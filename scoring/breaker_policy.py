"""The policy of the circuit breaker: by how much answers may shift after a change, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/breaker.toml`.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scoring.policy_text import Policy, PolicyPart, Share, Text

__all__ = ["BreakerPolicy", "DecisionKind", "Watched"]

Positive = Annotated[int, Field(gt=0)]

#: Kinds of decisions, as they are recorded: refunds, applications for programmes, and places of members.
DecisionKind = Literal["refund", "programme", "standing"]


class Watched(PolicyPart):
    """Outcomes of which there may not suddenly be more: from which rise on a person looks, and it is gone back."""

    decisions: DecisionKind
    outcomes: Annotated[tuple[Text, ...], Field(min_length=1)]
    case_from: Share
    back_from: Share
    text: Text
    text_zh: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.case_from <= self.back_from:
            raise ValueError("a person looks before it is gone back: case_from is at most back_from")
        return self


class BreakerPolicy(Policy):
    """How long a change is watched, against how long before it, how sure one must be, and what is watched.

    Of one merchant at most `voices` decisions count on a side. `error` is shared out among the looks at one change.
    """

    kind: ClassVar[str] = "breaker"

    watch_hours: Positive
    before_days: Positive
    every_minutes: Positive
    least: Positive
    most: Positive
    voices: Positive
    error: Share
    watched: Annotated[tuple[Watched, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.least > self.most:
            raise ValueError("least is at most most")
        return self

    @property
    def confidence(self) -> float:
        """How sure one must be at one look, so that all looks at a change that changes nothing err by `error`."""
        looks = max(self.watch_hours * 60 // self.every_minutes, 1)
        return 1.0 - self.error / (looks * len(self.watched))
