"""The front door: one command line that mounts each floor's commands and hands each what it needs of the other."""

import json
import shlex
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from urllib.parse import quote

import typer
from pydantic import ValidationError as SettingsError
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import features.commands
import serving.attack.commands
import serving.commands
import serving.ingest.commands
import serving.shadow_commands
import training.commands
from features.errors import FeaturesError
from features.settings import Settings
from scoring.errors import ScoringError
from serving.errors import GoodfaithError
from training.errors import PromotionRefused, TrainingError

if TYPE_CHECKING:
    import pyarrow as pa

    from features.label_spec import LabelSpec
    from features.log import EventLog
    from serving.answers import ScoreAnswer
    from serving.champions import Champions
    from serving.first_day import FirstDay
    from serving.lookout import Sight
    from training.registry import Registry

__all__ = ["app", "main"]

app = typer.Typer(
    name="goodfaith",
    help="Tells an online marketplace which merchants can be trusted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # What a command may ask of the floor that its own does not see.
    context_settings={"obj": lambda: _lots()},
)


def _registry() -> "Registry":
    from training.registry import Registry

    return Registry(Settings().mlflow)


def _champions() -> "Champions":
    return _registry()


def _label(target: str) -> "LabelSpec":
    """What is bad for a target: what the champion was taught, or the shipped recipe where there is none."""
    from training.recipe import Recipe, find_recipe

    registry = _registry()
    live = registry.champion(target)
    kept = registry.file(target, live[0], "recipe.toml") if live else None
    return (Recipe.parse(kept.decode()) if kept else find_recipe(target)).label


def _lots() -> "pa.Table":
    """The months of merchants whom nothing but a lot let in or not, by the decisions in the store."""
    from features.database import reading
    from serving.propensities import propensities
    from serving.store import opened

    with opened(Settings().database) as engine, reading(engine) as tx:
        return propensities(tx)


class _Lookout:
    """How the champions have drifted, by the training floor; leaves the page and figures that `drift` leaves."""

    def look(self, events: "EventLog") -> "tuple[Sight, ...]":
        from serving.lookout import Sight
        from training.drift_run import run, write_metrics
        from training.registry import SERVED
        from training.report.page import drift_page

        found, page = run(_registry(), events, SERVED), Settings().home / "drift.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(drift_page(found), encoding="utf-8")
        write_metrics(found, page.with_suffix(".prom"))
        return tuple(
            Sight(target=one.target, version=one.version, as_of=one.as_of, advice=one.advice, alarms=one.alarms,
                  figures=one.figures, told=one.plain())
            for one in found
        )  # fmt: skip

    def roll_back(self, target: str, *, reason: str, now: datetime) -> str:
        from serving.champions import current_declarations
        from training.promote import roll_back
        from training.registry import Promotion

        wish = Promotion(version="", at=now, by="goodfaith", reason=reason)
        return roll_back(_registry(), target, wish, declarations=current_declarations())[1]


for _floor in (features.commands, training.commands, serving.ingest.commands):
    app.add_typer(_floor.app)
serving.commands.mount(app, champions=_champions, lookout=_Lookout)
serving.attack.commands.mount(app, champions=_champions)
serving.shadow_commands.mount(app, label=_label)


#: What `demo` leaves in a folder that it made, so that it never takes another's for its own.
_MADE_BY_DEMO = ".made-by-demo"


@app.command()
def demo(
    merchants: Annotated[int, typer.Option(help="How many merchants there are.", min=10, max=100_000)] = 400,
    days: Annotated[int, typer.Option(help="How many days it ran, until yesterday.", min=30, max=3650)] = 540,
    seed: Annotated[int, typer.Option(help="The same seed gives the same marketplace.", min=0, max=2**31)] = 1,
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Leave all ready for `goodfaith serve`.")] = False,
) -> None:
    """Show the whole product: a simulated marketplace, both models, the API and the console on this machine."""
    settings = Settings()
    log = _demo_marketplace(_own_home(settings), merchants=merchants, days=days, seed=seed)
    for target in ("credit", "counterfeit"):
        _demo_model(log, target)
    _demo_ingest(settings, log)
    _demo_first_day(settings, port)
    if not no_serve:
        from serving.serve import Address, serve_api

        serve_api(_champions(), settings, Address(host="127.0.0.1", port=port), clock=_now, lookout=_Lookout)


def _now() -> datetime:
    return datetime.now(UTC)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _refuse(text: str) -> NoReturn:
    typer.echo(f"Error: {text}", err=True)
    sys.exit(1)


def _own_home(settings: Settings) -> Path:
    """The folder to keep everything in, made anew; one that holds anything else is refused."""
    home = settings.home
    if settings.database_url or settings.mlflow_uri:
        _refuse("the demo keeps everything under GOODFAITH_HOME: unset GOODFAITH_DATABASE_URL and GOODFAITH_MLFLOW_URI")
    if home.is_dir() and any(home.iterdir()) and not (home / _MADE_BY_DEMO).is_file():
        _refuse(f"{home} is not empty, and no demo made it; set GOODFAITH_HOME to a folder of its own")
    if home.is_dir():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / _MADE_BY_DEMO).touch()
    return home


def _demo_marketplace(home: Path, *, merchants: int, days: int, seed: int) -> Path:
    from features.progress import shown
    from features.simulator.scenario import Scenario
    from features.simulator.write import write_marketplace

    scenario = Scenario(merchants=merchants, days=days, start=_now().date() - timedelta(days=days), seed=seed)
    written = write_marketplace(scenario, home / "marketplace", texts=False, watch=shown)
    _say(f"{written.n_merchants:,} merchants, {written.n_orders:,} orders, {written.n_events:,} events")
    return written.events


def _demo_model(log: Path, target: str) -> None:
    """Train and promote a model; where the marketplace is too small for one, say so and go on without."""
    from features.log import FileLog
    from features.progress import shown
    from serving.champions import current_declarations
    from training.promote import promote
    from training.recipe import CANDIDATES, find_recipe
    from training.registry import Promotion
    from training.train import Given, train

    _say(f"training the {target} model ...")
    registry, recipe = _registry(), find_recipe(target)
    # The served candidate and the baseline alone: the bundle is the same, and nobody waits for the others.
    recipe = replace(recipe, candidates=(CANDIDATES[0], recipe.serve), acts=False)
    try:
        events = FileLog([log], currency=Settings().currency)
        report = train(events, recipe, registry=registry, given=Given(watch=shown))
    except TrainingError as error:
        _say(f"no {target} model: {error}")
        return
    promotion = Promotion(version=report.version, at=_now(), by="demo", reason="the first model of the demo")
    try:
        promote(registry, target, promotion, declarations=current_declarations())
    except PromotionRefused as refusal:
        # A demo shows what came out; a marketplace would train again.
        _say(str(refusal))
        promote(registry, target, replace(promotion, forced=True), declarations=current_declarations())
    side = report.proofs[0].sides["all"]
    _say(f"{target} model {report.version} promoted: out of time AUC {side.model.figures['auc']} ({side.verdict})")


def _demo_ingest(settings: Settings, log: Path) -> None:
    from features.store import EventStore
    from serving.ingest.files import ingest_file
    from serving.store import opened

    _say("taking the events into the store ...")
    with opened(settings.database) as engine:
        store = EventStore(engine)
        store.settle_currency(settings.currency)
        ingest_file(store, log, currency=settings.currency, now=_now())


def _demo_first_day(settings: Settings, port: int) -> None:
    from serving.first_day import spend_first_day
    from serving.logs import write_warnings_alone
    from serving.serve import service_on
    from serving.store import opened

    _say("judging everybody, deciding on some applications ...")
    write_warnings_alone()
    with opened(settings.database) as engine:
        day = spend_first_day(service_on(engine, _champions(), settings, _now))
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(day.outcomes.items()))
    _say(f"{day.judged:,} merchants judged; applications decided: {outcomes}")
    _show(day, settings, port)


def _show(day: "FirstDay", settings: Settings, port: int) -> None:
    console, url = Console(), f"http://127.0.0.1:{port}"
    for title, shown in _told_apart(day):
        console.print(_trust_table(title, shown))
    lines = [
        f"API       {url}/openapi.json",
        f"Console   {url}/console   log in as {day.user} with {day.password}",
        f"Models    mlflow ui --backend-store-uri {settings.mlflow}",
        "",
        "Try, in another terminal while it serves:",
        *_tries(day, url),
    ]
    typer.echo("\n".join(lines))


def _told_apart(day: "FirstDay") -> "tuple[tuple[str, tuple[ScoreAnswer, ...]], ...]":
    """The ends of the ranking; where all stand alike, as without a model, there are no ends to show."""
    best, worst = day.most_trusted[0], day.least_trusted[0]
    if best.score == worst.score:
        return (("All are trusted alike; some of them", day.most_trusted),)
    return ("Most trusted", day.most_trusted), ("Least trusted", day.least_trusted)


def _tries(day: "FirstDay", url: str) -> list[str]:
    """Commands to be pasted into a shell: somebody's score, and a refund where there is one to try."""
    ask = 'curl -s -H "Authorization: Bearer $KEY"'
    merchant = quote(day.least_trusted[0].merchant_id, safe="")
    lines = [f"KEY={day.key}", f"{ask} {url}/v1/merchants/{merchant}/score"]
    if day.refund:
        lines += [
            f"{ask} -H 'Idempotency-Key: demo-1' \\",
            f"  -H 'Content-Type: application/json' {url}/v1/refunds/decisions \\",
            f"  -d {shlex.quote(json.dumps(day.refund))}",
        ]
    return lines


def _trust_table(title: str, shown: "tuple[ScoreAnswer, ...]") -> Table:
    """Merchants with the two reasons that weigh most against each; the console shows the others."""
    table = Table("merchant", "score", "fakes", "what speaks against it", title=title, title_justify="left", box=SIMPLE)
    for one in shown:
        reasons = "\n".join(f"- {reason.text}" for reason in one.reasons[:2]) or "nothing"
        table.add_row(one.merchant_id, f"{one.score} {one.band}", one.counterfeit.level, reasons)
    return table


def main() -> None:
    """Run a command: 0 = done, 1 = the work failed with a message, 2 = wrong usage."""
    try:
        app()
    except (FeaturesError, ScoringError, TrainingError, GoodfaithError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except SettingsError as error:
        for wrong in error.errors():
            typer.echo(f"Error: GOODFAITH_{str(wrong['loc'][0]).upper()}={wrong['input']!r}: {wrong['msg']}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
