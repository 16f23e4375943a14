"""Rows of a score policy: bands that meet and fill the scale, levels that can be reached, nobody better off unknown."""

from collections.abc import Iterator
from itertools import pairwise

from scoring.lint.draft import Draft
from scoring.lint.rules import Finding
from scoring.policy_text import BAND_NAMES

__all__ = ["score_rows"]


def score_rows(draft: Draft) -> Iterator[Finding]:
    """What is wrong with a score policy's rows."""
    yield from _bands(draft)
    yield from _ends(draft)
    yield from _levels(draft)
    yield from _strangers(draft)


def _edges(draft: Draft) -> list[tuple[int, float, float]]:
    """Of each band with two numbers its place, its least and its most score."""
    found = ((place, draft.number("bands", place, "from"), draft.number("bands", place, "to"))
             for place in range(len(draft.at("bands") or ())))  # fmt: skip
    return [(place, least, most) for place, least, most in found if least is not None and most is not None]


def _bands(draft: Draft) -> Iterator[Finding]:
    edges = _edges(draft)
    for place, least, most in edges:
        if least > most:
            yield draft.found("L302", ("bands", place, "to"), value=most, other="from", than=least)
    for (better, least, _), (worse, _, most) in pairwise(edges):
        row = ("bands", worse, "to")
        if most >= least:
            yield draft.found("L321", row, other=f"bands.{better}.from", what=f"{least:g}-{most:g}")
        elif most + 1 < least:
            yield draft.found("L311", row, gap=f"{most + 1:g}-{least - 1:g}")
    names = [table.get("name") for _, table in draft.tables("bands")]
    for name in BAND_NAMES:
        if name not in names:
            yield draft.found("L311", ("bands",), gap=name)


def _ends(draft: Draft) -> Iterator[Finding]:
    edges, lowest, highest = _edges(draft), draft.number("scale", "lowest"), draft.number("scale", "highest")
    if not edges or lowest is None or highest is None:
        return
    if edges[-1][1] > lowest:
        yield draft.found("L311", ("bands", edges[-1][0], "from"), gap=f"{lowest:g}-{edges[-1][1] - 1:g}")
    if edges[0][2] < highest:
        yield draft.found("L311", ("bands", edges[0][0], "to"), gap=f"{edges[0][2] + 1:g}-{highest:g}")
    for place, least, most in edges:
        if least > highest or most < lowest:
            yield draft.found("L302", ("bands", place), value=f"{least:g}-{most:g}", other="scale",
                              than=f"{lowest:g}-{highest:g}")  # fmt: skip


def _levels(draft: Draft) -> Iterator[Finding]:
    watch, high = draft.number("counterfeit", "watch"), draft.number("counterfeit", "high")
    if watch is not None and high is not None and watch >= high:
        yield draft.found("L302", ("counterfeit", "watch"), value=watch, other="counterfeit.high", than=high)


def _strangers(draft: Draft) -> Iterator[Finding]:
    """Of whom nothing is known is not taken for better than of whom a little is."""
    unknown, little = draft.at("fallback", "best_band"), draft.at("evidence", "best_band")
    if isinstance(unknown, str) and isinstance(little, str) and unknown < little:
        row = ("fallback", "best_band")
        yield draft.found("L331", row, value=unknown, other="evidence.best_band", than=little)
