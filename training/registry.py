"""The model registry: versions, the champion and its challenger, and who was either when; kept in MLflow.

A version is a run (parameters, metrics, report files) with a model that MLflow's own tools can load; inside
it lies the bundle, which is all that serving reads. Runs are written through MLflow's client rather than its
fluent functions, which keep a tracking address and an active run for the whole process.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.bundle import Bundle
from training.errors import VersionUnknown
from training.pyfunc import read_bundle
from training.tracking import BUNDLE, hush, mlflow_errors, quiet, write_files, write_model

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = [
    "CHALLENGER", "CHAMPION", "LABEL", "NAMES", "SERVED", "TEST_FILE", "Challenge", "Promotion", "Registry", "Version",
    "champions",
]  # fmt: skip

#: The registered model of each target; a table's are kept under its name, and never registered.
NAMES = {
    "credit": "goodfaith-credit",
    "counterfeit": "goodfaith-counterfeit",
    "bust_out": "goodfaith-bust-out",
    "refund_loss": "goodfaith-refund-loss",
    "table": "goodfaith-table",
    "complaints": "goodfaith-complaints",
}
#: The targets whose champions serving answers with.
SERVED = ("credit", "counterfeit")
#: The aliases that serving follows: who answers, and who judges beside it without a word to anybody.
CHAMPION, CHALLENGER = "champion", "challenger"

#: With what the names of a run's parameters begin that say what is bad.
LABEL = "label."
#: The test rows and what the served candidate said of them, kept with a run for paired comparisons.
TEST_FILE = "test.parquet"

#: So many metrics MLflow takes at once.
_AT_ONCE = 1000
#: Under which tags it is noted what has become of an alias, and what is about to.
_NOTED = {CHAMPION: "promotion.", CHALLENGER: "challenge."}
_BEGUN = "begun."


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A registered model; `metrics` are its out-of-time figures on record, by name, `label` is what is bad to it."""

    target: str
    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    metrics: Mapping[str, float] = field(default_factory=dict)
    label: Mapping[str, str] = field(default_factory=dict)


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
        with mlflow_errors():
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
        with mlflow_errors():
            run = self._client.create_run(self._experiment(bundle.name), tags={"bundle": bundle.digest}).info
            with self._finished(run.run_id), tempfile.TemporaryDirectory() as folder:
                self._log(run.run_id, metrics, parameters)
                write_files(Path(folder) / "report", files or {})
                write_model(Path(folder) / "model", bundle)
                self._client.log_artifacts(run.run_id, folder)
        return str(run.run_id)

    @contextmanager
    def _finished(self, run_id: str) -> Iterator[None]:
        """Say of a run how it ended, also where it was broken off."""
        try:
            yield
        except BaseException:
            # Where MLflow is what does not answer, its first error says more than the one of telling it so.
            with suppress(Exception):
                self._client.set_terminated(run_id, status="FAILED")
            raise
        self._client.set_terminated(run_id)

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
        with mlflow_errors():
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
        with mlflow_errors():
            from mlflow.artifacts import download_artifacts

            source = self._client.get_model_version_download_uri(NAMES[target], version)
            with tempfile.TemporaryDirectory() as folder:
                path = download_artifacts(
                    artifact_uri=f"{source}/data/{BUNDLE}", dst_path=folder, tracking_uri=self.uri
                )
                return read_bundle(Path(path))

    def versions(self, target: str) -> tuple[Version, ...]:
        """Every version of a target, oldest first."""
        if not self._begun:
            return ()
        aliases = self._aliases(target)
        with mlflow_errors():
            found = self._client.search_model_versions(f"name = '{NAMES[target]}'", max_results=10_000)
            ordered = sorted(found, key=lambda one: int(one.version))
            kept = [(one, self._client.get_run(str(one.run_id)).data) for one in ordered]
        return tuple(
            Version(
                target=target,
                version=str(one.version),
                aliases=tuple(sorted(name for name, version in aliases.items() if version == str(one.version))),
                created_at=_moment(one.creation_timestamp),
                metrics=dict(data.metrics),
                label={key: value for key, value in data.params.items() if key.startswith(LABEL)},
            )
            for one, data in kept
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
        self._move(target, CHAMPION, promotion)
        if CHALLENGER in version.aliases:
            self.challenge(target, Challenge(version="", at=promotion.at, by=promotion.by, reason="became champion"))

    def challenge(self, target: str, wish: Challenge) -> None:
        """Make a version the challenger, or leave none, and remember it for ever; raises VersionUnknown."""
        if wish.version:
            self.version(target, wish.version)
        self._move(target, CHALLENGER, wish)

    def _move(self, target: str, alias: str, event: Promotion | Challenge) -> None:
        """Note what is about to be done, do it, note that it was done: however it is broken off, what became of it can
        be told from where the alias is.
        """
        name, at = NAMES[target], event.at.astimezone(UTC)
        record = json.dumps({**asdict(event), "at": at.isoformat()}, sort_keys=True, ensure_ascii=False)
        for _ in self._unfinished(target, alias):
            self._finish(target, alias)
        with mlflow_errors():
            self._client.set_registered_model_tag(name, f"{_BEGUN}{alias}", record)
            if event.version:
                self._client.set_registered_model_alias(name, alias, event.version)
            else:
                self._client.delete_registered_model_alias(name, alias)
        self._finish(target, alias)

    def _finish(self, target: str, alias: str) -> None:
        """Put what was begun and done among what is remembered."""
        name = NAMES[target]
        with mlflow_errors():
            record = self._client.get_registered_model(name).tags[f"{_BEGUN}{alias}"]
            at = datetime.fromisoformat(json.loads(record)["at"])
            self._client.set_registered_model_tag(name, f"{_NOTED[alias]}{at:%Y%m%dT%H%M%S.%f}", record)
            self._client.delete_registered_model_tag(name, f"{_BEGUN}{alias}")

    def history(self, target: str) -> tuple[Promotion, ...]:
        """Every promotion of a target, earliest first."""
        return tuple(Promotion(**record) for record in self._noted(target, CHAMPION))

    def challenges(self, target: str) -> tuple[Challenge, ...]:
        """Every change of a target's challenger, earliest first."""
        return tuple(Challenge(**record) for record in self._noted(target, CHALLENGER))

    def _noted(self, target: str, alias: str) -> Iterator[dict[str, Any]]:
        """What is remembered of an alias, and what was done after which its maker did not live to note it."""
        tags = self._tags(target)
        noted = [tags[key] for key in sorted(tags) if key.startswith(_NOTED[alias])]
        for text in dict.fromkeys([*noted, *self._unfinished(target, alias)]):
            record = json.loads(text)
            yield {**record, "at": datetime.fromisoformat(record["at"])}

    def _unfinished(self, target: str, alias: str) -> list[str]:
        """The record of a move that was done and not noted, if there is one."""
        begun = self._tags(target).get(f"{_BEGUN}{alias}")
        done = begun is not None and json.loads(begun)["version"] == self._aliases(target).get(alias, "")
        return [begun] if begun is not None and done else []

    def _tags(self, target: str) -> dict[str, str]:
        if not self._begun or not self._exists(target):
            return {}
        with mlflow_errors():
            return dict(self._client.get_registered_model(NAMES[target]).tags)

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
        with mlflow_errors(), quiet():
            from mlflow import MlflowClient

            hush()
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
        with mlflow_errors():
            return bool(self._client.search_registered_models(f"name = '{NAMES[target]}'"))

    def _aliases(self, target: str) -> dict[str, str]:
        """Version by alias, {} for a model that was never registered."""
        if not self._begun or not self._exists(target):
            return {}
        with mlflow_errors():
            aliases = self._client.get_registered_model(NAMES[target]).aliases
        return {name: str(version) for name, version in aliases.items()}


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
