"""What can be bought: how far orders raise what a rate is divided by, and how far a few people move anything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.feature import Feature, Ratio, Shrunk, Total
from features.catalogue.orders import moved_at_most
from features.catalogue.reporters import bound
from features.measures import Measure
from tests.features.strategies import Dice, Event
from tests.features.test_invariants import FEATURES, Pair, found_by, packed
from tests.features.traders import HELD, answers, day, good_order, lives, several, told

PLACED_BACK = (4, 9, 30, 70)

# --- Volume washes nothing -------------------------------------------------------------------------------------


def evidence(features: Sequence[Feature]) -> list[Feature]:
    """What some features divide by, or else count, as features of their own under the same names."""
    return [replace(one, formula=Total(of=measure)) for one in features for measure in _evidence(one)]


def _evidence(feature: Feature) -> list[Measure]:
    formula = feature.formula.plain if isinstance(feature.formula, Shrunk) else feature.formula
    return [getattr(formula, "per", None) or formula.of] if isinstance(formula, Ratio | Total) else []


def spared(features: Sequence[Feature]) -> list[Feature]:
    """Of that evidence, what does not speak against the merchant."""
    rates = {one.name: one.formula.plain for one in features if isinstance(one.formula, Shrunk)}
    rates |= {one.name: one.formula for one in features if isinstance(one.formula, Ratio)}
    return [
        replace(one, formula=replace(one.formula, less=(rates[one.name].of,))) if one.name in rates else one
        for one in evidence(features)
    ]


def washed(features: Sequence[Feature], pairs: Sequence[Pair], most: int) -> list[str]:
    """The features whose evidence grew by more than so much, but for what speaks against the merchant."""
    return found_by(lambda _, old, new: new - old > most, spared(features), pairs)


def more_orders(count: int, buyers: Sequence[str], *, named: str = "x") -> list[Event]:
    """Extra orders of some buyers in turn, all as they should be."""
    each = [(f"{named}{number}", buyers[number % len(buyers)], PLACED_BACK[number % 4]) for number in range(count)]
    return [event for order, buyer, back in each for event in good_order(order, day(back), buyer)]


@packed
@given(st.lists(lives(most=4), min_size=4, max_size=4), st.integers(1, 25), st.integers(1, 3))
def test_many_orders_of_few_buyers_count_three_of_each(logs, count, buyers):
    more = more_orders(count, ["ann", "yan", "zoe"][:buyers])
    assert washed(HELD, [(log, [*log, *more]) for log in logs], most=3 * buyers) == []


def test_plain_evidence_is_washed_by_volume():
    pairs = [([], more_orders(4, ["zoe"]))]
    assert washed([FEATURES["defect_rate_90d"]], pairs, most=3) == ["defect_rate_90d"]


def unreal(why: str, count: int) -> list[Event]:
    """Extra orders of different buyers that show nothing of the merchant."""
    log = more_orders(count, [f"z{number}" for number in range(count)], named="u")
    if why == "linked":
        told_of = [
            told("link_observed", day(99), link_kind="device", link_token="t9", buyer_id=f"z{n}") for n in range(count)
        ]
        return [*log, *told_of, told("link_observed", day(99), link_kind="device", link_token="t9")]
    if why == "untracked":
        log = [one | {"tracked": False} if one["event_type"] == "order_shipped" else one for one in log]
        return [one for one in log if one["event_type"] != "parcel_scanned"]
    orders = [one for one in log if one["event_type"] == "order_placed"]
    when = timedelta(hours=2)
    return [
        *orders,
        *(told("order_cancelled", one["event_time"] + when, order_id=one["order_id"], actor="buyer") for one in orders),
    ]


@pytest.mark.parametrize("why", ["linked", "untracked", "cancelled"])
def test_orders_that_are_not_real_count_nothing(why):
    log = more_orders(3, ["ann", "bob"])
    assert washed(HELD, [(log, [*log, *unreal(why, 5)])], most=0) == []
    assert washed([FEATURES["fault_rate_90d"]], [(log, [*log, *unreal(why, 5)])], most=0) == ["fault_rate_90d"]


# --- One buyer, one voice --------------------------------------------------------------------------------------


def limit(feature: Feature, k: int, per: float) -> float:
    """How far k people may move a feature whose evidence without them is `per`: the published bounds."""
    if feature.unit == "votes":
        return bound(k)
    if feature.name.startswith("n_buyers"):
        return k
    if isinstance(feature.formula, Total):
        return 3 * k
    return moved_at_most(k, per=per, strength=feature.formula.strength if isinstance(feature.formula, Shrunk) else 0)


def moved_too_far(features: Sequence[Feature], pairs: Sequence[Pair], k: int) -> list[str]:
    """The features that k people moved by more than their bound."""
    divisors = {one.name: replace(one, name=f"{one.name}:per") for one in evidence(features)}
    rows = answers(*(log for pair in pairs for log in pair), features=[*features, *divisors.values()])
    return [
        one.name for one in features if any(_too_far(one, k, *two) for two in zip(rows[::2], rows[1::2], strict=True))
    ]


def _too_far(feature: Feature, k: int, old: dict[str, Any], new: dict[str, Any]) -> bool:
    if old[feature.name] is None or new[feature.name] is None:
        return False
    most = limit(feature, k, old.get(f"{feature.name}:per", 0))
    return abs(new[feature.name] - old[feature.name]) > most + 1e-12


@st.composite
def plots(draw: st.DrawFn, k: int) -> list[Event]:
    """Whatever k people do who have nothing to do with the merchant's other buyers, and whatever comes of it."""
    acts = draw(st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=12))
    return [event for number, rolls in enumerate(acts) for event in _act(Dice(rolls=iter(rolls)), f"p{number}", k)]


def _act(dice: Dice, order: str, k: int) -> list[Event]:
    """An order, which the merchant may have served or not, and what its buyer says of it in every channel."""
    who, at = {"order_id": order, "buyer_id": f"z{dice.pick(range(k))}"}, day(dice.pick(PLACED_BACK))
    served = good_order(order, at, who["buyer_id"])[: dice.pick((5, 4, 1))]
    after, ids = at + timedelta(days=2.5), {"dispute_id": order, "return_id": order, "complaint_id": order}
    asked = ("return_requested", {"reason": "quality", "answer_by": after})
    said = dice.pick((
        [],
        [("review_posted", {"stars": 1})],
        [("dispute_opened", {}), ("dispute_resolved", {"outcome": "merchant_at_fault"})],
        [asked, ("return_answered", {"outcome": dice.pick(("rejected", "accepted"))})],
        [asked],
        [("complaint_received", {})],
        [("order_cancelled", {"actor": dice.pick(("buyer", "merchant"))})],
    ))  # fmt: skip
    log = [told(name, after, **who, **ids, **says) for name, says in said]
    report = {"report_id": order, "reporter_id": who["buyer_id"], "reporter_kind": "buyer", "evidence": "lab"}
    return [*served, *log, *(told("fake_report_filed", day(3), **report) for _ in range(dice.pick((0, 1))))]


@pytest.mark.parametrize("k", [1, 3])
@packed
@given(data=st.data())
def test_few_people_move_nothing_by_more_than_their_bound(k, data):
    logs = data.draw(several(lives(most=5)))
    assert moved_too_far(HELD, [(log, [*log, *data.draw(plots(k))]) for log in logs], k) == []


@pytest.mark.parametrize("name", ["n_orders_overdue", "low_star_rate_90d", "n_fake_reports_90d"])
def test_a_plain_count_is_moved_by_one_person_as_far_as_she_likes(name):
    log = more_orders(12, [f"y{number}" for number in range(12)])
    plot = [event for number in range(40) for event in _act(Dice(rolls=iter(PLOT)), f"p{number}", 1)]
    assert moved_too_far([FEATURES[name]], [(log, [*log, *plot])], 1) == [name]


#: Four days back, not served, one star, and a report: each roll chooses by its place in the options of `_act`.
PLOT = bytes((0, 0, 2, 0, 0, 1, 1, 0))
