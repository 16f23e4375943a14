"""Small recipes, rows, logs and a registry for tests of making models."""

import io
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.catalogue import INPUTS
from scoring.bundle import Bundle
from training.dataset import Dataset
from training.errors import VersionUnknown
from training.fit import bundle_of, fit
from training.recipe import Recipe
from training.registry import Challenge, Promotion, Version

RECIPE = """
name = "small"
target = "credit"
seed = 7
[label]
kind = "own_fault"
components = ["dispatch_late"]
threshold = 0.3
min_orders = 3
horizon_days = 30
delay_days = 10
[[split]]
name = "later"
test_share = 0.4
[baseline]
feature = "dispatch_kept_rate_365d_capped_shrunk"
[inputs]
only = ["(dispatch_kept|merchant_cancel)_rate_(90|365)d_capped_shrunk", "n_orders_90d_capped"]
[model]
leaves = 8
depth = 3
learning_rate = 0.05
lead_rounds = 40
rounds = 20
min_rows = 10
l2 = 5.0
[evaluation]
resamples = 20
"""

NAMES = ("dispatch_kept_rate_365d_capped_shrunk", "merchant_cancel_rate_90d_capped_shrunk", "n_orders_90d_capped")


def a_recipe(*changes: tuple[str, str]) -> Recipe:
    """The small recipe, with pieces of its text replaced."""
    text = RECIPE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Recipe.parse(text)


def some_rows(count: int = 400, *, seed: int = 0) -> Dataset:
    """Rows of 40 merchants over ten months whose kept share truly matters."""
    random = np.random.default_rng(seed)
    merchants = np.array([f"m{number % 40:02d}" for number in range(count)], dtype=object)
    months = np.array([f"2024-{1 + number * 10 // count:02d}-01" for number in range(count)], dtype="datetime64[us]")
    kept = random.beta(6, 2, count)
    late = np.clip(1 - kept + random.normal(0, 0.1, count), 0.01, 0.99)
    bad = random.random(count) < np.clip(1.1 - kept, 0.02, 0.9)
    return Dataset(
        inputs=tuple(next(one for one in INPUTS if one.name == name) for name in NAMES),
        X=np.column_stack([kept, late, random.poisson(20, count)]).astype(np.float64),
        y=bad.astype(np.int8),
        merchants=merchants,
        as_of=months,
    )


@lru_cache(maxsize=1)
def a_bundle() -> Bundle:
    """A model of kind `points` from some rows."""
    rows, recipe = some_rows(), a_recipe()
    return bundle_of(fit("shrunk_rate", rows, recipe), rows, recipe)


def a_log(path: Path, *, merchants: int = 30, months: int = 12, seed: int = 0, storm: int | None = None) -> Path:
    """A Parquet log in which every merchant ships late at a rate of its own; nearly all do from month `storm` on."""
    random = np.random.default_rng(seed)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    events = []
    for merchant in range(merchants):
        often = 0.7 if merchant % 3 == 0 else 0.1
        for number in range(months * 5):
            placed = start + timedelta(days=number * 6, hours=int(random.integers(0, 100)))
            blown = storm is not None and number >= storm * 5
            late = bool(random.random() < (0.9 - often if blown else often))
            events += _order(f"m{merchant:02d}", f"o{merchant}-{number}", placed, late=late)
    columns = list(dict.fromkeys(name for event in events for name in event))
    pq.write_table(pa.table({name: [event.get(name) for event in events] for name in columns}), path)
    return path


def _order(merchant: str, order: str, placed: datetime, *, late: bool) -> list[dict[str, object]]:
    ship_by = placed + timedelta(days=2)
    shared = {"merchant_id": merchant, "order_id": order, "ship_by": ship_by}
    shipped = ship_by + timedelta(days=1 if late else -1)
    return [
        {"event_id": f"{order}-p", "event_type": "order_placed", "event_time": placed, "amount_cents": 100, **shared},
        {"event_id": f"{order}-s", "event_type": "order_shipped", "event_time": shipped, **shared},
    ]


def judged_rows(*, noise: float, first: int = 0, count: int = 600) -> bytes:
    """A file of test rows as runs keep it; the more noise, the worse the model that judged them."""
    random = np.random.default_rng(5)
    truth = random.normal(size=2000)
    y = (truth + random.normal(size=2000) > 0.8).astype(np.int8)
    p = 1 / (1 + np.exp(-(truth + np.random.default_rng(6).normal(size=2000) * noise)))
    rows = slice(first, first + count)
    merchants = [f"m{number % 500}" for number in range(2000)]
    as_of = [datetime(2026, 1 + number // 500, 1, tzinfo=UTC) for number in range(2000)]
    out = io.BytesIO()
    pq.write_table(
        pa.table({"merchant_id": merchants[rows], "as_of": as_of[rows], "label": y[rows], "p": p[rows]}), out
    )
    return out.getvalue()


#: What is on record of a model that nothing speaks against.
FIGURES = {
    "ece": 0.02, "ece_by_chance": 0.02, "gain.auc": 0.02, "gain.auc.high": 0.03, "score_psi": 0.01,
    "score_psi_bound": 0.05, "unfair_ratio": 1.0,
}  # fmt: skip


class FakeRegistry:
    """A registry in memory, for tests of what is decided rather than of where it is kept."""

    def __init__(self, **aucs: float) -> None:
        self.bundles = {version.removeprefix("v"): a_bundle() for version in aucs}
        self.aucs = {version.removeprefix("v"): auc for version, auc in aucs.items()}
        self.promotions: list[Promotion] = []
        self.noted: list[Challenge] = []
        self.figures: dict[str, dict[str, float]] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.files: dict[str, bytes] = {}
        self.moved = ""  # Where somebody's other tool has put the champion's alias.

    def file(self, target: str, version: str, name: str) -> bytes | None:
        return self.files.get(version)

    def history(self, target: str) -> tuple[Promotion, ...]:
        return tuple(self.promotions)

    def bundle(self, target: str, version: str) -> Bundle:
        return self.bundles[version]

    def versions(self, target: str) -> tuple[Version, ...]:
        live = self.moved or (self.promotions[-1].version if self.promotions else "")
        beside = self.noted[-1].version if self.noted else ""
        return tuple(
            Version(
                target=target,
                version=version,
                aliases=("champion",) if version == live else ("challenger",) if version == beside else (),
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
                metrics={"auc": auc, **FIGURES, **self.figures.get(version, {})},
                label=self.labels.get(version, {"label.threshold": "0.3"}),
            )
            for version, auc in self.aucs.items()
        )

    def version(self, target: str, version: str) -> Version:
        for one in self.versions(target):
            if one.version == version:
                return one
        raise VersionUnknown(target, version)

    def promote(self, target: str, promotion: Promotion) -> None:
        self.promotions.append(promotion)

    def challenge(self, target: str, wish: Challenge) -> None:
        self.noted.append(wish)

    def challenges(self, target: str) -> tuple[Challenge, ...]:
        return tuple(self.noted)
