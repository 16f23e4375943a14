"""Commands of the serving floor: judge everybody, serve the API, administer its keys.

Modules that take seconds to import (LightGBM, FastAPI) are imported inside the commands that need them, so that
`goodfaith --help` and the commands of other floors stay quick.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings
from serving import store_commands
from serving.key_commands import keys
from serving.ledger.commands import ledger
from serving.policies import commands as policy_commands
from serving.policies import simulate as policy_simulate
from serving.record.commands import audit
from serving.replay import commands as replay_commands
from serving.user_commands import people

if TYPE_CHECKING:
    from serving.champions import Champions
    from serving.lookout import Lookout

__all__ = ["mount"]

Files = Annotated[list[Path] | None, typer.Option("--events", help="An event log: Parquet or JSON lines.")]
Stored = Annotated[bool, typer.Option("--store", help="Judge from the store, and keep the assessments there.")]
Day = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The midnight (UTC) before which everything known may be used."),
]
OwnCores = Annotated[
    bool, typer.Option("--own-cores", help="Keep each process to a core; for a machine that serves nothing else.")
]
Out = Annotated[Path | None, typer.Option(help="Where to write the scores (Parquet); needed with --events.")]


def mount(app: typer.Typer, *, champions: Callable[[], "Champions"], lookout: Callable[[], "Lookout"]) -> None:
    """Put this floor's commands on the command line.

    `champions` opens whatever knows the live models, `lookout` whoever can tell how they have drifted.
    """

    @app.command()
    def score(events: Files = None, store: Stored = False, as_of: Day = None, out: Out = None) -> None:
        """Judge every merchant known at a midnight: today's for the store, the one after the last event for files."""
        _check_usage(events, store, as_of, out)
        from serving.score_run import score_files, score_store

        midnight, settings = as_of.replace(tzinfo=UTC) if as_of else None, Settings()
        if events and out:
            counts = score_files(champions(), settings, files=events, as_of=midnight, out=out)
        else:
            counts = score_store(champions(), settings, as_of=midnight, out=out, now=_now())
        typer.echo(f"{counts.judged} merchants judged, {counts.by_fallback} of them by the fallback policy.")
        if store and counts.latest < counts.judged:
            typer.echo(f"{counts.judged - counts.latest} have an assessment as of a later day, and keep that.")

    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
        workers: Annotated[int, typer.Option(help="How many processes answer.", min=1, max=64)] = 1,
        own_cores: OwnCores = False,
    ) -> None:
        """Serve the API, and judge whoever is due beside it."""
        from serving.serve import Address, serve_api

        address = Address(host=host, port=port, workers=workers, own_cores=own_cores)
        serve_api(champions(), Settings(), address, clock=_now, lookout=lookout)

    @app.command()
    def worker(
        drift_at: Annotated[
            int | None,
            typer.Option(help="Look at drift once a day, from this hour (UTC) on; default: never.", min=0, max=23),
        ] = None,
    ) -> None:
        """Judge whoever is due; `serve` does this too, this is for a process of its own."""
        from serving.serve import work

        work(champions(), Settings(), clock=_now, lookout=lookout, hour=drift_at)

    app.add_typer(store_commands.app)
    app.add_typer(replay_commands.app)
    app.add_typer(keys, name="keys")
    policy = typer.Typer(no_args_is_help=True, help="Policies: look at them before they judge anybody.")
    policy_commands.mount(policy)
    policy_simulate.mount(policy, champions=champions)
    app.add_typer(policy, name="policy")
    app.add_typer(people, name="users")
    app.add_typer(audit, name="audit")
    app.add_typer(ledger, name="ledger")


def _now() -> datetime:
    return datetime.now(UTC)


def _check_usage(events: list[Path] | None, store: bool, as_of: datetime | None, out: Path | None) -> None:
    if bool(events) is store:
        raise typer.BadParameter("give either --events FILE or --store")
    if events and out is None:
        raise typer.BadParameter("scores of a file need a place to go", param_hint="--out")
    if store and as_of and as_of.replace(tzinfo=UTC) > _now():
        # Stored as the latest word on a merchant, it would hide every true assessment until that day has come.
        raise typer.BadParameter("the store cannot be judged as of a day to come", param_hint="--as-of")
