"""The use case: make a version the champion, if it still is what it was and no worse than the present one."""

from collections.abc import Mapping
from dataclasses import replace

from scoring.model import Model
from training.compare import compare, shortcomings
from training.errors import PromotionRefused
from training.registry import Promotion, Registry, Version

__all__ = ["promote", "roll_back"]


def promote(
    registry: Registry, target: str, promotion: Promotion, *, declarations: Mapping[str, str]
) -> tuple[str, str]:
    """Move the champion alias; answer the versions before ("" for none) and after.

    `declarations` are the catalogue's as it is now, SHA-256 by feature name. Raises VersionUnknown, GoldenRowsDiffer
    or BundleBroken (never overruled), and PromotionRefused for a model whose features have changed (never overruled)
    or that is worse than the champion, uncalibrated, unstable or unfair (overruled by a forced promotion, which needs
    a reason).
    """
    version = registry.version(target, promotion.version)
    bundle = registry.bundle(target, promotion.version)
    Model(bundle).check_golden()
    changed = bundle.changed(declarations)
    if changed:
        raise PromotionRefused(
            f"version {version.version} was made with other declarations of {', '.join(changed[:5])}"
            f"{' and more' if len(changed) > 5 else ''}: train it again"
        )
    before = _champion(registry, target)
    if not promotion.forced:
        against = compare(registry, target, before.version, version.version) if before else None
        found = shortcomings(version, against)
        if found:
            raise PromotionRefused(
                f"version {version.version} is not promoted: {'; '.join(found)}; to promote it all the same, use "
                "--force --reason TEXT"
            )
    registry.promote(target, promotion)
    return before.version if before else "", version.version


def roll_back(registry: Registry, target: str, wish: Promotion, *, declarations: Mapping[str, str]) -> tuple[str, str]:
    """Make champion what was it before the present one; answer the versions before and after.

    `wish` says when, by whom and why; its version is not looked at. Raises PromotionRefused where there was none
    before, or where it could not be served any more (as in `promote`).
    """
    live = _champion(registry, target)
    earlier = [one.version for one in registry.history(target) if live and one.version != live.version]
    if not live or not earlier:
        raise PromotionRefused(f"the {target} model has no earlier champion to go back to")
    return promote(registry, target, replace(wish, version=earlier[-1], forced=True), declarations=declarations)


def _champion(registry: Registry, target: str) -> Version | None:
    return next((one for one in registry.versions(target) if "champion" in one.aliases), None)
