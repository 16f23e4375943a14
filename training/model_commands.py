"""Commands about versions of models: models, compare, promote, challenge, rollback.

Modules that take seconds to import (MLflow) are imported inside the commands that need them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.settings import Settings
from training.recipe import TARGETS
from training.text_recipe import TEXTS
from training.text_record import TEXT_FIGURE

if TYPE_CHECKING:
    from training.promote import Live
    from training.registry import Challenge, Promotion, Registry, Version

__all__ = ["OF_TARGETS", "app", "check_target", "registry"]

app = typer.Typer()

OF_TARGETS = f"One of {', '.join(TARGETS)}."
#: What is kept in the registry: models of merchants, and the one that reads complaints.
_KEPT = (*TARGETS, TEXTS)
Target = Annotated[str, typer.Argument(help=OF_TARGETS)]
Kept = Annotated[str, typer.Argument(help=f"One of {', '.join(_KEPT)}.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept for ever.")]
By = Annotated[str, typer.Option("--by", envvar="USER", help="Who.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def registry() -> "Registry":
    """The registry of the settings."""
    from training.registry import Registry

    return Registry(Settings().mlflow)


def check_target(target: str, among: tuple[str, ...] = TARGETS) -> None:
    """Refuse, as wrong usage, a target that there is none of."""
    if target not in among:
        raise typer.BadParameter(f"target {target!r} is none of {', '.join(among)}")


@app.command()
def models(
    at: Annotated[
        str | None, typer.Option("--at", help="Tell what was live at a moment (ISO 8601 with its offset).")
    ] = None,
    as_json: Json = False,
) -> None:
    """List every registered model, and who was champion or challenger when; or what was live at a moment."""
    found = registry()
    if at is None:
        typer.echo(json.dumps(_rows(found), indent=1) if as_json else "\n".join(_listed(found)))
        return
    from training.promote import live_at
    from training.registry import SERVED

    live = [live_at(found, target, _moment(at)) for target in (*SERVED, TEXTS)]
    typer.echo(json.dumps([_live_row(one) for one in live], indent=1) if as_json else "\n".join(map(_live_line, live)))


def _rows(found: "Registry") -> list[dict[str, Any]]:
    rows = []
    for target in _KEPT:
        history = _by_version(found, target)
        rows += [_row(one, history.get(one.version, ())) for one in found.versions(target)]
    return rows


def _row(one: "Version", events: "Sequence[Promotion | Challenge]") -> dict[str, Any]:
    return {
        "target": one.target,
        "version": one.version,
        "aliases": list(one.aliases),
        "created_at": one.created_at.isoformat(),
        "metrics": dict(one.metrics),
        "history": [_event_row(event) for event in events],
    }


def _by_version(found: "Registry", target: str) -> dict[str, list["Promotion | Challenge"]]:
    """What became of each version; the end of a challenge is told of whoever was the challenger."""
    told: dict[str, list[Promotion | Challenge]] = {}
    for promotion in found.history(target):
        told.setdefault(promotion.version, []).append(promotion)
    version = ""
    for challenge in found.challenges(target):
        version = challenge.version or version
        told.setdefault(version, []).append(challenge)
    return {name: sorted(events, key=lambda one: one.at) for name, events in told.items()}


def _event_row(event: "Promotion | Challenge") -> dict[str, Any]:
    became = "champion" if hasattr(event, "forced") else "challenger" if event.version else "no challenger"
    return {
        "at": event.at.isoformat(),
        "became": became,
        "by": event.by,
        "reason": event.reason,
        "forced": getattr(event, "forced", False),
        "back": getattr(event, "back", False),
    }


def _listed(found: "Registry") -> list[str]:
    lines = []
    for one in (one for target in _KEPT for one in found.versions(target)):
        told = f"{one.target} {one.version}  {one.created_at:%Y-%m-%d %H:%M}  {_best(one.metrics)}"
        lines.append(f"{told}  {' '.join(one.aliases)}")
    for target in _KEPT:
        events: list[Promotion | Challenge] = [*found.history(target), *found.challenges(target)]
        lines += [_told(target, event) for event in sorted(events, key=lambda one: one.at)]
    return lines or ["no model yet: `train` makes one"]


def _best(metrics: Mapping[str, float]) -> str:
    """The figure by which a version is known."""
    if "auc" in metrics:
        return f"AUC {metrics['auc']:.3f}"
    return f"macro-F1 {metrics[TEXT_FIGURE]:.3f}" if TEXT_FIGURE in metrics else "no AUC"


def _told(target: str, event: "Promotion | Challenge") -> str:
    forced = getattr(event, "forced", None)
    became = f"{event.version} became {'challenger' if forced is None else 'champion'}"
    return f"{event.at:%Y-%m-%d %H:%M}  {target} {became if event.version else 'has no challenger'}{_why(event)}"


def _why(event: "Promotion | Challenge") -> str:
    reason = f": {event.reason}" if event.reason else ""
    return f" by {event.by}{_how(event)}{reason}"


def _how(event: "Promotion | Challenge") -> str:
    if getattr(event, "back", False):
        return " (rolled back)"
    return " (forced)" if getattr(event, "forced", False) else ""


def _live_line(one: "Live") -> str:
    if one.champion is None:
        champion = "no champion: the fallback policy answered"
    else:
        champion = f"version {one.champion.version}, since {one.champion.at:%Y-%m-%d %H:%M}{_why(one.champion)}"
    beside = (
        f"; challenger {one.challenger.version}, since {one.challenger.at:%Y-%m-%d %H:%M}" if one.challenger else ""
    )
    return f"{one.target}: {champion}{beside}"


def _live_row(one: "Live") -> dict[str, Any]:
    live, beside = one.champion, one.challenger
    return {
        "target": one.target,
        "version": live.version if live else None,
        "since": live.at.isoformat() if live else None,
        "by": live.by if live else None,
        "reason": live.reason if live else None,
        "forced": live.forced if live else None,
        "challenger": beside.version if beside else None,
        "challenger_since": beside.at.isoformat() if beside else None,
    }


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no moment, such as 2026-03-01T12:00:00Z", param_hint="--at") from error
    if moment.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} has no offset from UTC, such as Z or +08:00", param_hint="--at")
    return moment


@app.command()
def compare(
    target: Target,
    first: Annotated[str, typer.Argument(help="A version that `models` lists.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """Put two versions side by side, on the rows on which both were tested."""
    from training.compare import compare as pair
    from training.evaluate import METRICS

    check_target(target)
    found = pair(registry(), target, first, second)
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
    both = [name for name in _ON_RECORD if name in found.first.metrics and name in found.second.metrics]
    if both:
        typer.echo("    on record, each on its own test rows, by its own recipe:")
    for name in both:
        typer.echo(f"    {name:<22}{found.first.metrics[name]:<24.3f}{found.second.metrics[name]:.3f}")


#: What `compare` tells besides, where it is on record of both.
_ON_RECORD = ("cost_per_row", "precision_at_capacity", "unseen.auc", "returning.auc")


@app.command()
def promote(
    target: Kept,
    version: Annotated[str, typer.Argument(help="A version that `models` lists.")],
    force: Annotated[bool, typer.Option("--force", help="Also when it is worse on record.")] = False,
    reason: Reason = "",
    by: By = "unknown",
) -> None:
    """Make a version the champion that serving answers with."""
    from training.promote import promote as move
    from training.registry import Promotion

    check_target(target, _KEPT)
    if force and not reason.strip():
        raise typer.BadParameter("--force needs --reason TEXT")
    wish = Promotion(version=version, at=datetime.now(UTC), by=by, reason=reason, forced=force)
    found = registry()
    before, after = move(found, target, wish, declarations=_declarations())
    typer.echo(f"{target}: version {after} is the champion" + (f", after version {before}" if before else ""))
    figures = found.version(target, after).metrics
    if target != TEXTS and figures.get("gain.auc.low", 0.0) <= 0.0:
        # Whoever promotes should know, though there may be nothing better to serve.
        typer.echo(
            f"{target}: version {after} was not shown to beat one shrunk past rate (see `train`'s report)", err=True
        )


@app.command()
def rollback(
    target: Kept,
    reason: Reason = "rolled back",
    by: By = "unknown",
) -> None:
    """Make the version champion that was it before the present one."""
    from training.promote import roll_back
    from training.registry import Promotion

    check_target(target, _KEPT)
    wish = Promotion(version="", at=datetime.now(UTC), by=by, reason=reason)
    before, after = roll_back(registry(), target, wish, declarations=_declarations())
    typer.echo(f"{target}: version {after} is the champion again, after version {before}")


@app.command()
def challenge(
    target: Annotated[str, typer.Argument(help="credit or counterfeit: what serving answers with.")],
    version: Annotated[str | None, typer.Argument(help="A version that `models` lists.")] = None,
    none: Annotated[bool, typer.Option("--none", help="From now on there is no challenger.")] = False,
    reason: Reason = "",
    by: By = "unknown",
) -> None:
    """Let a version judge beside the champion, unseen by callers; `shadow` tells how the two differ."""
    from training.promote import challenge as move
    from training.registry import SERVED, Challenge

    if target not in SERVED:
        raise typer.BadParameter(f"target {target!r} is none of {', '.join(SERVED)}: serving answers with no other")
    if (version is None) is not none:
        raise typer.BadParameter("give either a version or --none")
    wish = Challenge(version=version or "", at=datetime.now(UTC), by=by, reason=reason)
    before, after = move(registry(), target, wish, declarations=_declarations())
    told = f"version {after} is the challenger" if after else "no challenger any more"
    typer.echo(f"{target}: {told}{f', after version {before}' if before else ''}")


def _declarations() -> dict[str, str]:
    """Every feature's declaration as it is now: name -> SHA-256."""
    from features.catalogue import CATALOGUE

    return {one.name: one.declaration() for one in CATALOGUE}
