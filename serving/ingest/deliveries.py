"""Entries of a broker's stream into the store: what goes in, and what is laid by as a dead letter, with its reason.

An entry may come twice, late, or in any order: the same event has no effect a second time, so whatever is not known to
be done is simply done again. What can never go in holds up nothing else.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DataError

from features.errors import StoreUnavailable
from serving.ingest.requests import Taken

__all__ = ["FIELDS", "DeadLetter", "Delivered", "Entry", "deliver"]

#: The fields of an entry that may hold events, as JSON: one, a list, or `{"events": [...]}`.
FIELDS = (b"event", b"events", b"__data__")

_UNREADABLE = ("bad_json", "The entry holds no events that can be read as JSON.")
_FAILED = "not_taken"

#: Events that go into the store together.
_AT_ONCE = 1_000

#: Takes events into the store.
Take = Callable[[Sequence[Any]], Taken]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a stream: its id, and its fields as they were sent."""

    id: str
    fields: Mapping[bytes, bytes]

    def events(self) -> list[Any]:
        """The events in it. Raises `ValueError`."""
        found = next((self.fields[name] for name in FIELDS if name in self.fields), None)
        if found is None:
            raise ValueError("no field of the entry is one that holds events")
        told = json.loads(found)
        if isinstance(told, dict) and set(told) == {"events"}:
            told = told["events"]
        return told if isinstance(told, list) else [told]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that did not go in, and why not; `event` is its JSON, or what came in its place."""

    entry: str
    event: str
    code: str
    detail: str

    def fields(self) -> dict[str, str]:
        """As an entry of the stream of dead letters."""
        return {"event": self.event, "code": self.code, "detail": self.detail, "entry": self.entry}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of some entries."""

    accepted: int = 0
    duplicates: int = 0
    dead: tuple[DeadLetter, ...] = ()

    def plus(self, other: "Delivered") -> "Delivered":
        """Both."""
        return Delivered(
            accepted=self.accepted + other.accepted,
            duplicates=self.duplicates + other.duplicates,
            dead=self.dead + other.dead,
        )


#: An event, and the id of the entry that brought it.
_Sent = tuple[str, Any]


def deliver(entries: Sequence[Entry], take: Take) -> Delivered:
    """Take the events of some entries into the store; once this returns, the entries are done for good.

    Raises `StoreUnavailable`, and then nothing of them is known to be done.
    """
    sent: list[_Sent] = []
    done = Delivered()
    for entry in entries:
        try:
            sent += [(entry.id, event) for event in entry.events()]
        except (ValueError, RecursionError):
            done = done.plus(Delivered(dead=(_unreadable(entry),)))
    for begin in range(0, len(sent), _AT_ONCE):
        done = done.plus(_taken(sent[begin : begin + _AT_ONCE], take))
    return done


def _taken(sent: Sequence[_Sent], take: Take) -> Delivered:
    try:
        taken = take([event for _, event in sent])
    except Exception as error:
        if _passes(error):
            raise
        if len(sent) == 1:
            ((entry, event),) = sent
            # An error's words may quote values, so its kind is told only.
            return Delivered(dead=(_dead(entry, event, _FAILED, type(error).__name__),))
    else:
        return Delivered(accepted=taken.accepted, duplicates=taken.duplicates, dead=tuple(_rejected(sent, taken)))
    # Whatever it was, it was one of them: in ever smaller parts, so that the others go in.
    half = len(sent) // 2
    return _taken(sent[:half], take).plus(_taken(sent[half:], take))


def _passes(error: Exception) -> bool:
    """Whether a fault is the store's and none of the event's, so that a later try may well succeed."""
    return isinstance(error, StoreUnavailable) and not isinstance(error.__cause__, DataError)


def _rejected(sent: Sequence[_Sent], taken: Taken) -> Iterator[DeadLetter]:
    for one in taken.rejected:
        entry, event = sent[one.index]
        yield _dead(entry, event, one.code, one.detail)


def _dead(entry: str, event: Any, code: str, detail: str) -> DeadLetter:
    return DeadLetter(entry=entry, event=_told(json.dumps(event, ensure_ascii=False)), code=code, detail=_told(detail))


def _unreadable(entry: Entry) -> DeadLetter:
    came = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in entry.fields.items()}
    code, detail = _UNREADABLE
    return DeadLetter(entry=entry.id, event=json.dumps(came, ensure_ascii=False), code=code, detail=detail)


def _told(text: str) -> str:
    """A text that can be sent: a half of a pair of surrogates is no letter, and comes out as it would in JSON."""
    return text.encode(errors="backslashreplace").decode()
