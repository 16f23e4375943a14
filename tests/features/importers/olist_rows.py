"""Tiny Olist tables: one ordinary order, of which a test says only what is different."""

import csv
from pathlib import Path

STEMS = {
    "orders": "olist_orders_dataset",
    "items": "olist_order_items_dataset",
    "customers": "olist_customers_dataset",
    "reviews": "olist_order_reviews_dataset",
    "products": "olist_products_dataset",
    "sellers": "olist_sellers_dataset",
    "closed_deals": "olist_closed_deals_dataset",
    "translation": "product_category_name_translation",
}


def order(order_id="o1", **changes):
    return {
        "order_id": order_id,
        "customer_id": f"c-{order_id}",
        "order_status": "delivered",
        "order_purchase_timestamp": "2017-01-01 10:00:00",
        "order_approved_at": "2017-01-01 12:00:00",
        "order_delivered_carrier_date": "2017-01-03 09:00:00",
        "order_delivered_customer_date": "2017-01-08 15:00:00",
        "order_estimated_delivery_date": "2017-01-10 00:00:00",
    } | changes


def never_sent(order_id="o1", **changes):
    return order(order_id, order_delivered_carrier_date="", order_delivered_customer_date="") | changes


def item(order_id="o1", number=1, merchant="m1", product="p1", price="10.00", freight="2.50"):
    return {
        "order_id": order_id,
        "order_item_id": number,
        "product_id": product,
        "seller_id": merchant,
        "shipping_limit_date": "2017-01-05 00:00:00",
        "price": price,
        "freight_value": freight,
    }


def review(order_id="o1", review_id="r1", stars=5, title="", message="", answered="2017-01-09 20:00:00"):
    return {
        "review_id": review_id,
        "order_id": order_id,
        "review_score": stars,
        "review_comment_title": title,
        "review_comment_message": message,
        "review_creation_date": "2017-01-09 00:00:00",
        "review_answer_timestamp": answered,
    }


def deal(merchant="m1"):
    return {"seller_id": merchant, "won_date": "2016-12-01 08:00:00", "business_segment": "pet"}


def olist_tables(*, orders=(), items=(), reviews=(), deals=None):
    """One row per customer, product and seller that the other tables name, as in the real edition."""
    tables = {
        "orders": list(orders) or [order()],
        "items": list(items) or [item()],
        "reviews": list(reviews) or [review()],
        "translation": [{"product_category_name": "pets", "product_category_name_english": "pet_shop"}],
    }
    tables["customers"] = [
        {"customer_id": o["customer_id"], "customer_unique_id": f"buyer-{o['order_id']}"} for o in tables["orders"]
    ]
    products = sorted({i["product_id"] for i in tables["items"]})
    category = {"p1": "pets", "p2": "flores"}
    tables["products"] = [{"product_id": p, "product_category_name": category.get(p, "")} for p in products]
    merchants = sorted({i["seller_id"] for i in tables["items"]})
    tables["sellers"] = [{"seller_id": m, "seller_state": "SP"} for m in merchants]
    return tables | ({"closed_deals": deals} if deals else {})


def write(folder: Path, tables) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{STEMS[name]}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder
