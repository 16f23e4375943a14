"""Complaints: what one is about, how grave it is, who deals with it, and by when.

A topic is what the caller says, else what a classifier is sure of, else what words say. Gravity only rises: what the
caller, the words, a classifier, the sum, other buyers and an earlier refusal say, the gravest of it holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self

from scoring.complaint_policy import Channel, ComplaintPolicy, Topic
from scoring.errors import TimeNaive

__all__ = ["Basis", "Cause", "Complaint", "Guess", "Triage", "escalated", "triage", "working_days_later"]


class Basis(StrEnum):
    """Who said what a complaint is about."""

    CALLER = "caller"
    CLASSIFIER = "classifier"
    WORDS = "words"
    NOBODY = "nobody"


class Cause(StrEnum):
    """Why a complaint is as grave as it is."""

    STATED = "stated"
    DEMAND = "demand"
    SAFETY = "safety"
    CLASSIFIER = "classifier"
    MANY_BUYERS = "many_buyers"
    LARGE_SUM = "large_sum"
    REFUSED_BEFORE = "refused_before"
    CHANNEL = "channel"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What came in, at a moment (aware). `topic` and `tier` are the caller's word, None where it has none.

    `buyers_alike` are the buyers who complained of the same goods lately, this one among them; `refused_before` = an
    earlier complaint about the same ended unsolved.
    """

    received_at: datetime
    text: str = ""
    topic: str | None = None
    tier: int | None = None
    channel: str = "app"
    amount_cents: int = 0
    buyers_alike: int = 1
    refused_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a classifier makes of the text: one of the policy's topics or of the log's, and how likely that is.

    `p_major` is how likely the text tells of a major case.
    """

    topic: str
    p: float
    p_major: float = 0.0

    @classmethod
    def of(cls, answers: Mapping[str, Mapping[str, float]]) -> Self:
        """From what a model of texts answers: the likeliest `topic`, and `major` where it was taught that."""
        topic, p = max(answers["topic"].items(), key=lambda one: (one[1], one[0]))
        return cls(topic=topic, p=p, p_major=answers.get("major", {}).get("yes", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Where a complaint goes. `accept_by` is None where nobody asks for a formal acceptance."""

    topic: str
    topic_by: Basis
    tier: int
    causes: tuple[Cause, ...]
    route: str
    answer_by: datetime
    due_at: datetime
    accept_by: datetime | None
    text: str
    text_zh: str
    policy_version: str


def triage(complaint: Complaint, *, policy: ComplaintPolicy, guess: Guess | None = None) -> Triage:
    """Sort a complaint. TimeNaive where it came in at no certain moment."""
    if complaint.received_at.utcoffset() is None:
        raise TimeNaive(as_of=complaint.received_at)
    topic, basis = _topic(complaint, policy, guess)
    raised = tuple(_raised(complaint, policy, guess))
    tier = max((to for to, _ in raised), default=1)
    return _sorted(complaint, topic, basis, tier, tuple(cause for to, cause in raised if to == tier), policy)


def escalated(complaint: Complaint, found: Triage, *, policy: ComplaintPolicy, as_of: datetime) -> Triage:
    """The same a tier higher where its time has run out by this moment; a major case stays one."""
    if as_of < found.due_at or found.tier == policy.tiers[-1].tier:
        return found
    topic = policy.covering(found.topic) or policy.topic("other")
    again = _sorted(complaint, topic, found.topic_by, found.tier + 1, (*found.causes, Cause.OVERDUE), policy)
    # The new clock begins when the old one ran out; the channel's runs on.
    late = found.due_at - complaint.received_at
    ends = [again.due_at + late, *_settled_by(policy.channel(complaint.channel), complaint.received_at, policy)]
    return replace(again, answer_by=again.answer_by + late, due_at=min(ends))


# What it is about.


def _topic(complaint: Complaint, policy: ComplaintPolicy, guess: Guess | None) -> tuple[Topic, Basis]:
    stated = policy.covering(complaint.topic)
    if stated is not None:
        return stated, Basis.CALLER
    guessed = policy.covering(guess.topic) if guess else None
    if guess and guessed and guess.p >= policy.sure_from:
        return guessed, Basis.CLASSIFIER
    told = next((one for one in policy.topics if _has_any(complaint.text, one.words)), None)
    if told is None and _has_any(complaint.text, policy.gravity.safety_words):
        # What hurts somebody is about the goods, whatever else is said.
        told = next(filter(None, map(policy.covering, policy.gravity.safety_topics)), None)
    return (told, Basis.WORDS) if told else (policy.topic("other"), Basis.NOBODY)


def _has_any(text: str, words: Sequence[str]) -> bool:
    read = text.casefold()
    return any(word.casefold() in read for word in words)


# How grave it is.


def _raised(complaint: Complaint, policy: ComplaintPolicy, guess: Guess | None) -> Iterator[tuple[int, Cause]]:
    """Every tier that something raises the complaint to, and what does."""
    grave, channel = policy.gravity, policy.channel(complaint.channel)
    if complaint.tier is not None:
        yield complaint.tier, Cause.STATED
    if complaint.topic is not None or _has_any(complaint.text, grave.complaint_words):
        yield 2, Cause.DEMAND
    if complaint.topic in grave.safety_topics or _has_any(complaint.text, grave.safety_words):
        yield 3, Cause.SAFETY
    if guess and guess.p_major >= policy.major_from:
        yield 3, Cause.CLASSIFIER
    if complaint.buyers_alike >= grave.buyers_alike:
        yield 3, Cause.MANY_BUYERS
    if complaint.amount_cents >= grave.amount_cents:
        yield 3, Cause.LARGE_SUM
    if complaint.refused_before:
        yield 3, Cause.REFUSED_BEFORE
    if channel is not None:
        # Nobody goes to an authority with a question.
        yield max(channel.tier_at_least, 2), Cause.CHANNEL


# By when.


def _sorted(
    complaint: Complaint, topic: Topic, basis: Basis, tier: int, causes: tuple[Cause, ...], policy: ComplaintPolicy
) -> Triage:
    grade, channel, at = policy.tiers[tier - 1], policy.channel(complaint.channel), complaint.received_at
    accept = channel.accept_working_days if channel else None
    return Triage(
        topic=topic.name,
        topic_by=basis,
        tier=tier,
        causes=causes,
        route=topic.route,
        answer_by=at + timedelta(hours=grade.answer_hours),
        due_at=min([at + timedelta(hours=grade.settle_hours), *_settled_by(channel, at, policy)]),
        accept_by=working_days_later(at, accept, holidays=policy.holidays) if accept else None,
        text=" ".join((grade.text, topic.text, *((channel.text,) if channel else ()))),
        text_zh="".join((grade.text_zh, topic.text_zh, *((channel.text_zh,) if channel else ()))),
        policy_version=policy.version,
    )


def _settled_by(channel: Channel | None, at: datetime, policy: ComplaintPolicy) -> list[datetime]:
    """By when the channel wants an end; nothing where it brings no clock."""
    if channel is None:
        return []
    return [working_days_later(at, channel.settle_working_days, holidays=policy.holidays)]


def working_days_later(at: datetime, days: int, *, holidays: Sequence[date] = ()) -> datetime:
    """The same hour so many working days later: Monday to Friday, but holidays.

    >>> working_days_later(datetime(2026, 12, 4, 9), 1).isoformat()
    '2026-12-07T09:00:00'
    """
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5 and at.date() not in holidays
    return at
