"""Labels a second time: slow, plain, and written from the words of a recipe and of docs/decisions/0007-labels.md.

Events are dicts, windows are looked at one by one. Nothing of the product's labels is used but what a recipe says.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from features.label_spec import LabelSpec
from tests.features.naive import DEFECT_REASONS, Event, of_type, visible

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One merchant's past as it is seen when a window is judged."""

    past: Sequence[Event]
    spec: LabelSpec
    start: datetime
    end: datetime

    def at(self, component: str = "") -> datetime:
        """When a component is looked at; without one, when the whole window is."""
        days = self.spec.delays.get(component, self.spec.delay_days) if component else self.longest
        return self.end + timedelta(days=days)

    @property
    def longest(self) -> int:
        return max([self.spec.delay_days, *self.spec.delays.values()])

    def live(self, component: str = "") -> list[Event]:
        return visible(self.past, self.at(component))


def label_of(past: Sequence[Event], as_of: datetime, spec: LabelSpec) -> dict[str, Any]:
    """The label of one merchant, from its history, at a midnight; as if the log reached far enough."""
    if not past:
        # The log has never heard of it.
        return nothing("too_few_orders")
    judged = Judgement(past=past, spec=spec, start=as_of, end=as_of + timedelta(days=spec.horizon_days))
    if is_closed(judged):
        return nothing("removed", is_censored=True)
    if spec.kind == "bust_out":
        return bust_out(judged)
    orders = [one for one in placed(judged) if not is_exempt(one, judged)]
    return told(judged, KINDS[spec.kind](judged, orders), len(orders))


def told(judged: Judgement, found: dict[str, Any] | None, count: int) -> dict[str, Any]:
    """What was found, unless the merchant was removed before it happened; else whether it was good."""
    stopped = removal_within(judged)
    if stopped and not (found and found["happened_at"] < stopped):
        return nothing("removed", is_censored=True)
    return found or good_or_nothing(judged, count)


def placed(judged: Judgement) -> list[Event]:
    """The orders of the window, of the sources that the recipe names."""
    sources = judged.spec.sources
    return [
        order
        for order in of_type(judged.live(), "order_placed")
        if judged.start <= order["event_time"] < judged.end and (not sources or order.get("source") in sources)
    ]


def good_or_nothing(judged: Judgement, count: int) -> dict[str, Any]:
    if count < judged.spec.min_orders:
        return nothing("too_few_orders")
    return {"label": 0, "reason": "good", "happened_at": None, "known_at": judged.at(), "censored": False}


def nothing(reason: str, *, is_censored: bool = False) -> dict[str, Any]:
    return {"label": None, "reason": reason, "happened_at": None, "known_at": None, "censored": is_censored}


def removals(judged: Judgement) -> list[datetime]:
    return [one["event_time"] for one in of_type(judged.live(), "penalty_applied") if one["penalty"] == "removal"]


def removal_within(judged: Judgement) -> datetime | None:
    """The first removal in the window."""
    return min((when for when in removals(judged) if judged.start <= when < judged.end), default=None)


def is_closed(judged: Judgement) -> bool:
    """Removed before the window, not reinstated since, and not seen selling in it."""
    closed = max((when for when in removals(judged) if when < judged.start), default=None)
    opened = [one["event_time"] for one in of_type(judged.live(), "reinstated") if one["event_time"] < judged.start]
    sold = [one for one in of_type(judged.live(), "order_placed") if judged.start <= one["event_time"] < judged.end]
    return closed is not None and not any(when >= closed for when in opened) and not sold


# --- Exemptions ------------------------------------------------------------------------------------------------


def is_exempt(order: Event, judged: Judgement) -> bool:
    """Whether a promise of the order falls within an exemption of its region and category."""
    registered = of_type(judged.live(), "merchant_registered")
    regions = {one.get("region") for one in registered}
    categories = {order["category"]} if order.get("category") else {one.get("category") for one in registered}
    promises = [order[name] for name in ("ship_by", "deliver_by") if order.get(name)]
    return any(
        any(midnight(one.first) <= promise < midnight(one.until) for promise in promises)
        and (not one.regions or regions & set(one.regions))
        and (not one.categories or categories & set(one.categories))
        for one in judged.spec.exemptions
    )


def midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


# --- Own faults ------------------------------------------------------------------------------------------------

#: A fault: its place in the recipe, what it weighs, when it happened, at which midnight it was known.
Fault = tuple[int, Fraction, datetime, datetime]


def own_fault(judged: Judgement, orders: Sequence[Event]) -> dict[str, Any] | None:
    """At least the threshold's share of the orders, and at least one, spoilt by the merchant."""
    spoilt = [fault for fault in (gravest(judged, order) for order in orders) if fault]
    weight = sum((fault[1] for fault in spoilt), Fraction(0))
    needed = max(Fraction(str(judged.spec.threshold)) * len(orders), Fraction(1, 10**6))
    if len(orders) < max(judged.spec.min_orders, 1) or weight < needed:
        return None
    names = judged.spec.components
    heaviest = max(range(len(names)), key=lambda place: (weight_of(spoilt, place), -place))
    return {
        "label": 1, "reason": f"bad_{names[heaviest]}", "happened_at": reached(spoilt, needed, clock=2),
        "known_at": reached(spoilt, needed, clock=3), "censored": False,
    }  # fmt: skip


def weight_of(spoilt: Sequence[Fault], place: int) -> Fraction:
    return sum((fault[1] for fault in spoilt if fault[0] == place), Fraction(0))


def reached(spoilt: Sequence[Any], needed: Fraction, *, clock: int) -> Any:
    """When what had come together by then reached what was needed."""
    total = Fraction(0)
    for fault in sorted(spoilt, key=lambda fault: fault[clock]):
        total += fault[1]
        if total >= needed:
            return fault[clock]
    raise AssertionError("it was never reached")


def gravest(judged: Judgement, order: Event) -> Fault | None:
    """The order's fault that weighs most; of equals the one known first, then that happened first, then by name."""
    found: list[Fault] = []
    for place, name in enumerate(judged.spec.components):
        weight = Fraction(str(judged.spec.weights.get(name, 1.0)))
        stories = FAULTS[name](judged.live(name), order, judged.at(name))
        found += [(place, weight, when, known_since(judged, order, name, when)) for when in stories]
    return min(found, key=lambda fault: (-fault[1], fault[3], fault[2], fault[0]), default=None)


def known_since(judged: Judgement, order: Event, name: str, when: datetime) -> datetime:
    """The first midnight from which on, until it is judged, this fault was always known."""
    moment = judged.at(name)
    while when in FAULTS[name](visible(judged.past, moment - DAY), order, moment - DAY) and knows(
        judged, order, moment - DAY
    ):
        moment -= DAY
    return moment


def knows(judged: Judgement, order: Event, moment: datetime) -> bool:
    return any(one["event_id"] == order["event_id"] for one in visible(judged.past, moment))


def about(live: Sequence[Event], order: Event, event_type: str) -> list[Event]:
    """Events that name the order, and no other buyer than the order's."""
    return [
        one for one in of_type(live, event_type) if one.get("order_id") == order["order_id"] and same_buyer(one, order)
    ]


def same_buyer(one: Event, order: Event) -> bool:
    takes_buyers = one["event_type"] in ("order_cancelled", "return_requested", "dispute_resolved", "review_posted")
    named = one.get("buyer_id") if takes_buyers else None
    return named is None or order.get("buyer_id") is None or named == order["buyer_id"]


def ruled(live: Sequence[Event], order: Event, *outcomes: str) -> list[Event]:
    return [one for one in about(live, order, "dispute_resolved") if one["outcome"] in outcomes]


def is_somebody_elses(live: Sequence[Event], order: Event) -> bool:
    """By a ruling, or by what came back; never where a dispute about it was lost."""
    others = ruled(live, order, "buyer_at_fault", "carrier_at_fault", "platform_at_fault", "nobody_at_fault")
    back = [one for one in about(live, order, "return_inspected") if one["outcome"] in ("empty", "swapped", "used")]
    return bool(others or back) and not ruled(live, order, "merchant_at_fault")


def dispatch_late(live: Sequence[Event], order: Event, at: datetime) -> list[datetime]:
    promise = order.get("ship_by")
    if promise is None or promise >= at or order.get("fulfilled_by") == "platform":
        return []
    shipped = [one for one in of_type(live, "order_shipped") if one["order_id"] == order["order_id"]]
    excuses = [one for one in about(live, order, "order_cancelled") if one.get("actor") != "merchant"]
    return [] if any(one["event_time"] <= promise for one in (*shipped, *excuses)) else [promise]


def cancelled(live: Sequence[Event], order: Event, _: datetime) -> list[datetime]:
    return [one["event_time"] for one in about(live, order, "order_cancelled") if one.get("actor") == "merchant"]


def dispute_lost(live: Sequence[Event], order: Event, _: datetime) -> list[datetime]:
    return [one["event_time"] for one in ruled(live, order, "merchant_at_fault")]


def low_stars_on_time(live: Sequence[Event], order: Event, _: datetime) -> list[datetime]:
    promise = order.get("deliver_by")
    came = [one for one in of_type(live, "order_delivered") if one["order_id"] == order["order_id"]]
    if promise is None or not any(one["event_time"] <= promise for one in came) or is_somebody_elses(live, order):
        return []
    return [one["event_time"] for one in about(live, order, "review_posted") if one["stars"] <= 2]


def return_accepted(live: Sequence[Event], order: Event, _: datetime) -> list[datetime]:
    if is_somebody_elses(live, order):
        return []
    accepted = {one["return_id"] for one in of_type(live, "return_answered") if one["outcome"] == "accepted"}
    wanted = about(live, order, "return_requested")
    faulty = [one for one in wanted if one.get("reason") in ("quality", "not_as_described")]
    return [one["event_time"] for one in faulty if one["return_id"] in accepted]


def claims(live: Sequence[Event], order: Event) -> list[datetime]:
    """Refunds for what was wrong that are finally the merchant's; a parcel that was lost is the carrier's."""
    scans = [one for one in of_type(live, "parcel_scanned") if one["order_id"] == order["order_id"]]
    lost = any((one["leg"], one["scan"]) == ("out", "lost") for one in scans)
    refunds = [one for one in of_type(live, "refund_paid") if one["order_id"] == order["order_id"]]
    own = [one for one in refunds if one["finally_liable"] == "merchant" and one.get("reason") in DEFECT_REASONS]
    return [one["event_time"] for one in own if not (lost and one["reason"] == "not_received")]


def refunded(live: Sequence[Event], order: Event, _: datetime) -> list[datetime]:
    free = is_somebody_elses(live, order) or ruled(live, order, "settled")
    return [] if free else claims(live, order)


def settled(live: Sequence[Event], order: Event, _: datetime) -> list[datetime]:
    settlements = ruled(live, order, "settled")
    if is_somebody_elses(live, order) or not settlements:
        return []
    return [one["event_time"] for one in settlements if (one.get("amount_cents") or 0) > 0] + claims(live, order)


FAULTS: dict[str, Callable[[Sequence[Event], Event, datetime], list[datetime]]] = {
    "dispatch_late": dispatch_late, "cancelled": cancelled, "dispute_lost": dispute_lost,
    "low_stars_on_time": low_stars_on_time, "return_accepted": return_accepted, "refunded": refunded,
    "settled": settled,
}  # fmt: skip


# --- Fakes -----------------------------------------------------------------------------------------------------


def counterfeit(judged: Judgement, _: Sequence[Event]) -> dict[str, Any] | None:
    """A report confirmed or an inspection failed in the window."""
    found = sorted(fakes(judged))
    if not found:
        return None
    first_known = min(known for _, known in found)
    return {
        "label": 1, "reason": "bad_fake_confirmed", "happened_at": found[0][0],
        "known_at": midnight(first_known.date()) + DAY, "censored": False,
    }  # fmt: skip


def fakes(judged: Judgement) -> Iterator[tuple[datetime, datetime]]:
    for one in judged.live():
        if judged.start <= one["event_time"] < judged.end and (one["event_type"], one.get("outcome")) in (
            ("fake_report_resolved", "confirmed"),
            ("inspection_completed", "failed_counterfeit"),
        ):
            yield one["event_time"], one["known_at"]


KINDS: dict[str, Callable[[Judgement, Sequence[Event]], dict[str, Any] | None]] = {
    "own_fault": own_fault, "counterfeit": counterfeit,
}  # fmt: skip


# --- Bust-outs -------------------------------------------------------------------------------------------------


def bust_out(judged: Judgement) -> dict[str, Any]:
    """Of the value due too much never came, or too much of what the platform advanced was never repaid."""
    due = due_orders(judged)
    value, limits = sum(order["amount_cents"] for order in due), judged.spec
    found = None
    if limits.undelivered and len(due) >= max(limits.min_orders, 1):
        missing = [
            (order["amount_cents"], order["deliver_by"], since) for order in due if (since := missed(judged, order))
        ]
        found = verdict("undelivered", missing, needed(limits.undelivered, value))
    answer = told(judged, found, len(due))
    if limits.unrecovered:
        owed = verdict("unrecovered", list(owings(judged)), needed(limits.unrecovered, value))
        answer = earlier(answer, owed) if owed else answer
    return answer


def earlier(answer: dict[str, Any], owed: dict[str, Any]) -> dict[str, Any]:
    """A debt stands whatever else is told; of two charges the one that was reached first gives the reason."""
    if answer["label"] != 1:
        return owed
    first = owed if owed["happened_at"] < answer["happened_at"] else answer
    return {**first, "known_at": min(owed["known_at"], answer["known_at"])}


def needed(limit: Any, value: int) -> Fraction:
    return max(Fraction(str(limit.share)) * value, Fraction(limit.cents), Fraction(1))


def verdict(name: str, things: Sequence[tuple[int, datetime, datetime]], least: Fraction) -> dict[str, Any] | None:
    faults = [(0, Fraction(cents), happened, known) for cents, happened, known in things]
    if sum((fault[1] for fault in faults), Fraction(0)) < least:
        return None
    return {
        "label": 1, "reason": f"bad_{name}", "happened_at": reached(faults, least, clock=2),
        "known_at": reached(faults, least, clock=3), "censored": False,
    }  # fmt: skip


def deadline(judged: Judgement, order: Event) -> datetime:
    grace = judged.spec.undelivered.grace_days if judged.spec.undelivered else 0
    return order["deliver_by"] + timedelta(days=grace)


def due_orders(judged: Judgement) -> list[Event]:
    """To be delivered in the window and before any removal in it; not exempt, nor cancelled by others in time."""
    stopped, sources = removal_within(judged) or judged.end, judged.spec.sources
    return [
        order
        for order in of_type(judged.live(), "order_placed")
        if order.get("deliver_by")
        and judged.start <= order["deliver_by"] < stopped
        and (not sources or order.get("source") in sources)
        and not is_exempt(order, judged)
        and not was_cancelled(judged.live(), order, deadline(judged, order))
    ]


def was_cancelled(live: Sequence[Event], order: Event, until: datetime) -> bool:
    cancellations = about(live, order, "order_cancelled")
    return any(one.get("actor") != "merchant" and one["event_time"] <= until for one in cancellations)


def missed(judged: Judgement, order: Event) -> datetime | None:
    """The first midnight since when it was always known that the order never came; None where that is not so."""
    moment = judged.at("undelivered")
    if not order["amount_cents"] or not never_came(judged, order, moment):
        return None
    while never_came(judged, order, moment - DAY):
        moment -= DAY
    return moment


def never_came(judged: Judgement, order: Event, at: datetime) -> bool:
    live = visible(judged.past, at)
    scans = [one for one in about(live, order, "parcel_scanned") if one["leg"] == "out"]
    came = about(live, order, "order_delivered") or [one for one in scans if one["scan"] == "delivered"]
    lost = any(one["scan"] == "lost" for one in scans) and not ruled(live, order, "merchant_at_fault")
    others = order.get("fulfilled_by") == "platform" or lost or is_somebody_elses(live, order)
    return deadline(judged, order) < at and knows(judged, order, at) and not came and not others


def owings(judged: Judgement) -> Iterator[tuple[int, datetime, datetime]]:
    """What the platform advanced in the window, finally for the merchant, and had not got back when that is judged."""
    live, at = judged.live("unrecovered"), judged.at("unrecovered")
    exempt = {one["order_id"] for one in of_type(judged.live(), "order_placed") if is_exempt(one, judged)}
    for refund in of_type(live, "refund_paid"):
        payers = refund["advanced_by"], refund["finally_liable"]
        inside = judged.start <= refund["event_time"] < judged.end and refund["order_id"] not in exempt
        if payers == ("platform", "merchant") and inside:
            back = [one for one in of_type(live, "advance_recovered") if one["refund_id"] == refund["refund_id"]]
            rest = refund["amount_cents"] - sum(one["amount_cents"] for one in back)
            if rest > 0:
                yield rest, refund["event_time"], at


# --- Whose fault it was ------------------------------------------------------------------------------------------


def party_of(judged: Judgement, order: Event) -> str | None:
    """Who spoilt an order: the merchant by what the recipe names, else whoever the first line that fits says."""
    bust = judged.spec.kind == "bust_out"
    if (judged.spec.undelivered and missed(judged, order)) if bust else gravest(judged, order):
        return "merchant"
    return next((party for party, fits in lines(judged, order) if fits), None)


def lines(judged: Judgement, order: Event) -> Iterator[tuple[str, Any]]:
    live = judged.live()
    for party in ("buyer", "carrier", "platform", "nobody"):
        yield party, ruled(live, order, f"{party}_at_fault")
    back = about(live, order, "return_inspected")
    yield "buyer", [one for one in back if one["outcome"] in ("empty", "swapped", "used")]
    scans = about(live, order, "parcel_scanned")
    yield "carrier", [one for one in scans if (one["leg"], one["scan"]) == ("out", "lost")]
    refunds = [one for one in about(live, order, "refund_paid") if one.get("reason") in DEFECT_REASONS]
    for party in ("buyer", "carrier", "platform"):
        yield party, [one for one in refunds if one["finally_liable"] == party]
    by_platform = order.get("fulfilled_by") == "platform"
    yield "platform", by_platform and dispatch_late(live, {**order, "fulfilled_by": None}, judged.at())
    cancellations = about(live, order, "order_cancelled")
    for party in ("buyer", "platform"):
        yield party, [one for one in cancellations if one.get("actor") == party]
    yield "carrier", is_slow(live, order)
    yield "nobody", ruled(live, order, "settled", "withdrawn")
    yield "nobody", [one for one in refunds if one["finally_liable"] == "undecided"]


def is_slow(live: Sequence[Event], order: Event) -> bool:
    """Sent as promised, if anything was promised, and delivered, but not by the time that was promised."""
    came = [one["event_time"] for one in about(live, order, "order_delivered")]
    sent = [one["event_time"] for one in about(live, order, "order_shipped")]
    ship_by, deliver_by = order.get("ship_by"), order.get("deliver_by")
    in_time = ship_by is None or any(when <= ship_by for when in sent)
    return bool(came) and deliver_by is not None and min(came) > deliver_by and in_time
