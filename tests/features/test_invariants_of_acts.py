"""Whose doing counts: the platform's own acts and gifts do not, accusations only within bounds, defects always."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import FAMILIES
from features.catalogue.feature import Feature
from features.catalogue.reporters import bound
from tests.features.strategies import Dice, Event
from tests.features.test_invariants import FEATURES, Pair, found_by, gains, packed
from tests.features.traders import HELD, answers, day, lives, several, told

LATE = timedelta(hours=2)


def moves(features: Sequence[Feature], pairs: Sequence[Pair]) -> list[str]:
    """The features that say something else after a change, for any pair of a log and the changed one."""
    return found_by(lambda _, old, new: old != new, features, pairs)


def dice(size: int = 12) -> st.SearchStrategy[Dice]:
    return st.binary(min_size=size, max_size=size).map(lambda rolls: Dice(rolls=iter(rolls)))


def orders_of(log: Sequence[Event]) -> list[Event]:
    return [one for one in log if one["event_type"] == "order_placed"]


# --- Our own acts are not evidence -----------------------------------------------------------------------------


def acts(roll: Dice) -> list[Event]:
    """What the platform does to a merchant, or lets it do, without anything happening to a buyer."""
    at = day(roll.pick((3, 20, 80)))
    looked_at = roll.pick(((), ("score", "report", "brand")))
    return [
        told("penalty_applied", at, penalty=roll.pick(("warning", "points", "removal")), points=12),
        told("reinstated", at + LATE),
        told(roll.pick(("programme_joined", "programme_left")), at, programme="seven_day_return"),
        *(told("inspection_completed", at, outcome="passed", trigger=why) for why in looked_at),
    ]


def at_once(log: Sequence[Event]) -> list[Event]:
    """The same refunds, finally paid by the same, but paid at once and by the platform first."""
    paid = {"speed": "instant", "advanced_by": "platform"}
    return [one | paid if one["event_type"] == "refund_paid" else one for one in log]


@packed
@given(several(st.tuples(lives(most=6), dice())))
def test_what_the_platform_does_is_no_evidence(drawn):
    assert moves(HELD, [(log, at_once([*log, *acts(roll)])) for log, roll in drawn]) == []


def test_what_the_platform_paid_first_is_moved_by_its_own_act():
    log = [told("refund_paid", day(5), refund_id="m", order_id="o", amount_cents=9, advanced_by="merchant",
                finally_liable="merchant")]  # fmt: skip
    assert moves([FEATURES["platform_refund_cents_90d"]], [(log, at_once(log))]) == ["platform_refund_cents_90d"]


# --- The platform's generosity is not the merchant's debt ------------------------------------------------------

#: What a merchant owes and holds, beside what models and gates look at.
MONEY = [*HELD, FEATURES["merchant_debt_cents"], FEATURES["deposit_cents"]]


def gifts(log: Sequence[Event], roll: Dice) -> list[Event]:
    """Refunds of the merchant's orders that are finally the platform's, whoever paid first."""
    says: dict[str, Any] = {
        "amount_cents": 5000,
        "finally_liable": "platform",
        "reason": roll.pick(("quality", "late")),
    }
    says |= {"advanced_by": roll.pick(("platform", "merchant")), "speed": roll.pick(("instant", "standard"))}
    return [told("refund_paid", one["event_time"] + LATE, order_id=one["order_id"], refund_id=f"g{number}", **says)
            for number, one in enumerate(orders_of(log))]  # fmt: skip


@packed
@given(several(st.tuples(lives(most=6), dice())))
def test_a_refund_that_is_finally_the_platforms_is_nobodys_fault_and_nobodys_debt(drawn):
    assert moves(MONEY, [(log, [*log, *gifts(log, roll)]) for log, roll in drawn]) == []


def test_a_refund_that_is_finally_the_merchants_is_its_debt():
    owed = told("refund_paid", day(5), refund_id="m", order_id="o", amount_cents=9, advanced_by="platform",
                finally_liable="merchant")  # fmt: skip
    assert moves(MONEY, [([], [owed])]) == ["merchant_debt_cents"]


# --- Unverified is not guilty ----------------------------------------------------------------------------------


def accusations(log: Sequence[Event], accusers: int, count: int) -> list[Event]:
    """Reports, disputes and complaints by some people without a record, about anything, of which nothing has come."""
    orders = [one["order_id"] for one in orders_of(log)] or ["nothing"]
    each = [
        (f"a{number}", f"z{number % accusers}", {"order_id": orders[number % len(orders)]}) for number in range(count)
    ]
    return [
        event
        for name, who, what in each
        for event in (
            told("fake_report_filed", day(2), report_id=name, reporter_id=who, reporter_kind="buyer", evidence="lab"),
            told("dispute_opened", day(2), dispute_id=name, buyer_id=who, reason="counterfeit", severity=3, **what),
            told("complaint_received", day(2), complaint_id=name, buyer_id=who, tier=3, channel="court", **what),
        )
    ]


def condemned(features: Sequence[Feature], pairs: Sequence[Pair], accusers: int) -> list[str]:
    """The features that accusations moved, or that credibility-weighted suspicion raised beyond its bound."""
    most = {one.name: bound(accusers) + 1e-12 if one.unit == "votes" else 0 for one in features}
    return found_by(lambda one, old, new: abs((new or 0) - (old or 0)) > most[one.name], features, pairs)


@packed
@given(several(lives(most=5)), st.integers(1, 4), st.integers(1, 12))
def test_accusations_that_nobody_verified_move_nothing_but_a_bounded_suspicion(logs, accusers, count):
    pairs = [(log, [*log, *accusations(log, accusers, count)]) for log in logs]
    assert condemned(HELD, pairs, accusers) == []


@pytest.mark.parametrize("name", ["n_fake_reports_90d", "n_disputes_open", "n_complaints_90d"])
def test_raw_counts_are_moved_by_accusations(name):
    assert condemned([FEATURES[name]], [([], accusations([], 2, 5))], 2) == [name]


# --- An instantly refunded defect is still a defect ------------------------------------------------------------

DEFECTS = [one for one in HELD if one.name.startswith("defect_rate")] + [FEATURES["defect_rate_90d"]]


def refunded(log: Sequence[Event]) -> list[Event]:
    """Every order's buyer has the money back at once for the merchant's fault, and nobody ever disputes anything."""
    says = {
        "amount_cents": 1,
        "advanced_by": "platform",
        "finally_liable": "merchant",
        "reason": "quality",
        "speed": "instant",
    }
    paid = [told("refund_paid", one["event_time"] + LATE, order_id=one["order_id"], refund_id=one["order_id"], **says)
            for one in orders_of(log)]  # fmt: skip
    return [*log, *paid]


def disputed(log: Sequence[Event]) -> list[Event]:
    """Every order's buyer disputes it and is right."""
    lost = [
        (one["event_time"] + LATE, {"order_id": one["order_id"], "dispute_id": f"i{one['order_id']}"})
        for one in orders_of(log)
    ]
    return [*log, *(told("dispute_opened", at, **ids) for at, ids in lost),
            *(told("dispute_resolved", at, **ids, outcome="merchant_at_fault") for at, ids in lost)]  # fmt: skip


@packed
@given(several(lives(most=6)))
def test_a_defect_that_was_refunded_at_once_counts_as_one_that_was_disputed(logs):
    assert moves(DEFECTS, [(disputed(log), refunded(log)) for log in logs]) == []
    assert gains(DEFECTS, [(disputed(log), refunded(disputed(log))) for log in logs]) == []


def test_a_rate_of_disputes_does_not_see_what_was_refunded_at_once():
    log = [told("order_placed", day(5), order_id="o", amount_cents=1)]
    assert moves([FEATURES["fault_rate_90d"]], [(disputed(log), refunded(log))]) == ["fault_rate_90d"]


# --- A defect never makes a merchant safer ---------------------------------------------------------------------


def defect(log: Sequence[Event], roll: Dice) -> list[Event]:
    """One whole defect of an order that there is: what was opened and what it came to."""
    order = roll.pick(orders_of(log))
    who, at = {"order_id": order["order_id"], "buyer_id": order["buyer_id"]}, order["event_time"] + timedelta(days=2.9)
    money = {"amount_cents": 1, "advanced_by": "merchant", "finally_liable": "merchant", "reason": "damaged"}
    report = {"report_id": "w", "reporter_id": "wil", "reporter_kind": "buyer"}
    return roll.pick((
        [told("review_posted", at, **who, stars=1)],
        [told("dispute_opened", at, **who, dispute_id="w"),
         told("dispute_resolved", at, **who, dispute_id="w", outcome="merchant_at_fault")],
        [told("refund_paid", at, **who, refund_id="w", **money)],
        [told("fake_report_filed", at, **report), told("fake_report_resolved", at, **report, outcome="confirmed")],
        [told("inspection_completed", at, outcome="failed_counterfeit")],
    ))  # fmt: skip


@packed
@given(several(st.tuples(lives(most=6), dice())))
def test_one_more_defect_never_makes_a_merchant_safer(drawn):
    assert gains(HELD, [(log, [*log, *defect(log, roll)]) for log, roll in drawn]) == []


def test_a_rate_that_a_defect_lowers_is_found():
    log = [told("order_placed", day(5), order_id="o", amount_cents=1, buyer_id="ann"),
           *(told("dispute_opened", day(4), order_id="o", dispute_id=f"d{number}") for number in (1, 2))]  # fmt: skip
    resolved = told("dispute_resolved", day(4), order_id="o", dispute_id="d1", outcome="merchant_at_fault")
    assert gains([FEATURES["n_disputes_open"]], [(log, [*log, resolved])]) == ["n_disputes_open"]


# --- Relisting or renaming resets nothing ----------------------------------------------------------------------

ABOUT_GOODS = [*FAMILIES["listings"], *(one for one in HELD if one.name.startswith(("n_fakes", "suspicion")))]


def listed(name: str, roll: Dice, back: float = 99) -> list[Event]:
    return [
        told(
            "listing_changed",
            day(back),
            listing_id=name,
            title="Fine Tea",
            price_cents=roll.pick((1000, 900)),
            status="on",
        )
    ]


def learned(first: str, then: str, roll: Dice) -> list[Event]:
    """What is learned of goods that stand under one listing at first and, from 30 days back on, under another."""
    log: list[Event] = []
    for number in range(roll.pick((2, 4, 6))):
        back = roll.pick((80, 50, 10, 3))
        report = {"report_id": f"f{number}", "listing_id": first if back > 30 else then, "reporter_kind": "buyer"}
        log.append(told("fake_report_filed", day(back), **report, reporter_id=f"rex{number}"))
        if roll.pick((True, False)):
            ruled = report | {"reporter_id": f"rex{number}", "outcome": "confirmed"}
            log.append(told("fake_report_resolved", day(back - 1), **ruled))
    return log


def relisted(rolls: bytes) -> Pair:
    """A merchant whose goods keep their listing, and one that takes them off and puts them up anew."""
    stays = [*listed("l1", Dice(rolls=iter(rolls))), *learned("l1", "l1", Dice(rolls=iter(rolls)))]
    off = told("listing_changed", day(31), listing_id="l1", title="fine tea!", status="off")
    anew = listed("l2", Dice(rolls=iter(rolls)), back=30)
    return stays, [*listed("l1", Dice(rolls=iter(rolls))), off, *anew, *learned("l1", "l2", Dice(rolls=iter(rolls)))]


@packed
@given(several(st.binary(min_size=24, max_size=24)))
def test_goods_that_are_listed_anew_keep_what_was_learned_of_them(drawn):
    assert gains(ABOUT_GOODS, [relisted(rolls) for rolls in drawn]) == []


def test_price_drops_are_hidden_by_listing_anew():
    cheaper = {"title": "Fine Tea", "price_cents": 100, "status": "on"}
    stays = [told("listing_changed", day(9), listing_id="l1", title="Fine Tea", price_cents=1000, status="on")]
    pair = ([*stays, told("listing_changed", day(5), listing_id="l1", **cheaper)],
            [*stays, told("listing_changed", day(5), listing_id="l2", **cheaper)])  # fmt: skip
    assert gains([FEATURES["n_price_drops_90d"]], [pair]) == ["n_price_drops_90d"]


#: What is told of a merchant by those it is linked to, and what was learned of these themselves.
COMES_BACK = {f"n_linked_fakes_confirmed_{days}d": f"n_fakes_confirmed_{days}d" for days in (90, 365)}
TOLD_OF = [FEATURES[name] for name in (*COMES_BACK, *COMES_BACK.values(), "n_linked_removed")]


def removed(log: Sequence[Event], link: Event) -> list[Event]:
    """A merchant that had a link and was removed at last."""
    return [*log, link, told("penalty_applied", day(1.5), penalty="removal")]


def back_again(log: Sequence[Event], link: Event) -> list[Event]:
    """That merchant under the name `was`, and a new one with the same link."""
    return [*(one | {"merchant_id": "was"} for one in log), told("merchant_registered", day(1)), link]


@packed
@given(several(lives(most=3)), st.sampled_from(("phone", "bank_account", "legal_entity")))
def test_who_comes_back_under_a_new_name_with_an_old_link_brings_what_was_learned(logs, kind):
    link = told("link_observed", day(1.2), link_kind=kind, link_token="t7")
    old = [removed(log, link) for log in logs]
    before = answers(*old, features=TOLD_OF)
    after = answers(*(back_again(log, link) for log in old), features=TOLD_OF)
    for was, now in zip(before, after, strict=True):
        assert {of: now[name] for name, of in COMES_BACK.items()} == {of: was[of] for of in COMES_BACK.values()}
        assert now["n_linked_removed"] == 1


def test_who_comes_back_with_no_link_is_unknown():
    (now,) = answers(back_again(removed([], told("reinstated", day(9))), told("reinstated", day(1))), features=TOLD_OF)
    assert now["n_linked_removed"] == 0
