"""`goodfaith shadow`: how far a challenger and the champion differ on live traffic."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings

if TYPE_CHECKING:
    from features.label_spec import LabelSpec
    from serving.shadow_report import Agreement, Matured, Report, Spread
    from serving.store_shadow import Outcome

__all__ = ["mount"]

Day = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="From this day (UTC) on; default: all of it.")
]


def mount(app: typer.Typer, *, label: "Callable[[str], LabelSpec]") -> None:
    """Put the command on the command line; `label` tells what is bad for a target."""

    @app.command()
    def shadow(
        target: Annotated[str, typer.Argument(help="credit or counterfeit.")],
        since: Day = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Tell how far the challenger's grades and decisions differ from the champion's, and who was right."""
        from serving.champions import TARGETS
        from serving.shadow_report import report_on
        from serving.store import opened

        if target not in TARGETS:
            raise typer.BadParameter(f"target {target!r} is none of {', '.join(TARGETS)}")
        with opened(Settings().database) as engine:
            found = report_on(engine, target, label=label, since=since.date() if since else None, now=datetime.now(UTC))
        typer.echo(json.dumps(found.plain(), indent=1) if as_json else "\n".join(_lines(found)))


def _lines(found: "Report") -> Iterator[str]:
    """The report as people read it."""
    pair = found.pair
    champion = f"champion {pair.champion}" if pair.champion else "no champion"
    yield f"{pair.target}: challenger {pair.challenger} beside {champion}, {found.first} to {found.last}"
    yield from _agreement_lines(found.agreement)
    if found.spread:
        yield f"  {_spread_line(found.spread)}"
    for kind, outcomes in groupby(found.outcomes, key=lambda one: one.kind):
        yield from _outcome_lines(kind, [*outcomes])
    yield from _matured_lines(found.matured) if found.matured else ("  no label of these days is mature yet",)


def _agreement_lines(told: "Agreement") -> Iterator[str]:
    yield (
        f"  {told.judged:,} merchants judged by both: {told.alike:,} ({told.alike / told.judged:.1%}) graded alike, "
        f"{told.riskier:,} riskier and {told.safer:,} safer by the challenger"
    )
    yield f"    {'champion / challenger':<22}" + "".join(f"{grade:>10}" for grade in told.grades)
    for live in told.grades:
        yield f"    {live:<22}" + "".join(f"{told.counts.get((live, shadow), 0):>10,}" for shadow in told.grades)


def _spread_line(spread: "Spread") -> str:
    digits = 0 if spread.unit == "points" else 3
    parts = ", ".join(f"{share}% {value:+.{digits}f}" for share, value in spread.quantiles.items())
    return f"challenger less champion, in {spread.unit}: mean {spread.mean:+.{max(digits, 1)}f}; {parts}"


def _outcome_lines(kind: str, outcomes: "list[Outcome]") -> Iterator[str]:
    count = sum(one.decisions for one in outcomes)
    alike = sum(one.decisions for one in outcomes if one.live == one.shadow)
    yield f"  {kind}: {count:,} decisions, {alike:,} ({alike / count:.1%}) alike"
    for one in outcomes:
        asked = f", {one.cents:,} cents asked for" if one.cents else ""
        yield f"    {one.live + ' -> ' + one.shadow:<34}{one.decisions:>10,}{asked}"


def _matured_lines(matured: "Matured") -> Iterator[str]:
    yield (
        f"  {matured.rows:,} merchant-months with a mature label, {matured.bad:,} bad: mean squared error of the "
        f"champion {matured.brier_live:.4f}, of the challenger {matured.brier_shadow:.4f} (lower is better)"
    )
    for name in ("riskier", "safer"):
        rows, bad = getattr(matured, name)
        yield f"    {name} by the challenger: {rows:,}, of whom {bad:,} turned out bad"
