"""The model registry: versions, the champion and its challenger, and who was either when; kept in MLflow.

A version is a run (parameters, metrics, report files) with a model that MLflow's own tools can load; inside
it lies the bundle, which is all that serving reads. Runs are written through MLflow's client rather than its
fluent functions, which keep a tracking address and an active run for the whole process.
"""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.bundle import Bundle
from training.errors import RegistryError, VersionUnknown
from training.pyfunc import read_bundle

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["CHALLENGER", "CHAMPION", "NAMES", "SERVED", "Challenge", "Promotion", "Registry", "Version", "champions"]

#: The registered model of each target; a table's are kept under its name, and never registered.
NAMES = {
    "credit": "goodfaith-credit",
    "counterfeit": "goodfaith-counterfeit",
    "bust_out": "goodfaith-bust-out",
    "refund_loss": "goodfaith-refund-loss",
    "table": "goodfaith-table",
}
#: The targets whose champions serving answers with.
SERVED = ("credit", "counterfeit")
#: The aliases that serving follows: who answers, and who judges beside it without a word to anybody.
CHAMPION, CHALLENGER = "champion", "challenger"

#: What the logged model needs where it is loaded by MLflow; given, because guessing takes MLflow 5-17 seconds.
_REQUIREMENTS = ("goodfaith", "lightgbm>=4.7,<5", "numpy>=2.4,<3", "pandas>=3.1,<4", "pydantic>=2.14,<3")
#: So many metrics MLflow takes at once.
_AT_ONCE = 1000
_PROMOTION, _CHALLENGE = "promotion.", "challenge."
_BUNDLE = "bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A registered model; `metrics` are its out-of-time figures on record, by name."""

    target: str
    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """When a version became champion, by whose hand and why; `forced` tells that a warning was overruled, `back` that
    it was a return to the champion before.
    """

    version: str
    at: datetime
    by: str
    reason: str = ""
    forced: bool = False
    back: bool = False


def champions(history: Iterable[Promotion]) -> tuple[str, ...]:
    """The versions that became champion, earliest first, without those that were gone back from; the last is live."""
    line: list[str] = []
    for one in history:
        if one.back:
            line.pop()
        elif one.version not in line[-1:]:
            line.append(one.version)
    return tuple(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """When a version became the challenger, by whose hand and why; version "" = from then on there is none."""

    version: str
    at: datetime
    by: str
    reason: str = ""


class Registry:
    """Models kept in MLflow at an address such as `sqlite:///goodfaith-data/mlflow.db`.

    With SQLite, files lie beside the database in `mlflow-artifacts`, unless `artifacts` says where; with a server,
    where the server puts them. Reading from a SQLite file that does not exist yet answers "nothing" and makes none.
    Every method raises RegistryError when MLflow does not answer.
    """

    def __init__(self, uri: str, *, artifacts: str = "") -> None:
        self.uri = uri
        self.artifacts = artifacts
        self._loaded: dict[tuple[str, str], tuple[str, Bundle]] = {}

    def register(
        self,
        bundle: Bundle,
        *,
        metrics: Mapping[str, float],
        parameters: Mapping[str, str],
        files: Mapping[str, bytes] | None = None,
    ) -> str:
        """Log a run with the bundle, its metrics, parameters and further files; return the new version."""
        name = NAMES[bundle.target]
        run = self.keep(bundle, metrics=metrics, parameters=parameters, files=files)
        with _mlflow_errors():
            if not self._exists(bundle.target):
                self._client.create_registered_model(name)
            source = f"{self._client.get_run(run).info.artifact_uri}/model"
            return str(self._client.create_model_version(name, source, run).version)

    def keep(
        self,
        bundle: Bundle,
        *,
        metrics: Mapping[str, float],
        parameters: Mapping[str, str],
        files: Mapping[str, bytes] | None = None,
    ) -> str:
        """Log the same without registering a model that could be promoted; return the run's id."""
        with _mlflow_errors():
            run = self._client.create_run(self._experiment(bundle.name), tags={"bundle": bundle.digest}).info
            self._log(run.run_id, metrics, parameters)
            with tempfile.TemporaryDirectory() as folder:
                _write_files(Path(folder) / "report", files or {})
                _write_model(Path(folder) / "model", bundle)
                self._client.log_artifacts(run.run_id, folder)
            self._client.set_terminated(run.run_id)
        return str(run.run_id)

    def _log(self, run_id: str, metrics: Mapping[str, float], parameters: Mapping[str, str]) -> None:
        from mlflow.entities import Metric, Param

        now = int(datetime.now(UTC).timestamp() * 1000)
        figures = [Metric(name, value, now, 0) for name, value in metrics.items()]
        given = [Param(name, value) for name, value in parameters.items()]
        self._client.log_batch(run_id, params=given)
        for start in range(0, len(figures), _AT_ONCE):
            self._client.log_batch(run_id, metrics=figures[start : start + _AT_ONCE])

    def file(self, target: str, version: str, name: str) -> bytes | None:
        """A file of a version's report, None where it has none of this name; raises VersionUnknown."""
        self.version(target, version)
        with _mlflow_errors():
            from mlflow.artifacts import download_artifacts

            run = str(self._client.get_model_version(NAMES[target], version).run_id)
            if f"report/{name}" not in {one.path for one in self._client.list_artifacts(run, "report")}:
                return None
            with tempfile.TemporaryDirectory() as folder:
                path = download_artifacts(
                    run_id=run, artifact_path=f"report/{name}", dst_path=folder, tracking_uri=self.uri
                )
                return Path(path).read_bytes()

    def champion(self, target: str) -> tuple[str, Bundle] | None:
        """The champion's version and bundle, None when nothing was promoted; BundleBroken when it was changed."""
        return self._holder(target, CHAMPION)

    def challenger(self, target: str) -> tuple[str, Bundle] | None:
        """The challenger's version and bundle, None where there is none; BundleBroken when it was changed."""
        return self._holder(target, CHALLENGER)

    def _holder(self, target: str, alias: str) -> tuple[str, Bundle] | None:
        version, key = self._aliases(target).get(alias), (target, alias)
        if version is None:
            return None
        if self._loaded.get(key, ("",))[0] != version:
            self._loaded[key] = (version, self.bundle(target, version))
        return self._loaded[key]

    def bundle(self, target: str, version: str) -> Bundle:
        """The bundle of a version; raises VersionUnknown, and BundleBroken when its files were changed."""
        self.version(target, version)
        with _mlflow_errors():
            from mlflow.artifacts import download_artifacts

            source = self._client.get_model_version_download_uri(NAMES[target], version)
            with tempfile.TemporaryDirectory() as folder:
                path = download_artifacts(
                    artifact_uri=f"{source}/data/{_BUNDLE}", dst_path=folder, tracking_uri=self.uri
                )
                return read_bundle(Path(path))

    def versions(self, target: str) -> tuple[Version, ...]:
        """Every version of a target, oldest first."""
        if not self._begun:
            return ()
        aliases = self._aliases(target)
        with _mlflow_errors():
            found = self._client.search_model_versions(f"name = '{NAMES[target]}'", max_results=10_000)
            return tuple(
                Version(
                    target=target,
                    version=str(one.version),
                    aliases=tuple(sorted(name for name, version in aliases.items() if version == str(one.version))),
                    created_at=_moment(one.creation_timestamp),
                    metrics=dict(self._client.get_run(str(one.run_id)).data.metrics),
                )
                for one in sorted(found, key=lambda one: int(one.version))
            )

    def version(self, target: str, version: str) -> Version:
        """One version; raises VersionUnknown."""
        for one in self.versions(target):
            if one.version == version:
                return one
        raise VersionUnknown(target, version)

    def promote(self, target: str, promotion: Promotion) -> None:
        """Make a version the champion, no longer the challenger, and remember it for ever; raises VersionUnknown."""
        version = self.version(target, promotion.version)
        with _mlflow_errors():
            self._client.set_registered_model_alias(NAMES[target], CHAMPION, version.version)
        self._note(target, _PROMOTION, promotion)
        if CHALLENGER in version.aliases:
            self.challenge(target, Challenge(version="", at=promotion.at, by=promotion.by, reason="became champion"))

    def challenge(self, target: str, wish: Challenge) -> None:
        """Make a version the challenger, or leave none, and remember it for ever; raises VersionUnknown."""
        if wish.version:
            self.version(target, wish.version)
        with _mlflow_errors():
            if wish.version:
                self._client.set_registered_model_alias(NAMES[target], CHALLENGER, wish.version)
            else:
                self._client.delete_registered_model_alias(NAMES[target], CHALLENGER)
        self._note(target, _CHALLENGE, wish)

    def _note(self, target: str, kind: str, event: Promotion | Challenge) -> None:
        at = event.at.astimezone(UTC)
        record = json.dumps({**asdict(event), "at": at.isoformat()}, sort_keys=True, ensure_ascii=False)
        with _mlflow_errors():
            self._client.set_registered_model_tag(NAMES[target], f"{kind}{at:%Y%m%dT%H%M%S.%f}", record)

    def history(self, target: str) -> tuple[Promotion, ...]:
        """Every promotion of a target, earliest first."""
        return tuple(Promotion(**record) for record in self._noted(target, _PROMOTION))

    def challenges(self, target: str) -> tuple[Challenge, ...]:
        """Every change of a target's challenger, earliest first."""
        return tuple(Challenge(**record) for record in self._noted(target, _CHALLENGE))

    def _noted(self, target: str, kind: str) -> Iterator[dict[str, Any]]:
        if not self._begun or not self._exists(target):
            return
        with _mlflow_errors():
            tags = self._client.get_registered_model(NAMES[target]).tags
        for key, value in sorted(tags.items()):
            if key.startswith(kind):
                record = json.loads(value)
                yield {**record, "at": datetime.fromisoformat(record["at"])}

    @property
    def _sqlite_file(self) -> Path | None:
        prefix, _, path = self.uri.partition(":///")
        return Path(path) if prefix == "sqlite" else None

    @property
    def _begun(self) -> bool:
        return self._sqlite_file is None or self._sqlite_file.exists()

    @cached_property
    def _client(self) -> "MlflowClient":
        if self._sqlite_file:
            self._sqlite_file.parent.mkdir(parents=True, exist_ok=True)
        with _mlflow_errors(), _quiet():
            from mlflow import MlflowClient

            _hush()
            return MlflowClient(self.uri, self.uri)

    def _experiment(self, name: str) -> str:
        """The experiment that holds the runs of a model; made on first use."""
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        artifacts = self.artifacts
        if not artifacts and self._sqlite_file:
            artifacts = (self._sqlite_file.resolve().parent / "mlflow-artifacts" / name).as_uri()
        return str(self._client.create_experiment(name, artifact_location=artifacts or None))

    def _exists(self, target: str) -> bool:
        with _mlflow_errors():
            return bool(self._client.search_registered_models(f"name = '{NAMES[target]}'"))

    def _aliases(self, target: str) -> dict[str, str]:
        """Version by alias, {} for a model that was never registered."""
        if not self._begun or not self._exists(target):
            return {}
        with _mlflow_errors():
            aliases = self._client.get_registered_model(NAMES[target]).aliases
        return {name: str(version) for name, version in aliases.items()}


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _write_model(folder: Path, bundle: Bundle) -> None:
    """Write the bundle as a model that MLflow can load, through `training.pyfunc`."""
    with _quiet():
        import mlflow.pyfunc

    with tempfile.TemporaryDirectory() as files:
        _write_files(Path(files) / _BUNDLE, bundle.pack())
        mlflow.pyfunc.save_model(
            str(folder),
            loader_module="training.pyfunc",
            data_path=str(Path(files) / _BUNDLE),
            pip_requirements=list(_REQUIREMENTS),
            metadata={"bundle": bundle.digest, "target": bundle.target},
        )


@contextmanager
def _mlflow_errors() -> Iterator[None]:
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
def _quiet() -> Iterator[None]:
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


def _hush() -> None:
    """Keep MLflow's news out of the log; only now, since it sets its own level while it is imported."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
