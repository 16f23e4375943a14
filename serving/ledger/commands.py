"""`goodfaith ledger`: whether what is kept of money is the sum of what was booked."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from serving.ledger.reconcile import Line, Reconciled

__all__ = ["ledger"]

ledger = typer.Typer(help="Money that was promised, paid first, got back or is held.", no_args_is_help=True)

_DATE = ["%Y-%m-%d"]
_SINCE = "What the ledger has paid from this midnight (UTC) on must be in the file; default: from its first payment."
_UNTIL = "... and before this midnight; default: up to its last payment."

#: Merchants whose money is looked at in one transaction.
_AT_ONCE = 100

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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


@ledger.command()
def book() -> None:
    """Book what was told of debts and deposits before there was a ledger; once after `migrate`, again has no effect."""
    from features.database import some, written
    from features.live import lock_merchants
    from features.progress import shown
    from features.store import EventStore
    from serving.ledger.booking import book_all
    from serving.store import opened

    def booked(tx: "Connection", names: Sequence[str]) -> int:
        lock_merchants(tx, names)
        return book_all(tx, names, at=datetime.now(UTC))

    with opened(Settings().database) as engine:
        pieces = list(some(EventStore(engine).merchant_ids(), _AT_ONCE))
        steps = shown(pieces, title="booking what was told", total=len(pieces))
        count = sum(written(engine, partial(booked, names=names)) for names in steps)
    typer.echo(f"{count:,} postings were missing.")


@ledger.command()
def show(merchant: Annotated[str, typer.Argument(help="A merchant's id.")], as_json: Json = False) -> None:
    """Show where a merchant's money stands: what is outstanding, its debt, its deposit, and who holds what of that."""
    from features.database import reading
    from serving.ledger.deposits import drawn_cents, pledges
    from serving.ledger.store import money_of
    from serving.store import opened

    with opened(Settings().database) as engine, reading(engine) as tx:
        stands, held, drawn = money_of(tx, merchant), pledges(tx, merchant), drawn_cents(tx, [merchant])[merchant]
    told = {f"{name}_cents": cents for name, cents in {**stands, "drawn": drawn}.items()}
    if as_json:
        typer.echo(json.dumps({"merchant_id": merchant, **told, "pledges": held}, ensure_ascii=False))
    else:
        lines = {
            **{_MEANS[name]: cents for name, cents in told.items()},
            **{f"pledged to {k}": v for k, v in held.items()},
        }
        typer.echo("\n".join(f"{what}: {cents} cents" for what, cents in lines.items()))


_MEANS = {
    "advanced_cents": "paid first, and finally not the merchant's",
    "receivable_cents": "owed by the merchant",
    "deposit_cents": "deposit, but for what is pledged",
    "pledge_cents": "pledged",
    "drawn_cents": "drawn from the deposit since its balance was told",
}


@ledger.command()
def reconcile(
    file: Annotated[Path, typer.Argument(help="Payments: .csv, .parquet or .jsonl.", exists=True, dir_okay=False)],
    since: Annotated[datetime | None, typer.Option(formats=_DATE, help=_SINCE)] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DATE, help=_UNTIL)] = None,
    as_json: Json = False,
) -> None:
    """Hold a payment file against the ledger: what matches, is missing in either, or differs; exit 1 if anything does.

    Columns: amount_cents, decision_id or refund_id or both; merchant_id and paid_at if there are.
    """
    from features.database import reading
    from serving.errors import PaymentsDiffer
    from serving.ledger.payment_files import read_payments
    from serving.ledger.reconcile import reconcile as held_against
    from serving.store import opened

    with opened(Settings().database) as engine, reading(engine) as tx:
        found = held_against(tx, read_payments(file), since=_midnight(since), until=_midnight(until))
    typer.echo(json.dumps(found.plain(), ensure_ascii=False) if as_json else _told(found))
    if found.differences:
        raise PaymentsDiffer(f"{file.name} and the ledger differ in {found.differences:,} lines")


def _midnight(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None


def _told(found: "Reconciled") -> str:
    """The report in words: how many of each kind, and each line that is not as it should be."""
    kinds = {
        "matched": found.matched,
        "missing in the ledger": found.missing_in_ledger,
        "missing in the file": found.missing_in_file,
        "amounts that differ": found.amounts_differ,
    }
    lines = [f"{what}: {len(some):,}" for what, some in kinds.items()]
    for what, some in kinds.items():
        if what != "matched":
            lines += [f"{what}: {_named(one)}: {one.file_cents} in the file, {one.ledger_cents} in the ledger"
                      for one in some]  # fmt: skip
    return "\n".join(lines)


def _named(one: "Line") -> str:
    names = {"decision": one.decision_id, "refund": one.refund_id, "of merchant": one.merchant_id}
    return " ".join(f"{what} {name}" for what, name in names.items() if name)
