"""The part of a recipe that says what is bad, and when it is known."""

from typing import TypeVar

from features.exemptions import Exemption
from features.label_spec import LabelSpec, Undelivered, Unrecovered
from training.recipe_keys import REQUIRED, Keys

__all__ = ["COMPONENTS", "TABLE", "exemptions_in", "label_in"]

T = TypeVar("T")

#: The target of a table of one's own: what a column says, not what became of merchants.
TABLE = "table"

#: What kind of label each target has.
KIND_OF = {"credit": "own_fault", "counterfeit": "counterfeit", "bust_out": "bust_out", "refund_loss": "bust_out"}

#: The own faults (`features/faults.py`) that a label may count.
COMPONENTS = (
    "dispatch_late", "cancelled", "dispute_lost", "low_stars_on_time", "return_accepted", "refunded", "settled",
)  # fmt: skip


def label_in(keys: Keys, *, target: str, exemptions: tuple[Exemption, ...]) -> LabelSpec:
    """The label of a recipe; raises RecipeBroken, which names the key."""
    if target == TABLE:
        return _column(keys)
    kind = keys.one_of("kind", (KIND_OF[target],))
    components = keys.texts("components", REQUIRED if kind == "own_fault" else ())
    strange = [component for component in components if component not in COMPONENTS]
    if strange or len(set(components)) < len(components) or (kind == "own_fault") != bool(components):
        raise keys.broken(
            "components", f"is {list(components)}, and has to list some of {', '.join(COMPONENTS)}, each once"
        )
    undelivered, unrecovered = _losses(keys) if kind == "bust_out" else (None, None)
    parts = {"undelivered": undelivered, "unrecovered": unrecovered}
    named = components or tuple(name for name, part in parts.items() if part)
    label = LabelSpec(
        target=target,
        kind=kind,
        components=components,
        threshold=keys.within("threshold", float, 0.0, 1.0, REQUIRED if kind == "own_fault" else 0.0),
        min_orders=keys.within("min_orders", int, 0, 10**6),
        horizon_days=keys.within("horizon_days", int, 1, 3650),
        delay_days=keys.within("delay_days", int, 0, 3650),
        sources=keys.texts("sources", ()),
        weights=_by_component(keys.table("weights"), components, float, (0.000001, 1.0)),
        delays=_by_component(keys.table("delays"), named, int, (0, 3650)),
        exemptions=exemptions,
        undelivered=undelivered,
        unrecovered=unrecovered,
    )
    keys.finish()
    if undelivered and undelivered.grace_days > label.delay_of("undelivered"):
        raise keys.broken("undelivered.grace_days", "is longer than the delay after which the window is judged")
    return label


def _column(keys: Keys) -> LabelSpec:
    """A column says what is bad; it is known so many days after the row's time."""
    label = LabelSpec(
        target=TABLE,
        kind=keys.one_of("kind", ("column",), "column"),
        horizon_days=keys.within("horizon_days", int, 0, 36_500, 0),
        delay_days=keys.within("delay_days", int, 0, 36_500, 0),
    )
    keys.finish()
    return label


def _losses(keys: Keys) -> tuple[Undelivered | None, Unrecovered | None]:
    """When goods that never came, and money that was never repaid, are too much; either may be left away."""
    if "undelivered" not in keys and "unrecovered" not in keys:
        raise keys.broken("undelivered", "or `unrecovered` is needed")
    return (
        _undelivered(keys.table("undelivered")) if "undelivered" in keys else None,
        _unrecovered(keys.table("unrecovered")) if "unrecovered" in keys else None,
    )


def _undelivered(keys: Keys) -> Undelivered:
    undelivered = Undelivered(
        share=keys.within("share", float, 0.0, 1.0),
        cents=keys.within("cents", int, 0, 10**12),
        grace_days=keys.within("grace_days", int, 0, 365),
    )
    keys.finish()
    return undelivered


def _unrecovered(keys: Keys) -> Unrecovered:
    unrecovered = Unrecovered(share=keys.within("share", float, 0.0, 1.0), cents=keys.within("cents", int, 0, 10**12))
    keys.finish()
    return unrecovered


def _by_component(keys: Keys, components: tuple[str, ...], kind: type[T], limits: tuple[float, float]) -> dict[str, T]:
    """What is stated of some of the label's components."""
    found = {name: keys.within(name, kind, *limits) for name in components if name in keys}
    keys.finish()
    return found


def exemptions_in(top: Keys) -> tuple[Exemption, ...]:
    """The days for which promises did not hold; raises RecipeBroken."""
    return tuple(_exemption(keys) for keys in top.tables("exemptions", []))


def _exemption(keys: Keys) -> Exemption:
    first, until = keys.day("from"), keys.day("until")
    if first is None or until is None or until <= first:
        raise keys.broken("until", "has to be a date after `from`")
    exemption = Exemption(
        first=first,
        until=until,
        regions=keys.texts("regions", ()),
        categories=keys.texts("categories", ()),
        reason=keys.take("reason", str),
    )
    keys.finish()
    return exemption
