"""Papers a second time: slow, plain, from the meanings of `docs/reference/features.md` alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import Event, Value, Window, of_type, ratio, recency, visible

KINDS = (
    "identity", "business_licence", "bank_account", "brand_authorisation", "third_party_audit", "training_exam",
    "food_licence",
)  # fmt: skip


def papers(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the family papers of one merchant at midnight, with its value."""
    live = visible(past, as_of)
    latest = {subject(check): check for check in sorted(of_type(live, "qualification_checked"), key=recency)}
    on_file = list(latest.values())
    valid = [check for check in on_file if is_valid(check, as_of)]
    ends = [check["valid_until"] for check in valid if check.get("valid_until") is not None]
    answer: dict[str, Value] = {
        "n_papers_valid": len(valid),
        "n_papers_expired": sum(check["outcome"] != "failed" and check not in valid for check in on_file),
        "n_papers_failed": sum(check["outcome"] == "failed" for check in on_file),
        "days_until_paper_expires": (min(ends) - as_of.date()).days if ends else None,
    }
    for days in (7, 30, 90, 365):
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        answer[f"n_checks_failed_{days}d"] = len(window.of("qualification_checked", outcome="failed"))
    return answer | {
        f"{kind}_valid_rate": ratio(len(of_kind(valid, kind)), len(of_kind(on_file, kind))) for kind in KINDS
    }


def subject(check: Event) -> tuple[str | None, ...]:
    """What a check is about."""
    return check["qualification"], check.get("brand"), check.get("category")


def is_valid(check: Event, as_of: datetime) -> bool:
    """Passed, and for today still."""
    until = check.get("valid_until")
    return check["outcome"] == "passed" and (until is None or as_of.date() <= until)


def of_kind(checks: Sequence[Event], kind: str) -> list[Event]:
    """Those of one qualification."""
    return [check for check in checks if check["qualification"] == kind]
