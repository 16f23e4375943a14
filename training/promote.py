"""The use cases: make a version the champion, if it still is what it was and no worse than the present one; or its
challenger, which judges beside it and answers nobody; and tell what was live when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scoring.model import Model
from scoring.text import TextModel
from training.compare import compare, shortcomings
from training.errors import PromotionRefused
from training.registry import CHALLENGER, CHAMPION, Challenge, Promotion, Registry, Version, champions
from training.text_recipe import TEXTS
from training.text_record import text_shortcomings

__all__ = ["Live", "challenge", "live_at", "promote", "roll_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What was live of a target at a moment: the promotion and the challenge in force, None where there was none."""

    target: str
    champion: Promotion | None
    challenger: Challenge | None


def promote(
    registry: Registry, target: str, promotion: Promotion, *, declarations: Mapping[str, str]
) -> tuple[str, str]:
    """Move the champion alias; answer the versions before ("" for none) and after.

    `declarations` are the catalogue's as it is now, SHA-256 by feature name. Raises VersionUnknown, GoldenRowsDiffer
    or BundleBroken (never overruled), and PromotionRefused for a model whose features have changed (never overruled)
    or that is worse than the champion, of another label, uncalibrated, unstable or unfair, or of which that is not on
    record (overruled by a forced promotion, which needs a reason).
    """
    version = _fit_to_serve(registry, target, promotion.version, declarations)
    before = _holder(registry, target, CHAMPION)
    if not promotion.forced:
        found = _speaks_against(registry, target, before, version)
        if found:
            raise PromotionRefused(
                f"version {version.version} is not promoted: {'; '.join(found)}; to promote it all the same, use "
                "--force --reason TEXT"
            )
    registry.promote(target, promotion)
    return before.version if before else "", version.version


def _speaks_against(registry: Registry, target: str, champion: Version | None, version: Version) -> list[str]:
    if target == TEXTS:
        return text_shortcomings(version.metrics, champion.metrics if champion else None)
    return shortcomings(version, compare(registry, target, champion.version, version.version) if champion else None)


def roll_back(registry: Registry, target: str, wish: Promotion, *, declarations: Mapping[str, str]) -> tuple[str, str]:
    """Make champion what was it before the present one; answer the versions before and after. Again, one further back.

    `wish` says when, by whom and why; its version is not looked at. Raises PromotionRefused where there was none
    before, or where it could not be served any more (as in `promote`).
    """
    line, live = champions(registry.history(target)), _holder(registry, target, CHAMPION)
    if len(line) < 2:
        raise PromotionRefused(f"the {target} model has no earlier champion to go back to")
    if live is None or live.version != line[-1]:
        raise PromotionRefused(
            f"the {target} model's champion is not the one last promoted, version {line[-1]}: name one to `promote`"
        )
    return promote(registry, target, replace(wish, version=line[-2], forced=True, back=True), declarations=declarations)


def challenge(registry: Registry, target: str, wish: Challenge, *, declarations: Mapping[str, str]) -> tuple[str, str]:
    """Make a version the challenger, or leave none; answer the challengers before and after ("" for none).

    Raises VersionUnknown, GoldenRowsDiffer or BundleBroken, and PromotionRefused for a model whose features have
    changed, for the champion itself, and where there is no challenger to take away.
    """
    before = _holder(registry, target, CHALLENGER)
    if wish.version:
        version = _fit_to_serve(registry, target, wish.version, declarations)
        if CHAMPION in version.aliases:
            raise PromotionRefused(f"version {version.version} is the champion: it cannot challenge itself")
    elif before is None:
        raise PromotionRefused(f"the {target} model has no challenger that could be taken away")
    registry.challenge(target, wish)
    return before.version if before else "", wish.version


def live_at(registry: Registry, target: str, moment: datetime) -> Live:
    """What was live at a moment, by the record: what was changed at that very moment was live.

    Serving looks every five seconds, so within these it may still have answered with what was live before.
    """
    promotions = [one for one in registry.history(target) if one.at <= moment]
    challenges = [one for one in registry.challenges(target) if one.at <= moment]
    challenger = challenges[-1] if challenges and challenges[-1].version else None
    return Live(target=target, champion=promotions[-1] if promotions else None, challenger=challenger)


def _fit_to_serve(registry: Registry, target: str, version: str, declarations: Mapping[str, str]) -> Version:
    """The version, if it still gives what it gave and its features are declared as they were."""
    found, bundle = registry.version(target, version), registry.bundle(target, version)
    (TextModel if bundle.kind == "text" else Model)(bundle).check_golden()
    changed = bundle.changed(declarations)
    if changed:
        raise PromotionRefused(
            f"version {version} was made with other declarations of {', '.join(changed[:5])}"
            f"{' and more' if len(changed) > 5 else ''}: train it again"
        )
    return found


def _holder(registry: Registry, target: str, alias: str) -> Version | None:
    return next((one for one in registry.versions(target) if alias in one.aliases), None)
