"""The policy of penalties: points for what was done, and a ladder of steps, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/penalties.toml`.
"""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scoring.errors import ViolationUnknown
from scoring.policy_text import Policy, PolicyPart, Text, Whole, one_sentence_per_code

__all__ = ["STEPS", "PenaltyPolicy", "Step", "StepName", "Violation"]

Positive = Annotated[int, Field(gt=0)]

#: The steps, the mildest first, as `penalty_applied` names them.
StepName = Literal["warning", "points", "demotion", "suspension", "removal"]
STEPS: tuple[StepName, ...] = ("warning", "points", "demotion", "suspension", "removal")


class Violation(PolicyPart):
    """Something that costs points; of one kind at most `most_points` come together in `most_within_days`."""

    code: Annotated[str, Field(pattern=r"^V\d{3}$")]
    kind: Text
    points: Positive
    most_points: Positive
    most_within_days: Positive
    text: Text
    text_zh: Text

    @model_validator(mode="after")
    def _one_is_possible(self) -> Self:
        if self.points > self.most_points:
            raise ValueError(f"{self.code}: one violation already passes most_points")
        return self


class Step(PolicyPart):
    """A step of the ladder, from so many points on; it lasts `days`, or for good. It begins after `notice_days`."""

    name: StepName
    from_points: Positive
    days: Positive | None = None
    notice_days: Whole = 0
    needs_a_person: bool = False
    text: Text
    text_zh: Text


class PenaltyPolicy(Policy):
    """Every violation and every step."""

    kind: ClassVar[str] = "penalties"

    counts_days: Positive
    appeal_days: Positive
    appeal_answer_days: Positive
    violations: Annotated[tuple[Violation, ...], Field(min_length=1)]
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _whole_ladder(self) -> Self:
        if tuple(step.name for step in self.steps) != STEPS:
            raise ValueError(f"the steps must be {', '.join(STEPS)}, in this order")
        flat = [later.name for earlier, later in pairwise(self.steps) if later.from_points <= earlier.from_points]
        if flat:
            raise ValueError(f"a harder step asks for no more points: {', '.join(flat)}")
        if len({one.kind for one in self.violations}) < len(self.violations):
            raise ValueError("a kind of violation stands twice")
        one_sentence_per_code(self.violations)
        return self

    def violation(self, kind: str) -> Violation:
        """What is said of this kind; ViolationUnknown where nothing is."""
        for one in self.violations:
            if one.kind == kind:
                return one
        raise ViolationUnknown(kind=kind)

    def step(self, points: int) -> Step | None:
        """The step that so many points lead to; None where they lead to none."""
        return next((step for step in reversed(self.steps) if points >= step.from_points), None)
