"""What every policy must be written with: two languages, a source for each number, and days that fit."""

import re
from collections.abc import Iterator

from scoring.lint.draft import Draft, shown
from scoring.lint.places import Path
from scoring.lint.rules import Finding

__all__ = ["written"]

_SOURCE = re.compile(r"\bsource\b[^:]*:")
_PROPOSAL = re.compile(r"\bown proposal\b")
_CHINESE = re.compile(r"[一-鿿]")

#: What people are told, and so must be told in both languages.
_SAID = frozenset({"text", "promise", "breach", "things", "switched_off", "waived"})

#: Numbers that say which row it is, not how much of anything.
_NAMES = frozenset({"tier"})


def written(draft: Draft) -> Iterator[Finding]:
    """What is said in one language only, numbers that nobody vouches for, and days that do not fit."""
    yield from _sentences(draft)
    yield from _numbers(draft)
    yield from _unset(draft)
    yield from _dates(draft)


def _sentences(draft: Draft) -> Iterator[Finding]:
    leaves = {path: value for path, value in draft.leaves() if isinstance(value, str)}
    for path in leaves:
        key = f"{path[-1]}"
        name = key.removesuffix("_zh")
        if name not in _SAID and not _is_name_of_programme(path, name):
            continue
        english, chinese = (*path[:-1], name), (*path[:-1], f"{name}_zh")
        told, told_zh = leaves.get(english, ""), leaves.get(chinese, "")
        wrong = not told or _CHINESE.search(told) or not _CHINESE.search(told_zh)
        if wrong and (key == name or english not in leaves):
            place = chinese if told and chinese in leaves else path
            yield draft.found("L103", place, row=shown(path[:-1]), name=name)


def _is_name_of_programme(path: Path, name: str) -> bool:
    return name == "name" and len(path) == 3 and path[0] == "programmes"


def _numbers(draft: Draft) -> Iterator[Finding]:
    for path, value in draft.leaves():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or path[-1] in _NAMES:
            continue
        if _repeats_the_metric(draft, path, value):
            continue
        remark = draft.places.comment(path)
        if _SOURCE.search(remark):
            continue
        yield draft.found("L202" if _PROPOSAL.search(remark) else "L201", path, value=value)


def _repeats_the_metric(draft: Draft, path: Path, value: float) -> bool:
    """Whether a window's days are those that the metric's own name tells."""
    metric = draft.at(*path[:-1], "metric")
    return path[-1] == "days" and isinstance(metric, str) and f"_{value}d" in metric


def _unset(draft: Draft) -> Iterator[Finding]:
    """What a broken promise pays on top, where no number has a source; a rate whose confidence nobody chose."""
    for path, _ in draft.tables("programmes"):
        if draft.at("stop_rules") is not None and draft.number(*path, "pays", "times_price") is None:
            yield draft.found("L203", (*path, "pays", "times_price"))
    for path, table in draft.tables("conditions"):
        if table.get("kind") == "rate" and draft.number(*path, "confidence") is None:
            yield draft.found("L203", (*path, "confidence"))


def _dates(draft: Draft) -> Iterator[Finding]:
    since, today = draft.date("since"), draft.given.today
    if since and today and since > today:
        yield draft.found("L211", ("since",), since=since, today=today)
    for path, _ in draft.tables("programmes"):
        begun = draft.date(*path, "since")
        if since and begun and begun > since:
            yield draft.found("L212", (*path, "since"), row=path[-1], since=begun, policy=since)
    holidays = draft.at("holidays")
    if today and isinstance(holidays, list) and holidays and all(day < today for day in holidays):
        yield draft.found("L213", ("holidays",), today=today)
