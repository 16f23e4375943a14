"""The promoted models, as this floor sees them: asked for by target, refused when they do not fit; and challengers.

A challenger judges beside the champion and answers nobody, so one that does not fit is told and left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from features.catalogue import CATALOGUE
from scoring.bundle import Bundle
from scoring.errors import ScoringError
from scoring.model import Model
from scoring.score_policy import ScorePolicy
from serving.errors import ChampionUnloadable

__all__ = [
    "TARGETS",
    "Challengers",
    "Champions",
    "LiveModels",
    "current_declarations",
    "live_challengers",
    "live_models",
]

#: What models judge here.
TARGETS = ("credit", "counterfeit")


class Champions(Protocol):
    """Whatever knows which model is live; the training floor's registry is one."""

    def champion(self, target: str) -> tuple[str, Bundle] | None:
        """Version and bundle of the live model for `credit` or `counterfeit`, None where none was promoted."""

    def challenger(self, target: str) -> tuple[str, Bundle] | None:
        """Version and bundle of the model that judges beside it, None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveModels:
    """The live model of each target, ready to judge; None where none was promoted."""

    credit: Model | None = None
    counterfeit: Model | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Targets without a live model."""
        return tuple(target for target in TARGETS if getattr(self, target) is None)

    @property
    def present(self) -> dict[str, Model]:
        """The models that there are, by target."""
        found = {target: getattr(self, target) for target in TARGETS}
        return {target: model for target, model in found.items() if model is not None}

    def check_fit(self, policy: ScorePolicy) -> None:
        """Raise `ChampionUnloadable` where the policy's bands do not stand on the credit model's scale."""
        if self.credit and self.credit.bundle.scaling != policy.scale.scaling:
            raise ChampionUnloadable("the credit model's scale is not the one that the policy's bands stand on")

    def check_none_lost(self, before: Mapping[str, str]) -> None:
        """Raise `ChampionUnloadable` where no model is promoted for a target of which one has judged `before`.

        No promotion is ever taken back without another: a registry that knows of none any more has lost it.
        """
        for target, version in before.items():
            if target in self.missing:
                raise ChampionUnloadable(
                    f"version {version} of the {target} model has judged, and none is promoted any more; promote one"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Challengers:
    """The challengers that can judge, and why others could not be loaded, by target."""

    models: LiveModels = field(default_factory=LiveModels)
    troubles: Mapping[str, str] = field(default_factory=dict)

    @property
    def present(self) -> dict[str, Model]:
        """The challengers that can judge, by target."""
        return self.models.present

    @property
    def versions(self) -> dict[str, str]:
        """The version that challenges each target, "" where none does; without targets of which that is not sure."""
        sure = {target: "" for target in TARGETS if target not in self.troubles}
        return {**sure, **{target: model.named.version for target, model in self.present.items()}}


def current_declarations() -> dict[str, str]:
    """Every feature's declaration as it is now: name -> SHA-256."""
    return {feature.name: feature.declaration() for feature in CATALOGUE}


def live_models(champions: Champions, declarations: Mapping[str, str]) -> LiveModels:
    """Load both champions and try them.

    `declarations` maps every feature to its declaration's hash as it is now. Raises `ChampionUnloadable` where a
    promoted model cannot be read, no longer gives what it gave when it was made, or was made from features that
    have changed since.
    """
    return LiveModels(
        **{target: _load(champions.champion, target, declarations, role="promoted") for target in TARGETS}
    )


def live_challengers(champions: Champions, declarations: Mapping[str, str], policy: ScorePolicy) -> Challengers:
    """Load both challengers and try them as champions are tried; what is wrong with one is told, never raised."""
    models: dict[str, Model | None] = {}
    troubles = {}
    for target in TARGETS:
        try:
            found = _load(champions.challenger, target, declarations, role="challenging")
            LiveModels(**{target: found}).check_fit(policy)
            models[target] = found
        except ChampionUnloadable as error:
            troubles[target] = str(error)
    return Challengers(models=LiveModels(**models), troubles=troubles)


def _load(
    find: Callable[[str], tuple[str, Bundle] | None], target: str, declarations: Mapping[str, str], *, role: str
) -> Model | None:
    try:
        found = find(target)
        model = Model(found[1], version=found[0]) if found else None
        if model:
            model.check_golden()
    except Exception as error:
        # The registry belongs to another floor and may fail in ways that this one has no names for;
        # whatever it was, a model that does not load is one answer here. Only our own sentences are repeated:
        # another system's may name its host.
        why = str(error) if isinstance(error, ScoringError) else type(error).__name__
        raise ChampionUnloadable(f"the {role} {target} model cannot be loaded: {why}") from error
    changed = model.bundle.changed(declarations) if model else ()
    if changed:
        raise ChampionUnloadable(
            f"the {role} {target} model was trained on {len(changed)} features that have changed since "
            f"(first: {changed[0]}); train it again"
        )
    return model
