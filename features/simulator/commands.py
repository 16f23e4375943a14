"""The command line of the simulator: `goodfaith simulate`."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from features.progress import shown
from features.simulator.crew import processes_for
from features.simulator.scenario import Attack, Scenario
from features.simulator.scenario_file import SHIPPED, read_plot
from features.simulator.sending import LIVE, SPEED, folder_for, receiver_at, send_log, speed_of
from features.simulator.write import Written, write_marketplace

__all__ = ["app"]

app = typer.Typer()


@app.command()
def simulate(
    out: Annotated[
        Path | None, typer.Option(help="The folder to write events, truth and texts (.parquet) into.")
    ] = None,
    scenario: Annotated[
        str, typer.Option(help=f"A TOML file, or a scenario that is here already: {', '.join(SHIPPED)}.")
    ] = "everyday",
    merchants: Annotated[
        int | None, typer.Option(help="How many merchants there are; else as the scenario says.", min=1, max=100_000)
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="How many days the marketplace runs; else as the scenario says.", min=1, max=3650)
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Its first day (UTC); else the scenario's, or such that it ends yesterday.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same events.", min=0, max=2**31)] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Write what people wrote, too.")] = True,
    processes: Annotated[
        int | None,
        typer.Option(help="How many processes make it; else one per processor.", min=1, max=64),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="The URL of a running service to send the events to; GOODFAITH_KEY is the key.")
    ] = None,
    speed: Annotated[
        str | None, typer.Option(help=f"How much faster than ours its clock runs, such as {SPEED}x (the default).")
    ] = None,
    live: Annotated[
        int | None,
        typer.Option(help=f"How many of the last days go out at that speed ({LIVE}); what is before, at once.", min=1),
    ] = None,
) -> None:
    """Make up a marketplace with known truth: merchants of many kinds over time, and those who attack it.

    Its events become files (--out), or are sent to a running service (--to), or both.
    """
    today, plot = datetime.now(UTC).date(), read_plot(scenario)
    ends_yesterday = today - timedelta(days=plot.days if days is None else days)
    first = (plot.start or ends_yesterday) if start is None else _day(start)
    played = plot.played(start=first, merchants=merchants, days=days, seed=seed)
    crew = processes_for(played, processes)
    if to is None:
        if out is None:
            raise typer.BadParameter("where shall the events go: --out DIR, --to URL, or both?", param_hint="--out")
        if speed is not None or live is not None:
            raise typer.BadParameter("--speed and --live say how events go to a service", param_hint="--to")
        _tell(write_marketplace(played, out, texts=texts, processes=crew, watch=shown), played)
        return
    pace = speed_of(speed or f"{SPEED}x")
    if first > today:
        raise typer.BadParameter("a service takes nothing that is known in the future", param_hint="--start")
    with receiver_at(to) as receiver, folder_for(out) as folder:
        written = write_marketplace(played, folder, texts=texts and out is not None, processes=crew, watch=shown)
        if out is not None:
            _tell(written, played)
        send_log(written.events, receiver, speed=pace, live=timedelta(days=live or LIVE))


def _tell(written: Written, scenario: Scenario) -> None:
    """Say what was written, and where."""
    last = scenario.start + timedelta(days=scenario.days - 1)
    days = f"{scenario.start} to {last}"
    typer.echo(f"{written.events}: {written.n_events:,} events, {days}, among them {written.n_orders:,} orders")
    typer.echo(f"{written.truth}: the truth about {written.n_merchants:,} merchants")
    if scenario.attacks:
        typer.echo(f"attacks: {', '.join(_when(attack, scenario) for attack in scenario.attacks)}")
    if written.texts:
        typer.echo(f"{written.texts}: {written.n_texts:,} titles, reviews, complaints and answers")


def _when(attack: Attack, scenario: Scenario) -> str:
    """An attack and the days on which it lasts, if any of the scenario's are."""
    begin = scenario.start + timedelta(days=attack.day)
    if attack.day >= scenario.days or not attack.strength:
        return f"{attack.kind} (never)"
    return f"{attack.kind} (from {begin})"


def _day(text: str) -> date:
    """A day of this century; anything else is wrong usage."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date", param_hint="--start") from error
    if not 2000 <= day.year < 2100:
        raise typer.BadParameter(f"{text!r} is no day of this century", param_hint="--start")
    return day
