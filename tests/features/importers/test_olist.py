"""Every trap of Olist's tables, each on the smallest tables that hold it."""

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from features.importers.olist import ImportReport, import_olist
from tests.features.importers.olist_rows import deal, item, never_sent, olist_tables, order, review, write


@pytest.fixture
def run(tmp_path):
    def imported(**rows) -> tuple[list[dict], ImportReport]:
        out = tmp_path / "events.parquet"
        report = import_olist(write(tmp_path / "olist", olist_tables(**rows)), out)
        return pq.read_table(out).to_pylist(), report

    return imported


def of_type(events, event_type):
    return [event for event in events if event["event_type"] == event_type]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_ordinary_order_becomes_four_events_in_the_order_of_their_times(run):
    events, report = run()
    assert [event["event_id"] for event in events] == [
        "olist-placed-o1-m1",
        "olist-shipped-o1-m1",
        "olist-delivered-o1-m1",
        "olist-review-r1-o1",
    ]
    assert report.events == {"order_delivered": 1, "order_placed": 1, "order_shipped": 1, "review_posted": 1}


def test_the_wall_clock_is_read_as_utc_and_the_currency_is_brl_on_every_row(run):
    events, _ = run()
    assert events[0]["event_time"] == at("2017-01-01 10:00:00")
    assert {event["currency"] for event in events} == {"BRL"}


def test_an_order_tells_its_buyer_its_promises_and_what_was_bought(run):
    (placed,) = of_type(run()[0], "order_placed")
    expected = {
        "buyer_id": "buyer-o1",
        "listing_id": "p1",
        "category": "pet_shop",
        "quantity": 1,
        "ship_by": at("2017-01-05"),
        "deliver_by": at("2017-01-11"),
        "fulfilled_by": "merchant",
        "kind": "spot",
        "source": "olist",
    }
    assert {name: placed[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("approved", "known"), [("2017-01-02 01:00:00", "2017-01-02 01:00:00"), ("", "2017-01-01 10:00:00")]
)
def test_an_order_is_known_once_it_is_approved_or_else_at_its_purchase(run, approved, known):
    (placed,) = of_type(run(orders=[order(order_approved_at=approved)])[0], "order_placed")
    assert (placed["event_time"], placed["known_at"]) == (at("2017-01-01 10:00:00"), at(known))


@pytest.mark.parametrize(
    ("delivered", "late", "late_by_raw_timestamp"),
    [("2017-01-09 23:59:59", 0, 0), ("2017-01-10 23:59:59", 0, 1), ("2017-01-11 00:00:01", 1, 1)],
)
def test_the_promised_midnight_means_the_next_one(run, delivered, late, late_by_raw_timestamp):
    facts = run(orders=[order(order_delivered_customer_date=delivered)])[1].facts
    assert facts["late_delivery_share"] == late
    assert facts["late_delivery_share_raw_timestamp"] == late_by_raw_timestamp


@pytest.mark.parametrize(("shipped", "late"), [("2017-01-05 00:00:00", 0), ("2017-01-05 00:00:01", 1)])
def test_dispatch_is_late_after_the_shipping_limit(run, shipped, late):
    events, report = run(orders=[order(order_delivered_carrier_date=shipped)])
    (shipment,) = of_type(events, "order_shipped")
    assert (shipment["placed_at"], shipment["ship_by"]) == (at("2017-01-01 10:00:00"), at("2017-01-05"))
    assert report.facts["late_dispatch_share"] == late


def test_stars_are_known_when_the_survey_is_answered_not_when_it_is_sent(run):
    (posted,) = of_type(run(reviews=[review(stars=1)])[0], "review_posted")
    assert posted["event_time"] == posted["known_at"] == at("2017-01-09 20:00:00")
    assert (posted["stars"], posted["buyer_id"], posted["placed_at"]) == (1, "buyer-o1", at("2017-01-01 10:00:00"))


def test_orders_of_several_merchants_blame_nobody_for_dispatch_or_stars(run):
    events, report = run(items=[item(), item(number=2, merchant="m2")])
    assert [event["merchant_id"] for event in of_type(events, "order_placed")] == ["m1", "m2"]
    assert [event["merchant_id"] for event in of_type(events, "order_delivered")] == ["m1", "m2"]
    assert {event["ship_by"] for event in events} == {None}
    assert set(report.events) == {"order_placed", "order_delivered"}
    assert report.left_out["dispatch_of_several_merchants"] == report.left_out["reviews_of_several_merchants"] == 1


def test_late_delivery_is_counted_once_per_order_however_many_merchants_it_has(run):
    late = order("o2", order_delivered_customer_date="2017-02-01 00:00:00")
    items = [item(), item("o2"), item("o2", 2, "m2"), item("o2", 3, "m3")]
    assert run(orders=[order(), late], items=items)[1].facts["late_delivery_share"] == 0.5


def test_a_canceled_order_has_no_actor_and_is_known_by_the_promised_day(run):
    (cancelled,) = of_type(run(orders=[never_sent(order_status="canceled")])[0], "order_cancelled")
    assert cancelled["actor"] is None
    assert cancelled["event_time"] == at("2017-01-01 12:00:00")
    assert cancelled["known_at"] == cancelled["deliver_by"] == at("2017-01-11")


def test_a_cancellation_after_the_promised_day_is_known_when_it_happened(run):
    late = order(order_status="canceled", order_delivered_customer_date="2017-03-01 00:00:00")
    (cancelled,) = of_type(run(orders=[late])[0], "order_cancelled")
    assert cancelled["event_time"] == cancelled["known_at"] == at("2017-03-01")


def test_an_unavailable_order_was_cancelled_by_its_merchant(run):
    (cancelled,) = of_type(run(orders=[never_sent(order_status="unavailable")])[0], "order_cancelled")
    assert cancelled["actor"] == "merchant"


def test_an_unavailable_order_of_several_merchants_was_cancelled_by_nobody_known(run):
    unavailable = never_sent(order_status="unavailable")
    events, report = run(orders=[unavailable], items=[item(), item(number=2, merchant="m2")])
    assert [event["actor"] for event in of_type(events, "order_cancelled")] == [None, None]
    assert report.left_out["cancellation_of_several_merchants"] == 1


def test_cents_are_exact_for_every_price_that_binary_fractions_cannot_hold(run):
    numbers = range(1, 1000)
    orders = [order(f"o{n}") for n in numbers]
    items = [item(f"o{n}", part, price=f"{n / 100:.2f}", freight="0.10") for n in numbers for part in (1, 2, 3)]
    placed = of_type(run(orders=orders, items=items)[0], "order_placed")
    assert {event["order_id"]: event["amount_cents"] for event in placed} == {f"o{n}": 3 * n + 30 for n in numbers}


@pytest.mark.parametrize("other", ["p2", "p3"])
def test_an_order_of_several_products_has_no_listing_and_of_several_categories_no_category(run, other):
    (placed,) = of_type(run(items=[item(), item(number=2, product=other)])[0], "order_placed")
    assert (placed["listing_id"], placed["category"], placed["quantity"]) == (None, None, 2)


@pytest.mark.parametrize(("product", "category"), [("p1", "pet_shop"), ("p2", "flores"), ("p3", None)])
def test_a_category_is_english_where_there_is_a_translation_and_stays_empty_where_it_is(run, product, category):
    (placed,) = of_type(run(items=[item(product=product)])[0], "order_placed")
    assert placed["category"] == category


def test_a_review_of_an_order_without_a_row_finds_its_merchant_through_the_items(run):
    events, report = run(items=[item(), item("lost", merchant="m9")], reviews=[review("lost")])
    (posted,) = of_type(events, "review_posted")
    assert (posted["merchant_id"], posted["placed_at"], posted["buyer_id"]) == ("m9", None, None)
    assert report.left_out["items_of_orders_without_a_row"] == 1
    assert report.facts["reviews_of_orders_without_a_row"] == 1


def test_reviews_and_orders_without_items_are_left_out_and_counted(run):
    events, report = run(orders=[order(), order("empty")], reviews=[review("empty"), review("unheard of")])
    assert report.left_out["orders_without_items"] == 1
    assert report.left_out["reviews_without_items"] == 2
    assert {event["order_id"] for event in events} == {"o1"}


def test_the_same_review_of_the_same_order_twice_is_numbered(run):
    again = review(answered="2017-01-20 00:00:00", stars=2)
    posted = of_type(run(reviews=[again, review()])[0], "review_posted")
    assert [(event["event_id"], event["stars"]) for event in posted] == [
        ("olist-review-r1-o1", 5),
        ("olist-review-r1-o1-2", 2),
    ]


def test_a_review_shared_by_two_orders_is_an_event_of_each(run):
    events, report = run(orders=[order(), order("o2")], items=[item(), item("o2")], reviews=[review(), review("o2")])
    assert [event["event_id"] for event in of_type(events, "review_posted")] == [
        "olist-review-r1-o1",
        "olist-review-r1-o2",
    ]
    assert report.facts["reviews_shared_by_orders"] == 1


@pytest.mark.parametrize(
    ("title", "message", "text"),
    [
        ("", "", None),
        ("Good", "", "Good"),
        ("", "Só isso", "Só isso"),
        ("Good", 'a, "b"\nc', 'Good\na, "b"\nc'),
        (" ", "\n", None),
    ],
)
def test_title_and_message_of_a_review_are_one_text(run, title, message, text):
    (posted,) = of_type(run(reviews=[review(title=title, message=message)])[0], "review_posted")
    assert posted["text"] == text


def test_orders_drawn_from_delivered_ones_alone_say_so_in_their_source(run):
    orders = [order(review_sampled="True"), order("o2", review_sampled="False")]
    events, _ = run(orders=orders, items=[item(), item("o2")], reviews=[review(), review("o2")])
    sources = {(event["order_id"], event["source"]) for event in events}
    assert sources == {("o1", "olist"), ("o2", "olist_delivered_sample")}


def test_a_registration_comes_from_a_closed_deal_and_is_never_made_up(run):
    events, report = run(items=[item(), item("lost", merchant="m2")], deals=[deal("m1"), deal("never sold")])
    registered = {event["merchant_id"]: event for event in of_type(events, "merchant_registered")}
    assert {merchant: event["region"] for merchant, event in registered.items()} == {"m1": "SP", "never sold": None}
    assert (registered["m1"]["event_time"], registered["m1"]["category"]) == (at("2016-12-01 08:00:00"), "pet")
    assert report.left_out["registration_unknown"] == 1


def test_a_shipment_before_its_order_keeps_its_time_and_is_counted(run):
    events, report = run(orders=[order(order_delivered_carrier_date="2016-12-31 00:00:00")])
    (shipment,) = of_type(events, "order_shipped")
    assert shipment["event_time"] == shipment["known_at"] == at("2016-12-31")
    assert report.facts["shipped_before_placed"] == 1


def test_tables_without_a_delivery_or_a_review_of_one_merchant_have_no_shares(run):
    facts = run(orders=[never_sent()], reviews=[review("unheard of")])[1].facts
    assert facts["late_delivery_share"] is facts["low_star_share"] is facts["late_dispatch_share"] is None
