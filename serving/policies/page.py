"""A simulation of a changed policy as one HTML file, whole in itself, in English and Chinese."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from scoring.admission import Outcome
from scoring.cutoffs import Cutoff, Point
from scoring.refunds import RefundOutcome
from scoring.weighing import Tally, WhatIf
from scoring.what_if import Change, Move
from serving.errors import OutputUnwritable
from serving.policies.told import money

__all__ = ["Bars", "Curve", "bars", "curve", "page", "write_page"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 560, 280, 66, 30, 40
#: So many points to either side of the cut-offs are shown.
_AROUND = 50
_MOST_MOVERS = 20

#: What people are told in the two languages.
_WORDS = {
    "admit": "准入", "conditions": "有条件准入", "review": "人工审核", "refuse": "拒绝",
    "instant": "极速退款", "on_return_scan": "退货揽收后退款", "standard": "普通退款",
    "score": "信用分政策", "programmes": "保障计划政策", "refunds": "极速退款政策",
    "before": "变更前", "after": "变更后",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One row of a picture: how far places lost reach to the left and places gained to the right, in hundredths."""

    name: str
    name_zh: str
    tally: Tally
    left: float
    right: float


def bars(group: Mapping[str, Tally], names: Mapping[str, tuple[str, str]]) -> tuple[Bars, ...]:
    """The rows of a picture; the longest bar of all fills its half."""
    longest = max((max(one.gains, one.loses) for one in group.values()), default=0) or 1
    return tuple(
        Bars(
            name=names.get(name, (name or "(none)", ""))[0],
            name_zh=names.get(name, ("", ""))[1],
            tally=one,
            left=round(100 * one.loses / longest, 1),
            right=round(100 * one.gains / longest, 1),
        )
        for name, one in group.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A cut-off in the picture: where it stands, on which line of writing above, and to which side it is named."""

    kind: str
    score: int
    x: float
    row: int
    leftwards: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What cut-offs cost, as corners of three lines: as the costs are, and with losses lower and higher."""

    cutoff: Cutoff
    cost: str
    low: str
    high: str
    marks: tuple[Mark, ...]
    scores: tuple[tuple[float, int], ...]
    amounts: tuple[tuple[float, str], ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    bottom: int = _HEIGHT - _BOTTOM
    top: int = _TOP


def curve(cutoff: Cutoff) -> Curve:
    """The picture of a cut-off and its neighbourhood; the axis of costs begins where they are least."""
    named = {"before": cutoff.before, "after": cutoff.after, "best": cutoff.best}
    first, last = min(named.values()) - _AROUND, max(named.values()) + _AROUND
    points = [one for one in cutoff.points if first <= one.score <= last]
    first, last = points[0].score, points[-1].score
    costs = [cost for one in points for cost in (one.cost, one.low, one.high)]
    least, most = min(costs), max(costs)

    def x(score: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - 10) * (score - first) / max(last - first, 1), 1)

    def y(cents: float) -> float:
        return round(_TOP + (_HEIGHT - _BOTTOM - _TOP) * (most - cents) / ((most - least) or 1.0), 1)

    def line(of: Callable[[Point], float]) -> str:
        return " ".join(f"{x(one.score)},{y(of(one))}" for one in points)

    return Curve(
        cutoff=cutoff,
        cost=line(lambda one: one.cost),
        low=line(lambda one: one.low),
        high=line(lambda one: one.high),
        marks=_marks({kind: (score, x(score)) for kind, score in named.items()}),
        scores=tuple((x(score), score) for score in range(-(-first // 20) * 20, last + 1, 20)),
        amounts=tuple((y(cents), money(cents)) for cents in (least + (most - least) * part / 4 for part in range(5))),
    )


def _marks(named: Mapping[str, tuple[int, float]]) -> tuple[Mark, ...]:
    """The marks with their names beside them, so that no name is crossed by another's line."""
    ordered = sorted(named.items(), key=lambda one: one[1])
    # The first is named to the left; the next one above the last, whose line begins below that name.
    return tuple(
        Mark(kind=kind, score=score, x=x, row=row, leftwards=place == 0)
        for place, ((kind, (score, x)), row) in enumerate(zip(ordered, (1, 0, 1), strict=True))
    )


def page(found: WhatIf, *, kind: str, currency: str) -> str:
    """The whole page; `kind` is the policy that changes."""
    environment = Environment(
        loader=PackageLoader("serving", "pages"), autoescape=select_autoescape(), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["money"] = money
    programmes = {one.id: (one.name, one.name_zh) for one in found.before.programmes.programmes}
    programmes |= {one.id: (one.name, one.name_zh) for one in found.after.programmes.programmes}
    groups = (
        ("By programme", "按保障计划", bars(found.by_programme(), programmes)),
        ("By category", "按商家类目", bars(found.by_category(), {"": ("(none)", "未知")})),
        ("By orders a year", "按年订单量", bars(found.by_size(), {})),
    )
    return environment.get_template("what_if.html").render(
        found=found, kind=kind, currency=currency, words=_WORDS, outcomes=tuple(Outcome), ways=tuple(RefundOutcome),
        versions=tuple(getattr(side, kind).version for side in (found.before, found.after)),
        groups=groups, curves=tuple(map(curve, found.cutoffs)), movers=_movers(found.changes, programmes),
        sides=("before", "after"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A merchant that gains or loses places."""

    merchant_id: str
    category: str
    size: str
    value_cents: int
    gains: tuple[tuple[str, str], ...]
    loses: tuple[tuple[str, str], ...]


def _movers(changes: Sequence[Change], names: Mapping[str, tuple[str, str]]) -> tuple[tuple[Mover, ...], int]:
    """Who gains or loses, the greatest order value first: the first of them, and how many there are."""
    moved: dict[str, list[Change]] = {}
    for one in changes:
        if one.move in (Move.GAINS, Move.LOSES):
            moved.setdefault(one.merchant_id, []).append(one)
    ranked = sorted(moved.values(), key=lambda places: (-places[0].value_cents, places[0].merchant_id))
    return tuple(_mover(places, names) for places in ranked[:_MOST_MOVERS]), len(ranked)


def _mover(places: Sequence[Change], names: Mapping[str, tuple[str, str]]) -> Mover:
    def named(move: Move) -> tuple[tuple[str, str], ...]:
        return tuple(names[one.programme] for one in places if one.move is move)

    first = places[0]
    return Mover(merchant_id=first.merchant_id, category=first.category, size=first.size, value_cents=first.value_cents,
                 gains=named(Move.GAINS), loses=named(Move.LOSES))  # fmt: skip


def write_page(path: Path, text: str) -> None:
    """Write the page. Raises `OutputUnwritable`."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputUnwritable(f"{path} cannot be written: {error.strerror or error}") from error
