"""Commands of the training floor: labels, train, drift; those about versions are in `training.model_commands`.

Modules that take seconds to import (LightGBM, MLflow) are imported inside the commands that need them, so that
`goodfaith --help` and the commands of other floors stay quick.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.commands import as_of_day, check_writable, read_log, tell, write_parquet
from features.progress import shown
from features.settings import Settings
from training import model_commands
from training.errors import RecipeBroken
from training.lines import faults, lines
from training.model_commands import OF_TARGETS, check_target, registry
from training.recipe import TABLE, TARGETS, Recipe, find_recipe, recipe_text
from training.text_recipe import TextRecipe, reads_texts

if TYPE_CHECKING:
    import pyarrow as pa

    from features.log import EventLog
    from features.random_arm import RandomArm, Share
    from training.selection import Propensities
    from training.table import Asked
    from training.train import Report

__all__ = ["app"]

app = typer.Typer()
app.add_typer(model_commands.app)

Target = Annotated[str, typer.Option("--target", help=OF_TARGETS)]
Events = Annotated[
    list[Path] | None,
    typer.Option("--events", help="An event log: Parquet, or JSON lines; repeat it for several.", exists=True),
]
Store = Annotated[bool, typer.Option("--store", help="Read the events of the store.")]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="A recipe file, or the name of a shipped one.")]
#: Whoever tells, from the decisions in the store, whom a lot let in or not: a table as `--propensities` holds it.
Lots = Callable[[], "pa.Table"]
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
    found = labels_of(log, read_spine(spine), made.label, watch=shown)
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
    context: typer.Context,
    target: Annotated[str | None, typer.Option("--target", help=OF_TARGETS)] = None,
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
    fair: Annotated[
        list[str] | None, typer.Option("--fair", help="A column by which all are to be treated alike; repeat it.")
    ] = None,
    propensities: Annotated[
        Path | None,
        typer.Option("--propensities", help="How likely merchants were to be let in (Parquet).", exists=True),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a model from history, prove it on later rows, and register it; `promote` puts it to work.

    With --table and --label it learns what a column of any table says; that run is kept, and no model registered.
    With --table and --recipe complaints it learns what complaints are about from columns `text` and `topic`. From the
    store, a recipe that weighs its rows takes the chances of the store's lots, unless --propensities says others.
    """
    if (target is None) == (table is None):
        raise typer.BadParameter("give either --target TARGET or --table FILE")
    if table is not None and reads_texts(recipe):
        typer.echo(_from_texts(table, str(recipe), as_json))
        return
    if table is not None:
        if events or store or until or propensities or label is None:
            raise typer.BadParameter("--table FILE needs --label COLUMN, and nothing of a log")
        report = _from_table(table, _asked(label, time, group, riskier, fair), recipe)
    else:
        if label or time or group or riskier or fair:
            raise typer.BadParameter("--label, --time, --group, --riskier and --fair are for --table FILE")
        made = _recipe(recipe, str(target))
        chances = _chances(propensities, context.obj if store and made.selection.weigh else None)
        report = _from_log(made, read_log(events, store), until, chances)
    typer.echo(json.dumps(report.plain(), indent=1) if as_json else "\n".join(lines(report)))


def _asked(
    label: str, time: str | None, group: str | None, riskier: list[str] | None, fair: list[str] | None
) -> "Asked":
    from training.table import Asked

    ways = dict(one.rpartition("=")[::2] for one in riskier or ())
    for column, way in ways.items():
        if not column or way not in ("higher", "lower"):
            raise typer.BadParameter(f"--riskier takes COLUMN=higher or COLUMN=lower, not {column or way!r}")
    return Asked(label=label, time=time, group=group, riskier=ways, fair=tuple(fair or ()))


def _from_table(table: Path, asked: "Asked", recipe: str | None) -> "Report":
    from training.table import read_table
    from training.train_table import train_table

    made = _meant_for(recipe or TABLE, TABLE)
    return train_table(read_table(table, asked), made, registry=registry(), journal=_journal(), say=_say)


def _chances(file: Path | None, lots: Lots | None) -> "Propensities | None":
    """How likely merchants were to be let in: by a file, or by whoever has what the store's own lots drew."""
    from training.selection import propensities_in, read_propensities

    if file or lots is None:
        return read_propensities(file) if file else None
    found = propensities_in(lots(), named="the store")
    _say(f"{len(found):,} months of merchants were decided by lot")
    return found


def _from_texts(table: Path, recipe: str, as_json: bool) -> str:
    from training.text_train import text_lines, train_texts
    from training.texts import complaint_policy, read_texts

    made, policy = TextRecipe.parse(recipe_text(recipe)), complaint_policy()
    report = train_texts(read_texts(table, made, policy), made, policy, registry=registry(), say=_say)
    return json.dumps(report.plain(), indent=1) if as_json else "\n".join(text_lines(report))


def _from_log(recipe: Recipe, log: "EventLog", until: str | None, chances: "Propensities | None") -> "Report":
    from training.train import Given
    from training.train import train as make

    given = Given(
        until=as_of_day(until) if until else None,
        journal=_journal(),
        propensities=chances,
        watch=shown,
    )
    return make(log, recipe, registry=registry(), given=given, say=_say, heard=tell)


def _journal() -> Path:
    """What was tried in tuning."""
    return Settings().home / "tuning.log"


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
        check_target(name)
    page = out or Settings().home / "drift.html"
    check_writable(page)
    first = as_of_day(since).date() if since else None
    found = run(registry(), read_log(events, not events), target or TARGETS, since=first, say=_say)
    page.write_text(drift_page(found), encoding="utf-8")
    write_metrics(found, page.with_suffix(".prom"))
    if as_json:
        typer.echo(json.dumps([one.plain() for one in found], indent=1))
    for one in () if as_json else found:
        typer.echo(f"{one.target} {one.version}: {one.advice}, {len(one.shifted)} of {len(one.inputs)} inputs shifted")
        typer.echo("".join(f"  alarm: {alarm}\n" for alarm in one.alarms), nl=False)
        typer.echo("".join(f"  early sign: {name} has risen\n" for name in one.early.risen), nl=False)
    typer.echo(f"{page}: the whole of it", err=True)
    if any(one.alarms for one in found):
        raise typer.Exit(1)


def _recipe(name: str | None, target: str) -> Recipe:
    check_target(target)
    return _meant_for(name or target, target)


def _meant_for(name: str, target: str) -> Recipe:
    recipe = find_recipe(name)
    if recipe.target != target:
        raise RecipeBroken("target", f"is {recipe.target!r}, and {target!r} was asked for")
    return recipe


def _say(text: str) -> None:
    typer.echo(f"{text} ...", err=True)


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
