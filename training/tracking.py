"""MLflow's manners: its errors and its database's as ours, its noise kept away, a bundle as one of its models."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scoring.bundle import Bundle
from training.errors import RegistryError

__all__ = ["BUNDLE", "hush", "mlflow_errors", "quiet", "write_files", "write_model"]

#: What the logged model needs where it is loaded by MLflow; given, because guessing takes MLflow 5-17 seconds.
_REQUIREMENTS = ("goodfaith", "lightgbm>=4.7,<5", "numpy>=2.4,<3", "pandas>=3.1,<4", "pydantic>=2.14,<3")
#: The folder of a model in which its bundle lies.
BUNDLE = "bundle"


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by name into a folder that is not there yet."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def write_model(folder: Path, bundle: Bundle) -> None:
    """Write the bundle as a model that MLflow can load, through `training.pyfunc`."""
    with quiet():
        import mlflow.pyfunc

    with tempfile.TemporaryDirectory() as files:
        write_files(Path(files) / BUNDLE, bundle.pack())
        mlflow.pyfunc.save_model(
            str(folder),
            loader_module="training.pyfunc",
            data_path=str(Path(files) / BUNDLE),
            pip_requirements=list(_REQUIREMENTS),
            metadata={"bundle": bundle.digest, "target": bundle.target},
        )


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn MLflow's and its database's errors into ours."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise RegistryError(f"the model registry does not answer: {error}") from error
    except Exception as error:
        # Importing MLflow's exception class would import MLflow, which takes seconds, before anything is asked of it.
        if type(error).__module__.startswith("mlflow."):
            raise RegistryError(f"the model registry refused: {error}") from error
        raise


@contextmanager
def quiet() -> Iterator[None]:
    """Let MLflow be imported and opened without telling the network, the log or the warnings about itself.

    Its import and its first look at a database are where it warns about its own use of SQLAlchemy and of type
    hints; both are nothing that a user of ours could mend.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The ``noload`` loader strategy is deprecated")
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType")
        yield


def hush() -> None:
    """Keep MLflow's news out of the log; only now, since it sets its own level while it is imported."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
