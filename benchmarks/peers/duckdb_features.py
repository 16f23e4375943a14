"""The columns of contracts 3.2 in DuckDB SQL, as fast as we could make it: the peer of our own engine.

Everything is at midnights, so days decide: an event known on day k counts from `e` = k + 1 on, and to `x`, the
day after its reversal became known. A pair (spine row, event) is made by a hash join on the merchant with the
window as its residual condition, and added up by age class (7, 30, 90, 365) before the classes are added up.

What it may assume, and ours may not: a validated log without duplicates, promises carried by later events, no
order placed, shipped or delivered twice unless something of it was reversed. Reversals (any, also of re-posted
events), double cancellations, late knowledge are exact: the few orders and buyers they touch are worked out pair
by pair. Tried for its parts (5 M events, 100,000 rows, 2 busy cores, CPU seconds; the whole file takes 26 to 29):

- tiles of a merchant's day and known day by one scan with `sum(CASE ...)`: 8.9; by a scan per event type: 5.5;
- the orders' two sums by range join on tiles: 1.8 (tiling included); on the raw rows: 1.6 (used);
- the same by ASOF joins on cumulative sums, one per edge of a window: 6.8, so this way was not followed;
- the join alone is cheap (0.2), adding up its pairs is not: rows sorted by merchant first 0.8 in all, else 1.2;
  `FILTER` per window 1.1 where age classes take 0.5 (used); a perfect hash table (`perfect_ht_threshold`) no better;
- state of each order by one GROUP BY over its events: 11.5; by left joins: 7.2 (used); on 64-bit hashes of the ids
  6.7, but then two ids may meet; by merchant number and id 7.0;
- distinct buyers by GROUP BY (row, buyer): 2.9; by a window function that finds a buyer's next order: 1.3 (used);
- finding reversed events by a join: 4.0; by `event_id IN (...)` on the file first: 1.3 (used); likewise for orders
  and buyers that need care; all columns loaded into a table once: 5.8 before anything is counted (not used).
"""

import argparse
import time
from pathlib import Path

import duckdb

DAYS = (7, 30, 90, 365)
NEVER = 1_000_000


def _day(column: str) -> str:
    return f"(epoch_us({column}) // 86400000000)::INTEGER"


#: How a spine row `s` and an event with days `c`, `e` meet, and how old the event is then.
MEET = "c >= s.d - 365 AND c < s.d AND e <= s.d"
AGE = "CASE WHEN s.d - c <= 7 THEN 0 WHEN s.d - c <= 30 THEN 1 WHEN s.d - c <= 90 THEN 2 ELSE 3 END::UTINYINT"
IS_DEFECT = """(event_type = 'review_posted' AND stars <= 2
    OR event_type = 'dispute_resolved' AND outcome = 'merchant_at_fault'
    OR event_type = 'order_cancelled' AND actor = 'merchant'
    OR event_type = 'refund_paid' AND finally_liable = 'merchant' AND reason IN ('quality', 'not_as_described',
        'counterfeit', 'damaged', 'wrong_item', 'missing_parts', 'unsafe', 'not_received'))"""
#: Event types with many rows: what is worked out on each row, and what is added up over pairs.
FREQUENT = {
    "order_shipped": ("(event_time > ship_by)::UTINYINT AS late", {"ships": "count(late)", "late_ships": "sum(late)"}),
    "order_delivered": (
        "(event_time > deliver_by)::UTINYINT AS late, "
        "greatest(epoch_us(event_time) - epoch_us(deliver_by), 0) // 1000000 AS seconds",
        {"deliveries": "count(late)", "late_deliveries": "sum(late)", "late_seconds": "sum(seconds)"},
    ),
    "review_posted": (
        "stars, (stars <= 2)::UTINYINT AS is_low",
        {"reviews": "count(*)", "low": "sum(is_low)", "stars_sum": "sum(stars)"},
    ),
    "message_answered": ("reply_seconds", {"replies": "count(*)", "reply_sum": "sum(reply_seconds)"}),
}
RARE_TYPES = """('dispute_opened', 'dispute_resolved', 'order_cancelled', 'return_requested', 'return_answered',
    'fake_report_filed', 'fake_report_resolved', 'inspection_completed', 'refund_paid', 'advance_recovered',
    'advance_written_off', 'merchant_registered')"""
#: What a rare row counts as, by number.
CODES = """CASE WHEN event_type = 'dispute_opened' THEN 1
    WHEN event_type = 'dispute_resolved' AND outcome = 'merchant_at_fault' THEN 2
    WHEN event_type = 'order_cancelled' AND actor = 'merchant' THEN 3
    WHEN event_type = 'return_requested' THEN 4
    WHEN event_type = 'return_answered' THEN CASE WHEN outcome = 'rejected' THEN 6 ELSE 5 END
    WHEN event_type = 'fake_report_filed' THEN 7
    WHEN event_type = 'fake_report_resolved' AND outcome = 'confirmed' THEN 8
    WHEN event_type = 'inspection_completed' AND outcome = 'failed_counterfeit' THEN 8
    WHEN event_type = 'refund_paid' AND advanced_by = 'platform' THEN 9 END::UTINYINT"""
RARE = {
    "disputes": "count_if(code = 1)",
    "faults": "count_if(code = 2)",
    "cancels": "count_if(code = 3)",
    "returns": "count_if(code = 4)",
    "answered": "count_if(code IN (5, 6))",
    "refused": "count_if(code = 6)",
    "reports": "count_if(code = 7)",
    "fakes": "count_if(code = 8)",
    "advanced": "sum(CASE WHEN code = 9 THEN amount_cents ELSE 0 END)",
}
ORDERS = {
    "n": "count(*)",
    "value": "sum(amount_cents)",
    "buyers": "count_if(again > s.d)",
    "defects": "count_if(fe <= s.d)",
}
SHIP = {"ship_due": "count_if(excused > s.d)", "ship_kept": "count_if(kept <= s.d AND excused > s.d)"}
DELIVER = {
    "deliver_due": "count_if(excused > s.d)",
    "deliver_kept": "count_if(kept <= s.d AND excused > s.d)",
    "overdue": "count_if(closed > s.d)",
}
#: The measures of the orders that are worked out pair by pair, with the clock of each.
TOUCHED = {
    "n": ("c", "1"),
    "value": ("c", "amount_cents"),
    "defects": ("c", "defect::INTEGER"),
    "ship_due": ("ship_day", "(NOT ship_excused)::INTEGER"),
    "ship_kept": ("ship_day", "(ship_kept AND NOT ship_excused)::INTEGER"),
    "deliver_due": ("deliver_day", "(NOT deliver_excused)::INTEGER"),
    "deliver_kept": ("deliver_day", "(deliver_kept AND NOT deliver_excused)::INTEGER"),
    "overdue": ("deliver_day", "(NOT closed)::INTEGER"),
}


def _by_window(measures: list[str]) -> str:
    return ", ".join(
        f"coalesce(sum({name}) FILTER (w <= {place}), 0)::BIGINT AS {name}_{days}"
        for name in measures
        for place, days in enumerate(DAYS)
    )


def _family(name: str, measures: dict[str, str], source: str, meet: str = MEET) -> list[str]:
    """Add measures of a query with columns `m, c, e` up to one row per spine row."""
    sums = ", ".join(f"{formula} AS {measure}" for measure, formula in measures.items())
    latest = "max(c) AS latest, " if name == "orders_sums" else ""
    return [
        # Sorted by merchant, so that the sums of the same few spine rows are touched again and again.
        f"CREATE OR REPLACE TEMP TABLE source AS {source} ORDER BY m",
        f"""CREATE TEMP TABLE {name} AS WITH classes AS (
            SELECT s.i, {AGE} AS w, {latest}{sums} FROM source JOIN spine s ON s.m = source.m AND {meet} GROUP BY ALL)
            SELECT i, {latest and "max(latest) AS latest, "}{_by_window(list(measures))} FROM classes GROUP BY i""",
    ]


def _prepare(log: str, spine: str) -> list[str]:
    return [
        f"CREATE TEMP TABLE merchants AS SELECT merchant_id, row_number() OVER ()::INTEGER AS m "
        f"FROM (SELECT DISTINCT merchant_id FROM '{spine}')",
        f"CREATE TEMP TABLE spine AS SELECT file_row_number::INTEGER AS i, m, {_day('as_of')} AS d, merchant_id, as_of "
        f"FROM read_parquet('{spine}', file_row_number = true) JOIN merchants USING (merchant_id)",
        f"CREATE TEMP VIEW log AS SELECT *, {_day('event_time')} AS c, {_day('known_at')} + 1 AS e "
        f"FROM '{log}' JOIN merchants USING (merchant_id)",
        "CREATE TEMP TABLE reversals AS SELECT m, reverses AS event_id, min(e) AS x FROM log "
        "WHERE event_type = 'event_reversed' GROUP BY ALL",
        f"""CREATE TEMP TABLE gone AS SELECT m, event_type, order_id, event_time, {_day("event_time")} AS c, ship_by,
            deliver_by, stars, reply_seconds, greatest(x, {_day("known_at")} + 1) AS x
            FROM (SELECT * FROM '{log}' WHERE event_id IN (SELECT event_id FROM reversals))
            JOIN merchants USING (merchant_id) JOIN reversals USING (m, event_id)
            WHERE event_type <> 'event_reversed'""",
        f"""CREATE TEMP TABLE rare AS SELECT log.m, log.event_id, event_type, event_time, c, e, order_id, buyer_id,
            outcome, actor, reason, finally_liable, advanced_by, amount_cents, dispute_id, report_id, refund_id,
            NULL::BIGINT AS stars, coalesce(x, {NEVER}) AS x
            FROM log LEFT JOIN reversals r ON r.m = log.m AND r.event_id = log.event_id
            WHERE event_type IN {RARE_TYPES}""",
        f"""CREATE TEMP TABLE low_reviews AS SELECT log.m, order_id, buyer_id, c, e, coalesce(x, {NEVER}) AS x
            FROM log LEFT JOIN reversals r ON r.m = log.m AND r.event_id = log.event_id
            WHERE event_type = 'review_posted' AND stars <= 2""",
    ]


def _additive() -> list[str]:
    rare = f"SELECT * FROM (SELECT m, c, e, x, amount_cents, {CODES} AS code FROM rare) WHERE code IS NOT NULL"
    steps = _family("rare_sums", RARE, rare, f"{MEET} AND s.d < x")
    for kind, (columns, measures) in FREQUENT.items():
        steps += _family(kind, measures, f"SELECT m, c, e, {columns} FROM log WHERE event_type = '{kind}'")
        # Sums are linear: what was taken back is worked out on its own, from the day of the reversal on.
        gone = f"SELECT m, c, x AS e, {columns} FROM gone WHERE event_type = '{kind}'"
        steps += _family(f"minus_{kind}", measures, gone)
    return steps


def _orders(log: str) -> list[str]:
    key = "m, order_id"
    of_buyer = "PARTITION BY m, buyer_id ORDER BY c DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return [
        # Orders that a reversal or a second cancellation touches are worked out pair by pair, further down.
        f"CREATE TEMP TABLE touched AS SELECT {key} FROM gone WHERE order_id IS NOT NULL UNION SELECT {key} FROM rare "
        f"WHERE event_type = 'order_cancelled' GROUP BY ALL HAVING count(*) > 1",
        f"""CREATE TEMP TABLE touched_events AS SELECT t.*, {_day("event_time")} AS c, {_day("known_at")} + 1 AS e,
            coalesce(x, {NEVER}) AS x
            FROM (SELECT m, event_id, event_type, event_time, known_at, order_id, buyer_id, amount_cents, ship_by,
                    deliver_by, stars, outcome, actor, reason, finally_liable
                FROM (SELECT * FROM '{log}' WHERE order_id IN (SELECT order_id FROM touched)
                    AND event_type IN ('order_placed', 'order_shipped', 'order_delivered', 'order_cancelled',
                        'review_posted', 'dispute_resolved', 'refund_paid'))
                JOIN merchants USING (merchant_id) SEMI JOIN touched USING ({key})) t
            LEFT JOIN reversals r ON r.m = t.m AND r.event_id = t.event_id""",
        "CREATE TEMP TABLE touched_buyers AS SELECT DISTINCT m, buyer_id, true AS touched FROM touched_events "
        "WHERE event_type = 'order_placed' AND buyer_id IS NOT NULL",
        f"""CREATE TEMP TABLE defects AS SELECT {key}, min(e) AS fe FROM (SELECT {key}, e FROM low_reviews
            UNION ALL SELECT {key}, e FROM rare WHERE {IS_DEFECT}) WHERE order_id IS NOT NULL GROUP BY ALL""",
        f"""CREATE TEMP TABLE orders AS
        SELECT m, c, e, amount_cents, CASE WHEN touched OR buyer_id IS NULL THEN 0 ELSE again END AS again,
            coalesce(fe, {NEVER}) AS fe, {_day("ship_by")} AS ship_day, {_day("deliver_by")} AS deliver_day,
            CASE WHEN st <= ship_by THEN se ELSE {NEVER} END AS ship_kept,
            CASE WHEN xt <= ship_by AND excused THEN xe ELSE {NEVER} END AS ship_excused,
            CASE WHEN dt <= deliver_by THEN de ELSE {NEVER} END AS deliver_kept,
            CASE WHEN xt <= deliver_by AND excused THEN xe ELSE {NEVER} END AS deliver_excused,
            least(coalesce(de, {NEVER}), coalesce(xe, {NEVER})) AS closed
        FROM (SELECT m, order_id, c, e, amount_cents, buyer_id, ship_by, deliver_by,
                -- From this day on a later order of the same buyer is known.
                coalesce(min(e) OVER ({of_buyer}), {NEVER}) AS again
            FROM log WHERE event_type = 'order_placed')
        LEFT JOIN touched_buyers USING (m, buyer_id)
        LEFT JOIN (SELECT {key}, event_time AS st, e AS se FROM log WHERE event_type = 'order_shipped') USING ({key})
        LEFT JOIN (SELECT {key}, event_time AS dt, e AS de FROM log WHERE event_type = 'order_delivered') USING ({key})
        LEFT JOIN (SELECT {key}, event_time AS xt, e AS xe, coalesce(actor <> 'merchant', false) AS excused
            FROM rare WHERE event_type = 'order_cancelled') USING ({key})
        LEFT JOIN defects USING ({key})
        ANTI JOIN touched USING ({key})""",
        *_family("orders_sums", ORDERS, "SELECT m, c, e, amount_cents, again, fe FROM orders"),
        *_family(
            "ship_sums",
            SHIP,
            "SELECT m, ship_day AS c, e, ship_kept AS kept, ship_excused AS excused "
            "FROM orders WHERE ship_day IS NOT NULL",
        ),
        *_family(
            "deliver_sums",
            DELIVER,
            "SELECT m, deliver_day AS c, e, deliver_kept AS kept, "
            "deliver_excused AS excused, closed FROM orders "
            "WHERE deliver_day IS NOT NULL",
        ),
    ]


def _touched(log: str) -> list[str]:
    sums = ", ".join(
        f"coalesce(sum({value}) FILTER (d - {clock} BETWEEN 1 AND {days}), 0) AS {name}_{days}"
        for name, (clock, value) in TOUCHED.items()
        for days in DAYS
    )
    states = {
        "defect": IS_DEFECT,
        "closed": "event_type IN ('order_delivered', 'order_cancelled')",
        "ship_kept": "event_type = 'order_shipped' AND event_time <= p_ship_by",
        "deliver_kept": "event_type = 'order_delivered' AND event_time <= p_deliver_by",
        "ship_excused": "event_type = 'order_cancelled' AND actor <> 'merchant' AND event_time <= p_ship_by",
        "deliver_excused": "event_type = 'order_cancelled' AND actor <> 'merchant' AND event_time <= p_deliver_by",
    }
    known = ", ".join(f"coalesce(bool_or({condition}), false) AS {name}" for name, condition in states.items())
    return [
        """CREATE TEMP TABLE touched_pairs AS SELECT s.i, s.d, s.m, order_id, event_id AS placing, p.c,
            amount_cents, ship_by AS p_ship_by, deliver_by AS p_deliver_by
            FROM touched_events p JOIN spine s ON s.m = p.m AND p.e <= s.d AND s.d < p.x
            WHERE event_type = 'order_placed'""",
        f"""CREATE TEMP TABLE touched_sums AS WITH states AS (
            SELECT p.i, p.d, p.c, p.amount_cents, {_day("p_ship_by")} AS ship_day,
                {_day("p_deliver_by")} AS deliver_day, {known}
            FROM touched_pairs p LEFT JOIN touched_events t ON t.m = p.m AND t.order_id = p.order_id
                AND t.e <= p.d AND p.d < t.x AND t.event_type <> 'order_placed'
            GROUP BY p.i, p.d, p.c, p.amount_cents, p_ship_by, p_deliver_by, p.placing)
            SELECT i, {sums} FROM states GROUP BY i""",
        f"""CREATE TEMP TABLE touched_buyers_sums AS WITH latest AS (
            SELECT s.i, s.d - max(c) AS age FROM (
                SELECT m, event_id, buyer_id, {_day("event_time")} AS c, {_day("known_at")} + 1 AS e
                FROM (SELECT * FROM '{log}' WHERE event_type = 'order_placed'
                    AND buyer_id IN (SELECT buyer_id FROM touched_buyers))
                JOIN merchants USING (merchant_id) SEMI JOIN touched_buyers USING (m, buyer_id)) b
            LEFT JOIN reversals r ON r.m = b.m AND r.event_id = b.event_id
            JOIN spine s ON s.m = b.m AND {MEET} AND (x IS NULL OR s.d < x) GROUP BY s.i, s.d, buyer_id)
            SELECT i, {", ".join(f"count_if(age <= {days}) AS buyers_{days}" for days in DAYS)}
            FROM latest GROUP BY i""",
    ]


def _standing() -> list[str]:
    alive = "e <= s.d AND s.d < x"
    opened = """CREATE TEMP TABLE open_{name} AS SELECT i, count(*) AS open_{name} FROM (
        SELECT s.i FROM rare v JOIN spine s ON s.m = v.m AND {alive}
        WHERE event_type IN ('{start}', '{end}') GROUP BY s.i, {key}
        HAVING bool_or(event_type = '{start}') AND NOT bool_or(event_type = '{end}')) GROUP BY i"""
    owed = "event_type = 'refund_paid' AND advanced_by = 'platform' AND finally_liable = 'merchant'"
    return [
        f"""CREATE TEMP TABLE affected AS WITH latest AS (SELECT s.i, s.d - max(c) AS age FROM (
            SELECT m, buyer_id, c, e, x FROM low_reviews UNION ALL SELECT m, buyer_id, c, e, x FROM rare
                WHERE event_type = 'dispute_resolved' AND outcome = 'merchant_at_fault') v
            JOIN spine s ON s.m = v.m AND {MEET} AND s.d < x WHERE buyer_id IS NOT NULL GROUP BY s.i, s.d, buyer_id)
            SELECT i, {", ".join(f"count_if(age <= {days}) AS affected_{days}" for days in DAYS)}
            FROM latest GROUP BY i""",
        opened.format(name="disputes", start="dispute_opened", end="dispute_resolved", key="dispute_id", alive=alive),
        opened.format(
            name="reports", start="fake_report_filed", end="fake_report_resolved", key="report_id", alive=alive
        ),
        f"""CREATE TEMP TABLE debt AS SELECT i, sum(amount_cents) AS debt FROM (
            SELECT s.i, amount_cents FROM rare v JOIN spine s ON s.m = v.m AND {alive} WHERE {owed}
            UNION ALL SELECT i, -amount_cents FROM (SELECT DISTINCT s.i, v.event_id, v.amount_cents FROM rare v
                JOIN (SELECT m, refund_id, e AS re, x AS rx FROM rare WHERE {owed}) r USING (m, refund_id)
                JOIN spine s ON s.m = v.m AND {alive} AND re <= s.d AND s.d < rx
                WHERE event_type IN ('advance_recovered', 'advance_written_off'))) GROUP BY i""",
        f"""CREATE TEMP TABLE registered AS SELECT s.i, min(c) AS registered FROM rare v
            JOIN spine s ON s.m = v.m AND {alive} WHERE event_type = 'merchant_registered' GROUP BY s.i""",
        # The few rows without an order in the last year; the others have theirs in `orders_sums`.
        """CREATE TEMP TABLE latest_order AS SELECT s.i, max(c) AS latest FROM orders o
            JOIN (FROM spine ANTI JOIN orders_sums USING (i)) s ON s.m = o.m AND e <= s.d GROUP BY s.i""",
        "CREATE TEMP TABLE latest_touched AS SELECT i, max(c) AS latest FROM touched_pairs GROUP BY i",
    ]


#: Of which tables each measure is the sum; the last one is taken away where its name begins with `minus_`.
PARTS = {
    **dict.fromkeys(("n", "value", "defects"), ("orders_sums", "touched_sums")),
    "buyers": ("orders_sums", "touched_buyers_sums"),
    **dict.fromkeys(SHIP, ("ship_sums", "touched_sums")),
    **dict.fromkeys(DELIVER, ("deliver_sums", "touched_sums")),
    **{name: (kind, f"minus_{kind}") for kind, (_, measures) in FREQUENT.items() for name in measures},
    **dict.fromkeys(RARE, ("rare_sums",)),
    "affected": ("affected",),
}
#: The windowed columns of the contract, over measures of the window; a rate is null where its denominator is 0.
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


def names() -> list[str]:
    """Name the columns that are worked out, in their order."""
    windowed = [f"{name}_{days}d" for days in DAYS for name in (*COUNTS, *RATES)]
    return [
        *windowed,
        "n_orders_overdue",
        "n_disputes_open",
        "n_fake_reports_open",
        "days_since_registered",
        "days_since_last_order",
        "merchant_debt_cents",
    ]


def _measure(name: str, days: int) -> str:
    terms = [f"{'-' if part.startswith('minus_') else '+'} coalesce({part}.{name}_{days}, 0)" for part in PARTS[name]]
    return f"({' '.join(terms)})::BIGINT"


def _result() -> str:
    columns = ["s.merchant_id", "s.as_of"]
    for days in DAYS:
        columns += [f"{_measure(measure, days)} AS {name}_{days}d" for name, measure in COUNTS.items()]
        for name, (above, below) in RATES.items():
            hours = " / 3600" if "hours" in name else ""
            rate = f"{_measure(above, days)} / nullif({_measure(below, days)}, 0)"
            columns.append(f"({rate}{hours})::DOUBLE AS {name}_{days}d")
    columns += [
        f"{_measure('overdue', 365)} AS n_orders_overdue",
        "coalesce(open_disputes, 0)::BIGINT AS n_disputes_open",
        "coalesce(open_reports, 0)::BIGINT AS n_fake_reports_open",
        "(s.d - registered)::BIGINT AS days_since_registered",
        "(s.d - greatest(orders_sums.latest, latest_order.latest, latest_touched.latest))::BIGINT "
        "AS days_since_last_order",
        "coalesce(debt, 0)::BIGINT AS merchant_debt_cents",
    ]
    tables = dict.fromkeys(part for parts in PARTS.values() for part in parts)
    tables |= dict.fromkeys(("open_disputes", "open_reports", "debt", "registered", "latest_order", "latest_touched"))
    joins = " ".join(f"LEFT JOIN {table} ON {table}.i = s.i" for table in tables)
    return f"SELECT {', '.join(columns)} FROM spine s {joins} ORDER BY s.i"


def compute(log: Path, spine: Path, out: Path, *, threads: int = 2, verbose: bool = False) -> None:
    """Write the columns of contracts 3.2 for every spine row, in spine order, as Parquet."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}; SET timezone = 'UTC'")
    steps = [*_prepare(str(log), str(spine)), *_additive(), *_orders(str(log)), *_touched(str(log)), *_standing()]
    for step in (*steps, f"COPY ({_result()}) TO '{out}' (FORMAT parquet)"):
        started = time.process_time()
        connection.execute(step)
        if verbose:
            print(f"{time.process_time() - started:7.2f}  {' '.join(step.split())[:100]}")


def main() -> None:
    """Run on files: LOG SPINE OUT."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("log", "spine", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="print the CPU seconds of each statement")
    asked = parser.parse_args()
    compute(asked.log, asked.spine, asked.out, threads=asked.threads, verbose=asked.verbose)


if __name__ == "__main__":
    main()
