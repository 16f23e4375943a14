"""Rows of compensation, complaints, adverts and penalties: what nothing leads to, stands twice, or is left out."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import get_args

from scoring.compensation_policy import Ground
from scoring.lint.draft import Draft, shown
from scoring.lint.places import Path
from scoring.lint.rules import Finding

__all__ = ["advert_rows", "breaker_rows", "compensation_rows", "complaint_rows", "penalty_rows"]


def compensation_rows(draft: Draft) -> Iterator[Finding]:
    """Grounds with two rules or none, and exclusions from what nobody gives."""
    given: dict[str, Path] = {}
    for path, _ in draft.tables("rules"):
        for ground in draft.words(*path, "grounds"):
            if ground in given:
                yield draft.found("L321", path, other=shown(given[ground]), what=ground)
            given.setdefault(ground, path)
    for ground in get_args(Ground):
        if ground not in given:
            yield draft.found("L203", ("rules",), row=f"rules ({ground})")
    for path, _ in draft.tables("exclusions"):
        for ground in draft.words(*path, "grounds"):
            if ground not in given:
                yield draft.found("L303", path, row=f"{shown(path)} ({ground})")


def complaint_rows(draft: Draft) -> Iterator[Finding]:
    """Topics and words that others always take, and clocks that run later for what is graver."""
    earlier: list[str] = []
    for path, table in draft.tables("topics"):
        words = draft.words(*path, "words")
        if not words and not draft.words(*path, "covers") and table.get("name") != "other":
            yield draft.found("L303", path)
        yield from _hidden(draft, (*path, "words"), words, earlier)
        earlier += words
    fine = {one for path, _ in draft.tables("topics") for one in draft.words(*path, "covers")}
    for topic in draft.words("gravity", "safety_topics"):
        if topic not in fine:
            yield draft.found("L303", ("gravity", "safety_topics"), row=f"gravity.safety_topics ({topic})")
    for clock in ("answer_hours", "settle_hours"):
        yield from _no_later(draft, ("tiers", 1, clock), ("tiers", 2, clock))
    yield from _no_later(draft, ("tiers", 0, "settle_hours"), ("tiers", 2, "settle_hours"))
    for path, _ in draft.tables("tiers"):
        yield from _no_later(draft, (*path, "settle_hours"), (*path, "answer_hours"))
    for path, _ in draft.tables("channels"):
        yield from _no_later(draft, (*path, "settle_working_days"), (*path, "accept_working_days"))
    yield from _twice(draft, "channels", "name")


def _hidden(draft: Draft, path: Path, words: Sequence[str], earlier: Sequence[str]) -> Iterator[Finding]:
    """Words that hold a word of an earlier topic, which therefore always has them."""
    for word in words:
        first = next((one for one in earlier if one.casefold() in word.casefold()), None)
        if first:
            yield draft.found("L301", path, row=f"{shown(path)} ({word})", other=first)


def _no_later(draft: Draft, lesser: Path, graver: Path) -> Iterator[Finding]:
    value, than = draft.number(*graver), draft.number(*lesser)
    if value is not None and than is not None and value > than:
        yield draft.found("L331", graver, value=value, other=shown(lesser), than=than)


def _twice(draft: Draft, rows: str, key: str) -> Iterator[Finding]:
    seen: dict[object, Path] = {}
    for path, table in draft.tables(rows):
        if table.get(key) in seen:
            yield draft.found("L321", path, other=shown(seen[table.get(key)]), what=table.get(key))
        seen.setdefault(table.get(key), path)


def advert_rows(draft: Draft) -> Iterator[Finding]:
    """Words that stand twice, exceptions from nothing, and promises of programmes that are none."""
    rows = [path for name in ("absolute", "promises") for path, _ in draft.tables(name)] + [("genuine",)]
    seen: dict[str, Path] = {}
    for path in rows:
        for word in (one.casefold() for one in draft.words(*path, "words")):
            if word in seen:
                yield draft.found("L321", (*path, "words"), other=shown(seen[word]), what=word)
            seen.setdefault(word, path)
    barred = [word for word, path in seen.items() if path[0] != "promises"]
    for phrase in draft.words("exceptions", "words"):
        if not any(word in phrase.casefold() for word in barred):
            yield draft.found("L303", ("exceptions", "words"), row=f"exceptions.words ({phrase})")
    for path, table in draft.tables("promises"):
        if table.get("programme") not in draft.given.programmes:
            yield draft.found("L501", (*path, "programme"), programme=table.get("programme"))


def penalty_rows(draft: Draft) -> Iterator[Finding]:
    """Steps that no points lead to or that ask for no more than a milder one, points that lead nowhere, kinds twice."""
    yield from _twice(draft, "violations", "kind")
    steps = [(path, number) for path, _ in draft.tables("steps") if (number := draft.number(*path, "from_points"))]
    for (milder, fewer), (harder, more) in pairwise(steps):
        if more <= fewer:
            row = (*harder, "from_points")
            yield draft.found("L331", row, value=more, other=shown(milder), than=fewer)
    most = sum(_most_points(draft, path) for path, _ in draft.tables("violations"))
    for path, points in steps:
        if points > most:
            row = (*path, "from_points")
            yield draft.found("L302", row, value=points, other="violations.most_points", than=most)
    for path, _ in draft.tables("violations"):
        one, limit = draft.number(*path, "points"), draft.number(*path, "most_points")
        if one and limit and one > limit:
            yield draft.found("L302", (*path, "points"), value=one, other="most_points", than=limit)
        if one and steps and one < steps[0][1]:
            yield draft.found("L311", ("steps",), gap=f"{shown(path)}.points = {one}")


def breaker_rows(draft: Draft) -> Iterator[Finding]:
    """Outcomes that are watched twice: one jump would be told as two."""
    seen: dict[str, Path] = {}
    for path, table in draft.tables("watched"):
        for word in draft.words(*path, "outcomes"):
            what = f"{table.get('decisions')}: {word}"
            if what in seen:
                yield draft.found("L321", (*path, "outcomes"), other=shown(seen[what]), what=what)
            seen.setdefault(what, path)


def _most_points(draft: Draft, path: Path) -> float:
    """The most that one kind of violation can come to while points count."""
    limit, within = draft.number(*path, "most_points"), draft.number(*path, "most_within_days")
    counts = draft.number("counts_days")
    if not limit or not within or not counts:
        return 0
    return limit * -(-counts // within)
