"""A simulation of a changed policy in figures: as tables for a terminal, and as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scoring.admission import Outcome
from scoring.cutoffs import Cutoff
from scoring.refunds import RefundOutcome
from scoring.weighing import Cost, RefundSums, Side, Tally, WhatIf
from scoring.what_if import Change, Move

__all__ = ["lines", "money", "plain"]

#: So many of those who move are named on a terminal; JSON has all.
_MOST_MOVERS = 20

_SIDES: tuple[Side, Side] = ("before", "after")


def money(cents: float) -> str:
    """An amount in whole major units.

    >>> money(1234567.8), money(-60.0)
    ('12,346', '-1')
    """
    return f"{cents / 100:,.0f}"


# Plain values.


def plain(found: WhatIf, *, kind: str) -> dict[str, Any]:
    """As JSON shows it; amounts in minor units, costs per month."""
    return {
        "changed": kind,
        "before": dict(zip(_POLICIES, found.before.versions, strict=True)),
        "after": dict(zip(_POLICIES, found.after.versions, strict=True)),
        "as_of": found.as_of.isoformat(),
        "merchants": {"judged": found.merchants, "by_model": found.modelled},
        "total": asdict(found.total),
        "answers": [
            {"before": before, "after": after, "places": count}
            for (before, after), count in sorted(found.answers().items(), key=lambda one: one[0])
        ],
        **{name: _tallies(one) for name, one in _groups(found).items()},
        "moves": [_move(one) for one in found.changes if one.move is not Move.SAME],
        "refunds": {
            "days": found.days,
            "recorded": found.recorded,
            **{side: _refunds(found.refund_sums(side)) for side in _SIDES},
            "by_category": [
                {"name": name, "before": _refunds(before), "after": _refunds(after)}
                for name, (before, after) in found.refunds_by_category().items()
            ],
        },
        "cost_cents_a_month": {
            side: {"promises": _cost(found.cost(side)), "refunds": _cost(found.refund_cost(side))} for side in _SIDES
        },
        "reviews_a_day": {side: round(found.reviews_a_day(side), 2) for side in _SIDES},
        "cutoffs": [asdict(one) for one in found.cutoffs],
        "costs": found.costs.version,
    }  # fmt: skip


def _move(one: Change) -> dict[str, Any]:
    named = {"merchant_id": one.merchant_id, "programme": one.programme, "move": one.move}
    return {**named, "value_cents": one.value_cents, "before": asdict(one.before), "after": asdict(one.after)}


_POLICIES = ("score", "programmes", "refunds")


def _groups(found: WhatIf) -> dict[str, Mapping[str, Tally]]:
    return {"by_programme": found.by_programme(), "by_category": found.by_category(), "by_size": found.by_size()}


def _tallies(group: Mapping[str, Tally]) -> list[dict[str, Any]]:
    return [{"name": name, **asdict(one)} for name, one in group.items()]


def _refunds(sums: RefundSums) -> dict[str, Any]:
    outcomes = {str(one): sums.outcomes.get(one, 0) for one in RefundOutcome}
    return {"outcomes": outcomes, "instant_cents": sums.instant_cents, "expected_loss_cents": sums.loss_cents}


def _cost(cost: Cost) -> dict[str, int]:
    return {name: round(value) for name, value in {**asdict(cost), "total": cost.total}.items()}


# Tables.


def lines(found: WhatIf, *, kind: str, currency: str) -> Iterator[str]:
    """As people read it on a terminal; amounts in whole units of the currency."""
    before, after = (getattr(side, kind).version for side in (found.before, found.after))
    yield f"{kind}: {before} -> {after}"
    yield f"{found.merchants:,} merchants as of {found.as_of:%Y-%m-%d %H:%M} UTC, {found.modelled:,} judged by a model"
    if not found.modelled:
        yield "No credit model judges anybody here, so no score decides: promote one first."
    yield ""
    yield from _answer_lines(found)
    for title, group in zip(("programme", "category", "orders a year"), _groups(found).values(), strict=True):
        yield ""
        yield from _tally_lines(title, group, currency)
    yield from _mover_lines(found)
    yield ""
    yield from _refund_lines(found, currency)
    yield ""
    yield from _cost_lines(found, currency)
    for one in found.cutoffs:
        yield from _cutoff_lines(one, found, currency)


def _answer_lines(found: WhatIf) -> Iterator[str]:
    counts = found.answers()
    yield f"{'places: before / after':<24}" + "".join(f"{one:>12}" for one in Outcome)
    for before in Outcome:
        yield f"{before:<24}" + "".join(f"{counts.get((before, after), 0):>12,}" for after in Outcome)


def _tally_lines(title: str, group: Mapping[str, Tally], currency: str) -> Iterator[str]:
    heads = ("places", "gain", "lose", "cap", "merchants +", "merchants -", f"{currency} 90d +", f"{currency} 90d -")
    yield f"{title:<24}" + "".join(f"{head:>13}" for head in heads)
    for name, one in group.items():
        counts = (one.places, one.gains, one.loses, one.caps, one.merchants_gaining, one.merchants_losing)
        cells = [*(f"{count:,}" for count in counts), money(one.value_gaining_cents), money(one.value_losing_cents)]
        yield f"{name or '(none)':<24}" + "".join(f"{cell:>13}" for cell in cells)


def _mover_lines(found: WhatIf) -> Iterator[str]:
    """Who loses or gains most, by order value."""
    moved: dict[str, list[Change]] = {}
    for one in found.changes:
        if one.move in (Move.GAINS, Move.LOSES):
            moved.setdefault(one.merchant_id, []).append(one)
    ranked = sorted(moved.items(), key=lambda one: (-one[1][0].value_cents, one[0]))
    if ranked:
        yield ""
        yield f"who moves, the greatest order value first ({min(len(ranked), _MOST_MOVERS)} of {len(ranked):,})"
    for merchant_id, places in ranked[:_MOST_MOVERS]:
        told = "; ".join(f"{move}: {', '.join(names)}" for move, names in _by_move(places).items())
        yield f"  {merchant_id:<14}{money(places[0].value_cents):>12}  {told}"


def _by_move(places: Sequence[Change]) -> dict[Move, list[str]]:
    found: dict[Move, list[str]] = {}
    for one in places:
        found.setdefault(one.move, []).append(one.programme)
    return found


def _refund_lines(found: WhatIf, currency: str) -> Iterator[str]:
    sums = {side: found.refund_sums(side) for side in _SIDES}
    rebuilt = "as decided on" if found.recorded else "rebuilt from returns; none was decided on"
    yield f"refunds of the last {found.days} days, {rebuilt}"
    yield f"{'':<24}" + "".join(f"{side:>14}" for side in _SIDES)
    for outcome in RefundOutcome:
        yield f"{outcome:<24}" + "".join(f"{sums[side].outcomes.get(outcome, 0):>14,}" for side in _SIDES)
    yield f"{f'paid at once, {currency}':<24}" + "".join(f"{money(sums[side].instant_cents):>14}" for side in _SIDES)
    yield f"{f'expected loss, {currency}':<24}" + "".join(f"{money(sums[side].loss_cents):>14}" for side in _SIDES)


def _cost_lines(found: WhatIf, currency: str) -> Iterator[str]:
    yield f"{f'a month, {currency}':<24}" + "".join(f"{side:>14}" for side in _SIDES)
    promises, refunds = ({side: by(side) for side in _SIDES} for by in (found.cost, found.refund_cost))
    rows = {
        "promises: loss": [promises[side].loss for side in _SIDES],
        "promises: not earned": [promises[side].lost for side in _SIDES],
        "promises: reviews": [promises[side].review for side in _SIDES],
        "refunds: loss": [refunds[side].loss for side in _SIDES],
        "refunds: reviews": [refunds[side].review for side in _SIDES],
        "in all": [promises[side].total + refunds[side].total for side in _SIDES],
    }
    for name, values in rows.items():
        yield f"{name:<24}" + "".join(f"{money(value):>14}" for value in values)
    yield f"{'reviews a day':<24}" + "".join(f"{found.reviews_a_day(side):>14.1f}" for side in _SIDES)


def _cutoff_lines(one: Cutoff, found: WhatIf, currency: str) -> Iterator[str]:
    share = f"{found.costs.give_or_take:.0%}"
    yield ""
    yield f"cut-off of band {one.band}, asked for by {len(one.programmes)} programmes; {one.places:,} doors hang on it"
    named = {"before": one.before, "after": one.after, "least cost": one.best}
    for name, score in named.items():
        yield f"  {name:<12}{score:>5}{money(one.cost_at(score)):>14} {currency} a month"
    yield f"  with losses {share} lower {one.best_low}, {share} higher {one.best_high}"
