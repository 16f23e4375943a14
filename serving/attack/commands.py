"""`goodfaith attack`: what it costs to cheat the policies."""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings
from serving.attack.ploys import NOBODYS, PLOYS

if TYPE_CHECKING:
    from scoring.cheating import Cheat
    from serving.attack.stage import Policies, Stage
    from serving.champions import Champions

__all__ = ["mount"]


def mount(app: typer.Typer, *, champions: "Callable[[], Champions]") -> None:
    """Put the command on the command line; `champions` opens whatever knows the live models."""

    @app.command()
    def attack(
        policy: Annotated[
            list[Path] | None,
            typer.Option(help="A policy to attack in place of the shipped one: programmes, score or refunds."),
        ] = None,
        name: Annotated[
            list[str] | None, typer.Option("--attack", help="Try this attack alone; may be given several times.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        html: Annotated[Path | None, typer.Option(help="Write a page with a picture, too.")] = None,
    ) -> None:
        """Search for the least money, accounts and days that gain a programme, lift a band or sink a rival.

        Attacks are tried on a small simulated marketplace, by the live models where there are any.
        """
        from features.progress import shown
        from serving.attack.search import cheats_of
        from serving.attack.stage import shipped_terms, stage

        chosen = _chosen(name)
        with stage(champions(), _policies(policy or []), Settings()) as made:
            tried = shown(cheats_of(made, shipped_terms(), attacks=chosen), title="trying attacks", total=len(chosen))
            cheats = [cheat for found in tried for cheat in found]
            notes, versions = _notes(made), _versions(made)
        _tell(cheats, notes, versions, as_json=as_json)
        if html:
            from features.errors import OutputUnwritable
            from serving.attack.page import page

            try:
                html.write_text(page(cheats, title="The price of cheating", notes=notes), encoding="utf-8")
            except OSError as error:
                raise OutputUnwritable(f"{html} cannot be written: {error.strerror}") from error


def _chosen(names: Sequence[str] | None) -> tuple[str, ...]:
    unknown = sorted(set(names or ()) - set(PLOYS))
    if set(unknown) & set(NOBODYS):
        raise typer.BadParameter(f"{unknown[0]} is nobody's doing, so it has no price", param_hint="--attack")
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(PLOYS)}", param_hint="--attack")
    return tuple(dict.fromkeys(names or PLOYS))


def _policies(files: Sequence[Path]) -> "Policies":
    """The shipped policies, with those of some files in their place."""
    from scoring.refunds import RefundPolicy
    from serving.attack.stage import Policies
    from serving.errors import PolicyInvalid
    from serving.policy import read_policy, read_programmes

    found = Policies.shipped()
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            plain = tomllib.loads(text)
        except (OSError, ValueError) as error:
            raise PolicyInvalid(f"{file} cannot be read as TOML: {error}") from error
        if "programmes" in plain:
            found = replace(found, programmes=read_programmes(text))
        elif "bands" in plain:
            read_policy(text)
            found = replace(found, score=text)
        elif "tiers" in plain:
            found = replace(found, refunds=RefundPolicy.parse(text))
        else:
            raise PolicyInvalid(f"{file} is a policy of neither programmes, nor scores, nor refunds")
    return found


def _notes(made: "Stage") -> tuple[str, ...]:
    models = made.judge.models
    credit = f"credit model {models.credit.named.version}" if models.credit else "no credit model: by rates alone"
    fakes = f"counterfeit model {models.counterfeit.named.version}" if models.counterfeit else "no counterfeit model"
    tried = "; ".join(
        f"{role}: {one.category}, {one.orders_90d} orders in 90 days at {one.price_cents / 100:,.2f}"
        for role, one in made.subjects.items()
    )
    return (f"By {credit}, {fakes}.", f"Policies: {', '.join(_versions(made))}.", f"Tried on {tried}.")


def _versions(made: "Stage") -> tuple[str, ...]:
    return made.policies.programmes.version, made.judge.policy.version, made.policies.refunds.version


def _tell(cheats: "Sequence[Cheat]", notes: Sequence[str], versions: Sequence[str], *, as_json: bool) -> None:
    from scoring.cheating import warnings_of

    warned = warnings_of(cheats)
    if as_json:
        told = {
            "notes": notes,
            "policies": versions,
            "cheats": [{**asdict(one), "too_cheap": one.too_cheap} for one in cheats],
            "warnings": [asdict(one) for one in warned],
        }
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    typer.echo("\n".join((*notes, "", *_lines(cheats))))
    typer.echo(f"\n{len(warned)} cheaper than what they unlock" + (":" if warned else "."))
    for one in warned:
        typer.echo(f"  {one.where}: {one.text}\n    {one.text_zh}")


def _lines(cheats: "Sequence[Cheat]") -> Iterator[str]:
    from scoring.wording import money

    yield f"{'attack':<25}{'gains':<36}{'things':>7}{'accounts':>9}{'days':>6}{'costs':>12}{'unlocks':>14}"
    for one in cheats:
        if one.price:
            gains = f"{one.aim} {one.goal}"
            yield (
                f"{one.attack:<25}{gains:<36}{one.price.things:>7}{one.price.accounts:>9}{one.price.days:>6}"
                f"{money(one.price.cents):>12}{money(one.unlocks_cents):>14}"
            )
    for name in dict.fromkeys(one.attack for one in cheats):
        missed = [f"{one.aim} {one.goal}" for one in cheats if one.attack == name and not one.possible]
        if missed:
            yield f"{name:<25}not possible: {', '.join(missed)}"
