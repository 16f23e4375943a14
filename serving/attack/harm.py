"""Schemes against a rival: claims by people who bought to claim, and by people who never bought."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from scoring.cheating_policy import Costs
from serving.attack.telling import Event, Teller

__all__ = [
    "claimed",
    "never_came",
    "panned",
    "refunded_in_pieces",
    "reported",
    "sent_back",
    "sent_back_empty",
]


def reported(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Reports of fakes by people who bought nothing; none is settled yet."""
    yield from teller.subject.events
    for number in teller.numbers():
        yield _report(teller, number, teller.begun(number) + timedelta(days=6))


def claimed(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Whoever buys to claim: a dispute, a complaint, a report and one star for each order."""
    for event, number in _bought(teller):
        yield event
        if number is None:
            continue
        at, name = teller.begun(number) + timedelta(days=3), f"{teller.scheme}-{number}"
        yield from _disputed(teller, number, "counterfeit", upheld=_upheld(number, costs))
        yield _report(teller, number, at, order_id=name)
        yield teller.event("complaint_received", at, name, complaint_id=name, order_id=name, topic="counterfeit",
                           buyer_id=teller.account(number), tier=2, channel="app")  # fmt: skip
        yield teller.reviewed(number, stars=1)


def never_came(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Claims that nothing came."""
    for event, number in _bought(teller):
        yield event
        if number is not None:
            yield from _disputed(teller, number, "not_received", upheld=_upheld(number, costs))


def sent_back_empty(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Returns for poor quality of which an empty box comes; the merchant bears some."""
    for event, number in _bought(teller):
        yield event
        if number is not None:
            liable = "merchant" if _upheld(number, costs) else "buyer"
            yield from _returned(teller, number, "quality", "empty", liable=liable)


def sent_back(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Returns for no reason, intact."""
    for event, number in _bought(teller):
        yield event
        if number is not None:
            yield from _returned(teller, number, "no_reason", "intact", liable="merchant")


def refunded_in_pieces(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Small orders, refunded at once for what the buyer says is wrong with them; the merchant bears some."""
    for event, number in _bought(teller):
        yield event
        if number is not None:
            liable = "merchant" if _upheld(number, costs) else "undecided"
            yield _refund(teller, number, "not_as_described", liable=liable, speed="instant")


def panned(teller: Teller, costs: Costs) -> Iterator[Event]:
    """One star for what came as promised."""
    for event, number in _bought(teller):
        yield event
        if number is not None:
            yield teller.reviewed(number, stars=1)


def _bought(teller: Teller) -> Iterator[tuple[Event, int | None]]:
    """The merchant's own events, then those of each order; the order's number with its last event."""
    yield from ((event, None) for event in teller.subject.events)
    for number in teller.numbers():
        *before, last = teller.bought(number)
        yield from ((event, None) for event in before)
        yield last, number


def _upheld(number: int, costs: Costs) -> bool:
    """Which of the false claims are upheld, evenly among them."""
    return number % costs.upheld_every == 0


def _report(teller: Teller, number: int, at: datetime, order_id: str | None = None) -> Event:
    name = f"{teller.scheme}-{number}"
    return teller.event("fake_report_filed", at, name, report_id=name, reporter_id=teller.account(number),
                        reporter_kind="buyer", evidence="photo", order_id=order_id)  # fmt: skip


def _disputed(teller: Teller, number: int, reason: str, *, upheld: bool) -> Iterator[Event]:
    name, at = f"{teller.scheme}-{number}", teller.begun(number) + timedelta(days=3)
    told = {"dispute_id": name, "order_id": name, "buyer_id": teller.account(number), "reason": reason,
            "placed_at": teller.begun(number).isoformat()}  # fmt: skip
    yield teller.event("dispute_opened", at, name, channel="platform", severity=2, **told)
    outcome = {"outcome": "merchant_at_fault", "basis": "default"} if upheld else {"outcome": "withdrawn"}
    yield teller.event("dispute_resolved", at + timedelta(days=2), name, opened_at=at.isoformat(), **told, **outcome)


def _returned(teller: Teller, number: int, reason: str, found: str, *, liable: str) -> Iterator[Event]:
    name, at = f"{teller.scheme}-{number}", teller.begun(number) + timedelta(days=3)
    told = {"return_id": name, "order_id": name}
    due = (at + timedelta(days=2)).isoformat()
    yield teller.event("return_requested", at, name, reason=reason, buyer_id=teller.account(number), answer_by=due,
                       **told)  # fmt: skip
    yield teller.event("return_answered", at + timedelta(hours=5), name, outcome="accepted", answer_by=due,
                       opened_at=at.isoformat(), **told)  # fmt: skip
    yield teller.event("return_inspected", at + timedelta(days=2), name, outcome=found, **told)
    yield _refund(teller, number, reason, liable=liable, speed="standard")


def _refund(teller: Teller, number: int, reason: str, *, liable: str, speed: str) -> Event:
    name, at = f"{teller.scheme}-{number}", teller.begun(number) + timedelta(days=5, hours=12)
    return teller.event("refund_paid", at, name, refund_id=name, order_id=name, reason=reason, speed=speed,
                        amount_cents=teller.subject.price_cents, advanced_by="platform",
                        finally_liable=liable)  # fmt: skip
