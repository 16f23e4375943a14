"""`goodfaith policy simulate`: what a changed policy would do to merchants, order value, refunds and expected loss."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings

if TYPE_CHECKING:
    from serving.champions import Champions

__all__ = ["mount"]


def _now() -> datetime:
    return datetime.now(UTC)


def mount(policy: typer.Typer, *, champions: "Callable[[], Champions]", clock: "Callable[[], datetime]" = _now) -> None:
    """Put the command among those of `policy`.

    `champions` opens whatever knows the live models, `clock` tells as of when a store is replayed.
    """

    @policy.command()
    def simulate(
        against: Annotated[Path, typer.Option(help="The changed policy: a score, programmes or refunds file (TOML).")],
        policy_file: Annotated[
            Path | None, typer.Option("--policy", help="The policy before the change; default: the one in force.")
        ] = None,
        events: Annotated[
            list[Path] | None, typer.Option("--events", help="Replay an event log, as of the midnight after it.")
        ] = None,
        store: Annotated[bool, typer.Option("--store", help="Replay the store, as of now; the default.")] = False,
        costs: Annotated[
            Path | None, typer.Option(help="What answers cost (TOML); default: scoring/policies/costs.toml.")
        ] = None,
        buyer_credit: Annotated[
            int | None,
            typer.Option(help="Credit of the buyers where refunds are rebuilt from returns; default: unknown.",
                         min=0, max=1000),
        ] = None,
        html: Annotated[Path | None, typer.Option(help="Where to write the pictures: one HTML file.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:  # fmt: skip
        """Judge merchants and refunds by two policies, and tell who gains, who loses, and what it costs."""
        if events and store:
            raise typer.BadParameter("give either --events FILE or --store")
        from scoring.weighing import what_if
        from serving.policies.page import page, write_page
        from serving.policies.past import past_of_files, past_of_store
        from serving.policies.sides import costs_of, sides
        from serving.policies.told import lines, plain

        settings, weights = Settings(), costs_of(costs)
        before, after, kind = sides(policy_file, against, folder=settings.policies, currency=settings.currency)
        models, both = champions(), (before, after)
        past = (
            past_of_files(models, settings, both, buyer_credit=buyer_credit, files=events)
            if events
            else past_of_store(models, settings, both, buyer_credit=buyer_credit, now=clock())
        )
        found = what_if(past, before, after, costs=weights)
        if html:
            write_page(html, page(found, kind=kind, currency=settings.currency))
        told = json.dumps(plain(found, kind=kind), ensure_ascii=False, indent=1) if as_json else None
        typer.echo(told or "\n".join(lines(found, kind=kind, currency=settings.currency)))
        if html:
            typer.echo(f"Pictures: {html}", err=True)
