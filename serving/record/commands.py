"""`goodfaith audit`: whether the record of who did what is what was written, and what proves it elsewhere."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.settings import Settings

__all__ = ["audit"]

audit = typer.Typer(help="The record of who did what.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@audit.command()
def verify(
    anchors: Annotated[
        Path | None, typer.Option("--anchors", help="Anchors that were kept elsewhere, to hold the record against.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every audit chain, the anchors, and the decisions that they seal; exit 1 names the first that is wrong."""
    from features.database import reading
    from serving.errors import AuditBroken
    from serving.record.anchors import read_anchors
    from serving.record.check import first_fault
    from serving.store import opened

    kept = read_anchors(anchors) if anchors else ()
    with opened(Settings().database) as engine, reading(engine) as tx:
        fault, size = first_fault(tx, kept=kept), _size(tx)
    if as_json:
        typer.echo(json.dumps({"whole": fault is None, "first": fault.told if fault else None, **size}))
    if fault:
        raise AuditBroken(fault.told)
    if not as_json:
        typer.echo(
            f"The audit chain is whole: {size['entries']:,} entries of {size['chains']:,} writers, joined by "
            f"{size['anchors']:,} anchors"
            + (f"; {len(kept):,} that were kept elsewhere are among them." if kept else ".")
        )


@audit.command()
def anchors(
    out: Annotated[Path | None, typer.Option("--out", help="Where to write them; default: standard output.")] = None,
) -> None:
    """Join the ends of all chains under one hash, and write every anchor so far as lines of JSON, to keep elsewhere."""
    from features.database import reading, written
    from serving.errors import OutputUnwritable
    from serving.record.anchors import as_line, joined
    from serving.record.store_audit import anchors_since
    from serving.store import opened

    now = datetime.now(UTC)
    with opened(Settings().database) as engine:
        written(engine, lambda tx: joined(tx, now=now))
        with reading(engine) as tx:
            lines = [as_line(one) for one in anchors_since(tx)]
    if out is None:
        typer.echo("\n".join(lines))
        return
    try:
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise OutputUnwritable(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"{out}: {len(lines):,} anchors", err=True)


@audit.command()
def erase(
    buyer: Annotated[str | None, typer.Option(help="The id of a buyer who is to be forgotten.")] = None,
    user: Annotated[str | None, typer.Option(help="The name of somebody who worked here.")] = None,
) -> None:
    """Forget who a person was; every record stays, and stays sealed."""
    from serving.record.erasure import erase_buyer, erase_user
    from serving.store import opened

    if (buyer is None) is (user is None):
        raise typer.BadParameter("give either --buyer ID or --user NAME")
    now = datetime.now(UTC)
    with opened(Settings().database) as engine:
        found = erase_buyer(engine, buyer, now=now) if buyer is not None else erase_user(engine, user or "", now=now)
    told = f"{found.events:,} events, {found.decisions:,} decisions and {found.cases:,} cases"
    typer.echo(f"Forgotten; {told} name {found.called} instead.")


def _size(tx: Any) -> dict[str, int]:
    from serving.record import store_audit

    last = store_audit.last_anchor(tx)
    told = {"entries": store_audit.count(tx), "chains": len(store_audit.chains(tx))}
    return {**told, "anchors": last.seq if last else 0}
