"""Whose fault it was, what counts as a claim, and what is left out: small stories, worked out by hand.

The label window is [1 March, 31 March); it is judged with what is known before 10 April.
"""

from datetime import date

import pytest

from features.exemptions import Exemption
from features.labels import labels_of
from features.log import FileLog
from tests.features.build import a_log, a_spine, moment, write_log
from tests.features.label_stories import ALL_COMPONENTS, KEPT, LATER, ORDER, SHIPPED, a_spec, judged

CLAIMS = (*ALL_COMPONENTS, "refunded", "settled")
REFUND = "2024-03-14  refund_paid  refund_id=R order_id=A amount_cents=1 advanced_by=merchant"
RULING = "\n2024-03-20  dispute_resolved  dispute_id=D order_id=A"
BACK = "\n2024-03-18  return_inspected  return_id=R order_id=A"
LOW = KEPT + "2024-03-09  review_posted  order_id=A stars=1"
RETURNED = (
    KEPT + "2024-03-12  return_requested  return_id=R order_id=A reason=quality\n"
    "2024-03-14  return_answered  return_id=R order_id=A outcome=accepted"
)
CLAIMED = KEPT + REFUND + " finally_liable=merchant reason=quality"


@pytest.fixture
def judge(tmp_path):
    """Label the shop as of 1 March, claims among its faults."""

    def judge(story, **wishes):
        return judged(tmp_path, story, **{"components": CLAIMS, **wishes})[0]

    return judge


@pytest.fixture
def blame(tmp_path):
    """Whose fault it was, of those who were at fault at all."""

    def blame(story, **wishes):
        parties = judged(tmp_path, story, **{"components": CLAIMS, **wishes})[1]
        return {party: count for party, count in parties.items() if count}

    return blame


# --- Claims ----------------------------------------------------------------------------------------------------

REASONS = ("quality", "counterfeit", "not_as_described", "not_received", "damaged", "wrong_item", "missing_parts",
           "unsafe")  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_a_refund_for_what_was_wrong_is_a_claim_without_any_dispute(judge, reason):
    row = judge(KEPT + REFUND + f" finally_liable=merchant reason={reason}")
    assert (row["label"], row["reason"], row["happened_at"]) == (1, "bad_refunded", moment("2024-03-14"))
    assert row["known_at"] == moment("2024-03-15")


@pytest.mark.parametrize("reason", ["no_reason", "late", "other", None])
def test_a_refund_for_anything_else_is_no_claim(judge, reason):
    said = f" reason={reason}" if reason else ""
    assert judge(KEPT + REFUND + " finally_liable=merchant" + said)["label"] == 0


@pytest.mark.parametrize("payer", ["platform", "carrier", "buyer", "undecided"])
def test_a_refund_that_somebody_else_finally_pays_is_not_the_merchants(judge, payer):
    assert judge(KEPT + REFUND + f" finally_liable={payer} reason=quality")["label"] == 0


def test_an_order_with_several_claims_and_a_dispute_counts_once(judge):
    twice = CLAIMED + "\n" + REFUND.replace("refund_id=R", "refund_id=S") + " finally_liable=merchant reason=unsafe"
    other = "\n2024-03-02  order_placed  order_id=B amount_cents=1"
    assert judge(twice + RULING + " outcome=merchant_at_fault" + other, threshold=0.6)["label"] == 0


def test_a_claim_counts_only_where_the_recipe_names_it(judge):
    assert judge(CLAIMED, components=ALL_COMPONENTS)["label"] == 0


SETTLED = KEPT + RULING.strip("\n") + " outcome=settled"
HALF = {"settled": 0.5}


@pytest.mark.parametrize(("threshold", "label"), [(0.5, 1), (0.51, 0)])
def test_a_settlement_with_compensation_weighs_what_the_recipe_says(judge, threshold, label):
    row = judge(SETTLED + " amount_cents=1", weights=HALF, threshold=threshold)
    assert row["label"] == label
    assert row["reason"] == ("bad_settled" if label else "good")


@pytest.mark.parametrize("amount", ["", " amount_cents=0"])
def test_a_settlement_without_compensation_is_nobodys_fault(judge, blame, amount):
    assert judge(SETTLED + amount, threshold=0.1)["label"] == 0
    assert blame(SETTLED + amount) == {"nobody": 1}


@pytest.mark.parametrize("amount", ["", " amount_cents=9"])
def test_what_was_refunded_by_a_settlement_weighs_as_the_settlement(judge, amount):
    story = CLAIMED + RULING + " outcome=settled" + amount
    assert judge(story, weights=HALF, threshold=0.5)["reason"] == "bad_settled"
    assert judge(story, weights=HALF, threshold=0.51)["label"] == 0


def test_of_several_faults_of_an_order_the_gravest_counts(judge):
    story = SETTLED + " amount_cents=1\n2024-03-22  dispute_resolved  dispute_id=E order_id=A outcome=merchant_at_fault"
    row = judge(story, weights=HALF, threshold=1.0)
    assert (row["reason"], row["happened_at"]) == ("bad_dispute_lost", moment("2024-03-22"))


def test_half_faults_add_up(judge):
    orders = "".join(f"2024-03-02  order_placed  order_id={n} amount_cents=1\n" for n in range(4))
    settled = "".join(
        f"2024-03-{10 + n}  dispute_resolved  dispute_id={n} order_id={n} outcome=settled amount_cents=1\n"
        for n in range(3)
    )
    row = judge(orders + settled, weights=HALF, threshold=0.25)
    assert (row["label"], row["happened_at"]) == (1, moment("2024-03-11"))
    assert judge(orders + settled, weights=HALF, threshold=0.4)["label"] == 0


# --- Whose fault -----------------------------------------------------------------------------------------------

PLATFORMS = ORDER.replace("amount_cents=1", "amount_cents=1 fulfilled_by=platform")
LOST = "2024-03-06  parcel_scanned  order_id=A leg=out scan=lost"
NEVER_CAME = ORDER + SHIPPED + REFUND + " finally_liable=merchant reason=not_received\n"

#: What went wrong by whose fault.
OTHERS = {
    "a refund that a ruling gave to the carrier": (CLAIMED + RULING + " outcome=carrier_at_fault", "carrier"),
    "a refund that a ruling gave to the platform": (CLAIMED + RULING + " outcome=platform_at_fault", "platform"),
    "low stars of a buyer who was found at fault": (LOW + RULING + " outcome=buyer_at_fault", "buyer"),
    "a return of which nobody was at fault": (RETURNED + RULING + " outcome=nobody_at_fault", "nobody"),
    "a return that came back empty": (RETURNED + BACK + " outcome=empty", "buyer"),
    "a return that came back swapped": (RETURNED + BACK + " outcome=swapped", "buyer"),
    "a return that came back used": (RETURNED + BACK + " outcome=used", "buyer"),
    "a refund for what came back empty": (CLAIMED + BACK + " outcome=empty", "buyer"),
    "a refund for what the carrier lost": (NEVER_CAME + LOST, "carrier"),
    "a dispatch that the platform was to see to": (PLATFORMS, "platform"),
    "a refund that the carrier pays": (KEPT + REFUND + " finally_liable=carrier reason=damaged", "carrier"),
    "a refund of which it is open who pays": (KEPT + REFUND + " finally_liable=undecided reason=damaged", "nobody"),
    "a cancellation by the buyer": (ORDER + "2024-03-03  order_cancelled  order_id=A actor=buyer", "buyer"),
    "a cancellation by the platform": (ORDER + "2024-03-03  order_cancelled  order_id=A actor=platform", "platform"),
    "a slow carrier": (ORDER + SHIPPED + "2024-03-12  order_delivered  order_id=A", "carrier"),
    "a dispute withdrawn": (KEPT + RULING.strip("\n") + " outcome=withdrawn", "nobody"),
}  # fmt: skip


@pytest.mark.parametrize(("story", "party"), OTHERS.values(), ids=OTHERS.keys())
def test_what_others_answer_for_is_not_the_merchants_fault(judge, blame, story, party):
    assert judge(story, threshold=0.01)["label"] == 0
    assert blame(story) == {party: 1}


MERCHANTS = {
    "a dispute that another ruling gave to the merchant": (
        CLAIMED + RULING + " outcome=buyer_at_fault\n"
        "2024-03-22  dispute_resolved  dispute_id=E order_id=A outcome=merchant_at_fault"
    ),
    "what came back intact": RETURNED + BACK + " outcome=intact",
    "what came back empty, and the merchant lost": (
        RETURNED + BACK + " outcome=empty" + RULING + " outcome=merchant_at_fault"
    ),
    "a late dispatch, whatever became of the goods": ORDER + RULING.strip("\n") + " outcome=buyer_at_fault",
    "a dispute that was withdrawn after the refund": CLAIMED + RULING + " outcome=withdrawn",
    "a ruling for another order": CLAIMED + RULING.replace("order_id=A", "order_id=B") + " outcome=buyer_at_fault",
    "a ruling for somebody taken back": (
        CLAIMED + RULING + " outcome=buyer_at_fault event_id=x\n2024-03-25  event_reversed  reverses=x"
    ),
    "a ruling for somebody that came to be known after the delay": (
        CLAIMED + RULING + " outcome=buyer_at_fault known_at=2024-04-10"
    ),
    "a parcel lost on its way back": NEVER_CAME + LOST.replace("leg=out", "leg=back"),
    "a slow carrier of a late dispatch": ORDER + "2024-03-07  order_shipped  order_id=A",
}


@pytest.mark.parametrize("story", MERCHANTS.values(), ids=MERCHANTS.keys())
def test_what_nobody_else_answers_for_is_the_merchants_fault(judge, blame, story):
    assert judge(story)["label"] == 1
    assert blame(story) == {"merchant": 1}


def test_a_dispute_that_was_lost_excuses_nothing_even_where_it_counts_nothing(judge):
    both = RULING + " outcome=buyer_at_fault\n2024-03-22  dispute_resolved  dispute_id=E order_id=A outcome="
    assert judge(CLAIMED + both + "merchant_at_fault", components=("refunded",))["label"] == 1
    assert judge(CLAIMED + both + "nobody_at_fault", components=("refunded",))["label"] == 0


def test_a_ruling_that_is_taken_back_makes_it_known_when_that_is(judge):
    story = CLAIMED + RULING + " outcome=buyer_at_fault event_id=x\n2024-03-25T09:00  event_reversed  reverses=x"
    assert judge(story)["known_at"] == moment("2024-03-26")


def test_what_went_well_is_nobodys_fault(blame):
    assert blame(KEPT) == {}


def test_an_order_in_two_windows_is_told_once_as_it_ended(tmp_path):
    story = LATER + CLAIMED.replace("2024-03-02", "2024-03-29") + RULING + " outcome=buyer_at_fault known_at=2024-04-15"
    log = FileLog([write_log(a_log(story), tmp_path / "events.parquet")], currency="CNY")
    spine = a_spine([("shop", moment("2024-03-01")), ("shop", moment("2024-03-20"))])
    assert labels_of(log, spine, a_spec(components=CLAIMS)).parties["buyer"] == 1
    assert labels_of(log, spine.slice(0, 1), a_spec(components=CLAIMS)).parties["merchant"] == 1


def test_immature_windows_tell_nothing_of_whose_fault_it_was(blame):
    assert blame(CLAIMED, later="2024-04-09  merchant_registered  merchant_id=later\n") == {}


# --- Exemptions ------------------------------------------------------------------------------------------------


def a_flood(**changes):
    days = {"first": date(2024, 3, 5), "until": date(2024, 3, 6)}
    return (Exemption(**{**days, "reason": "flood", **changes}),)


HOME = "2024-01-01  merchant_registered  region=north category=toys\n"
TOY = ORDER.replace("amount_cents=1", "amount_cents=1 category=toys")
TEA = ORDER.replace("amount_cents=1", "amount_cents=1 category=tea")
EXEMPT = {
    "by its dispatch": (ORDER, {}),
    "by its delivery": (ORDER, {"first": date(2024, 3, 9), "until": date(2024, 3, 10)}),
    "in the merchant's region": (HOME + ORDER, {"regions": ("south", "north")}),
    "in its own category": (TOY, {"categories": ("toys",)}),
    "in the merchant's category": (HOME + ORDER, {"categories": ("toys",)}),
    "in region and category": (HOME + TOY, {"regions": ("north",), "categories": ("toys",)}),
}


@pytest.mark.parametrize(("story", "flood"), EXEMPT.values(), ids=EXEMPT.keys())
def test_an_order_promised_for_exempt_days_counts_nowhere(judge, story, flood):
    assert judge(story, exemptions=a_flood(**flood))["reason"] == "too_few_orders"


NOT_EXEMPT = {
    "promised for the day that ends it": (ORDER, {"first": date(2024, 3, 4), "until": date(2024, 3, 5)}),
    "promised for days after it": (ORDER, {"first": date(2024, 3, 6), "until": date(2024, 3, 9)}),
    "in another region": (HOME + ORDER, {"regions": ("south",)}),
    "of a merchant whose region is not known": (ORDER, {"regions": ("north",)}),
    "in another category": (HOME + TEA, {"categories": ("toys",)}),
    "in the category and another region": (HOME + TOY, {"regions": ("south",), "categories": ("toys",)}),
    "of a merchant that registered there after the delay": (
        HOME.replace("category", "known_at=2024-04-10 category") + ORDER, {"regions": ("north",)},
    ),
    "without a promise": ("2024-03-05  order_placed  order_id=A amount_cents=1\n"
                          "2024-03-05  order_cancelled  order_id=A actor=merchant", {}),
}  # fmt: skip


@pytest.mark.parametrize(("story", "flood"), NOT_EXEMPT.values(), ids=NOT_EXEMPT.keys())
def test_any_other_order_counts(judge, story, flood):
    assert judge(story, exemptions=a_flood(**flood))["label"] == 1


def test_exempt_orders_are_left_out_above_and_below_the_line(judge):
    good = (
        ORDER.replace("order_id=A", "order_id=B").replace("03-05", "03-04") + "2024-03-04  order_shipped  order_id=B\n"
    )
    bad = ORDER.replace("order_id=A", "order_id=C").replace("03-05", "03-07")
    assert judge(ORDER + good + bad, threshold=0.6)["label"] == 1
    assert judge(ORDER + good + bad, threshold=0.6, exemptions=a_flood())["label"] == 0


# --- Delays by component, and shops that are closed --------------------------------------------------------------


def test_each_component_has_its_own_delay(judge):
    late_news = CLAIMED + " known_at=2024-04-14"
    assert judge(late_news)["label"] == 0
    assert judge(late_news, delays={"refunded": 20})["label"] == 1
    assert judge(KEPT + "2024-03-10  order_cancelled  order_id=A actor=merchant known_at=2024-04-14",
                 delays={"refunded": 20})["label"] == 0  # fmt: skip


def test_nobody_is_cleared_before_every_component_has_had_its_delay(judge):
    row = judge(KEPT, delays={"refunded": 20})
    assert (row["label"], row["known_at"]) == (0, moment("2024-04-20"))
    early = "2024-04-19T23:59  merchant_registered  merchant_id=later\n"
    assert judge(KEPT, delays={"refunded": 20}, later=early)["reason"] == "immature"
    assert judge(KEPT, delays={"refunded": 5})["known_at"] == moment("2024-04-10")


FAKES = {"target": "counterfeit", "kind": "counterfeit", "components": (), "min_orders": 0}
CLOSED = "2024-01-10  penalty_applied  penalty=removal event_id=removal\n"


def test_a_shop_that_was_closed_before_is_not_cleared(judge):
    row = judge(CLOSED, **FAKES)
    assert (row["label"], row["reason"], row["censored"]) == (None, "removed", True)


@pytest.mark.parametrize(
    "story",
    [
        CLOSED + KEPT,
        CLOSED + "2024-02-10  reinstated",
        CLOSED + "2024-02-10  event_reversed  reverses=removal",
        CLOSED.replace("removal event", "suspension event"),
    ],
    ids=["it sells again", "reinstated", "taken back", "only suspended"],
)
def test_a_shop_that_is_open_again_is_cleared(judge, story):
    assert judge(story, **FAKES)["reason"] == "good"


def test_a_shop_that_was_closed_again_is_not_cleared(judge):
    again = "2024-02-10  reinstated\n2024-02-20  penalty_applied  penalty=removal"
    assert judge(CLOSED + again, **FAKES)["censored"]


def test_a_fake_that_is_found_after_the_shop_was_closed_proves_nothing_of_an_open_one(judge):
    assert judge(CLOSED + "2024-03-10  inspection_completed  outcome=failed_counterfeit", **FAKES)["censored"]
