"""What is cheaper to cheat for than it is worth, where a policy says it; prices are measured elsewhere, and given."""

from collections.abc import Iterator

from scoring.cheating import warnings_of
from scoring.lint.draft import Draft
from scoring.lint.places import Path
from scoring.lint.rules import Finding

__all__ = ["cheating_rows"]


def cheating_rows(draft: Draft, version: str | None) -> Iterator[Finding]:
    """What the measured prices say of a policy; `version` is its own, None where it cannot be read."""
    cheating = draft.given.cheating
    if cheating is None:
        return
    told = [(path, one) for one in warnings_of(cheating.cheats) if (path := _path(draft, one.where))]
    if told and version not in cheating.versions:
        yield draft.found("L602", ("since",), versions=", ".join(sorted(cheating.versions)))
    for path, one in told:
        yield draft.found("L601", path, why=one.text, why_zh=one.text_zh)


def _path(draft: Draft, where: str) -> Path | None:
    """Where the policy says what a warning names, such as programmes.installation; None where it does not."""
    table, name = where.split(".", 1)
    if table == "bands":
        found = (path for path, row in draft.tables(table) if row.get("name") == name)
        return next(found, None)
    return (table, name) if draft.at(table, name) is not None else None
