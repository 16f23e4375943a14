"""What a decision was made from, read back from its trace as its judge was given it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from scoring.gate import Applicant
from scoring.refunds import RefundFacts, RefundRequest
from scoring.standing import Place
from serving.answers import ScoreAnswer
from serving.plain import Json
from serving.standing import Standing
from serving.store_decisions import Decision

__all__ = ["Rerun", "Trace", "put_down", "read_back", "trace_of"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What a judge says when it is given the same again.

    `answer` is what the caller got, but for the decision's id, `judged` are parts of the trace; both are plain values.
    """

    outcome: str
    expires_at: datetime
    answer: dict[str, Any]
    judged: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The trace of a decision, and what was asked; parts are read as they are needed."""

    says: Mapping[str, Any]
    asked: Mapping[str, Any]

    @property
    def as_of(self) -> datetime:
        """The moment of the decision."""
        return read_back(datetime, self.says["as_of"])

    @property
    def seen(self) -> Standing:
        """What was thought of the merchant."""
        thought = ScoreAnswer.model_validate(self.says["assessment"])
        return Standing(assessment=thought, stale=self.says["stale"], seen_seq=self.says["seen_seq"])

    @property
    def request(self) -> RefundRequest:
        """The refund that was asked for."""
        return read_back(RefundRequest, self.says["request"])

    @property
    def facts(self) -> RefundFacts:
        """What was known when a refund was asked for."""
        return read_back(RefundFacts, self.says["facts"])

    @property
    def applicant(self) -> Applicant:
        """The merchant at a programme's door."""
        return read_back(Applicant, self.says["applicant"])

    def place(self, name: str) -> Place:
        """A member's place: `before` it was judged, or `place` as it was found."""
        return read_back(Place, self.says[name])


def trace_of(made: Decision) -> Trace:
    """The trace of a decision."""
    return Trace(says=json.loads(made.trace), asked=json.loads(made.request))


def put_down(value: Any) -> Json:
    """A value as a trace holds it, to be read back; a reader of its kind writes it in a third of the usual time."""
    return Json(_reader_of(type(value)).dump_json(value).decode())


def read_back(kind: type[Value], says: Any) -> Value:
    """A value that was written as plain JSON values."""
    found: Value = _reader_of(kind).validate_python(says)
    return found


def _reader_of(kind: type[Any]) -> TypeAdapter[Any]:
    return _READERS.get(kind) or _READERS.setdefault(kind, TypeAdapter(kind))


#: Made when they are first needed.
_READERS: dict[type[Any], TypeAdapter[Any]] = {}
