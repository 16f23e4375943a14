"""The front door: one command line that mounts each floor's commands and hands each what it needs of the other."""

import sys
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError as SettingsError

import features.commands
import serving.commands
import serving.ingest_commands
import training.commands
from features.errors import FeaturesError
from features.settings import Settings
from scoring.errors import ScoringError
from serving.errors import GoodfaithError
from training.errors import TrainingError

if TYPE_CHECKING:
    from serving.champions import Champions

__all__ = ["app", "main"]

app = typer.Typer(
    name="goodfaith",
    help="Tells an online marketplace which merchants can be trusted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _champions() -> "Champions":
    from training.registry import Registry

    return Registry(Settings().mlflow)


for _floor in (features.commands, training.commands, serving.ingest_commands):
    app.add_typer(_floor.app)
serving.commands.mount(app, champions=_champions)


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
