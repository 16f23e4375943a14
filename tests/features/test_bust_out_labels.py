"""Who takes money for goods that never come, or leaves the platform with what it advanced: stories, by hand.

The label window is [1 March, 31 March); it is judged with what is known before 10 April. An order has three days of
grace.
"""

from datetime import date

import pyarrow.parquet as pq
import pytest

from features.exemptions import Exemption
from features.label_spec import Undelivered, Unrecovered
from features.labels import labels_of
from features.log import FileLog
from features.simulator.archetypes import ARCHETYPES
from tests.features.build import moment
from tests.features.label_stories import judged
from tests.features.simulator.market import a_scenario, marketplace
from training.dataset import monthly_spine
from training.recipe import find_recipe

GOODS = Undelivered(share=0.5, cents=0, grace_days=3)
MONEY = Unrecovered(share=0.2, cents=100)
DUE = "2024-03-02  order_placed  order_id=A amount_cents=500 deliver_by=2024-03-10T12:00\n"
ARRIVED = "2024-03-11  order_delivered  order_id=B\n"
KEPT = "2024-03-02  order_placed  order_id=B amount_cents=500 deliver_by=2024-03-12\n" + ARRIVED
CAME = "  order_delivered  order_id=A"


@pytest.fixture
def judge(tmp_path):
    """Label the shop as of 1 March, by goods that never came unless told otherwise."""

    def judge(story, **wishes):
        asked = {"target": "bust_out", "kind": "bust_out", "components": (), "undelivered": GOODS, **wishes}
        return judged(tmp_path, story, **asked)[0]

    return judge


def test_goods_that_never_came_make_a_merchant_bad(judge):
    row = judge(DUE)
    assert (row["label"], row["reason"], row["happened_at"]) == (1, "bad_undelivered", moment("2024-03-10T12:00"))
    assert row["known_at"] == moment("2024-03-14")


CAME_ALL_THE_SAME = {
    "in time": "2024-03-10T12:00" + CAME,
    "within the grace": "2024-03-13" + CAME,
    "long after it": "2024-04-09T23:59" + CAME,
    "as the carrier says": "2024-03-09  parcel_scanned  order_id=A leg=out scan=delivered",
}


@pytest.mark.parametrize("news", CAME_ALL_THE_SAME.values(), ids=CAME_ALL_THE_SAME.keys())
def test_what_came_in_the_end_has_come(judge, news):
    assert judge(DUE + news)["label"] == 0


NOBODY_ELSES = {
    "a delivery known after the delay": "2024-03-09" + CAME + " known_at=2024-04-10",
    "a delivery taken back": "2024-03-09" + CAME + " event_id=x\n2024-03-15  event_reversed  reverses=x",
    "a delivery scanned on the way back": "2024-03-09  parcel_scanned  order_id=A leg=back scan=delivered",
    "cancelled by the merchant": "2024-03-05  order_cancelled  order_id=A actor=merchant",
    "given up by the buyer after the grace": "2024-03-13T12:00:00.000001  order_cancelled  order_id=A actor=buyer",
    "lost by the carrier, and the merchant's all the same": (
        "2024-03-09  parcel_scanned  order_id=A leg=out scan=lost\n"
        "2024-03-20  dispute_resolved  dispute_id=D order_id=A outcome=merchant_at_fault"
    ),
    "settled": "2024-03-20  dispute_resolved  dispute_id=D order_id=A outcome=settled amount_cents=500",
}  # fmt: skip


@pytest.mark.parametrize("news", NOBODY_ELSES.values(), ids=NOBODY_ELSES.keys())
def test_it_is_the_merchants_who_did_not_send(judge, news):
    assert judge(DUE + news)["label"] == 1


SOMEBODY_ELSES = {
    "lost by the carrier": "2024-03-09  parcel_scanned  order_id=A leg=out scan=lost",
    "a buyer who had it after all": "2024-03-20  dispute_resolved  dispute_id=D order_id=A outcome=buyer_at_fault",
    "a carrier found at fault": "2024-03-20  dispute_resolved  dispute_id=D order_id=A outcome=carrier_at_fault",
}


@pytest.mark.parametrize("news", SOMEBODY_ELSES.values(), ids=SOMEBODY_ELSES.keys())
def test_what_others_answer_for_was_due_and_is_not_the_merchants(judge, news):
    assert judge(DUE + news)["label"] == 0
    # It stands above the line as well: with what did come it is half of the value.
    other = DUE.replace("order_id=A", "order_id=C")
    assert judge(DUE + news + "\n" + other)["label"] == 1
    assert judge(DUE + news + "\n" + KEPT + other)["label"] == 0


LEFT_OUT = {
    "cancelled by the buyer": "2024-03-13T12:00  order_cancelled  order_id=A actor=buyer",
    "cancelled by the platform": "2024-03-05  order_cancelled  order_id=A actor=platform",
    "due before the window": DUE.replace("03-10T12:00", "02-29T23:59"),
    "due after the window": DUE.replace("03-10T12:00", "03-31"),
    "due at no time": DUE.replace("deliver_by=2024-03-10T12:00", ""),
}


@pytest.mark.parametrize("story", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_what_was_not_due_counts_nowhere(judge, story):
    story = story if story.startswith("2024-03-02") else DUE + story
    assert judge(story)["reason"] == "too_few_orders"
    assert judge(story + "\n" + KEPT.replace("order_id=B", "order_id=C"))["label"] == 0


def test_an_order_of_before_counts_when_it_is_due(judge):
    row = judge(DUE.replace("2024-03-02", "2024-02-20"))
    assert (row["label"], row["happened_at"]) == (1, moment("2024-03-10T12:00"))


@pytest.mark.parametrize(("cents", "label"), [(500, 1), (499, 0)])
def test_the_share_is_of_the_value_and_not_of_the_orders(judge, cents, label):
    assert judge(DUE.replace("amount_cents=500", f"amount_cents={cents}") + KEPT)["label"] == label


@pytest.mark.parametrize(("cents", "label"), [(500, 1), (501, 0)])
def test_little_money_makes_nobody_a_fraud(judge, cents, label):
    assert judge(DUE, undelivered=Undelivered(share=0.5, cents=cents, grace_days=3))["label"] == label


def test_few_orders_due_tell_nothing(judge):
    assert judge(DUE, min_orders=2)["reason"] == "too_few_orders"


def test_what_the_platform_was_to_send_is_not_the_merchants(judge):
    assert judge(DUE.replace("amount_cents", "fulfilled_by=platform amount_cents"))["label"] == 0


def test_what_was_due_on_exempt_days_counts_nowhere(judge):
    flood = Exemption(first=date(2024, 3, 10), until=date(2024, 3, 11), reason="flood")
    assert judge(DUE, exemptions=(flood,))["reason"] == "too_few_orders"


# --- Removal ---------------------------------------------------------------------------------------------------

REMOVED = "2024-03-11  penalty_applied  penalty=removal\n"


def test_what_was_due_before_the_removal_makes_it_bad(judge):
    # With what was due later, half of the value would have been reached after the removal only.
    later = KEPT.replace("03-12", "03-20").replace(ARRIVED, "").replace("amount_cents=500", "amount_cents=2000")
    assert judge(DUE + later + REMOVED)["reason"] == "bad_undelivered"


def test_what_was_due_after_the_removal_proves_nothing(judge):
    row = judge(DUE + REMOVED.replace("03-11", "03-10"))
    assert (row["label"], row["reason"], row["censored"]) == (None, "removed", True)


# --- Money -----------------------------------------------------------------------------------------------------

ADVANCE = (
    "2024-03-15  refund_paid  refund_id=R order_id=B amount_cents=300 advanced_by=platform finally_liable=merchant\n"
)


@pytest.fixture
def owe(judge):
    """The same, by money that was never repaid."""
    return lambda story, **wishes: judge(KEPT + story, **{"undelivered": None, "unrecovered": MONEY, **wishes})


def test_an_advance_that_was_never_repaid_makes_a_merchant_bad(owe):
    row = owe(ADVANCE)
    assert (row["label"], row["reason"], row["happened_at"]) == (1, "bad_unrecovered", moment("2024-03-15"))
    # Until the last day it might have been repaid.
    assert row["known_at"] == moment("2024-04-10")


UNPAID = {
    "written off": "2024-03-20  advance_written_off  refund_id=R amount_cents=300",
    "repaid in part": "2024-03-20  advance_recovered  refund_id=R amount_cents=100",
    "repaid too late": "2024-04-10  advance_recovered  refund_id=R amount_cents=300",
    "repaid, and that taken back": (
        "2024-03-20  advance_recovered  refund_id=R amount_cents=300 event_id=x\n2024-03-21  event_reversed  reverses=x"
    ),
    "another one repaid": "2024-03-20  advance_recovered  refund_id=S amount_cents=300",
    "removed before it was advanced": "2024-03-12  penalty_applied  penalty=removal",
}


@pytest.mark.parametrize("news", UNPAID.values(), ids=UNPAID.keys())
def test_a_debt_stays_one_until_it_is_paid(owe, news):
    assert owe(ADVANCE + news)["reason"] == "bad_unrecovered"


PAID = {
    "repaid": ADVANCE + "2024-04-09  advance_recovered  refund_id=R amount_cents=300",
    "drawn from the deposit": (
        ADVANCE + "2024-03-20  advance_recovered  refund_id=R amount_cents=300 recovered_from=deposit"
    ),
    "all but a little": ADVANCE + "2024-03-20  advance_recovered  refund_id=R amount_cents=201",
    "finally somebody else's": ADVANCE.replace("liable=merchant", "liable=carrier"),
    "still undecided": ADVANCE.replace("liable=merchant", "liable=undecided"),
    "paid by the merchant": ADVANCE.replace("advanced_by=platform", "advanced_by=merchant"),
    "advanced before the window": ADVANCE.replace("03-15", "02-29"),
    "advanced after the window": ADVANCE.replace("03-15", "03-31"),
    "known after the delay": ADVANCE.replace("\n", " known_at=2024-04-10\n"),
    "taken back": ADVANCE.replace("\n", " event_id=x\n") + "2024-03-20  event_reversed  reverses=x",
}  # fmt: skip


@pytest.mark.parametrize("story", PAID.values(), ids=PAID.keys())
def test_what_was_paid_or_is_not_the_merchants_is_no_debt(owe, story):
    assert owe(story)["label"] == 0


def test_great_merchants_may_have_great_accounts(owe):
    great = KEPT.replace("order_id=B", "order_id=C").replace("amount_cents=500", "amount_cents=1001")
    assert owe(ADVANCE + great)["label"] == 0
    assert owe(ADVANCE + great.replace("1001", "1000"))["label"] == 1


def test_advances_have_a_delay_of_their_own(owe):
    paid = ADVANCE + "2024-04-20  advance_recovered  refund_id=R amount_cents=300"
    row = owe(paid, delays={"unrecovered": 40})
    assert (row["label"], row["known_at"]) == (0, moment("2024-05-10"))
    assert owe(ADVANCE, delays={"unrecovered": 40})["known_at"] == moment("2024-05-10")


def test_an_advance_for_an_exempt_order_counts_nowhere(owe):
    flood = Exemption(first=date(2024, 3, 12), until=date(2024, 3, 13), reason="flood")
    assert owe(ADVANCE, exemptions=(flood,))["reason"] == "too_few_orders"


def test_of_both_the_first_to_be_reached_gives_the_reason(judge):
    both = {"unrecovered": MONEY}
    row = judge(DUE + KEPT + ADVANCE, **both)
    assert (row["reason"], row["known_at"]) == ("bad_undelivered", moment("2024-03-14"))
    earlier = judge(DUE + KEPT + ADVANCE.replace("03-15", "03-05"), **both)
    assert (earlier["reason"], earlier["happened_at"]) == ("bad_unrecovered", moment("2024-03-05"))
    assert earlier["known_at"] == moment("2024-03-14")


# --- The truth -------------------------------------------------------------------------------------------------


VANISHING = {name for name, one in ARCHETYPES.items() if one.vanishes}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Labelled merchant-months of a simulated marketplace, with the truth of each merchant."""
    path = tmp_path_factory.mktemp("market") / "events.parquet"
    events, truth = marketplace(a_scenario(merchants=1000, days=420))
    pq.write_table(events, path)
    recipe, log = find_recipe("bust_out"), FileLog([path], currency="CNY")
    rows = labels_of(log, monthly_spine(log, recipe), recipe.label).rows.to_pylist()
    known = {one["merchant_id"]: one for one in truth.to_pylist()}
    return [row | known[row["merchant_id"]] for row in rows]


def test_those_who_are_called_bad_are_bust_outs(told):
    bad = [row for row in told if row["label"] == 1]
    assert len(bad) > 10
    assert sum(row["archetype"] in VANISHING for row in bad) / len(bad) > 0.85


def test_bust_outs_that_turned_before_are_not_called_good(told):
    turned = [row for row in told if row["turned_at"] and row["archetype"] in ("bust_out", "phoenix")]
    gone = [row for row in turned if row["turned_at"] < row["as_of"] and row["label"] is not None]
    assert len(gone) > 5
    assert sum(row["label"] == 1 for row in gone) / len(gone) > 0.85


def test_bust_outs_that_are_still_honest_are_called_good(told):
    honest = [row for row in told if row["archetype"] == "bust_out" and row["label"] is not None
              and (row["turned_at"] is None or (row["turned_at"] - row["as_of"]).days >= 60)]  # fmt: skip
    assert len(honest) > 20
    assert all(row["label"] == 0 for row in honest)
