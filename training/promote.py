"""The use case: make a version the champion, if it still is what it was and no worse than the present one."""

from collections.abc import Mapping

from scoring.model import Model
from training.errors import PromotionRefused
from training.registry import Promotion, Registry, Version

__all__ = ["promote"]


def promote(
    registry: Registry, target: str, promotion: Promotion, *, declarations: Mapping[str, str]
) -> tuple[str, str]:
    """Move the champion alias; answer the versions before ("" for none) and after.

    `declarations` are the catalogue's as it is now, SHA-256 by feature name. Raises VersionUnknown, GoldenRowsDiffer
    or BundleBroken (never overruled), and PromotionRefused for a model whose features have changed (never overruled)
    or that is worse on record than the champion (overruled by a forced promotion, which needs a reason).
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
    if before and not promotion.forced:
        _refuse_worse(version, before)
    registry.promote(target, promotion)
    return before.version if before else "", version.version


def _champion(registry: Registry, target: str) -> Version | None:
    return next((one for one in registry.versions(target) if "champion" in one.aliases), None)


def _refuse_worse(version: Version, champion: Version) -> None:
    """Compare the two out-of-time AUCs on record, which may come from different rows; the message says so."""
    auc, best = version.metrics.get("auc"), champion.metrics.get("auc")
    if auc is None or best is None or auc >= best:
        return
    raise PromotionRefused(
        f"version {version.version} is worse on record: out-of-time AUC {auc:.4f}, champion {champion.version} has"
        f" {best:.4f} (each on its own test rows); to promote it all the same, use --force --reason TEXT"
    )
