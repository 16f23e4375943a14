"""How much a report of a fake weighs: what is thought of those who file them, as declared numbers."""

from dataclasses import dataclass

__all__ = ["Belief", "Credence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is thought of a kind of reporter before anything is known: a Beta prior, as so many reports of each end.

    `vouched` tells that somebody knows who they are: that weighs as one confirmed report.
    """

    kind: str
    confirmed: int
    refuted: int
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credence:
    """For reports: millionths of a vote, by the reporter's record as known when the report was.

    `evidence` is the percentage of it that each kind of evidence keeps; the kind None stands for none stated. A report
    in bad faith counts as `bad_faith` dismissed ones. `trusted_*` say who is a trusted reporter: of the reports decided
    in so many days, at least so many, at least this percentage confirmed, at most these thousandths in bad faith.
    """

    beliefs: tuple[Belief, ...]
    evidence: tuple[tuple[str | None, int], ...]
    bad_faith: int
    trusted_days: int
    trusted_least: int
    trusted_percent: int
    trusted_thousandths: int
