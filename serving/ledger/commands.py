"""`goodfaith ledger`: whether what is kept of money is the sum of what was booked."""

import json
from typing import Annotated

import typer

from features.settings import Settings

__all__ = ["ledger"]

ledger = typer.Typer(help="Money that was promised, paid first, got back or is held.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@ledger.callback()
def _group() -> None:
    # With one command only, Typer would drop the group's name.
    pass


@ledger.command()
def verify(as_json: Json = False) -> None:
    """Check that all sums which limits and balances rest on are those of their postings; exit 1 names what is not."""
    from dataclasses import asdict

    from features.database import reading
    from serving.errors import LedgerBroken
    from serving.ledger.check import differences
    from serving.store import opened

    with opened(Settings().database) as engine, reading(engine) as tx:
        found = list(differences(tx))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise LedgerBroken(f"the ledger does not add up: {found[0]}{more}")
    if not as_json:
        typer.echo("The ledger adds up.")
