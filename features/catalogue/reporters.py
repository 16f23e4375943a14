"""Reporters: reports of fakes by what their reporters' word is worth.

The numbers here are own proposals, but for those of trusted reporters; a feature's declaration holds them.
"""

from features.catalogue.feature import Bounded, Feature, Ratio, Total, Windowed
from features.measures import Belief, Credence, Crossed, Events, Happenings, Is, Measure

__all__ = ["CREDENCE", "FEATURES", "OTHERS_AT_MOST", "bound"]

CREDENCE = Credence(
    beliefs=(
        # Own proposal: one stranger in five is right; five of one mind make one vote, and three right ones a half.
        Belief(kind="buyer", confirmed=1, refuted=4),
        # Own proposal: a merchant gains by what it says of a rival, so it starts at half a buyer's weight.
        Belief(kind="merchant", confirmed=1, refuted=9),
        # Own proposal: who answers for nothing weighs a quarter of a buyer.
        Belief(kind="anonymous", confirmed=1, refuted=19),
        # Own proposal: a brand knows its goods, but it also reports whom it did not authorise: more right than wrong.
        Belief(kind="brand", confirmed=3, refuted=2, vouched=True),
        # Own proposal: as good as the least that is asked of a trusted reporter, 90 %.
        Belief(kind="regulator", confirmed=9, refuted=1, vouched=True),
    ),
    # Own proposal: what was bought or examined to prove it counts in full, a picture for most of it, words for half.
    evidence=(("test_buy", 100), ("lab", 100), ("photo", 75), ("none", 50), (None, 50)),
    # Own proposal: to lie is worse than to be mistaken; five right reports make up for one in bad faith.
    bad_faith=5,
    # Source: Alibaba IP platform: trusted reporters are admitted at 90 % success and at most 1.5 % successful
    # counter-notices over 3 months. Admission is asked anew for each report, which is stricter than the removal below
    # 90 % or over 5 %.
    trusted_days=90,
    trusted_percent=90,
    trusted_thousandths=15,
    # Own proposal: with fewer, one dismissed report decides.
    trusted_least=10,
)

#: Own proposal: all who have no good record and for whom nobody vouches weigh together what one sure witness weighs.
OTHERS_AT_MOST = 1.0


def bound(k: int) -> float:
    """B(k): how far k reporters without a confirmed report, for whom nobody vouches, raise a suspicion at most.

    Each has one voice, and together they have one more: the anonymous one.

    >>> bound(1), bound(3), bound(1000)
    (0.25, 0.65, 1.0)
    """
    sure = {one.kind: one.confirmed / (one.confirmed + one.refuted) for one in CREDENCE.beliefs if not one.vouched}
    return round(min(k * max(sure.values()) + sure["anonymous"], OTHERS_AT_MOST), 6)


def _crossed(of: str) -> Measure:
    return Measure(source=Crossed(by="reporters", of=of), amount=CREDENCE)


def _ruled(outcome: str) -> Total:
    where = (Is(column="outcome", words=(outcome,)),)
    return Total(of=Measure(source=Happenings(of=Events(event_type="fake_report_resolved", where=where))))


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="suspicion",
        meaning="open reports of fakes, each by its reporter's record as known when it was filed (as of the midnight "
        "before), the strongest of each circle of linked reporters, in votes; all reporters without a good record, for "
        "whom nobody vouches, together at most 1",
        formula=Bounded(of=_crossed("votes"), part=_crossed("credible_votes"), most=OTHERS_AT_MOST),
        unit="votes",
        riskier="higher",
        model_input=True,
        reason="R300",
        text="Open reports of fakes in the last {days} days, weighed by who filed them, come to {value:.2f} votes.",
        text_zh="近 {days} 天未决的售假举报，按举报人信誉加权后合计 {value:.2f} 票。",
        text_none="No report of fakes is open.",
        text_none_zh="没有未处理的售假举报。",
    ),
    *Windowed(
        name="n_reporter_circles",
        meaning="those who reported fakes, linked ones once, all anonymous ones once, whatever came of it",
        formula=Total(of=_crossed("voices")),
        unit="count",
        riskier="higher",
        reason="R301",
        text="{value:,} reporters independent of each other reported fakes in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 个互不关联的举报人举报售假。",
        text_none="Nobody reported fakes.",
        text_none_zh="没有人举报售假。",
    ),
    *Windowed(
        name="credible_report_share",
        meaning="reports of fakes whose reporter, when it was filed, had been right more often than wrong or is "
        "vouched for / reports of fakes",
        formula=Ratio(of=_crossed("credible_reports"), per=_crossed("reports")),
        unit="share",
        riskier="higher",
        reason="R302",
        text="{value:.0%} of the reports of fakes in the last {days} days came from reporters with a good record.",
        text_zh="近 {days} 天的售假举报中，{value:.0%} 来自信誉良好的举报人。",
        text_none="No report of fakes was filed.",
        text_none_zh="没有售假举报。",
    ),
    *Windowed(
        name="n_bad_faith_reports",
        meaning="reports of fakes against the merchant that were found to be in bad faith; they count against who "
        "filed them",
        formula=_ruled("bad_faith"),
        unit="count",
        riskier="neither",
        reason="R303",
        text="{value:,} reports of fakes in the last {days} days were found to be in bad faith.",
        text_zh="近 {days} 天内有 {value:,} 次售假举报被认定为恶意举报。",
        text_none="No report of fakes was in bad faith.",
        text_none_zh="没有恶意举报。",
    ),
    *Windowed(
        name="n_grey_market",
        meaning="reports of fakes that came to goods of the brand sold outside its channels; no fakes",
        formula=_ruled("grey_market"),
        unit="count",
        riskier="higher",
        reason="R304",
        text="Goods from outside the brand's channels were found {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 次被认定为非品牌渠道商品（窜货）。",
        text_none="No goods from outside the brand's channels were found.",
        text_none_zh="没有发现非品牌渠道商品。",
    ),
    Feature(
        name="n_trusted_reports_open",
        shows="n_trusted_reports_open",
        meaning="open reports of fakes by trusted reporters: when they were filed, at least 90 % of their at least 10 "
        "reports decided in 90 days were confirmed and at most 1.5 % were in bad faith",
        formula=Total(of=_crossed("trusted_open")),
        unit="count",
        riskier="higher",
        reason="R305",
        text="{value:,} reports of fakes by trusted reporters are open.",
        text_zh="有 {value:,} 次可信举报人的售假举报尚未处理完毕。",
        text_none="No report of fakes by a trusted reporter is open.",
        text_none_zh="没有可信举报人的未处理举报。",
    ),
)
