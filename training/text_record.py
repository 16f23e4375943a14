"""What is on record of readers of texts: whether one should become champion."""

from collections.abc import Mapping

__all__ = ["TEXT_FIGURE", "text_shortcomings"]

#: The figure by which a reader is known and held against the champion.
TEXT_FIGURE = "all.served_macro_f1"


def text_shortcomings(metrics: Mapping[str, float], champion: Mapping[str, float] | None) -> list[str]:
    """Why a reader should not become champion: it does not beat the rules, or the champion reads better on record."""
    best, gain = metrics.get(TEXT_FIGURE), metrics.get("all.gain_macro_f1.low")
    if best is None or gain is None:
        return ["it cannot be judged: no macro-F1 on record"]
    found = [] if gain > 0 else [f"it does not beat the rules alone: the gain in macro-F1 is no more than {gain:.3f}"]
    then = champion.get(TEXT_FIGURE) if champion else None
    if then is not None and best < then:
        found.append(f"it is worse on record: macro-F1 {best:.3f}, the champion has {then:.3f} (each on its own texts)")
    return found
