"""SQL that turns Olist's tables into events: first each merchant's part of an order, then what happened to it.

`EVENTS` is one row per event with naive wall-clock times; the tables name no time zone.
"""

__all__ = ["EVENTS", "PREPARATION"]

# What one merchant has to fulfil of one order. `alone` tells that nobody else has a part in the order.
_PARTS = """
CREATE TABLE parts AS
WITH described AS (
    SELECT items.*, coalesce(product_category_name_english, product_category_name) AS category
    FROM items LEFT JOIN products USING (product_id) LEFT JOIN translation USING (product_category_name)
), shared AS (
    SELECT order_id, count(DISTINCT seller_id) = 1 AS alone FROM items GROUP BY order_id
)
SELECT
    order_id,
    seller_id AS merchant_id,
    alone,
    -- Prices are decimals with two places, so that adding and scaling them is exact.
    CAST(sum(price + freight_value) * 100 AS BIGINT) AS amount_cents,
    count(*) AS quantity,
    CASE WHEN count(DISTINCT product_id) = 1 THEN min(product_id) END AS listing_id,
    CASE WHEN count(DISTINCT category) = 1 AND count(category) = count(*) THEN min(category) END AS category,
    -- The carrier's one date cannot tell which of several merchants was late.
    CASE WHEN alone THEN max(shipping_limit_date) END AS ship_by
FROM described JOIN shared USING (order_id)
GROUP BY order_id, seller_id, alone
"""

# A part together with what is known of its order.
_PLACED = """
CREATE TABLE placed AS
SELECT
    parts.*,
    customer_unique_id AS buyer_id,
    order_status,
    order_purchase_timestamp AS placed_at,
    order_approved_at AS approved_at,
    order_delivered_carrier_date AS shipped_at,
    order_delivered_customer_date AS delivered_at,
    -- The promise is a day, written as the midnight that begins it; it is broken when the next one has passed.
    date_trunc('day', order_estimated_delivery_date) + INTERVAL 1 DAY AS deliver_by,
    CASE WHEN coalesce(review_sampled, true) THEN 'olist' ELSE 'olist_delivered_sample' END AS source
FROM parts JOIN orders USING (order_id) LEFT JOIN customers USING (customer_id)
"""

# Reviews that are one merchant's; those of orders without a row are known through the items alone.
_ATTRIBUTED = """
CREATE TABLE attributed AS
SELECT
    reviews.*,
    parts.merchant_id,
    placed.placed_at,
    placed.buyer_id,
    placed.delivered_at,
    coalesce(placed.source, 'olist') AS source,
    -- Nothing forbids the same review of the same order twice, so that repeats are numbered.
    row_number() OVER (
        PARTITION BY review_id, reviews.order_id
        ORDER BY review_answer_timestamp, review_score, review_comment_title, review_comment_message
    ) AS repeat
FROM reviews JOIN parts ON reviews.order_id = parts.order_id AND parts.alone
LEFT JOIN placed ON placed.order_id = parts.order_id AND placed.merchant_id = parts.merchant_id
"""

PREPARATION = (_PARTS, _PLACED, _ATTRIBUTED)

_REGISTERED = """
SELECT
    'olist-registered-' || seller_id AS event_id,
    'merchant_registered' AS event_type,
    seller_id AS merchant_id,
    won_date AS event_time,
    won_date AS known_at,
    'olist' AS source,
    business_segment AS category,
    seller_state AS region
FROM closed_deals LEFT JOIN sellers USING (seller_id)
"""

_ORDER_PLACED = """
SELECT
    'olist-placed-' || order_id || '-' || merchant_id AS event_id,
    'order_placed' AS event_type,
    merchant_id,
    placed_at AS event_time,
    greatest(placed_at, approved_at) AS known_at,
    source, order_id, buyer_id, listing_id, category, ship_by, deliver_by, amount_cents, quantity,
    'merchant' AS fulfilled_by,
    'spot' AS kind
FROM placed
"""

_ORDER_SHIPPED = """
SELECT
    'olist-shipped-' || order_id || '-' || merchant_id AS event_id,
    'order_shipped' AS event_type,
    merchant_id,
    shipped_at AS event_time,
    shipped_at AS known_at,
    source, order_id, placed_at, ship_by
FROM placed
WHERE alone AND shipped_at IS NOT NULL
"""

_ORDER_DELIVERED = """
SELECT
    'olist-delivered-' || order_id || '-' || merchant_id AS event_id,
    'order_delivered' AS event_type,
    merchant_id,
    delivered_at AS event_time,
    delivered_at AS known_at,
    source, order_id, placed_at, deliver_by
FROM placed
WHERE delivered_at IS NOT NULL
"""

# A cancellation has no time of its own. It is put at the last thing that is known to have happened, its earliest
# possible moment, and is taken as known only once the promised day is over, so that no feature sees it too early.
_ORDER_CANCELLED = """
SELECT
    'olist-cancelled-' || order_id || '-' || merchant_id AS event_id,
    'order_cancelled' AS event_type,
    merchant_id,
    greatest(placed_at, approved_at, shipped_at, delivered_at) AS event_time,
    greatest(placed_at, approved_at, shipped_at, delivered_at, deliver_by) AS known_at,
    source, order_id, buyer_id, placed_at, ship_by, deliver_by,
    -- Goods that are not there are the merchant's; with several merchants nobody knows whose were missing.
    CASE WHEN order_status = 'unavailable' AND alone THEN 'merchant' END AS actor
FROM placed
WHERE order_status IN ('canceled', 'unavailable')
"""

# `review_creation_date` is when the survey was sent; the stars are known when it was answered.
_REVIEW_POSTED = """
SELECT
    'olist-review-' || review_id || '-' || order_id || CASE WHEN repeat > 1 THEN '-' || repeat ELSE '' END AS event_id,
    'review_posted' AS event_type,
    merchant_id,
    review_answer_timestamp AS event_time,
    review_answer_timestamp AS known_at,
    source, order_id, placed_at, buyer_id,
    review_score AS stars,
    nullif(concat_ws(E'\\n', review_comment_title, review_comment_message), '') AS text
FROM attributed
"""

_ALL = (_REGISTERED, _ORDER_PLACED, _ORDER_SHIPPED, _ORDER_DELIVERED, _ORDER_CANCELLED, _REVIEW_POSTED)

EVENTS = f"""
SELECT *, 'BRL' AS currency FROM ({" UNION ALL BY NAME ".join(_ALL)})
ORDER BY event_time, event_id
"""
