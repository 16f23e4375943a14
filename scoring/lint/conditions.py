"""What conditions and stop rules look at: whether it exists, points the right way, is known, fed, and can be proven."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from scoring.admission import ConditionState
from scoring.condition_policy import Condition
from scoring.conditions import rate_state
from scoring.evidence import Measured
from scoring.lint.draft import Draft, shown
from scoring.lint.given import Metric
from scoring.lint.places import Path
from scoring.lint.rules import Finding

__all__ = ["LEAST_SHARE", "Proof", "clean_things_needed", "conditions_of", "looked_at", "proofs"]

#: So many of the merchants must be able to prove a condition (design 4c), or a waiver says why fewer may do.
LEAST_SHARE = 0.20

#: No merchant has more things than this in a window; a condition that asks for more cannot be met.
_MOST_THINGS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How hard a condition on a rate is to prove.

    `clean` things, none of them bad, make it met; `by_bound` of them where the small allowance does not help (None:
    no number does). `able` and `able_by_bound` are the shares of a sample who have as many; None without a sample.
    """

    condition: Condition
    clean: int | None
    by_bound: int | None
    able: float | None = None
    able_by_bound: float | None = None


def conditions_of(draft: Draft) -> dict[str, Condition]:
    """Every condition that can be read by itself, by its code."""
    found = {}
    for path, table in draft.tables("conditions"):
        code = f"{path[-1]}"
        try:
            found[code] = Condition.model_validate({"code": code, **table})
        except ValidationError:
            continue  # The policy as a whole says why.
    return found


def looked_at(draft: Draft) -> Iterator[Finding]:
    """What is wrong with what conditions and stop rules look at."""
    for code, condition in conditions_of(draft).items():
        path: Path = ("conditions", code)
        if not condition.on:
            continue
        yield from _paper(draft, path, condition) if condition.is_paper else _figure(draft, path, condition)
    yield from _stop_rules(draft)
    for proof in proofs(draft):
        yield from _provable(draft, proof)


def _paper(draft: Draft, path: Path, condition: Condition) -> Iterator[Finding]:
    row = (*path, "metric")
    if condition.metric not in draft.given.papers:
        yield draft.found("L402", row, metric=condition.metric)
    elif not condition.waived:
        yield from _unfed(draft, row, condition.metric, frozenset({"qualification_checked"}))


def _figure(draft: Draft, path: Path, condition: Condition) -> Iterator[Finding]:
    row, metric = (*path, "metric"), draft.given.metrics.get(condition.metric)
    if metric is None:
        yield draft.found("L401", row, row=condition.code, metric=condition.metric)
        return
    if metric.nullable and condition.kind != "rate" and condition.when_missing is None:
        yield draft.found("L403", path, metric=metric.name)
    if condition.kind != "deposit" and metric.riskier == ("higher" if condition.at_least is not None else "lower"):
        yield draft.found("L404", row, metric=metric.name, riskier=metric.riskier)
    if metric.averaged and not metric.capped:
        yield draft.found("L406", row, metric=metric.name)
    if not condition.waived:
        yield from _unfed(draft, row, metric.name, metric.fed_by)


def _unfed(draft: Draft, row: Path, metric: str, fed_by: frozenset[str]) -> Iterator[Finding]:
    known = draft.given.event_types
    if known is not None and fed_by and not fed_by & known:
        yield draft.found("L411", row, metric=metric, events=", ".join(sorted(fed_by)))


def _stop_rules(draft: Draft) -> Iterator[Finding]:
    rows = [(*path, "metric") for path, _ in draft.tables("stop_rules")] + [("standing", "affected_metric")]
    for row in rows:
        name = draft.at(*row)
        if not isinstance(name, str):
            continue
        metric = draft.given.metrics.get(name)
        if metric is None:
            yield draft.found("L401", row, metric=name)
            continue
        if _can_be_bought_off(metric):
            yield draft.found("L405", row, metric=name)
        if metric.riskier == ("lower" if draft.number(*row[:-1], "under") is None else "higher"):
            yield draft.found("L404", row, metric=name, riskier=metric.riskier)
        yield from _unfed(draft, row, name, metric.fed_by)


def _can_be_bought_off(metric: Metric) -> bool:
    return metric.averaged and not metric.capped


def clean_things_needed(condition: Condition, like: Measured | None = None) -> int | None:
    """How many things, none of them bad, make a condition on a rate met; None where no number does.

    `like` lends its prior; without one, an even prior of two things stands.
    """
    if not _met(condition, like, _MOST_THINGS):
        return None
    low, high = 0, _MOST_THINGS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _met(condition, like, middle) else (middle, high)
    return high


def _met(condition: Condition, like: Measured | None, things: int) -> bool:
    """Whether so many things, all of them good, would do."""
    known = like or Measured(name=condition.metric, value=None)
    clean = replace(known, of=things if condition.at_least is not None else 0, per=things)
    return rate_state(condition, clean) is ConditionState.MET


def proofs(draft: Draft) -> list[Proof]:
    """How hard each condition on a rate is to prove, in the file's order."""
    return [_proof(one, draft.given.sample.get(one.metric)) for one in conditions_of(draft).values()
            if one.on and one.kind == "rate"]  # fmt: skip


def _proof(condition: Condition, sample: Sequence[Measured] | None) -> Proof:
    strict = condition.model_copy(update={"small_count": None})
    return Proof(
        condition=condition,
        clean=clean_things_needed(condition),
        by_bound=clean_things_needed(strict),
        able=_share_able(condition, sample),
        able_by_bound=_share_able(strict, sample),
    )


def _share_able(condition: Condition, sample: Sequence[Measured] | None) -> float | None:
    """The share of merchants whose things, were all of them good, would prove it."""
    if not sample:
        return None
    return sum(_met(condition, one, one.per or 0) for one in sample) / len(sample)


def _provable(draft: Draft, proof: Proof) -> Iterator[Finding]:
    condition, path = proof.condition, ("conditions", proof.condition.code)
    clean = "more than there are" if proof.clean is None else f"{proof.clean}"
    if proof.able is None and proof.clean is not None:
        return
    share = proof.able or 0.0
    if share >= LEAST_SHARE:
        return
    if condition.waived:
        why = {"why": condition.waived, "why_zh": condition.waived_zh}
        yield draft.found("L413", path, share=f"{share:.0%}", **why)
        return
    told = {"things": condition.things, "things_zh": condition.things_zh}
    yield draft.found("L412", path, row=shown(path), share=f"{share:.0%}", clean=clean, **told)
