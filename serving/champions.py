"""The promoted models, as this floor sees them: asked for by target, refused when they do not fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from features.catalogue import CATALOGUE
from scoring.bundle import Bundle
from scoring.errors import ScoringError
from scoring.model import Model
from scoring.score_policy import ScorePolicy
from serving.errors import ChampionUnloadable

__all__ = ["Champions", "LiveModels", "current_declarations", "live_models"]


class Champions(Protocol):
    """Whatever knows which model is live; the training floor's registry is one."""

    def champion(self, target: str) -> tuple[str, Bundle] | None:
        """Version and bundle of the live model for `credit` or `counterfeit`, None where none was promoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveModels:
    """The live model of each target, ready to judge; None where none was promoted."""

    credit: Model | None = None
    counterfeit: Model | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Targets without a live model."""
        return tuple(target for target in ("credit", "counterfeit") if getattr(self, target) is None)

    def check_fit(self, policy: ScorePolicy) -> None:
        """Raise `ChampionUnloadable` where the policy's bands do not stand on the credit model's scale."""
        if self.credit and self.credit.bundle.scaling != policy.scale.scaling:
            raise ChampionUnloadable(
                "the promoted credit model's scale is not the one that the policy's bands stand on"
            )


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
        credit=_load(champions, "credit", declarations), counterfeit=_load(champions, "counterfeit", declarations)
    )


def _load(champions: Champions, target: str, declarations: Mapping[str, str]) -> Model | None:
    try:
        found = champions.champion(target)
        model = Model(found[1], version=found[0]) if found else None
        if model:
            model.check_golden()
    except Exception as error:
        # The registry belongs to another floor and may fail in ways that this one has no names for;
        # whatever it was, a champion that does not load is one answer here. Only our own sentences are repeated:
        # another system's may name its host.
        why = str(error) if isinstance(error, ScoringError) else type(error).__name__
        raise ChampionUnloadable(f"the promoted {target} model cannot be loaded: {why}") from error
    changed = model.bundle.changed(declarations) if model else ()
    if changed:
        raise ChampionUnloadable(
            f"the promoted {target} model was trained on {len(changed)} features that have changed since "
            f"(first: {changed[0]}); train it again"
        )
    return model
