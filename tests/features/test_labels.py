"""What became of a merchant, told as small stories and worked out by hand.

The label window is [1 March, 31 March); it is judged with what is known before 10 April.
"""

import pyarrow as pa
import pytest

from features.labels import build_labels
from features.log import FileLog
from tests.features.build import a_log, a_spine, moment, write_log
from tests.features.label_stories import ALL_COMPONENTS, KEPT, LATER, ORDER, SHIPPED, a_spec, judged


@pytest.fixture
def judge(tmp_path):
    """Label the shop as of 1 March."""

    def judge(story, **wishes):
        return judged(tmp_path, story, **wishes)[0]

    return judge


#: What follows an order, the fault it makes, when that happened, and the first midnight at which it was known.
BAD = {
    "never shipped": (ORDER, "dispatch_late", "2024-03-05T12:00", "2024-03-06"),
    "shipped a moment too late": (
        ORDER + "2024-03-05T12:00:00.000001  order_shipped  order_id=A",
        "dispatch_late", "2024-03-05T12:00", "2024-03-06",
    ),
    "cancelled by the merchant": (
        KEPT + "2024-03-10T09:00  order_cancelled  order_id=A actor=merchant known_at=2024-03-12T09:00",
        "cancelled", "2024-03-10T09:00", "2024-03-13",
    ),
    "cancelled by the merchant in time to dispatch": (
        "2024-03-02  order_placed  order_id=A amount_cents=1\n2024-03-03  order_cancelled  order_id=A actor=merchant",
        "cancelled", "2024-03-03", "2024-03-04",
    ),
    "a dispute lost": (
        KEPT + "2024-03-20T10:00  dispute_resolved  dispute_id=D order_id=A outcome=merchant_at_fault",
        "dispute_lost", "2024-03-20T10:00", "2024-03-21",
    ),
    "two stars for an order that came in time": (
        KEPT + "2024-03-09T15:00  review_posted  order_id=A stars=2",
        "low_stars_on_time", "2024-03-09T15:00", "2024-03-10",
    ),
    "low stars before it was known that the order came in time": (
        ORDER + SHIPPED
        + "2024-03-08  order_delivered  order_id=A known_at=2024-03-15\n"
        + "2024-03-09T15:00  review_posted  order_id=A stars=1",
        "low_stars_on_time", "2024-03-09T15:00", "2024-03-16",
    ),
    "a return for quality accepted": (
        KEPT + "2024-03-12T08:00  return_requested  return_id=R order_id=A reason=quality\n"
        + "2024-03-14T08:00  return_answered  return_id=R order_id=A outcome=accepted",
        "return_accepted", "2024-03-12T08:00", "2024-03-15",
    ),
    "a return of what was not as described accepted": (
        KEPT + "2024-03-12T08:00  return_requested  return_id=R order_id=A reason=not_as_described\n"
        + "2024-03-12T09:00  return_answered  return_id=R order_id=A outcome=accepted",
        "return_accepted", "2024-03-12T08:00", "2024-03-13",
    ),
    "an order that was known of late": (
        "2024-03-02  order_placed  order_id=A amount_cents=1 ship_by=2024-03-05 known_at=2024-03-20T01:00",
        "dispatch_late", "2024-03-05", "2024-03-21",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("story", "fault", "happened", "known"), BAD.values(), ids=BAD.keys())
def test_a_fault_of_its_own_makes_a_merchant_bad(judge, story, fault, happened, known):
    row = judge(story)
    assert (row["label"], row["reason"]) == (1, f"bad_{fault}")
    assert (row["happened_at"], row["known_at"]) == (moment(happened), moment(known))
    assert (row["mature"], row["censored"]) == (True, False)


@pytest.mark.parametrize(("story", "fault"), [case[:2] for case in BAD.values()], ids=BAD.keys())
def test_a_fault_that_the_recipe_does_not_name_is_none(judge, story, fault):
    assert judge(story, components=tuple(one for one in ALL_COMPONENTS if one != fault))["label"] == 0


GOOD = {
    "all promises kept": KEPT,
    "shipped at the last moment": ORDER + "2024-03-05T12:00  order_shipped  order_id=A",
    "shipped in time, which was known late": ORDER + "2024-03-04  order_shipped  order_id=A known_at=2024-04-09T23:59",
    "nothing promised": "2024-03-02  order_placed  order_id=A amount_cents=1",
    "cancelled by the buyer in time": ORDER + "2024-03-05T12:00  order_cancelled  order_id=A actor=buyer",
    "cancelled by the platform in time": ORDER + "2024-03-03  order_cancelled  order_id=A actor=platform",
    "cancelled by nobody knows whom in time": ORDER + "2024-03-03  order_cancelled  order_id=A",
    "cancelled by the buyer after dispatch": KEPT + "2024-03-10  order_cancelled  order_id=A actor=buyer",
    "a dispute won": KEPT + "2024-03-20  dispute_resolved  dispute_id=D order_id=A outcome=buyer_at_fault",
    "a dispute that is open": KEPT + "2024-03-20  dispute_opened  dispute_id=D order_id=A",
    "three stars": KEPT + "2024-03-09  review_posted  order_id=A stars=3",
    "low stars for an order that came late": (
        ORDER + SHIPPED + "2024-03-09T12:00:00.000001  order_delivered  order_id=A\n"
        "2024-03-10  review_posted  order_id=A stars=1"
    ),
    "low stars for an order that never came": ORDER + SHIPPED + "2024-03-10  review_posted  order_id=A stars=1",
    "low stars for no order": KEPT + "2024-03-10  review_posted  stars=1",
    "a return without a reason accepted": (
        KEPT + "2024-03-12  return_requested  return_id=R order_id=A reason=no_reason\n"
        "2024-03-14  return_answered  return_id=R order_id=A outcome=accepted"
    ),
    "a return for quality rejected": (
        KEPT + "2024-03-12  return_requested  return_id=R order_id=A reason=quality\n"
        "2024-03-14  return_answered  return_id=R order_id=A outcome=rejected"
    ),
    "a return for quality not answered": (
        KEPT + "2024-03-12  return_requested  return_id=R order_id=A reason=quality"
    ),
    "a fault of another merchant's order of the same name": (
        KEPT + "2024-03-10  order_cancelled  order_id=A actor=merchant merchant_id=later"
    ),
    "a fault of an order before the window": (
        KEPT + "2024-02-29T23:59  order_placed  order_id=B amount_cents=1 ship_by=2024-03-05"
    ),
    "a fault of an order after the window": (
        KEPT + "2024-03-31  order_placed  order_id=B amount_cents=1 ship_by=2024-04-01"
    ),
    "a fault of an order known after the delay": (
        KEPT + "2024-03-02  order_placed  order_id=B amount_cents=1 ship_by=2024-03-05 known_at=2024-04-10"
    ),
    "a promise that is due after the delay": (
        "2024-03-02  order_placed  order_id=A amount_cents=1 ship_by=2024-04-10"
    ),
    "a fault known after the delay": (
        KEPT + "2024-03-10  order_cancelled  order_id=A actor=merchant known_at=2024-04-10"
    ),
    "a fault after the delay": KEPT + "2024-04-10  order_cancelled  order_id=A actor=merchant",
    "a fault taken back within the delay": (
        KEPT + "2024-03-10  order_cancelled  order_id=A actor=merchant event_id=fault\n"
        "2024-04-09T23:59  event_reversed  reverses=fault"
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", GOOD.values(), ids=GOOD.keys())
def test_a_merchant_that_is_not_to_blame_is_good(judge, story):
    row = judge(story)
    assert (row["label"], row["reason"], row["happened_at"]) == (0, "good", None)
    assert row["known_at"] == moment("2024-04-10")
    assert (row["mature"], row["censored"]) == (True, False)


LATE_NEWS = {
    "shipped in time, which was known after the delay": (
        ORDER + "2024-03-04  order_shipped  order_id=A known_at=2024-04-10"
    ),
    "a fault of the window's last moment": (
        "2024-03-30T23:59:59.999999  order_placed  order_id=A amount_cents=1 ship_by=2024-03-31"
    ),
    "a fault of the window's first moment": "2024-03-01  order_placed  order_id=A amount_cents=1 ship_by=2024-03-02",
    "a fault known at the delay's last moment": (
        KEPT + "2024-03-10  order_cancelled  order_id=A actor=merchant known_at=2024-04-09T23:59:59.999999"
    ),
    "a fault after the window and within the delay": KEPT + "2024-04-05  order_cancelled  order_id=A actor=merchant",
    "a fault taken back after the delay": (
        KEPT + "2024-03-10  order_cancelled  order_id=A actor=merchant event_id=fault\n"
        "2024-03-10  event_reversed  reverses=fault known_at=2024-04-10"
    ),
    "a dispatch taken back": ORDER + SHIPPED.replace("\n", " event_id=x\n") + "2024-03-20  event_reversed  reverses=x",
    "promised otherwise later": ORDER + "2024-03-06  order_shipped  order_id=A ship_by=2024-03-31",
}  # fmt: skip


@pytest.mark.parametrize("story", LATE_NEWS.values(), ids=LATE_NEWS.keys())
def test_what_comes_too_late_excuses_nobody(judge, story):
    assert judge(story)["label"] == 1


# --- Threshold and evidence ------------------------------------------------------------------------------------


def orders(count, *, cancelled=0):
    """Orders of 2 March on; the first few of them cancelled, on 11 March, 12 March and so on."""
    lines = [f"2024-03-02  order_placed  order_id={n} amount_cents=1" for n in range(count)]
    lines += [f"2024-03-{11 + n}  order_cancelled  order_id={n} actor=merchant" for n in range(cancelled)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("count", "cancelled", "threshold", "label"),
    [(5, 1, 0.2, 1), (5, 0, 0.2, 0), (6, 1, 0.2, 0), (10, 3, 0.3, 1), (10, 2, 0.3, 0), (3, 0, 0.0, 0), (3, 3, 1.0, 1)],
)
def test_a_merchant_is_bad_from_the_threshold_on(judge, count, cancelled, threshold, label):
    assert judge(orders(count, cancelled=cancelled), threshold=threshold)["label"] == label


def test_it_happens_when_the_threshold_is_reached(judge):
    row = judge(orders(4, cancelled=3), threshold=0.5)
    assert (row["happened_at"], row["known_at"]) == (moment("2024-03-12"), moment("2024-03-13"))


def test_it_is_known_when_so_many_are_known(judge):
    late = orders(4, cancelled=2).replace("order_id=0 actor=merchant", "order_id=0 actor=merchant known_at=2024-03-20")
    row = judge(late, threshold=0.5)
    assert (row["happened_at"], row["known_at"]) == (moment("2024-03-12"), moment("2024-03-21"))


def test_an_order_with_several_faults_counts_once(judge):
    lost = "\n2024-03-20  dispute_resolved  dispute_id=D order_id=0 outcome=merchant_at_fault"
    assert judge(orders(4, cancelled=1) + lost, threshold=0.5)["label"] == 0


def test_of_several_faults_of_an_order_the_one_known_first_decides(judge):
    cancelled = "2024-03-05  order_cancelled  order_id=A actor=merchant known_at=2024-03-15\n"
    row = judge(KEPT + cancelled + "2024-03-10  dispute_resolved  dispute_id=D order_id=A outcome=merchant_at_fault")
    assert (row["reason"], row["happened_at"]) == ("bad_dispute_lost", moment("2024-03-10"))
    assert row["known_at"] == moment("2024-03-11")


def test_the_reason_is_the_most_frequent_fault(judge):
    lost = "".join(
        f"\n2024-03-09  dispute_resolved  dispute_id={n} order_id={n} outcome=merchant_at_fault" for n in (7, 8, 9)
    )
    assert judge(orders(10, cancelled=2) + lost, threshold=0.5)["reason"] == "bad_dispute_lost"


@pytest.mark.parametrize(("count", "label"), [(4, None), (5, 1)])
def test_few_orders_tell_nothing(judge, count, label):
    row = judge(orders(count, cancelled=3), min_orders=5)
    assert row["label"] == label
    assert (row["reason"] == "too_few_orders", row["mature"]) == (label is None, True)


@pytest.mark.parametrize("merchant", ["stranger", "later"])
def test_no_orders_tell_nothing(judge, merchant):
    row = judge(KEPT, merchant=merchant)
    assert (row["label"], row["reason"], row["known_at"]) == (None, "too_few_orders", None)


def test_only_orders_of_the_sources_named_count(judge):
    story = orders(2, cancelled=2).replace("order_id=0 amount_cents", "order_id=0 source=erp amount_cents") + (
        "\n2024-03-03  order_placed  order_id=9 amount_cents=1 source=erp"
    )
    assert judge(story, sources=("erp",), threshold=0.6)["label"] == 0
    assert judge(story, threshold=0.6)["label"] == 1
    assert judge(story, sources=("web",))["reason"] == "too_few_orders"


# --- Maturity and removal --------------------------------------------------------------------------------------


def test_a_label_is_immature_until_the_log_reaches_the_delay_s_end(judge):
    row = judge(orders(4, cancelled=4), later="2024-04-09T23:59  merchant_registered  merchant_id=later\n")
    assert row == {
        "merchant_id": "shop", "as_of": moment("2024-03-01"), "label": None, "reason": "immature",
        "happened_at": None, "known_at": None, "mature": False, "censored": False,
    }  # fmt: skip


def test_a_label_is_mature_when_the_log_reaches_the_delay_s_end(judge):
    row = judge(orders(4, cancelled=4), later="2024-04-10  merchant_registered  merchant_id=later\n")
    assert (row["label"], row["mature"]) == (1, True)


REMOVED = "\n2024-03-20  penalty_applied  penalty=removal event_id=removal"


def test_a_merchant_removed_before_it_turned_out_bad_is_censored(judge):
    row = judge(KEPT + REMOVED)
    assert (row["label"], row["reason"], row["censored"], row["mature"]) == (None, "removed", True, True)
    assert (row["happened_at"], row["known_at"]) == (None, None)


def test_a_merchant_that_was_bad_before_it_was_removed_is_bad(judge):
    row = judge(ORDER + REMOVED)
    assert (row["label"], row["censored"]) == (1, False)


@pytest.mark.parametrize(
    "story",
    [
        REMOVED.replace("removal event", "suspension event"),
        REMOVED.replace("03-20", "02-28"),
        REMOVED.replace("03-20", "03-31"),
        REMOVED + " known_at=2024-04-10",
        REMOVED + " merchant_id=later",
        REMOVED + "\n2024-03-21  event_reversed  reverses=removal",
    ],
    ids=["only suspended", "before", "after", "known too late", "somebody else", "taken back"],
)
def test_any_other_penalty_censors_nothing(judge, story):
    assert judge(KEPT + story)["reason"] == "good"


# --- Counterfeit -----------------------------------------------------------------------------------------------

FAKES = {
    "a report confirmed": (
        "2024-03-10T10:00  fake_report_resolved  report_id=F outcome=confirmed known_at=2024-03-12", "2024-03-13",
    ),
    "an inspection failed": ("2024-03-10T10:00  inspection_completed  outcome=failed_counterfeit", "2024-03-11"),
}  # fmt: skip


@pytest.mark.parametrize(("story", "known"), FAKES.values(), ids=FAKES.keys())
def test_one_confirmed_fake_makes_a_merchant_bad_whatever_it_sold(judge, story, known):
    row = judge(story, target="counterfeit", kind="counterfeit", min_orders=0)
    assert (row["label"], row["reason"]) == (1, "bad_fake_confirmed")
    assert (row["happened_at"], row["known_at"]) == (moment("2024-03-10T10:00"), moment(known))


def test_the_first_of_several_fakes_decides(judge):
    both = "\n".join(story for story, _ in FAKES.values())
    earlier = "\n2024-03-05  inspection_completed  outcome=failed_counterfeit"
    row = judge(both + earlier, kind="counterfeit", min_orders=0)
    assert (row["happened_at"], row["known_at"]) == (moment("2024-03-05"), moment("2024-03-06"))


@pytest.mark.parametrize(
    "story",
    [
        "2024-03-10  fake_report_filed  report_id=F reporter_id=Ann reporter_kind=buyer",
        "2024-03-10  fake_report_resolved  report_id=F outcome=grey_market",
        "2024-03-10  inspection_completed  outcome=failed_quality",
        "2024-02-29  inspection_completed  outcome=failed_counterfeit",
        "2024-03-31  inspection_completed  outcome=failed_counterfeit",
        "2024-03-10  inspection_completed  outcome=failed_counterfeit known_at=2024-04-10",
        ORDER,
    ],
)
def test_nothing_but_a_fake_confirmed_in_the_window_makes_a_counterfeiter(judge, story):
    assert judge(story, kind="counterfeit", min_orders=0)["reason"] == "good"


def test_without_enough_orders_nobody_is_cleared_of_fakes(judge):
    assert judge(KEPT, kind="counterfeit", min_orders=2)["reason"] == "too_few_orders"
    assert judge(KEPT + FAKES["an inspection failed"][0], kind="counterfeit", min_orders=2)["label"] == 1


# --- The whole table -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_labels_come_in_the_spine_s_order_however_the_log_is_divided(tmp_path, parts):
    stall = [one | {"merchant_id": "stall", "event_id": "s" + one["event_id"]} for one in a_log(KEPT)]
    path = write_log([*a_log(LATER + ORDER), *stall], tmp_path / "log")
    asked = [("stall", "2024-03-01"), ("shop", "2024-03-01"), ("shop", "2024-08-01"), ("shop", "2024-03-01")]
    spine = a_spine((merchant, moment(day)) for merchant, day in asked)
    table = build_labels(FileLog([path], currency="CNY"), spine, a_spec(), parts=parts)
    assert table.select(["merchant_id", "as_of"]).to_pylist() == spine.to_pylist()
    assert table.column("reason").to_pylist() == ["good", "bad_dispatch_late", "immature", "bad_dispatch_late"]


def test_a_label_file_has_the_columns_of_the_contract(tmp_path):
    log = FileLog([write_log(a_log(LATER), tmp_path / "log")], currency="CNY")
    moments = pa.timestamp("us", tz="UTC")
    labels = [("label", pa.int8()), ("reason", pa.string()), ("happened_at", moments), ("known_at", moments)]
    states = [("mature", pa.bool_()), ("censored", pa.bool_())]
    schema = pa.schema([("merchant_id", pa.string()), ("as_of", moments), *labels, *states])
    assert build_labels(log, a_spine([]), a_spec()).schema == schema
