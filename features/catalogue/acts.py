"""What the platform itself did: penalties, reinstatements, programmes. People look at it; no model does.

Points fade: those of the last 30 days weigh in full, up to 90 days by half, up to a year by a quarter. Own proposal;
marketplaces keep points for 28 to 180 days, and a year is what all windows here end with.
"""

from collections.abc import Iterator

from features.catalogue.feature import Feature, Since, Total, Windowed
from features.catalogue.shapes import Fading
from features.measures import Column, Events, Flag, Happenings, Is, Latest, Measure, Said, Standing

__all__ = ["FEATURES"]

_APPLIED = Events(event_type="penalty_applied")
_PENALTIES = Happenings(of=_APPLIED)
_POINTS = Measure(source=_PENALTIES, amount=Column(column="points"))
_REINSTATED = Measure(source=Happenings(of=Events(event_type="reinstated")))
_LATEST = Latest(of=(_APPLIED,))
_JOINED = Events(event_type="programme_joined")
_MEMBER = Standing(of=(_JOINED, Events(event_type="programme_left")), by=("programme",), being=(_JOINED,))
_LATEST_JOINED = Latest(of=(_JOINED,))
_KINDS = (
    ("warning", "R516", "warnings", "警告"),
    ("points", "R517", "penalties in points", "扣分处罚"),
    ("demotion", "R518", "demotions", "降权"),
    ("suspension", "R519", "suspensions", "暂停经营"),
    ("removal", "R520", "removals", "清退"),
)


def _of_kind(kind: str) -> Measure:
    return Measure(source=_PENALTIES, amount=Flag(where=(Is(column="penalty", words=(kind,)),)))


def _by_kind() -> Iterator[Feature]:
    """How many penalties of each kind."""
    for kind, reason, what, what_zh in _KINDS:
        yield from Windowed(
            name=f"n_penalties_{kind}",
            meaning=f"penalties of the kind {kind}",
            formula=Total(of=_of_kind(kind)),
            unit="count",
            riskier="higher",
            cause="platform",
            reason=reason,
            text=f"Got {{value:,}} {what} in the last {{days}} days.",
            text_zh=f"近 {{days}} 天内受到{what_zh} {{value:,}} 次。",
            text_none="No penalties.",
            text_none_zh="没有处罚。",
        )


def _ever(name: str, of: Measure, reason: str, done: str, done_zh: str) -> Feature:
    """How often something was done, since ever."""
    return Feature(
        name=name,
        shows=name,
        meaning=f"how often the merchant was {done}, since ever",
        formula=Total(of=of),
        unit="count",
        riskier="higher",
        cause="platform",
        reason=reason,
        text=f"Was {done} {{value:,}} times.",
        text_zh=f"累计被{done_zh} {{value:,}} 次。",
        text_none=f"Was never {done}.",
        text_none_zh=f"从未被{done_zh}。",
    )


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_penalties",
        meaning="penalties of any kind",
        formula=Total(of=Measure(source=_PENALTIES)),
        unit="count",
        riskier="higher",
        cause="platform",
        reason="R515",
        text="Got {value:,} penalties in the last {days} days.",
        text_zh="近 {days} 天内受到处罚 {value:,} 次。",
        text_none="No penalties.",
        text_none_zh="没有处罚。",
    ),
    *_by_kind(),
    *Windowed(
        name="penalty_points",
        meaning="points of penalties",
        formula=Total(of=_POINTS),
        unit="points",
        riskier="higher",
        cause="platform",
        reason="R521",
        text="Got {value:,} penalty points in the last {days} days.",
        text_zh="近 {days} 天内被扣 {value:,} 分。",
        text_none="No penalty points.",
        text_none_zh="没有扣分。",
    ),
    Feature(
        name="penalty_points_fading",
        shows="penalty_points_fading",
        meaning="points of penalties: of the last 30 days in full, of 31 to 90 days ago half, of 91 to 365 a quarter",
        formula=Fading(of=_POINTS, steps=((30, 100), (90, 50), (365, 25))),
        days=365,
        unit="points",
        riskier="higher",
        cause="platform",
        reason="R522",
        text="Penalty points, older ones weighing less, come to {value:.1f}.",
        text_zh="按时间衰减后的扣分合计 {value:.1f} 分。",
        text_none="No penalty points.",
        text_none_zh="没有扣分。",
    ),
    Feature(
        name="days_since_last_penalty",
        shows="days_since_last_penalty",
        meaning="calendar days (UTC) from the day of the latest penalty",
        formula=Since(latest=Measure(source=_LATEST, amount=Said()), known=Measure(source=_LATEST)),
        unit="days",
        riskier="lower",
        cause="platform",
        reason="R523",
        text="The last penalty was {value:,} days ago.",
        text_zh="最近一次处罚在 {value:,} 天前。",
        text_none="Was never penalised.",
        text_none_zh="从未受到处罚。",
    ),
    _ever("n_removals", _of_kind("removal"), "R524", "removed", "清退"),
    _ever("n_reinstatements", _REINSTATED, "R525", "reinstated", "恢复"),
    Feature(
        name="n_programmes_joined",
        shows="n_programmes_joined",
        meaning="programmes that were joined and not left since",
        formula=Total(of=Measure(source=_MEMBER)),
        unit="count",
        riskier="neither",
        cause="platform",
        reason="R514",
        text="Carries {value:,} guarantee programmes.",
        text_zh="已加入 {value:,} 项保障计划。",
        text_none="Carries no guarantee programme.",
        text_none_zh="未加入任何保障计划。",
    ),
    Feature(
        name="days_since_programme_joined",
        shows="days_since_programme_joined",
        meaning="calendar days (UTC) from the day of the latest joining of a programme",
        formula=Since(latest=Measure(source=_LATEST_JOINED, amount=Said()), known=Measure(source=_LATEST_JOINED)),
        unit="days",
        riskier="neither",
        cause="platform",
        reason="R549",
        text="The last programme was joined {value:,} days ago.",
        text_zh="最近一次加入保障计划在 {value:,} 天前。",
        text_none="Never joined a programme.",
        text_none_zh="从未加入保障计划。",
    ),
)
