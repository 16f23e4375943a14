"""Merchants' lives for the tests of invariants, and what the engine makes of several versions of one life at once.

A life is coherent, unlike the logs of `strategies`: nobody resolves a dispute that was never opened. So a change of it
(silence, more volume, colluding buyers) is a change that somebody could make.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import strategies as st

from features.catalogue import CATALOGUE, INPUTS
from features.catalogue.feature import Feature
from features.engine import build_features
from features.log import FileLog
from features.partition import Accepted
from tests.features.build import a_spine, write_log
from tests.features.strategies import AS_OF, Dice, Event

__all__ = ["AS_OF", "HELD", "METRICS", "Judge", "answers", "day", "good_order", "lives", "safer", "several", "told"]

T = TypeVar("T")
#: Whether a feature breaks its word, by its value before and after a change.
Judge = Callable[[Feature, Any, Any], bool]

DAY = timedelta(days=1)
_POLICY = Path(__file__).parents[2] / "scoring" / "policies" / "programmes.toml"


def _metrics(policy: Mapping[str, Any]) -> set[str]:
    conditions = [one for programme in policy["programmes"].values() for one in programme["entry"]]
    return {one["metric"] for one in [*conditions, *policy["stop_rules"].values()] if "metric" in one}


#: What a gate looks at, as far as it is measured.
METRICS = tuple(one for one in CATALOGUE if one.name in _metrics(tomllib.loads(_POLICY.read_text("utf-8"))))
#: What the invariants are held to: all that a model sees or a gate judges.
HELD: tuple[Feature, ...] = tuple(dict.fromkeys([*INPUTS, *METRICS]))


# --- Lives -----------------------------------------------------------------------------------------------------


def day(back: float) -> datetime:
    """So many days before the moment asked about."""
    return AS_OF - timedelta(days=back)


def told(event_type: str, at: datetime, **says: Any) -> Event:
    """An event of the merchant; without an id, which `answers` gives."""
    return {"event_type": event_type, "merchant_id": "shop", "event_time": at} | says


def good_order(order: str, at: datetime, buyer: str, **says: Any) -> list[Event]:
    """An order as it should be: shipped, scanned, delivered in time and praised."""
    ids: dict[str, Any] = {"order_id": order}
    promise = {"ship_by": at + DAY, "deliver_by": at + 2 * DAY, "amount_cents": 5000}
    return [
        told("order_placed", at, **ids, **{"buyer_id": buyer} | promise | says),
        told("order_shipped", at + DAY / 4, **ids, tracked=True),
        told("parcel_scanned", at + DAY / 4, **ids, leg="out", scan="pickup"),
        told("order_delivered", at + DAY / 2, **ids),
        told("review_posted", at + DAY / 2, **ids, buyer_id=buyer, stars=5),
    ]


def lives(*, most: int = 9) -> st.SearchStrategy[list[Event]]:
    """A merchant's life: up to so many orders of four buyers, and what else happens to a merchant."""
    orders = st.lists(st.binary(min_size=24, max_size=24), min_size=1, max_size=most)
    return st.builds(_life, orders, st.binary(min_size=24, max_size=24))


def _life(orders: Sequence[bytes], own: bytes) -> list[Event]:
    log = [event for number, rolls in enumerate(orders) for event in _order(Dice(rolls=iter(rolls)), f"o{number}")]
    return [*log, *_rest(Dice(rolls=iter(own)))]


def _order(dice: Dice, order: str) -> list[Event]:
    """One order and all that came of it."""
    at = day(dice.pick((5, 8, 12, 3, 28, 40, 80, 95, 200, 362)) + dice.pick((0.5, 0.0)))
    buyer = dice.pick(("ann", "ann", "bob", "cat", None))
    ship_by, deliver_by = dice.pick((at + DAY, at + DAY, None)), dice.pick((at + 2 * DAY, at + 2 * DAY, None))
    ids: dict[str, Any] = {"order_id": order}
    placed = {"buyer_id": buyer, "ship_by": ship_by, "deliver_by": deliver_by, "amount_cents": dice.pick((5000, 90000))}
    log = [told("order_placed", at, **ids, **placed)]
    log += [told("order_shipped", at + late * DAY, **ids, tracked=dice.pick((True, None, False)))
            for late in dice.pick(((0.5,), (0.5,), (), (1.5,), (0.5, 1.5)))]  # fmt: skip
    log += [told("order_delivered", at + late * DAY, **ids) for late in dice.pick(((1.5,), (1.5,), (), (2.5,)))]
    if dice.pick((False, False, True)):
        log.append(told("parcel_scanned", at + DAY / 2, **ids, leg="out", scan="pickup"))
    log += [told("order_cancelled", at + dice.pick((0.1, 1.9)) * DAY, **ids, actor=actor)
            for actor in dice.pick(((), (), (), ("merchant",), ("buyer",), ("platform",)))]  # fmt: skip
    return [*log, *_afterwards(dice, order, at + 2.6 * DAY, buyer)]


def _afterwards(dice: Dice, order: str, at: datetime, buyer: str | None) -> list[Event]:
    """What the buyer did, and what came of it."""
    who: dict[str, Any] = {"order_id": order, "buyer_id": buyer}
    log = [told("review_posted", at, **who, stars=stars) for stars in dice.pick(((), (5,), (1,), (2, 4)))]
    for outcome in dice.pick(((), (), ("merchant_at_fault",), ("carrier_at_fault",), (None,))):
        log.append(told("dispute_opened", at, **who, dispute_id=f"d-{order}", reason="quality"))
        if outcome:
            log.append(told("dispute_resolved", at, **who, dispute_id=f"d-{order}", outcome=outcome))
    for outcome in dice.pick(((), (), ("accepted",), ("rejected",), (None,))):
        reason, until = dice.pick(("quality", "no_reason")), at + DAY / 4
        log.append(told("return_requested", at, **who, return_id=f"r-{order}", reason=reason, answer_by=until))
        if outcome:
            when = at + dice.pick((0.1, 0.3)) * DAY
            log.append(told("return_answered", when, order_id=order, return_id=f"r-{order}", outcome=outcome))
    for liable in dice.pick(((), (), (), ("merchant",), ("carrier",))):
        money = {"amount_cents": 5000, "advanced_by": "merchant", "finally_liable": liable, "reason": "quality"}
        log.append(told("refund_paid", at, order_id=order, refund_id=f"m-{order}", **money))
    return log


def _rest(dice: Dice) -> list[Event]:
    """Who the merchant is, whom it was seen with, what it was asked and what it was accused of."""
    log = [told("merchant_registered", day(400), category=dice.pick(("toys", "tea")), deposit_cents=100_000)]
    log += [told("link_observed", day(300), link_kind="phone", link_token="t1", buyer_id=buyer)
            for buyer in dice.pick(((), (), (None, "bob")))]  # fmt: skip
    for number, seconds in enumerate(dice.pick(((), (600,), (90_000, None)))):
        asked = {"message_id": f"q{number}", "reply_by": day(5)}
        log.append(told("message_received", day(6), **asked, buyer_id="ann"))
        if seconds:
            log.append(
                told("message_answered", day(6) + seconds * timedelta(seconds=1), **asked, reply_seconds=seconds)
            )
    for number, outcome in enumerate(dice.pick(((), (None,), ("confirmed", "dismissed"), (None, "bad_faith", None)))):
        report = {"report_id": f"f{number}", "reporter_id": dice.pick(("ann", "rex")), "reporter_kind": "buyer"}
        log.append(told("fake_report_filed", day(dice.pick((20, 50))), **report, evidence="photo"))
        if outcome:
            log.append(told("fake_report_resolved", day(10), **report, outcome=outcome))
    for service in dice.pick(((), ("done",), ("refused", None))):
        asked = {"service_id": f"s-{service}", "service": "repair", "due_by": day(3)}
        log.append(told("service_requested", day(9), **asked))
        if service:
            log.append(told("service_completed", day(4), **asked, outcome=service))
    return [
        *log,
        *(told("inspection_completed", day(15), outcome=one) for one in dice.pick(((), ("failed_counterfeit",)))),
    ]


# --- What becomes of them --------------------------------------------------------------------------------------

#: Ids that several merchants may share; a version of a life meets nobody of another version.
_SHARED = ("merchant_id", "buyer_id", "reporter_id", "link_token")


def answers(*versions: Iterable[Event], features: Sequence[Feature] = HELD) -> list[dict[str, Any]]:
    """The features of the merchant `shop` in each version of a log, at `AS_OF`.

    All versions stand in one log, so that what is drawn from others (a category's rate) is the same for each.
    """
    log = [_apart(event, f"e{number:03}", f"v{place}") for place, version in enumerate(versions)
           for number, event in enumerate(version)]  # fmt: skip
    rows = [(f"shop@v{place}", AS_OF) for place in range(len(versions))]
    with TemporaryDirectory() as folder:
        source = FileLog([write_log(log, Path(folder) / "events.parquet")], currency="CNY")
        return build_features(source, a_spine(rows), features=features, heard=_nothing_is_refused).to_pylist()


def _nothing_is_refused(outcome: Accepted) -> None:
    assert not outcome.rejected, outcome.example


def _apart(event: Event, event_id: str, version: str) -> Event:
    renamed = {name: f"{event[name]}@{version}" for name in _SHARED if event.get(name) is not None}
    return event | renamed | {"event_id": f"{event_id}@{version}"}


def several(one: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Some of what a strategy draws, to be asked about together."""
    return st.lists(one, min_size=4, max_size=4)


def safer(feature: Feature, before: float | None, after: float | None) -> bool:
    """Whether a value became safer, beyond what floats lose; of a null nothing can be said.

    A feature of which neither way is riskier may fall by silence, since less is known of the merchant then, and never
    grow: a model that takes more for safer is not to be fooled.
    """
    if before is None or after is None:
        return False
    return (before - after if feature.riskier == "higher" else after - before) > 1e-12
