"""Commands of the training floor: labels, train, drift; those about versions are in `training.model_commands`.

Modules that take seconds to import (LightGBM, MLflow) are imported inside the commands that need them, so that
`goodfaith --help` and the commands of other floors stay quick.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.commands import as_of_day, check_writable, read_log, tell, write_parquet
from features.settings import Settings
from training import model_commands
from training.errors import RecipeBroken
from training.model_commands import OF_TARGETS, check_target, registry
from training.recipe import TARGETS, Recipe, find_recipe

if TYPE_CHECKING:
    from features.random_arm import RandomArm, Share
    from training.train import Proof, Report, Side

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
    typer.echo("\n".join(_arm_lines(arm)) if arm else _faults(found.parties), err=True)


@app.command()
def train(
    target: Target,
    events: Events = None,
    store: Store = False,
    recipe: RecipeName = None,
    until: Annotated[str | None, typer.Option("--until", help="Use nothing known on this date or later.")] = None,
    propensities: Annotated[
        Path | None,
        typer.Option("--propensities", help="How likely merchants were to be let in (Parquet).", exists=True),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a model from history, prove it on later rows, and register it; `promote` puts it to work."""
    from training.selection import read_propensities
    from training.train import Given
    from training.train import train as make

    made = _recipe(recipe, target)
    log = read_log(events, store)
    end = as_of_day(until) if until else None
    given = Given(
        until=end,
        journal=Settings().home / "tuning.log",
        propensities=read_propensities(propensities) if propensities else None,
    )
    report = make(log, made, registry=registry(), given=given, say=_say, heard=tell)
    typer.echo(json.dumps(report.plain(), indent=1) if as_json else "\n".join(_lines(report)))


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
    typer.echo(f"{page}: the whole of it", err=True)
    if any(one.alarms for one in found):
        raise typer.Exit(1)


def _recipe(name: str | None, target: str) -> Recipe:
    check_target(target)
    recipe = find_recipe(name or target.replace("_", "-"))
    if recipe.target != target:
        raise RecipeBroken("target", f"is {recipe.target!r}, and {target!r} was asked for")
    return recipe


def _say(text: str) -> None:
    typer.echo(f"{text} ...", err=True)


def _lines(report: "Report") -> list[str]:
    """The report as people read it."""
    plain: dict[str, Any] = report.plain()
    lines = [
        f"{plain['name']} version {plain['version']}, recipe {plain['recipe']}",
        f"{plain['rows']:,} merchant-months with a mature label, {plain['inputs']} inputs",
    ]
    if report.faults:
        lines.append(_faults(report.faults))
    for proof in report.proofs:
        lines += ["", *_proof_lines(proof)]
    return lines


def _faults(parties: Mapping[str, int]) -> str:
    """Whose fault it was that orders went wrong."""
    told = ", ".join(f"{party} {count:,}" for party, count in parties.items() if count)
    return f"orders that went wrong, by whose fault it was: {told or 'none'}"


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


_SIDES = {
    "all": "all merchants", "unseen": "merchants unseen in training", "returning": "merchants learned from before",
}  # fmt: skip


def _proof_lines(proof: "Proof") -> list[str]:
    lines = [
        f"split {proof.split}: learned from {len(proof.train):,} rows ({proof.train.bad:,} bad) of "
        f"{proof.train.as_of.min().item():%Y-%m-%d} to {proof.train.as_of.max().item():%Y-%m-%d}, "
        f"tested on {proof.test_from:%Y-%m-%d} to {proof.test_to:%Y-%m-%d}"
    ]
    if proof.overlap:
        lines.append(f"  overlap stated: {proof.overlap}; these figures are kinder than the truth")
    for name, side in proof.sides.items():
        lines += _side_lines(_SIDES[name], side)
    return lines


def _side_lines(title: str, side: "Side") -> list[str]:
    names = [side.served, *(name for name in side.judged if name != side.served)]
    head = f"  {title}: {side.model.rows:,} rows, {side.model.bad:,} bad, {side.model.merchants:,} merchants"
    rows = [
        f"    {figure:<22}" + "".join(f"{side.judged[name].figures[figure]!s:<24}" for name in names).rstrip()
        for figure in side.model.figures
    ]
    chance = f"    a perfectly calibrated model would show an ece of about {side.chance:.3f} on so many rows"
    if side.bounds.hidden:
        chance += (
            f"\n    {side.bounds.hidden:,} more rows are of merchants removed before their label: bad were "
            f"{side.bounds.bad_low:.1%} to {side.bounds.bad_high:.1%}, AUC {side.bounds.auc_none:.3f} if none of them "
            f"was, {side.bounds.auc_all:.3f} if all were"
        )
    gain = f"    AUC gain of {side.served} over the shrunk rate {side.gain}: {side.verdict}"
    return [head, f"    {'':<22}" + "".join(f"{name:<24}" for name in names).rstrip(), *rows, chance, gain]
