"""A store to ask: a made-up marketplace that ends yesterday, a model that judged its merchants, and requests."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from benchmarks import generate
from benchmarks.load import request
from benchmarks.market import END
from features.catalogue import INPUTS
from features.database import open_engine
from features.settings import Settings
from features.store import EventStore
from serving.auth import SCOPES, ApiKey, fingerprint, make_key
from serving.ingest.files import ingest_file
from serving.judging import Judges
from serving.migrate import migrate
from serving.serve import service_on
from serving.worker import Worker
from training.dataset import Dataset
from training.fit import bundle_of, fit
from training.recipe import find_recipe
from training.registry import Promotion, Registry

__all__ = ["Shop", "judge_everybody", "log_until_today", "make_model", "make_store", "naive_files"]

_ROWS = 4000


def log_until_today(folder: Path, *, rows: int, seed: int) -> Path:
    """A log of so many events in two years, the last of them yesterday."""
    log, _ = generate.write(folder, events=rows, rows=1, merchants=max(rows // 500, 20), seed=seed)
    table = pq.read_table(log)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    later = pa.scalar(midnight - datetime.fromtimestamp(END // 1_000_000, UTC), pa.duration("us"))
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field, pc.add(table.column(place), later))
    pq.write_table(table.filter(pc.less(table["known_at"], pa.scalar(midnight, table["known_at"].type))), log)
    return log


def make_store(log: Path, url: str) -> str:
    """A store that holds the log's events; answers a key with every scope."""
    engine, now = open_engine(url), datetime.now(UTC)
    migrate(engine)
    ingest_file(EventStore(engine), log, currency="CNY", now=now)
    made = make_key()
    key = ApiKey(id=made.id, name="benchmark", hash=fingerprint(made.key), scopes=SCOPES, created_at=now)
    service_on(engine, None, Settings(), lambda: now).keys.add(key)  # type: ignore[arg-type]  # No model is asked.
    return made.key


def make_model(uri: str, *, seed: int) -> None:
    """A champion with every input of the catalogue, of the recipe's size; what it has learned means nothing."""
    rng, recipe = np.random.default_rng(seed), find_recipe("credit")
    X = rng.random((_ROWS, len(INPUTS)))
    names = np.array([f"m{number % 400}" for number in range(_ROWS)], dtype=object)
    rows = Dataset(
        inputs=INPUTS, X=X, y=(rng.random(_ROWS) < 0.02 + 0.04 * X[:, :2].sum(axis=1)).astype(np.int8),
        merchants=names, as_of=np.full(_ROWS, np.datetime64("2026-01-01", "us")),
    )  # fmt: skip
    registry = Registry(uri)
    version = registry.register(bundle_of(fit("trees", rows, recipe), rows, recipe), metrics={}, parameters={})
    registry.promote("credit", Promotion(version=version, at=datetime.now(UTC), by="benchmark"))


def judge_everybody(engine: Engine, uri: str) -> int:
    """Judge whoever is due, and answer how many were."""
    service = service_on(engine, Registry(uri), Settings(), lambda: datetime.now(UTC))
    return Worker(service, Judges(service)).drain(datetime.now(UTC))


def naive_files(folder: Path, uri: str, merchants: list[str]) -> tuple[Path, Path]:
    """The champion's trees as LightGBM reads them, and rows of features by merchant, for a service without a store."""
    champion = Registry(uri).champion("credit")
    trees = next(content for name, content in champion[1].files.items() if name.endswith(".txt")) if champion else b""
    rng = np.random.default_rng(1)
    model, features = folder / "trees.txt", folder / "features.json"
    model.write_bytes(trees)
    features.write_text(json.dumps({one: rng.random(len(INPUTS)).tolist() for one in merchants}))
    return model, features


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What can be asked of a store that holds a log: each order once, and each buyer once."""

    orders: list[dict[str, object]]
    merchants: list[str]

    @classmethod
    def of(cls, log: Path, *, seed: int) -> "Shop":
        """The delivered orders of a log in a random order, one of each buyer."""
        columns = ["event_type", "merchant_id", "order_id", "buyer_id", "amount_cents", "category"]
        table = pq.read_table(log, columns=columns)
        came = table.filter(pc.equal(table["event_type"], "order_delivered"))["order_id"]
        placed = table.filter(pc.equal(table["event_type"], "order_placed"))
        placed = placed.filter(pc.is_in(placed["order_id"], came)).drop_columns(["event_type"])
        order = np.random.default_rng(seed).permutation(placed.num_rows)
        rows = placed.take(pa.array(order)).to_pylist()
        each = {row["buyer_id"]: row for row in rows}
        return cls(orders=list(each.values()), merchants=table["merchant_id"].unique().to_pylist())

    def refunds(self, path: str, key: str, *, headers: bool = True) -> Iterator[bytes]:
        """Requests for decisions, each on another order and under another random key."""
        for row in self.orders:
            body = {
                "order_id": row["order_id"], "merchant_id": row["merchant_id"], "currency": "CNY",
                "amount_cents": 100, "category": row["category"], "reason": "not_as_described",
                "buyer": {"id": row["buyer_id"], "credit": 700, "refunds_90d": 1, "orders_90d": 12},
                "order": {"state": "delivered", "paid_cents": row["amount_cents"]},
            }  # fmt: skip
            named = {"Idempotency-Key": secrets.token_hex(16)} if headers else {}
            yield request("POST", path, key=key, body=json.dumps(body).encode(), headers=named)

    def scores(self, key: str, *, seed: int) -> Iterator[bytes]:
        """Requests for the scores of merchants at random, for ever."""
        rng = np.random.default_rng(seed)
        while True:
            for one in rng.permutation(self.merchants):
                yield request("GET", f"/v1/merchants/{one}/score", key=key)

    def events(self, batch: int) -> Iterator[tuple[bytes, str]]:
        """Bodies that tell of new orders, `batch` at a time, each with the merchant of its last event."""
        rng = np.random.default_rng()
        while True:
            now = datetime.now(UTC) - timedelta(seconds=1)
            told = [_order(one, secrets.token_hex(10), now) for one in rng.choice(self.merchants, batch).tolist()]
            yield json.dumps({"events": told}).encode(), told[-1]["merchant_id"]

    def batches(self, key: str, batch: int) -> Iterator[bytes]:
        """The same as requests."""
        for body, _ in self.events(batch):
            yield request("POST", "/v1/events", key=key, body=body)


def _order(merchant: str, number: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": f"e{number}", "event_type": "order_placed", "merchant_id": merchant,
        "event_time": at.isoformat(), "known_at": at.isoformat(), "order_id": f"o{number}", "amount_cents": 5000,
        "buyer_id": f"b{number}", "listing_id": "l1", "category": "toys",
        "ship_by": (at + timedelta(days=2)).isoformat(), "deliver_by": (at + timedelta(days=6)).isoformat(),
    }  # fmt: skip
