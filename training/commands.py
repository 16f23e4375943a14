"""Commands of the training floor: labels, train, models, promote.

Modules that take seconds to import (LightGBM, MLflow) are imported inside the commands that need them, so that
`goodfaith --help` and the commands of other floors stay quick.
"""

import json
import math
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.commands import as_of_day, check_writable, read_log, tell, write_parquet
from features.settings import Settings
from training.errors import RecipeBroken
from training.lines import faults, lines
from training.recipe import TABLE, TARGETS, Recipe, find_recipe

if TYPE_CHECKING:
    from features.log import EventLog
    from features.random_arm import RandomArm, Share
    from training.registry import Promotion, Registry
    from training.table import Asked
    from training.train import Report

__all__ = ["app"]

app = typer.Typer()

_TARGETS = f"One of {', '.join(TARGETS)}."
Target = Annotated[str, typer.Option("--target", help=_TARGETS)]
Events = Annotated[
    list[Path] | None,
    typer.Option("--events", help="An event log: Parquet, or JSON lines; repeat it for several.", exists=True),
]
Store = Annotated[bool, typer.Option("--store", help="Read the events of the store.")]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="A recipe file, or the name of a shipped one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def labels(
    target: Target,
    spine: Annotated[Path, typer.Option("--spine", help="Merchants and midnights to answer.", exists=True)],
    out: Annotated[Path, typer.Option("--out", help="Where to write the labels (Parquet).")],
    events: Events = None,
    store: Store = False,
    recipe: RecipeName = None,
    as_json: Json = False,
) -> None:
    """Write what became of merchants after each moment of a spine: label, reason, maturity; tell whose fault it was."""
    from features.labels import labels_of
    from features.random_arm import random_arm
    from features.spine import read_spine

    check_writable(out)
    made = _recipe(recipe, target)
    log = read_log(events, store)
    found = labels_of(log, read_spine(spine), made.label)
    write_parquet(found.rows, out)
    arm = random_arm(log) if made.label.kind == "counterfeit" else None
    reasons = Counter(found.rows["reason"].to_pylist())
    if as_json:
        told = {"rows": found.rows.num_rows, "reasons": dict(reasons.most_common()), "faults": dict(found.parties)}
        told |= {"random_arm": arm.plain()} if arm else {}
        typer.echo(json.dumps(told, indent=1))
        return
    typer.echo(f"{out}: {found.rows.num_rows} labels", err=True)
    typer.echo("\n".join([f"{count:>9,}  {reason}" for reason, count in reasons.most_common()]), err=True)
    typer.echo("\n".join(_arm_lines(arm)) if arm else faults(found.parties), err=True)


@app.command()
def train(
    target: Annotated[str | None, typer.Option("--target", help=_TARGETS)] = None,
    events: Events = None,
    store: Store = False,
    recipe: RecipeName = None,
    until: Annotated[str | None, typer.Option("--until", help="Use nothing known on this date or later.")] = None,
    table: Annotated[Path | None, typer.Option("--table", help="Learn from this Parquet or CSV instead.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="The table's column to foretell: 1 = bad, 0.")] = None,
    time: Annotated[
        str | None, typer.Option("--time", help="Its column of time; the latest rows are the test.")
    ] = None,
    group: Annotated[str | None, typer.Option("--group", help="Its column of what rows belong to; kept whole.")] = None,
    riskier: Annotated[list[str] | None, typer.Option("--riskier", help="COLUMN=higher, or =lower; repeat it.")] = None,
    propensities: Annotated[
        Path | None,
        typer.Option("--propensities", help="How likely merchants were to be let in (Parquet).", exists=True),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a model from history, prove it on later rows, and register it; `promote` puts it to work.

    With --table and --label it learns what a column of any table says; that run is kept, and no model registered.
    """
    if (target is None) == (table is None):
        raise typer.BadParameter("give either --target TARGET or --table FILE")
    if table is not None:
        if events or store or until or propensities or label is None:
            raise typer.BadParameter("--table FILE needs --label COLUMN, and nothing of a log")
        report = _from_table(table, _asked(label, time, group, riskier), recipe)
    else:
        if label or time or group or riskier:
            raise typer.BadParameter("--label, --time, --group and --riskier are for --table FILE")
        report = _from_log(_recipe(recipe, str(target)), read_log(events, store), until, propensities)
    typer.echo(json.dumps(report.plain(), indent=1) if as_json else "\n".join(lines(report)))


def _asked(label: str, time: str | None, group: str | None, riskier: list[str] | None) -> "Asked":
    from training.table import Asked

    ways = dict(one.rpartition("=")[::2] for one in riskier or ())
    for column, way in ways.items():
        if not column or way not in ("higher", "lower"):
            raise typer.BadParameter(f"--riskier takes COLUMN=higher or COLUMN=lower, not {column or way!r}")
    return Asked(label=label, time=time, group=group, riskier=ways)


def _from_table(table: Path, asked: "Asked", recipe: str | None) -> "Report":
    from training.table import read_table
    from training.train_table import train_table

    made = _meant_for(recipe or TABLE, TABLE)
    return train_table(read_table(table, asked), made, registry=_registry(), journal=_journal(), say=_say)


def _from_log(recipe: Recipe, log: "EventLog", until: str | None, propensities: Path | None) -> "Report":
    from training.selection import read_propensities
    from training.train import Given
    from training.train import train as make

    given = Given(
        until=as_of_day(until) if until else None,
        journal=_journal(),
        propensities=read_propensities(propensities) if propensities else None,
    )
    return make(log, recipe, registry=_registry(), given=given, say=_say, heard=tell)


def _journal() -> Path:
    """What was tried in tuning."""
    return Settings().home / "tuning.log"


@app.command()
def models(as_json: Json = False) -> None:
    """List every registered model, and what was champion when."""
    registry = _registry()
    found = [one for target in TARGETS for one in registry.versions(target)]
    if as_json:
        rows = [
            {
                "target": one.target,
                "version": one.version,
                "aliases": list(one.aliases),
                "created_at": one.created_at.isoformat(),
                "metrics": dict(one.metrics),
            }
            for one in found
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    for one in found:
        auc = f"AUC {one.metrics['auc']:.3f}" if "auc" in one.metrics else "no AUC"
        typer.echo(f"{one.target} {one.version}  {one.created_at:%Y-%m-%d %H:%M}  {auc}  {' '.join(one.aliases)}")
    for target in TARGETS:
        for event in registry.history(target):
            typer.echo(f"{event.at:%Y-%m-%d %H:%M}  {target} {event.version} became champion{_why(event)}")


@app.command()
def compare(
    target: Annotated[str, typer.Argument(help=_TARGETS)],
    first: Annotated[str, typer.Argument(help="A version that `models` lists.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """Put two versions side by side, on the rows on which both were tested."""
    from training.compare import compare as pair
    from training.evaluate import METRICS

    _known(target)
    found = pair(_registry(), target, first, second)
    if as_json:
        typer.echo(json.dumps(found.plain(), indent=1))
        return
    typer.echo(f"{target}: {found.verdict}")
    typer.echo(f"    {'':<22}{first:<24}{second}")
    for name in METRICS:
        if found.judged:
            told = [str(side.figures[name]) for side in found.judged]
        else:
            told = [f"{side.metrics.get(name, math.nan):.3f}" for side in (found.first, found.second)]
        typer.echo(f"    {name:<22}{told[0]:<24}{told[1]}")
    if found.gain:
        typer.echo(f"    AUC gain of {second} over {first} on {found.shared:,} common rows: {found.gain}")


@app.command()
def drift(
    since: Annotated[str | None, typer.Option("--since", help="Look at labels of moments from this day on.")] = None,
    events: Events = None,
    target: Annotated[list[str] | None, typer.Option("--target", help="Of these models only; repeat it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The page to write (default: drift.html in HOME).")] = None,
    as_json: Json = False,
) -> None:
    """Tell how far merchants have moved away from what the champions learned; ends with 1 when an alarm fires.

    It reads the store, or a log. Beside the page it writes `drift.prom` for Prometheus.
    """
    from training.drift_run import run, write_metrics
    from training.report.page import drift_page

    for name in target or ():
        _known(name)
    page = out or Settings().home / "drift.html"
    check_writable(page)
    first = as_of_day(since).date() if since else None
    found = run(_registry(), read_log(events, not events), target or TARGETS, since=first, say=_say)
    page.write_text(drift_page(found), encoding="utf-8")
    write_metrics(found, page.with_suffix(".prom"))
    if as_json:
        typer.echo(json.dumps([one.plain() for one in found], indent=1))
    for one in () if as_json else found:
        typer.echo(f"{one.target} {one.version}: {one.advice}, {len(one.shifted)} of {len(one.inputs)} inputs shifted")
        typer.echo("".join(f"  alarm: {alarm}\n" for alarm in one.alarms), nl=False)
    typer.echo(f"{page}: the whole of it", err=True)
    if any(one.alarms for one in found):
        raise typer.Exit(1)


@app.command()
def rollback(
    target: Annotated[str, typer.Argument(help=_TARGETS)],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept for ever.")] = "rolled back",
    by: Annotated[str, typer.Option("--by", envvar="USER", help="Who.")] = "unknown",
) -> None:
    """Make the version champion that was it before the present one."""
    from features.catalogue import CATALOGUE
    from training.promote import roll_back
    from training.registry import Promotion

    _known(target)
    wish = Promotion(version="", at=datetime.now(UTC), by=by, reason=reason)
    declarations = {one.name: one.declaration() for one in CATALOGUE}
    before, after = roll_back(_registry(), target, wish, declarations=declarations)
    typer.echo(f"{target}: version {after} is the champion again, after version {before}")


@app.command()
def promote(
    target: Annotated[str, typer.Argument(help=_TARGETS)],
    version: Annotated[str, typer.Argument(help="A version that `models` lists.")],
    force: Annotated[bool, typer.Option("--force", help="Also when it is worse on record.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept for ever.")] = "",
    by: Annotated[str, typer.Option("--by", envvar="USER", help="Who.")] = "unknown",
) -> None:
    """Make a version the champion that serving answers with."""
    from features.catalogue import CATALOGUE
    from training.promote import promote as move
    from training.registry import Promotion

    _known(target)
    if force and not reason.strip():
        raise typer.BadParameter("--force needs --reason TEXT")
    wish = Promotion(version=version, at=datetime.now(UTC), by=by, reason=reason, forced=force)
    declarations = {one.name: one.declaration() for one in CATALOGUE}
    registry = _registry()
    before, after = move(registry, target, wish, declarations=declarations)
    typer.echo(f"{target}: version {after} is the champion" + (f", after version {before}" if before else ""))
    figures = registry.version(target, after).metrics
    if figures.get("gain.auc.low", 0.0) <= 0.0:
        # Whoever promotes should know, though there may be nothing better to serve.
        typer.echo(
            f"{target}: version {after} was not shown to beat one shrunk past rate (see `train`'s report)", err=True
        )


def _known(target: str) -> None:
    if target not in TARGETS:
        raise typer.BadParameter(f"target {target!r} is none of {', '.join(TARGETS)}")


def _recipe(name: str | None, target: str) -> Recipe:
    _known(target)
    return _meant_for(name or target.replace("_", "-"), target)


def _meant_for(name: str, target: str) -> Recipe:
    recipe = find_recipe(name)
    if recipe.target != target:
        raise RecipeBroken("target", f"is {recipe.target!r}, and {target!r} was asked for")
    return recipe


def _registry() -> "Registry":
    from training.registry import Registry

    return Registry(Settings().mlflow)


def _say(text: str) -> None:
    typer.echo(f"{text} ...", err=True)


def _why(event: "Promotion") -> str:
    reason = f": {event.reason}" if event.reason else ""
    return f" by {event.by}{' (forced)' if event.forced else ''}{reason}"


def _arm_lines(arm: "RandomArm") -> list[str]:
    """How many sell fakes, by inspections at random, and how many of those had been found otherwise."""
    titles = {
        "merchants": "merchants inspected at random, found to sell fakes",
        "listings": "listings inspected at random, found to be fakes",
        "recall": "merchants found so, whom reports or other inspections had found before",
    }
    return [f"{title}: {_share(getattr(arm, name))}" for name, title in titles.items()]


def _share(share: "Share") -> str:
    if share.share is None:
        return f"{share.found:,} of {share.of:,}, too few to tell"
    return f"{share.found:,} of {share.of:,}, {share.share:.1%} [{share.low:.1%}, {share.high:.1%}]"
