"""Fakes: what was reported, and what was confirmed."""

from features.catalogue.feature import Feature, Total, Windowed
from features.measures import Distinct, Events, Happenings, Is, Measure, Open

__all__ = ["FEATURES"]

_REPORTS = Measure(source=Happenings(of=Events(event_type="fake_report_filed")))
_CONFIRMED = Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),))
_INSPECTED = Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),))
_FOUND = (Measure(source=Happenings(of=_CONFIRMED)), Measure(source=Happenings(of=_INSPECTED)))
_FOUND_CAPPED = (
    Measure(source=Distinct(of=(_CONFIRMED,), by="reporter_id", most=3, alone=True)),
    Measure(source=Happenings(of=_INSPECTED)),
)
_REPORTS_OPEN = Measure(source=Open(opened="fake_report_filed", closed="fake_report_resolved", by="report_id"))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_fake_reports",
        meaning="reports of fakes filed; unverified, so no model sees them",
        formula=Total(of=_REPORTS),
        unit="count",
        riskier="higher",
        reason="R041",
        text="{value:,} reports of fakes were filed in the last {days} days.",
        text_zh="近 {days} 天内收到 {value:,} 次售假举报。",
        text_none="No report of fakes was filed.",
        text_none_zh="没有售假举报。",
    ),
    *Windowed(
        name="n_fakes_confirmed",
        meaning="reports of fakes confirmed, and inspections failed as counterfeit",
        formula=Total(of=_FOUND[0], and_of=(_FOUND[1],)),
        meaning_capped="reports of fakes confirmed, at most three of each reporter, and inspections failed as fake",
        counting=("at most three of each reporter", "每位举报人最多计三次"),
        capped=Total(of=_FOUND_CAPPED[0], and_of=(_FOUND_CAPPED[1],)),
        unit="count",
        riskier="higher",
        model_input=True,
        reason="R042",
        text="Fakes were confirmed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 次售假经核实。",
        text_none="No fakes were confirmed.",
        text_none_zh="没有经核实的售假。",
        windows=(7, 30, 90, 180, 365),
    ),
    Feature(
        name="n_fake_reports_open",
        shows="n_fake_reports_open",
        meaning="reports of fakes known to be filed and not known to be resolved",
        formula=Total(of=_REPORTS_OPEN),
        unit="count",
        riskier="higher",
        reason="R043",
        text="{value:,} reports of fakes are open.",
        text_zh="有 {value:,} 次售假举报尚未处理完毕。",
        text_none="No report of fakes is open.",
        text_none_zh="没有未处理的售假举报。",
    ),
)
