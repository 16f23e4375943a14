"""What reporters' words are worth, a second time: slow, plain, from the words of docs/decisions/0011 alone."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from features.measures import Credence
from tests.features.naive import Event, Value, history, of_type, visible
from tests.features.strategies import MERCHANTS

DAY = timedelta(days=1)
#: What a report came to, where rulings contradict each other: the first of these that stands.
RANK = ("confirmed", "bad_faith", "dismissed")


class Market:
    """All merchants' events, as they are known before any midnight."""

    def __init__(self, log: Sequence[Event], credence: Credence) -> None:
        self.pasts = [history(log, merchant) for merchant in MERCHANTS]
        self.credence = credence
        self._at: dict[datetime, list[Event]] = {}

    def at(self, midnight: datetime) -> list[Event]:
        """Everything known and not reversed."""
        if midnight not in self._at:
            self._at[midnight] = [event for past in self.pasts for event in visible(past, midnight)]
        return self._at[midnight]

    def midnights(self) -> set[datetime]:
        """The midnights after which something was known that was not before."""
        return {morning_of(event) + DAY for past in self.pasts for event in past}


def morning_of(event: Event) -> datetime:
    """The midnight that begins the day on which it became known."""
    known: datetime = event["known_at"]
    return datetime(known.year, known.month, known.day, tzinfo=UTC)


def case_of(event: Event) -> tuple[str, str]:
    return event["merchant_id"], event["report_id"]


def outcomes(market: Market, reporter: str, midnight: datetime) -> dict[tuple[str, str], str]:
    """What each of a reporter's reports had come to by a midnight; those that came to nothing of these are left out."""
    live = market.at(midnight)
    own = {
        case_of(one)
        for one in of_type(live, "fake_report_filed")
        if one["reporter_id"] == reporter and one["reporter_kind"] != "anonymous"
    }
    found: dict[tuple[str, str], str] = {}
    for case in own:
        ruled = {one["outcome"] for one in of_type(live, "fake_report_resolved") if case_of(one) == case}
        standing = [outcome for outcome in RANK if outcome in ruled]
        if standing:
            found[case] = standing[0]
    return found


def record(market: Market, report: Event, *, lately: bool = False) -> dict[str, int]:
    """How many of the reporter's reports had come to what before the day on which this one became known."""
    if report["reporter_kind"] == "anonymous":
        return dict.fromkeys(RANK, 0)
    morning = morning_of(report)
    found = outcomes(market, report["reporter_id"], morning)
    if lately:
        since = morning - timedelta(days=market.credence.trusted_days)
        found = {case: one for case, one in found.items() if decided(market, report, case, one) >= since}
    return {outcome: list(found.values()).count(outcome) for outcome in RANK}


def decided(market: Market, report: Event, case: tuple[str, str], outcome: str) -> datetime:
    """The day since which a report is known to have come to this, without a break."""
    morning = morning_of(report)
    first = morning
    for midnight in sorted((one for one in market.midnights() if one <= morning), reverse=True):
        if outcomes(market, report["reporter_id"], midnight).get(case) != outcome:
            break
        first = midnight
    return first - DAY


def failures(market: Market, known: dict[str, int]) -> int:
    return known["dismissed"] + market.credence.bad_faith * known["bad_faith"]


def weight(market: Market, report: Event) -> int:
    """Millionths of a vote, rounded down."""
    (belief,) = (one for one in market.credence.beliefs if one.kind == report["reporter_kind"])
    known = record(market, report)
    right, wrong = belief.confirmed + known["confirmed"], belief.refuted + failures(market, known)
    return 1_000_000 * right // (right + wrong) * dict(market.credence.evidence)[report.get("evidence")] // 100


def is_credible(market: Market, report: Event) -> bool:
    """Right more often than wrong; that somebody vouches for the reporter is one right report."""
    vouched = {one.kind for one in market.credence.beliefs if one.vouched}
    known = record(market, report)
    return known["confirmed"] + (report["reporter_kind"] in vouched) > failures(market, known)


def is_trusted(market: Market, report: Event) -> bool:
    known, asked = record(market, report, lately=True), market.credence
    total = sum(known.values())
    return (
        total >= asked.trusted_least
        and known["confirmed"] * 100 >= total * asked.trusted_percent
        and known["bad_faith"] * 1000 <= total * asked.trusted_thousandths
    )


def circle_of(report: Event, live: Iterable[Event]) -> frozenset[str]:
    """Everybody who was seen with what the reporter, or one of those, was seen with; the anonymous are one."""
    if report["reporter_kind"] == "anonymous":
        return frozenset()
    seen = [one for one in of_type(live, "link_observed") if one.get("buyer_id") is not None]
    people, grown = {report["reporter_id"]}, True
    while grown:
        shown = {(one["link_kind"], one["link_token"]) for one in seen if one["buyer_id"] in people}
        more = {one["buyer_id"] for one in seen if (one["link_kind"], one["link_token"]) in shown}
        grown = not more <= people
        people |= more
    return frozenset(people)


def strongest(market: Market, reports: Iterable[Event], live: Iterable[Event]) -> int:
    """The sum of the strongest report of each circle."""
    best: dict[frozenset[str], int] = {}
    for report in reports:
        circle = circle_of(report, live)
        best[circle] = max(best.get(circle, 0), weight(market, report))
    return sum(best.values())


def naive_reporters(market: Market, merchant: str, as_of: datetime, days: int) -> dict[str, Value]:
    """Every feature of reporters of one merchant at a midnight."""
    live = market.at(as_of)
    own = [one for one in of_type(live, "fake_report_filed") if one["merchant_id"] == merchant]
    ruled = {case_of(one) for one in of_type(live, "fake_report_resolved")}
    window = [one for one in own if as_of - timedelta(days=days) <= one["event_time"] < as_of]
    still = [one for one in window if case_of(one) not in ruled]
    credible = strongest(market, [one for one in still if is_credible(market, one)], live)
    return {
        "suspicion": min(strongest(market, still, live), credible + 1_000_000) / 1_000_000,
        "n_reporter_circles": len({circle_of(one, live) for one in window}),
        "credible_report_share": sum(is_credible(market, one) for one in window) / len(window) if window else None,
        "n_trusted_reports_open": sum(is_trusted(market, one) for one in own if case_of(one) not in ruled),
    }
