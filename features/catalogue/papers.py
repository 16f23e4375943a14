"""Papers: which qualifications were checked, which hold, which have run out, and when the next one does.

A paper is a qualification, for the brand and the category that its checks name; its latest check tells. One that was
passed holds up to the end of the day `valid_until`, and then has run out by itself.
"""

from collections.abc import Iterator

from features.catalogue.feature import Feature, Ratio, Total, Until, Windowed
from features.measures import Events, Flag, Happenings, Is, Measure, Said, Soonest, Standing

__all__ = ["AUTHORISATIONS", "FEATURES"]

_CHECKED = Events(event_type="qualification_checked")
_OF_A_PAPER = ("qualification", "brand", "category")


def _checks(*outcomes: str) -> Events:
    return Events(event_type="qualification_checked", where=(Is(column="outcome", words=outcomes),))


_ON_FILE = Standing(of=(_CHECKED,), by=_OF_A_PAPER, being=(_CHECKED,))
_GRANTED = Standing(of=(_CHECKED,), by=_OF_A_PAPER, being=(_checks("passed", "expired"),))
_VALID = Standing(of=(_CHECKED,), by=_OF_A_PAPER, being=(_checks("passed"),), until="valid_until")
_OF_A_BRAND = Is(column="qualification", words=("brand_authorisation",))
#: The authorisations of brands that hold.
AUTHORISATIONS = Standing(
    of=(Events(event_type="qualification_checked", where=(_OF_A_BRAND,)),),
    by=("brand", "category"),
    being=(Events(event_type="qualification_checked", where=(_OF_A_BRAND, Is(column="outcome", words=("passed",)))),),
    until="valid_until",
)
_NEXT = Soonest(of=_VALID)
_FAILED = Measure(source=Happenings(of=_checks("failed")))

_KINDS = (
    ("identity", "R534", "identity", "身份"),
    ("business_licence", "R535", "business licences", "营业执照"),
    ("bank_account", "R536", "bank accounts", "银行账户"),
    ("brand_authorisation", "R537", "brand authorisations", "品牌授权"),
    ("third_party_audit", "R538", "third-party audits", "第三方审核"),
    ("training_exam", "R539", "training exams", "培训考试"),
    ("food_licence", "R540", "food licences", "食品经营许可"),
)


def _valid_rates() -> Iterator[Feature]:
    """Of each kind of paper, the share that holds."""
    for kind, reason, what, what_zh in _KINDS:
        of_it = Flag(where=(Is(column="qualification", words=(kind,)),))
        yield Feature(
            name=f"{kind}_valid_rate",
            shows=f"{kind}_valid_rate",
            meaning=f"papers of the kind {kind} that hold, of those that were ever checked",
            formula=Ratio(of=Measure(source=_VALID, amount=of_it), per=Measure(source=_ON_FILE, amount=of_it)),
            unit="share",
            riskier="lower",
            reason=reason,
            text=f"Of the {what} on file, {{value:.0%}} are valid.",
            text_zh=f"在案的{what_zh}资质中，{{value:.0%}} 有效。",
            text_none=f"No {what} were ever checked.",
            text_none_zh=f"从未核验过{what_zh}资质。",
        )


FEATURES: tuple[Feature, ...] = (
    Feature(
        name="n_papers_valid",
        shows="n_papers_valid",
        meaning="papers whose latest check was passed and whose last day has not passed",
        formula=Total(of=Measure(source=_VALID)),
        unit="count",
        riskier="lower",
        reason="R530",
        text="{value:,} papers are valid.",
        text_zh="有 {value:,} 份资质有效。",
        text_none="No paper is valid.",
        text_none_zh="没有有效资质。",
    ),
    Feature(
        name="n_papers_expired",
        shows="n_papers_expired",
        meaning="papers whose latest check says expired, or was passed for days that are over",
        formula=Total(of=Measure(source=_GRANTED), less=(Measure(source=_VALID),)),
        unit="count",
        riskier="higher",
        reason="R531",
        text="{value:,} papers have expired.",
        text_zh="有 {value:,} 份资质已过期。",
        text_none="No paper has expired.",
        text_none_zh="没有过期资质。",
    ),
    Feature(
        name="n_papers_failed",
        shows="n_papers_failed",
        meaning="papers whose latest check failed",
        formula=Total(of=Measure(source=_ON_FILE), less=(Measure(source=_GRANTED),)),
        unit="count",
        riskier="higher",
        reason="R532",
        text="{value:,} papers failed their latest check.",
        text_zh="有 {value:,} 份资质最近一次核验未通过。",
        text_none="No paper failed its latest check.",
        text_none_zh="没有核验未通过的资质。",
    ),
    Feature(
        name="days_until_paper_expires",
        shows="days_until_paper_expires",
        meaning="calendar days (UTC) to the last day of the valid paper that runs out first; 0 on that day",
        formula=Until(date=Measure(source=_NEXT, amount=Said()), known=Measure(source=_NEXT)),
        unit="days",
        riskier="lower",
        reason="R533",
        text="The next paper expires in {value:,} days.",
        text_zh="最近一份到期的资质还有 {value:,} 天到期。",
        text_none="No valid paper has an end.",
        text_none_zh="没有会到期的有效资质。",
    ),
    *_valid_rates(),
    *Windowed(
        name="n_checks_failed",
        meaning="checks of qualifications that failed",
        formula=Total(of=_FAILED),
        unit="count",
        riskier="higher",
        reason="R541",
        text="{value:,} checks of qualifications failed in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 次资质核验未通过。",
        text_none="No check of a qualification failed.",
        text_none_zh="没有未通过的资质核验。",
    ),
)
