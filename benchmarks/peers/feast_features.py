"""Eight of the windowed columns of contracts 3.2 (those of the pandas peer) by Feast's point-in-time join.

Feast does not add up windows: it looks up, for each spine row, the latest row of a table that somebody made before.
That table is made here as a nightly job makes it when it is filled for the past: by DuckDB, from the log as it
stands now, one row per merchant and midnight, windows by `event_time`. What was learnt late, or was taken back only
later, is in rows of midnights at which nobody knew it, and a look-up by time cannot tell; a table without that fault
must be made each night from what is known then, which is the whole work that this benchmark is about.

`daily` makes the table, `join` looks up; each is run as a process of its own, so that their costs can be told apart.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

DAYS = (7, 30, 90, 365)
SUMS = ("n", "value", "deliveries", "late", "seconds", "reviews", "low", "stars", "returns")


def _day(column: str) -> str:
    return f"(epoch_us({column}) // 86400000000)::INTEGER"


def _columns(n: int) -> list[str]:
    w = {name: f"({name} - lag({name}, {n}, 0) OVER own)" for name in SUMS}
    rates = {
        "late_delivery_rate": f"{w['late']} / nullif({w['deliveries']}, 0)",
        "mean_hours_late": f"{w['seconds']} / nullif({w['deliveries']}, 0) / 3600",
        "low_star_rate": f"{w['low']} / nullif({w['reviews']}, 0)",
        "mean_stars": f"{w['stars']} / nullif({w['reviews']}, 0)",
        "return_rate": f"{w['returns']} / nullif({w['n']}, 0)",
    }
    counts = {"n_orders": w["n"], "order_value_cents": w["value"], "n_buyers": f"buyers_{n}"}
    return [f"({formula})::BIGINT AS {name}_{n}d" for name, formula in counts.items()] + [
        f"({formula})::DOUBLE AS {name}_{n}d" for name, formula in rates.items()
    ]


def _daily(log: str, spine: str, out: str) -> list[str]:
    """The statements that make the table."""
    buyers = [f"buyers_{n}" for n in DAYS]
    leaving = [f"SELECT merchant_id, least(c + {n}, again) AS c, -1 AS buyers_{n} FROM orders" for n in DAYS]
    came = f"SELECT merchant_id, c, {', '.join(f'1 AS {name}' for name in buyers)} FROM orders"
    return [
        f"""CREATE TEMP TABLE events AS SELECT merchant_id, {_day("event_time")} AS c, event_type, amount_cents,
            buyer_id, stars, epoch_us(event_time) - epoch_us(deliver_by) AS late
            FROM '{log}' e ANTI JOIN (SELECT merchant_id, reverses AS event_id FROM '{log}'
                WHERE event_type = 'event_reversed') r ON e.merchant_id = r.merchant_id AND e.event_id = r.event_id
            WHERE event_type IN ('order_placed', 'order_delivered', 'review_posted', 'return_requested')""",
        # A buyer counts from an order on until the next one of theirs, or until the order leaves the window.
        f"""CREATE TEMP TABLE turns AS WITH orders AS (SELECT merchant_id, c, lead(c, 1, 1000000) OVER
                (PARTITION BY merchant_id, buyer_id ORDER BY c) AS again FROM events WHERE event_type = 'order_placed')
            {" UNION ALL BY NAME ".join([came, *leaving])}""",
        f"""CREATE TEMP TABLE grid AS SELECT merchant_id, unnest(range(lowest, highest))::INTEGER AS c
            FROM (SELECT DISTINCT merchant_id FROM '{spine}'), (SELECT min(c) AS lowest FROM events),
                (SELECT max({_day("as_of")}) AS highest FROM '{spine}')""",
        f"""CREATE TEMP TABLE running AS SELECT merchant_id, c,
                {", ".join(f"sum(coalesce(sum({name}), 0)) OVER own AS {name}" for name in (*SUMS, *buyers))}
            FROM (SELECT merchant_id, c, (event_type = 'order_placed')::INTEGER AS n,
                    CASE WHEN event_type = 'order_placed' THEN amount_cents END AS value,
                    (event_type = 'order_delivered' AND late IS NOT NULL)::INTEGER AS deliveries,
                    (event_type = 'order_delivered' AND late > 0)::INTEGER AS late,
                    CASE WHEN event_type = 'order_delivered' THEN greatest(late, 0) // 1000000 END AS seconds,
                    (event_type = 'review_posted')::INTEGER AS reviews, (stars <= 2)::INTEGER AS low, stars,
                    (event_type = 'return_requested')::INTEGER AS returns FROM events
                UNION ALL BY NAME FROM turns UNION ALL BY NAME FROM grid)
            WHERE c < (SELECT max({_day("as_of")}) FROM '{spine}')
            GROUP BY merchant_id, c WINDOW own AS (PARTITION BY merchant_id ORDER BY c)""",
        f"""COPY (SELECT merchant_id, make_timestamptz((c + 1)::BIGINT * 86400000000) AS as_of,
                {", ".join(column for n in DAYS for column in _columns(n))}
            FROM running WINDOW own AS (PARTITION BY merchant_id ORDER BY c)) TO '{out}' (FORMAT parquet)""",
    ]


def make_daily(log: Path, spine: Path, out: Path) -> None:
    """Write the table of one row per merchant and midnight."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET timezone = 'UTC'; SET preserve_insertion_order = false")
    for statement in _daily(str(log), str(spine), str(out)):
        connection.execute(statement)


def join(daily: Path, spine: Path, out: Path, *, store: str) -> None:
    """Write the columns for every spine row, in spine order, as Feast looks them up."""
    import pandas as pd
    from feast_repository import VIEW, names, repository

    asked = pd.read_parquet(spine).rename(columns={"as_of": "event_timestamp"})
    features = [f"{VIEW}:{name}" for name in names(daily)]
    with TemporaryDirectory(prefix="goodfaith-feast-") as folder:
        kept = repository(Path(folder), daily, store=store)
        found = kept.get_historical_features(entity_df=asked.assign(row=range(len(asked))), features=features).to_df()
    ranked = found.sort_values("row").drop(columns="row").rename(columns={"event_timestamp": "as_of"})
    ranked.to_parquet(out, index=False)


def main() -> None:
    """Run on files: `daily LOG SPINE OUT`, or `join DAILY SPINE OUT`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("daily", "join"))
    for name in ("source", "spine", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--store", choices=("file", "duckdb"), default="duckdb", help="Feast's offline store")
    asked = parser.parse_args()
    if asked.step == "daily":
        make_daily(asked.source, asked.spine, asked.out)
    else:
        join(asked.source, asked.spine, asked.out, store=asked.store)


if __name__ == "__main__":
    main()
