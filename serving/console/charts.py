"""Small pictures as geometry; the templates draw them as SVG, so a page needs no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log10

from scoring.score_policy import Band

__all__ = ["BandLine", "Bar", "Dots", "Line", "Place", "bar", "dots", "line"]

#: Ends that a bar's scale may have: the nearest one keeps small rates apart.
_ENDS = (0.02, 0.05, 0.10, 0.25, 0.50, 1.0)
_WIDTH, _HEIGHT = 640, 180
_LOWEST_STRIP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rate on a scale from `least` to `most`: bounds and value as hundredths of the way."""

    least: float
    most: float
    begin: float
    end: float
    at: float


def bar(value: float, *, low: float, high: float, riskier: str) -> Bar:
    """A rate between its bounds; where a lower rate is riskier, the scale is cut at its lower end.

    >>> bar(0.02, low=0.01, high=0.04, riskier="higher")
    Bar(least=0.0, most=0.05, begin=20.0, end=80.0, at=40.0)
    >>> bar(0.95, low=0.92, high=0.97, riskier="lower").least
    0.9
    """
    if riskier == "lower":
        least, most = 1.0 - next(end for end in _ENDS if 1.0 - end <= min(low, value)), 1.0
    else:
        least, most = 0.0, next((end for end in _ENDS if max(high, value) <= end), max(high, value))
    placed = [round(100 * (one - least) / (most - least), 1) for one in (low, high, value)]
    return Bar(least=round(least, 4), most=most, begin=placed[0], end=placed[1], at=placed[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class BandLine:
    """Where a band begins, and where its name stands."""

    name: str
    y: float
    middle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Scores over time: first and last, the corners of the line, and the bands behind it."""

    first: int
    last: int
    points: tuple[tuple[float, float], ...]
    bands: tuple[BandLine, ...]
    width: int = _WIDTH
    height: int = _HEIGHT

    @property
    def path(self) -> str:
        """The corners as SVG writes them."""
        return " ".join(f"{x},{y}" for x, y in self.points)


def line(scores: Sequence[tuple[datetime, int]], bands: Sequence[Band]) -> Line | None:
    """The line through scores, oldest first; of several at one moment the last stands, and one alone is no line."""
    scores = list(dict(scores).items())
    if len(scores) < 2:
        return None
    least, most = min(score for _, score in scores) - 20, max(score for _, score in scores) + 20
    first, last = scores[0][0], scores[-1][0]
    whole = (last - first).total_seconds() or 1.0

    def y(score: float) -> float:
        return round(_HEIGHT * (most - score) / (most - least), 1)

    points = tuple((round(_WIDTH * (at - first).total_seconds() / whole, 1), y(score)) for at, score in scores)
    # A strip that is too low for its name is left without one.
    shown = [band for band in bands if min(band.most, most) - max(band.least, least) > (most - least) * _LOWEST_STRIP]
    lines = [
        BandLine(name=b.name, y=y(max(b.least, least)), middle=(y(max(b.least, least)) + y(min(b.most, most))) / 2)
        for b in shown
    ]
    return Line(first=scores[0][1], last=scores[-1][1], points=points, bands=tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something with two amounts, both on one scale."""

    x: float
    y: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """Places on two equal logarithmic scales: (x, y, whether above the diagonal, name), and the powers of ten."""

    marks: tuple[tuple[float, float, bool, str], ...]
    ticks: tuple[tuple[float, str], ...]
    width: int = _WIDTH
    height: int = _WIDTH // 2


def dots(places: Sequence[Place]) -> Dots:
    """Places by two amounts; what is below 1 stands at 1.

    >>> dots([Place(x=10, y=100, name="a")]).marks
    ((320.0, 0.0, True, 'a'),)
    """
    digits = max(1, ceil(log10(max(1.0, *(one.x for one in places), *(one.y for one in places)))))

    def along(amount: float) -> float:
        return log10(max(amount, 1.0)) / digits

    marks = tuple(
        (round(_WIDTH * along(one.x), 1), round(_WIDTH // 2 * (1 - along(one.y)), 1), one.y > one.x, one.name)
        for one in places
    )
    ticks = tuple((round(_WIDTH * power / digits, 1), f"{10**power:,}") for power in range(digits + 1))
    return Dots(marks=marks, ticks=ticks)
