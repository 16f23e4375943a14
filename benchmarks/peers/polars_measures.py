"""What the Polars peer counts, and of what it makes the columns of contracts 3.2."""

import polars as pl

DAYS = (7, 30, 90, 365)
NEVER = 1_000_000
KIND = pl.col("event_type")
FAULT = (KIND == "dispute_resolved") & (pl.col("outcome") == "merchant_at_fault")
OUR_DEFECTS = ["quality", "not_as_described", "counterfeit", "damaged", "wrong_item", "missing_parts", "unsafe",
               "not_received"]  # fmt: skip
IS_DEFECT = (
    ((KIND == "review_posted") & (pl.col("stars") <= 2))
    | FAULT
    | ((KIND == "order_cancelled") & (pl.col("actor") == "merchant"))
    | ((KIND == "refund_paid") & (pl.col("finally_liable") == "merchant") & pl.col("reason").is_in(OUR_DEFECTS))
)
BY_PLATFORM = (KIND == "refund_paid") & (pl.col("advanced_by") == "platform")
OWED = BY_PLATFORM & (pl.col("finally_liable") == "merchant")
#: What rare events count as.
RARE = {
    "disputes": KIND == "dispute_opened",
    "faults": FAULT,
    "cancels": (KIND == "order_cancelled") & (pl.col("actor") == "merchant"),
    "returns": KIND == "return_requested",
    "answered": KIND == "return_answered",
    "refused": (KIND == "return_answered") & (pl.col("outcome") == "rejected"),
    "reports": KIND == "fake_report_filed",
    "fakes": ((KIND == "fake_report_resolved") & (pl.col("outcome") == "confirmed"))
    | ((KIND == "inspection_completed") & (pl.col("outcome") == "failed_counterfeit")),
    "advanced": pl.when(BY_PLATFORM).then("amount_cents").otherwise(0),
}
RARE_TYPES = [
    "dispute_opened", "dispute_resolved", "order_cancelled", "return_requested", "return_answered",
    "fake_report_filed", "fake_report_resolved", "inspection_completed", "refund_paid", "advance_recovered",
    "advance_written_off", "merchant_registered",
]  # fmt: skip
LATE = pl.col("event_time") - pl.col("by")
SECONDS_LATE = pl.max_horizontal(LATE.dt.total_microseconds(), 0) // 1_000_000
#: Event types with many rows: the deadline they carry, if any, and what is added up over them.
FREQUENT: dict[str, tuple[str | None, dict[str, pl.Expr]]] = {
    "order_shipped": ("ship_by", {"ships": pl.lit(1), "late_ships": LATE > 0}),
    "order_delivered": (
        "deliver_by",
        {"deliveries": pl.lit(1), "late_deliveries": LATE > 0, "late_seconds": SECONDS_LATE},
    ),
    "review_posted": (
        None,
        {"reviews": pl.lit(1), "low": pl.col("stars") <= 2, "stars_sum": pl.col("stars")},
    ),
    "message_answered": (None, {"replies": pl.lit(1), "reply_sum": pl.col("reply_seconds")}),
}
#: The measures of the orders that are worked out pair by pair, with the clock of each.
TOUCHED = {
    "n": ("c", pl.lit(1)),
    "value": ("c", pl.col("amount_cents")),
    "defects": ("c", pl.col("defect")),
    "ship_due": ("ship_day", ~pl.col("ship_excused")),
    "ship_kept": ("ship_day", pl.col("ship_kept") & ~pl.col("ship_excused")),
    "deliver_due": ("deliver_day", ~pl.col("deliver_excused")),
    "deliver_kept": ("deliver_day", pl.col("deliver_kept") & ~pl.col("deliver_excused")),
    "overdue": ("deliver_day", ~pl.col("closed")),
}
COUNTS = {
    "n_orders": "n",
    "order_value_cents": "value",
    "n_buyers": "buyers",
    "n_affected_buyers": "affected",
    "n_fake_reports": "reports",
    "n_fakes_confirmed": "fakes",
    "platform_refund_cents": "advanced",
}
RATES = {
    "dispute_rate": ("disputes", "n"),
    "fault_rate": ("faults", "n"),
    "defect_rate": ("defects", "n"),
    "dispatch_kept_rate": ("ship_kept", "ship_due"),
    "delivery_kept_rate": ("deliver_kept", "deliver_due"),
    "late_dispatch_rate": ("late_ships", "ships"),
    "late_delivery_rate": ("late_deliveries", "deliveries"),
    "merchant_cancel_rate": ("cancels", "n"),
    "low_star_rate": ("low", "reviews"),
    "mean_stars": ("stars_sum", "reviews"),
    "return_rate": ("returns", "n"),
    "return_refusal_rate": ("refused", "answered"),
    "mean_hours_late": ("late_seconds", "deliveries"),
    "mean_reply_hours": ("reply_sum", "replies"),
}
FREQUENT_COLUMNS = {
    "order_placed": ["order_id", "buyer_id", "amount_cents", "ship_by", "deliver_by"],
    "order_shipped": ["order_id", "ship_by"],
    "order_delivered": ["order_id", "deliver_by"],
    "review_posted": ["order_id", "buyer_id", "stars"],
    "message_answered": ["reply_seconds"],
}
RARE_COLUMNS = [
    "order_id", "buyer_id", "amount_cents", "outcome", "actor", "reason", "advanced_by", "finally_liable",
    "dispute_id", "report_id", "refund_id", "stars",
]  # fmt: skip
COLUMNS = [
    "event_type", "merchant_id", "event_time", "known_at", "reply_seconds", "ship_by", "deliver_by",
    "reverses", *RARE_COLUMNS,
]  # fmt: skip
