"""What models could reach, by the truth of marketplaces that no model has seen: see `goals`.

Credit: the AUC of whoever knows each merchant's propensities (late, cancelled, defective, half of the fakes) and
whether it is in a bust-out, for the very days of the label. What is above that is luck.

Counterfeit: who is behind the labels. One is bad where a fake is confirmed in the next 90 days. Who sells fakes and is
not found out in them is good by the label, and a false alarm to whoever counts by it. By the truth, only who sells
none is falsely accused.
"""

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.unseen import Learned
from features.simulator.write import Written
from training.dataset import Dataset
from training.evaluate import auc

__all__ = ["HEAD", "fakes", "reachable"]

HEAD = [
    "scenario", "bad rows", "of them: sell none yet", "sell, and no fake was found for a year", "a fake was found",
    "recall at 1 % FPR, by the label", "the same, of those who sell none",
]  # fmt: skip


def fakes(name: str, written: Written, rows: Dataset, learned: Learned) -> list[str]:
    """The line of one marketplace's rows."""
    bad, sells = rows.y == 1, _sells(written, rows)
    found = rows.X[:, rows.column("n_fakes_confirmed_365d_capped")] > 0
    p = learned.model.p(rows.X)
    caught = [float((p[bad] > np.quantile(p[good], 0.99)).mean()) for good in (~bad, ~sells & ~bad)]
    parts = [bad & ~sells & ~found, bad & sells & ~found, bad & found]
    return [
        name,
        str(bad.sum()),
        *(f"{part.sum() / bad.sum():.0%}" for part in parts),
        *(f"{one:.0%}" for one in caught),
    ]


def _sells(written: Written, rows: Dataset) -> npt.NDArray[np.bool_]:
    """Who sells fakes at each row's moment (n,)."""
    with duckdb.connect(":memory:") as connection:
        since = dict(
            connection.execute(f"""SELECT merchant_id, turned_at::TIMESTAMP FROM '{written.truth}'
                                            WHERE archetype LIKE 'fakes_%' AND turned_at IS NOT NULL""").fetchall()
        )
    turned = np.array([since.get(who) for who in rows.merchants], dtype="datetime64[us]")
    return np.asarray(turned <= rows.as_of)


def reachable(written: Written, rows: Dataset, days: int) -> float:
    """The AUC of the true propensities of the `days` after each row's moment."""
    asked = pa.table({"place": np.arange(len(rows)), "merchant_id": pa.array(rows.merchants.tolist(), pa.string()),
                      "since": pa.array(rows.as_of.astype("datetime64[D]"))})  # fmt: skip
    with duckdb.connect(":memory:") as connection:
        connection.register("asked", asked)
        known = connection.execute(f"""
            SELECT place, 1 - avg((1 - late_propensity) * (1 - cancel_propensity) * (1 - defect_propensity))
                   + max(in_bust_out::INT) + avg(fake_share) / 2 AS truth
            FROM asked JOIN '{written.truth.parent}/truth_days.parquet' USING (merchant_id)
            WHERE day >= since AND day < since + {days} GROUP BY 1""").fetchnumpy()
    return auc(rows.y[known["place"]], known["truth"].astype(float), np.ones(len(known["place"])))
