"""Rows of the programmes: what nobody asks for, what others decide first, terms that leave each other no room."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from scoring.lint.draft import Draft, shown
from scoring.lint.places import Path
from scoring.lint.rules import Finding

__all__ = ["programme_rows"]

#: Days with orders that the cap of a place looks back on.
_YEAR = 365


def programme_rows(draft: Draft) -> Iterator[Finding]:
    """What is wrong with the programmes' rows."""
    yield from _unasked(draft)
    for path, _ in draft.tables("programmes"):
        yield from _on_one_metric(draft, path)
        yield from _goods(draft, path)
        yield from _trial(draft, path)
        yield from _pays(draft, path)
    yield from _exploration(draft)
    yield from _stop_rules(draft)


def _unasked(draft: Draft) -> Iterator[Finding]:
    lists = [(*path, name) for path, _ in draft.tables("programmes") for name in ("entry", "keep")]
    asked = {code for path in lists for code in draft.words(*path)}
    for path, _ in draft.tables("conditions"):
        if path[-1] not in asked:
            yield draft.found("L303", path)


def _on_one_metric(draft: Draft, programme: Path) -> Iterator[Finding]:
    """Two limits of one metric in one programme: the laxer decides nothing, or together they leave no room."""
    for name in ("entry", "keep"):
        asked = [(code, draft.at("conditions", code)) for code in draft.words(*programme, name)]
        known = [(code, one) for code, one in asked if isinstance(one, dict) and one.get("metric")]
        for (first, one), (second, other) in combinations(known, 2):
            if one["metric"] == other["metric"]:
                row = (*programme, name)
                yield draft.found("L321", row, row=f"{shown(row)} ({second})", other=first, what=one["metric"])


def _goods(draft: Draft, programme: Path) -> Iterator[Finding]:
    excluded = draft.words(*programme, "excludes")
    for category in draft.words(*programme, "suits"):
        if category in excluded:
            row = (*programme, "suits")
            yield draft.found("L301", row, row=f"{shown(row)} ({category})", other="excludes")


def _trial(draft: Draft, programme: Path) -> Iterator[Finding]:
    trial = (*programme, "provisional")
    first, more, most, daily = (draft.number(*trial, name) for name in ("at_first", "per_thing", "at_most", "per_day"))
    if first is None or most is None:
        return
    if first > most:
        yield draft.found("L302", (*trial, "at_first"), value=first, other="at_most", than=most)
    elif first < most and more == 0:
        yield draft.found("L302", (*trial, "at_most"), value=most, other="per_thing", than=more)
    elif more and daily and first + more * daily * _YEAR < most:
        # Things of a year count; who cannot reach the most in it would never be without a cap.
        yield draft.found("L302", (*trial, "at_most"), value=most, other="per_day", than=daily)


def _pays(draft: Draft, programme: Path) -> Iterator[Finding]:
    pays = (*programme, "pays")
    least, most, price = (draft.number(*pays, name) for name in ("at_least_cents", "at_most_cents", "times_price"))
    if least and most is not None and least > most:
        yield draft.found("L302", (*pays, "at_least_cents"), value=least, other="at_most_cents", than=most)
    if price is None:
        for name in ("at_least_cents", "at_most_cents"):
            if draft.number(*pays, name):
                yield draft.found("L303", (*pays, name))


def _exploration(draft: Draft) -> Iterator[Finding]:
    cap = draft.number("exploration", "cap")
    for name in draft.words("exploration", "programmes"):
        if draft.at("programmes", name) is None:
            yield draft.found("L501", ("exploration", "programmes"), programme=name)
        first = draft.number("programmes", name, "provisional", "at_first")
        if cap and first and cap > first:
            row = ("exploration", "cap")
            yield draft.found("L331", row, value=cap, other=f"programmes.{name}.provisional.at_first", than=first)


def _stop_rules(draft: Draft) -> Iterator[Finding]:
    """Who keeps a condition is not stopped for the same thing: else the condition could never be met."""
    for path, rule in draft.tables("stop_rules"):
        for condition, table in draft.tables("conditions"):
            if table.get("metric") != rule.get("metric"):
                continue
            yield from _stopped_while_met(draft, path, condition)


def _stopped_while_met(draft: Draft, rule: Path, condition: Path) -> Iterator[Finding]:
    stops: tuple[tuple[str, str, Any], ...] = (
        ("under", "at_least", lambda stop, limit: stop > limit),
        ("at_least", "at_most", lambda stop, limit: stop <= limit),
    )
    for own, other, inside in stops:
        stop, limit = draft.number(*rule, own), draft.number(*condition, other)
        if stop is not None and limit is not None and inside(stop, limit):
            row = (*condition, other)
            yield draft.found("L302", row, value=limit, other=f"{shown(rule)}.{own}", than=stop)
