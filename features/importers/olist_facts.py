"""What an import of Olist leaves out, and the facts by which it can be checked; each one question in SQL.

`log` is the event log just written, the other names are the tables of `olist_tables` and `olist_events`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

__all__ = ["FACTS", "LEFT_OUT", "Question", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A number worth knowing: `text` says what it is, `sql` gives one row with one column."""

    name: str
    text: str
    sql: str


def answer(connection: duckdb.DuckDBPyConnection, questions: Sequence[Question]) -> dict[str, int | float | None]:
    """The number behind each question; a share of nothing is None."""
    (numbers,) = connection.sql(f"SELECT {', '.join(f'({question.sql})' for question in questions)}").fetchall()
    return {question.name: number for question, number in zip(questions, numbers, strict=True)}


LEFT_OUT = (
    Question(
        name="items_of_orders_without_a_row",
        text="order items whose order row is missing",
        sql="SELECT count(*) FROM items ANTI JOIN orders USING (order_id)",
    ),
    Question(
        name="orders_without_items",
        text="orders without items, so without a merchant",
        sql="SELECT count(*) FROM orders ANTI JOIN items USING (order_id)",
    ),
    Question(
        name="dispatch_of_several_merchants",
        text="orders of several merchants: no ship_by and no shipment, their dispatch belongs to nobody",
        sql="SELECT count(DISTINCT order_id) FROM placed WHERE NOT alone",
    ),
    Question(
        name="cancellation_of_several_merchants",
        text="unavailable orders of several merchants: cancelled by nobody known",
        sql="SELECT count(DISTINCT order_id) FROM placed WHERE NOT alone AND order_status = 'unavailable'",
    ),
    Question(
        name="reviews_of_several_merchants",
        text="reviews of orders of several merchants, which belong to nobody",
        sql="SELECT count(*) FROM reviews SEMI JOIN (FROM parts WHERE NOT alone) USING (order_id)",
    ),
    Question(
        name="reviews_without_items",
        text="reviews of orders without items, so without a merchant",
        sql="SELECT count(*) FROM reviews ANTI JOIN items USING (order_id)",
    ),
    Question(
        name="registration_unknown",
        text="merchants without a closed deal: when they registered is not known, and none is made up",
        sql="SELECT count(*) FROM sellers ANTI JOIN closed_deals USING (seller_id)",
    ),
)

_DAY = "86400000000"
_DELIVERIES = """
(SELECT DISTINCT order_id, event_time, deliver_by FROM log
 WHERE event_type = 'order_delivered' AND deliver_by IS NOT NULL)
"""
_LATE_ORDERS = f"(SELECT order_id FROM {_DELIVERIES} WHERE event_time > deliver_by)"


def _share(condition: str, rows: str) -> str:
    return f"SELECT avg(CAST({condition} AS INTEGER)) FROM {rows}"


def _count(rows: str) -> str:
    return f"SELECT count(*) FROM {rows}"


_OF_THE_LOG = (
    Question(
        name="late_delivery_share",
        text="of the delivered orders, those delivered after the promised day",
        sql=_share("event_time > deliver_by", _DELIVERIES),
    ),
    Question(
        name="late_delivery_share_raw_timestamp",
        text="the same, were the promise the midnight that begins the promised day",
        sql=_share(f"epoch_us(event_time) > epoch_us(deliver_by) - {_DAY}", _DELIVERIES),
    ),
    Question(
        name="late_dispatch_share",
        text="of the shipments, those after ship_by",
        sql=_share("event_time > ship_by", "log WHERE event_type = 'order_shipped' AND ship_by IS NOT NULL"),
    ),
    Question(
        name="low_star_share",
        text="of the reviews, those with 1 or 2 stars",
        sql=_share("stars <= 2", "log WHERE event_type = 'review_posted'"),
    ),
    Question(
        name="low_star_share_of_late_orders",
        text="the same of orders delivered late",
        sql=_share("stars <= 2", f"log SEMI JOIN {_LATE_ORDERS} USING (order_id) WHERE event_type = 'review_posted'"),
    ),
)

_SHIP_BY = "(SELECT order_id, max(shipping_limit_date) AS ship_by FROM items GROUP BY order_id)"

# The log has no dispatch and no review of orders of several merchants; the tables have, and the published figures too.
_OF_THE_TABLES = (
    Question(
        name="items_with_seller_share",
        text="of the order items, those whose merchant is in its table",
        sql=_share("sellers.seller_id IS NOT NULL", "items LEFT JOIN sellers USING (seller_id)"),
    ),
    Question(
        name="items_with_product_share",
        text="of the order items, those whose product is in its table",
        sql=_share("products.product_id IS NOT NULL", "items LEFT JOIN products USING (product_id)"),
    ),
    Question(
        name="orders_with_items_share",
        text="of the orders, those with items",
        sql=_share("order_id IN (SELECT order_id FROM items)", "orders"),
    ),
    Question(
        name="late_dispatch_share_in_tables",
        text="the share of late dispatch with the orders of several merchants",
        sql=_share(
            "order_delivered_carrier_date > ship_by",
            f"orders JOIN {_SHIP_BY} USING (order_id) WHERE order_delivered_carrier_date IS NOT NULL",
        ),
    ),
    Question(
        name="low_star_share_in_tables",
        text="the share of low stars with the reviews that are nobody's",
        sql=_share("review_score <= 2", "reviews"),
    ),
    Question(
        name="low_star_share_of_late_orders_in_tables",
        text="the same of orders delivered late",
        sql=_share("review_score <= 2", f"reviews SEMI JOIN {_LATE_ORDERS} USING (order_id)"),
    ),
)

_ODDITIES = (
    Question(
        name="reviews_of_orders_without_a_row",
        text="reviews attributed through the items alone (placed_at is null)",
        sql=_count("log WHERE event_type = 'review_posted' AND placed_at IS NULL"),
    ),
    Question(
        name="cancellations_without_actor",
        text="cancellations that nobody is known to have made",
        sql=_count("log WHERE event_type = 'order_cancelled' AND actor IS NULL"),
    ),
    Question(
        name="shipped_before_placed",
        text="shipments at a time before their order (the time is kept)",
        sql=_count("log WHERE event_type = 'order_shipped' AND event_time < placed_at"),
    ),
    Question(
        name="delivered_before_shipped",
        text="deliveries at a time before their shipment (the times are kept)",
        sql=_count("placed WHERE alone AND delivered_at < shipped_at"),
    ),
    Question(
        name="reviewed_before_placed",
        text="reviews at a time before their order (the time is kept)",
        sql=_count("log WHERE event_type = 'review_posted' AND event_time < placed_at"),
    ),
    Question(
        name="reviewed_before_delivered",
        text="reviews answered before the delivery (surveys were sent early)",
        sql=_count("attributed WHERE review_answer_timestamp < delivered_at"),
    ),
    Question(
        name="reviews_shared_by_orders",
        text="review ids that stand at several orders (each is an event of its order)",
        sql=_count("(SELECT review_id FROM attributed GROUP BY review_id HAVING count(DISTINCT order_id) > 1)"),
    ),
)

FACTS = (*_OF_THE_LOG, *_OF_THE_TABLES, *_ODDITIES)
