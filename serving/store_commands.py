"""Commands about the store: its tables, what is derived from them, and what has had its time."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="The revision to go to; `base` takes every table away.")] = "head",
) -> None:
    """Bring the store's tables to the form that this version needs; what is stored stays."""
    from features.database import open_engine, reading
    from serving.migrate import migrate as go
    from serving.migrate import revision_of

    engine = open_engine(Settings().database)
    go(engine, to=to)
    with reading(engine) as tx:
        typer.echo(f"The store's tables are of revision {revision_of(tx) or 'none'}.")


@app.command()
def rebuild(
    merchant: Annotated[str | None, typer.Option(help="Only this merchant.")] = None,
) -> None:
    """Make the live tiles anew from the events, as if they had just come in."""
    from features.database import writing
    from features.live import put_off
    from features.progress import shown
    from features.store import EventStore
    from serving.errors import MerchantUnknown
    from serving.store import opened

    with opened(Settings().database) as engine:
        store = EventStore(engine)
        if merchant is not None and not store.knows(merchant):
            raise MerchantUnknown(f"no event of a merchant {merchant!r} is known")
        with writing(engine) as tx:
            put_off(tx, [merchant] if merchant is not None else store.merchant_ids())
        count = store.catch_up(at=datetime.now(UTC), watch=shown)
    typer.echo(f"{count} merchants made anew.")


@app.command()
def prune() -> None:
    """Drop what challengers thought longer ago than GOODFAITH_SHADOW_DAYS; the worker does it every night."""
    from serving.prune import prune as drop
    from serving.store import opened

    settings = Settings()
    with opened(settings.database) as engine:
        count = drop(engine, days=settings.shadow_days, now=datetime.now(UTC))
    typer.echo(f"{count:,} rows dropped that are older than {settings.shadow_days} days.")


@app.command()
def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Drop it; without this it is only told.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which records are older than GOODFAITH_RECORDS_YEARS, and drop them; the audit record stays verifiable."""
    from features.database import reading
    from features.progress import shown
    from serving.errors import RecordsKept
    from serving.record.retention import apply_retention, cutoff, planned
    from serving.store import opened

    settings, now = Settings(), datetime.now(UTC)
    if settings.records_years is None:
        raise RecordsKept("records are kept for good while GOODFAITH_RECORDS_YEARS is not set")
    before = cutoff(now, years=settings.records_years)
    with opened(settings.database) as engine:
        if apply:
            plan = apply_retention(engine, before=before, clock=lambda: datetime.now(UTC), watch=shown)
        else:
            with reading(engine) as tx:
                plan = planned(tx, before=before)
    told = plan.plain()
    typer.echo(json.dumps({**told, "dropped": apply}) if as_json else _told_of(told, dropped=apply))


def _told_of(plan: dict[str, object], *, dropped: bool) -> str:
    line = (
        "Older than {before}: {decisions} decisions, {assessments} assessments, {audit_entries} audit entries; of "
        "{decisions_staying} more decisions something still hangs, and they stay."
    ).format(**plan)
    return f"{line} {'They were dropped.' if dropped else 'Nothing was dropped: --apply does that.'}"


@app.command()
def propensities(
    out: Annotated[Path, typer.Option("--out", help="Where to write them (Parquet).")],
) -> None:
    """Write how likely merchants were to be let in, where a lot decided: for `train --propensities`."""
    from features.commands import check_writable, write_parquet
    from features.database import reading
    from serving.propensities import propensities as drawn
    from serving.store import opened

    check_writable(out)
    with opened(Settings().database) as engine, reading(engine) as tx:
        rows = drawn(tx)
    write_parquet(rows, out)
    let_in = sum(rows["let_in"].to_pylist())
    typer.echo(f"{out}: {rows.num_rows} months of merchants, {let_in} of which a lot let in", err=True)
