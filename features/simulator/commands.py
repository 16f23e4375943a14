"""The command line of the simulator: `goodfaith simulate`."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from features.progress import shown
from features.simulator.scenario import Scenario
from features.simulator.write import write_marketplace

__all__ = ["app"]

app = typer.Typer()


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="The folder to write events, truth and texts (.parquet) into.")],
    merchants: Annotated[int, typer.Option(help="How many merchants there are.", min=1, max=100_000)] = 2000,
    days: Annotated[int, typer.Option(help="How many days the marketplace runs.", min=1, max=3650)] = 540,
    start: Annotated[str | None, typer.Option(help="Its first day (UTC); else such that it ends yesterday.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.", min=0, max=2**31)] = 1,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Write what people wrote, too.")] = True,
) -> None:
    """Make up a marketplace with known truth: reliable, sloppy, fake-selling and bust-out merchants over time."""
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days) if start is None else _day(start)
    scenario = Scenario(merchants=merchants, days=days, start=first, seed=seed)
    written = write_marketplace(scenario, out, texts=texts, watch=shown)
    last = first + timedelta(days=days - 1)
    typer.echo(
        f"{written.events}: {written.n_events:,} events, {first} to {last}, among them {written.n_orders:,} orders"
    )
    typer.echo(f"{written.truth}: the truth about {written.n_merchants:,} merchants")
    if written.texts:
        typer.echo(f"{written.texts}: {written.n_texts:,} titles, reviews, complaints and answers")


def _day(text: str) -> date:
    """A day of this century; anything else is wrong usage."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date", param_hint="--start") from error
    if not 2000 <= day.year < 2100:
        raise typer.BadParameter(f"{text!r} is no day of this century", param_hint="--start")
    return day
