"""What callers send and get where reviewers' cases are worked on, and decisions objected to (contracts 3.4)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from serving.schemas import CaseAnswer, Sent, Told, Word

__all__ = ["AppealAnswer", "AppealBody", "ApprovalBody", "AssignmentBody", "CasesAnswer", "ResolutionBody", "WholeCase"]

Said = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


class AssignmentBody(Sent):
    """Whose the case is from now on."""

    to: Word | None = Field(default=None, description="A person's name; without one, the caller's own")


class ResolutionBody(Sent):
    """How a case ends, and why."""

    outcome: Word
    reason: Said


class ApprovalBody(Sent):
    """Whether a second person agrees to how another would end a case."""

    agrees: bool = True


class AppealBody(Sent):
    """An objection to a decision, in the words of whoever objects."""

    text: Annotated[Said, StringConstraints(min_length=1)]


class AppealAnswer(Told):
    """The case of an objection, and by when it is answered."""

    decision_id: str
    case_id: str
    state: Literal["open", "resolved"]
    due_at: datetime


class WholeCase(CaseAnswer):
    """A case with everything that a reviewer sees of it at first; `waits` = another person has to approve its end."""

    merchant_id: str
    decision_id: str | None
    summary: str
    priority: int
    opened_at: datetime
    assigned_to: str | None
    waits: bool


class CasesAnswer(Told):
    """Cases in a state."""

    cases: list[WholeCase]
