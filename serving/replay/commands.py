"""`goodfaith replay`: whether old decisions still come out as they did."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings

if TYPE_CHECKING:
    from serving.replay.rerun import Replayed, Replays

__all__ = ["app"]

app = typer.Typer()


@app.command()
def replay(
    decision_id: Annotated[str | None, typer.Argument(help="The decision to run again.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Run every decision again.")] = False,
    facts: Annotated[
        bool, typer.Option("--facts", help="Work out from the events known then what they were made from, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run old decisions again from what was known then, by the policy of then; exit 1 names the first difference."""
    if (decision_id is not None) is everything:
        raise typer.BadParameter("give either the id of a decision or --all")
    if decision_id is not None:
        _one(decision_id, facts=facts, as_json=as_json)
    else:
        _all(facts=facts, as_json=as_json)


def _one(decision_id: str, *, facts: bool, as_json: bool) -> None:
    from features.database import reading
    from serving.errors import PolicyNotKept
    from serving.replay.rerun import replay_one
    from serving.store import opened

    with opened(Settings().database) as engine, reading(engine) as tx:
        found = replay_one(tx, decision_id, facts=facts)
    if as_json:
        typer.echo(json.dumps(found.plain()))
    if not found.kept:
        raise PolicyNotKept(f"the decision {found.decision_id} was made by a policy that was not kept")
    _refuse(found)
    if not as_json:
        typer.echo(f"{found.decision_id} comes out as it did, byte for byte: {found.kind}, {found.outcome}.")


def _all(*, facts: bool, as_json: bool) -> None:
    from features.database import reading
    from features.progress import shown
    from serving.replay.rerun import Replays, replay_all
    from serving.store import opened
    from serving.store_decisions import how_many

    found = Replays()
    with opened(Settings().database) as engine, reading(engine) as tx:
        for one in shown(replay_all(tx, facts=facts), title="running decisions again", total=how_many(tx)):
            found.take(one)
    typer.echo(json.dumps(found.plain()) if as_json else _summary(found))
    if found.first:
        _refuse(found.first)


def _summary(found: "Replays") -> str:
    told = f"{found.replayed:,} decisions run again, {found.different:,} of them came out differently"
    if found.not_kept:
        told += f"; {found.not_kept:,} could not be: they were made by a policy that was not kept"
    return f"{told}."


def _refuse(found: "Replayed") -> None:
    from serving.errors import ReplayDiffers

    if found.difference:
        raise ReplayDiffers(f"the decision {found.decision_id} does not come out as it did: {found.difference}")
