"""The use case: look at every champion, and leave figures where a monitor finds them."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from features.log import EventLog
from scoring.bundle import Bundle
from training.drift import Champion, Drift, drift_of
from training.errors import RegistryError
from training.recipe import Recipe
from training.registry import Registry, champions

__all__ = ["run", "write_metrics"]


def run(
    registry: Registry,
    log: EventLog,
    targets: Sequence[str],
    *,
    since: date | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Drift, ...]:
    """The drift of the champions of some targets; raises RegistryError where there is none at all."""
    found = tuple(one for target in targets if (one := _of(registry, log, target, since, say)))
    if not found:
        raise RegistryError("no model has been promoted, so there is nothing that could drift")
    return found


def _of(registry: Registry, log: EventLog, target: str, since: date | None, say: Callable[[str], None]) -> Drift | None:
    live = registry.champion(target)
    if live is None:
        return None
    version, bundle = live
    recipe = registry.file(target, version, "recipe.toml")
    if recipe is None or "reference" not in bundle.training:
        raise RegistryError(f"version {version} of the {target} model keeps no reference to compare with: train anew")
    champion = Champion(
        version=version,
        bundle=bundle,
        recipe=Recipe.parse(recipe.decode()),
        on_record=registry.version(target, version).metrics,
        before=_before(registry, target),
    )
    return drift_of(log, champion, since=since, say=say)


def _before(registry: Registry, target: str) -> Bundle | None:
    """The champion that `rollback` would go back to."""
    line = champions(registry.history(target))
    return registry.bundle(target, line[-2]) if len(line) > 1 else None


def write_metrics(found: Sequence[Drift], out: Path) -> None:
    """Write figures in Prometheus' text form, whole or not at all, for its textfile collector."""
    kept = CollectorRegistry()
    psi = Gauge("goodfaith_drift_psi", "How far values have moved since training", ("target", "of"), registry=kept)
    alarms = Gauge("goodfaith_drift_alarms", "Alarms of the last look", ("target",), registry=kept)
    off = Gauge("goodfaith_drift_ece", "Calibration error on matured labels", ("target",), registry=kept)
    back = Gauge("goodfaith_drift_roll_back", "1: the champion before ranks better", ("target",), registry=kept)
    early = Gauge("goodfaith_drift_early", "Means of the last week, before labels", ("target", "of"), registry=kept)
    risen = Gauge("goodfaith_drift_early_signs", "Early figures that rose beyond chance", ("target",), registry=kept)
    when = Gauge("goodfaith_drift_as_of_seconds", "The midnight that was looked at", ("target",), registry=kept)
    for one in found:
        psi.labels(one.target, "score").set(one.score.shift.psi)
        psi.labels(one.target, "categories").set(one.categories.psi)
        for name, moved in one.inputs.items():
            psi.labels(one.target, name).set(moved.shift.psi)
        for name in one.early.weeks[-1].figures:
            early.labels(one.target, name).set(one.early.weeks[-1].mean(name))
        risen.labels(one.target).set(len(one.early.risen))
        alarms.labels(one.target).set(len(one.alarms))
        back.labels(one.target).set(one.advice == "roll back")
        when.labels(one.target).set(one.as_of.timestamp())
        if one.matured:
            off.labels(one.target).set(one.matured.judged.figures["ece"].value)
    write_to_textfile(str(out), kept)
