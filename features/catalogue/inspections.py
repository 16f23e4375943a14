"""Inspections of goods. Whether to look is the platform's decision; what is found is the merchant's doing.

Those that a report, a score or a brand asked for look where something is expected; only the random ones say how often
goods are bad.
"""

from collections.abc import Iterator

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.measures import Condition, Events, Flag, Happenings, Is, IsNot, Measure

__all__ = ["FEATURES"]

_INSPECTED = Happenings(of=Events(event_type="inspection_completed"))
_NOT_PASSED = IsNot(column="outcome", words=("passed",))
_RANDOM = Is(column="trigger", words=("random",))
_TRIGGERS = (
    ("random", "R542", "at random", "随机抽检"),
    ("report", "R543", "after a report", "因举报检验"),
    ("score", "R544", "because of the score", "因评分检验"),
    ("brand", "R545", "because the brand asked", "应品牌方要求检验"),
)


def _those(*where: Condition) -> Measure:
    return Measure(source=_INSPECTED, amount=Flag(where=where))


def _by_trigger() -> Iterator[Feature]:
    """How many inspections were held, by what they were held for."""
    for trigger, reason, what, what_zh in _TRIGGERS:
        yield from Windowed(
            name=f"n_inspections_{trigger}",
            meaning=f"inspections with the trigger {trigger}",
            formula=Total(of=_those(Is(column="trigger", words=(trigger,)))),
            unit="count",
            riskier="neither",
            cause="platform",
            reason=reason,
            text=f"{{value:,}} inspections were held {what} in the last {{days}} days.",
            text_zh=f"近 {{days}} 天内{what_zh} {{value:,}} 次。",
            text_none="No inspection was held.",
            text_none_zh="没有检验。",
        )


FEATURES: tuple[Feature, ...] = (
    *_by_trigger(),
    *Windowed(
        name="inspection_failed_rate",
        meaning="inspections failed, as poor or as fake, of all inspections",
        formula=Ratio(of=_those(_NOT_PASSED), per=Measure(source=_INSPECTED)),
        unit="share",
        riskier="higher",
        reason="R546",
        text="{value:.0%} of the inspections of the last {days} days failed.",
        text_zh="近 {days} 天的检验中，{value:.0%} 不合格。",
        text_none="No inspection was held in the last {days} days.",
        text_none_zh="近 {days} 天内没有检验。",
    ),
    *Windowed(
        name="random_inspection_failed_rate",
        meaning="random inspections failed, as poor or as fake, of random inspections",
        formula=Ratio(of=_those(_RANDOM, _NOT_PASSED), per=_those(_RANDOM)),
        unit="share",
        riskier="higher",
        prior=0.05,
        reason="R547",
        text="{value:.0%} of the random inspections of the last {days} days failed.",
        text_zh="近 {days} 天的随机抽检中，{value:.0%} 不合格。",
        text_none="No random inspection was held in the last {days} days.",
        text_none_zh="近 {days} 天内没有随机抽检。",
        windows=(90, 365),
    ),
    *Windowed(
        name="n_inspections_failed_quality",
        meaning="inspections failed as poor goods",
        formula=Total(of=_those(Is(column="outcome", words=("failed_quality",)))),
        unit="count",
        riskier="higher",
        reason="R548",
        text="{value:,} inspections of the last {days} days found poor goods.",
        text_zh="近 {days} 天内有 {value:,} 次检验发现质量不合格。",
        text_none="No inspection found poor goods.",
        text_none_zh="没有质量不合格的检验。",
    ),
)
