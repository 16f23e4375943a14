"""Eight of the windowed columns of contracts 3.2 in pandas, for the ratio: merge by merchant, filter, group.

The columns, for n in 7, 30, 90, 365: `n_orders`, `order_value_cents`, `n_buyers`, `late_delivery_rate`,
`mean_hours_late`, `low_star_rate`, `mean_stars`, `return_rate`. Late knowledge and reversals are exact; a
validated log without duplicates, with promises carried, is assumed as in the DuckDB peer. Merchants are taken in
slices, since all pairs of event and spine row at once would need some 10 GB. (A loop over the spine rows with a
boolean mask each takes hours.)
"""

import argparse
from pathlib import Path

import pandas as pd

WINDOWS = (7, 30, 90, 365)
SLICES = 16
CLOCKS = ["merchant_id", "event_id", "event_time", "known_at"]


def _read(log: Path, event_type: str, columns: list[str], reversals: pd.DataFrame) -> pd.DataFrame:
    events = pd.read_parquet(log, columns=CLOCKS + columns, filters=[("event_type", "==", event_type)])
    return events.merge(reversals, on=["merchant_id", "event_id"], how="left").drop(columns="event_id")


def _reversals(log: Path) -> pd.DataFrame:
    columns = ["merchant_id", "reverses", "known_at"]
    rows = pd.read_parquet(log, columns=columns, filters=[("event_type", "==", "event_reversed")])
    first = rows.groupby(["merchant_id", "reverses"], as_index=False)["known_at"].min()
    return first.rename(columns={"reverses": "event_id", "known_at": "taken_back"})


def _pairs(events: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame:
    """Every spine row with every event of its merchant that it may count in its longest window."""
    pairs = spine.merge(events, on="merchant_id")
    alive = (pairs["known_at"] < pairs["as_of"]) & ~(pairs["taken_back"] < pairs["as_of"])
    pairs = pairs[alive & (pairs["event_time"] >= pairs["as_of"] - pd.Timedelta(days=max(WINDOWS)))]
    return pairs.assign(age=pairs["as_of"] - pairs["event_time"])


def _within(pairs: pd.DataFrame, days: int) -> pd.core.groupby.DataFrameGroupBy:
    return pairs[pairs["age"] <= pd.Timedelta(days=days)].groupby("row")


def _features(events: dict[str, pd.DataFrame], spine: pd.DataFrame) -> pd.DataFrame:
    """Work the columns out for some merchants; indexed by spine row."""
    pairs = {name: _pairs(rows, spine) for name, rows in events.items()}
    found = pd.DataFrame(index=spine["row"])
    for days in WINDOWS:
        orders, deliveries = _within(pairs["orders"], days), _within(pairs["deliveries"], days)
        reviews, returns = _within(pairs["reviews"], days), _within(pairs["returns"], days)
        n_orders = orders.size().reindex(found.index, fill_value=0)
        columns = {
            "n_orders": n_orders,
            "order_value_cents": orders["amount_cents"].sum().reindex(found.index, fill_value=0),
            "n_buyers": orders["buyer_id"].nunique().reindex(found.index, fill_value=0),
            "late_delivery_rate": deliveries["late"].mean(),
            "mean_hours_late": deliveries["seconds_late"].sum() / deliveries.size() / 3600,
            "low_star_rate": reviews["low"].mean(),
            "mean_stars": reviews["stars"].mean(),
            "return_rate": returns.size().reindex(found.index, fill_value=0) / n_orders.where(n_orders > 0),
        }
        found = found.assign(**{f"{name}_{days}d": values for name, values in columns.items()})
    return found


def _load(log: Path) -> dict[str, pd.DataFrame]:
    reversals = _reversals(log)
    deliveries = _read(log, "order_delivered", ["deliver_by"], reversals).dropna(subset="deliver_by")
    late = (deliveries["event_time"] - deliveries.pop("deliver_by")).clip(lower=pd.Timedelta(0))
    reviews = _read(log, "review_posted", ["stars"], reversals)
    return {
        "orders": _read(log, "order_placed", ["amount_cents", "buyer_id"], reversals),
        "deliveries": deliveries.assign(late=late > pd.Timedelta(0), seconds_late=late // pd.Timedelta(seconds=1)),
        "reviews": reviews.assign(low=reviews["stars"] <= 2),
        "returns": _read(log, "return_requested", [], reversals),
    }


def compute(log: Path, spine: Path, out: Path) -> None:
    """Write the columns for every spine row, in spine order, as Parquet."""
    events = _load(log)
    rows = pd.read_parquet(spine).rename_axis("row").reset_index()
    merchants = rows["merchant_id"].unique()
    parts = []
    for start in range(SLICES):
        chosen = set(merchants[start::SLICES])
        some = {name: table[table["merchant_id"].isin(chosen)] for name, table in events.items()}
        parts.append(_features(some, rows[rows["merchant_id"].isin(chosen)]))
    found = rows.set_index("row").join(pd.concat(parts))
    found.to_parquet(out, index=False)


def main() -> None:
    """Run on files: LOG SPINE OUT."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("log", "spine", "out"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    compute(asked.log, asked.spine, asked.out)


if __name__ == "__main__":
    main()
