"""A Feast repository for the benchmarks: one feature view over a table of one row per merchant and midnight."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64

__all__ = ["VIEW", "names", "repository"]

VIEW = "merchant_daily"
KEYS = ("merchant_id", "as_of")


def names(daily: Path) -> list[str]:
    """The features of the table."""
    return [name for name in pq.read_schema(daily).names if name not in KEYS]


def repository(folder: Path, daily: Path, *, store: str, ttl: timedelta = timedelta(days=1)) -> FeatureStore:
    """Declare the table's features in a folder; `store` is the offline store (`file` or `duckdb`)."""
    folder.mkdir(parents=True, exist_ok=True)
    config = RepoConfig(
        project="goodfaith",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        offline_store={"type": store},
        entity_key_serialization_version=3,
    )
    schema = pq.read_schema(daily)
    merchant = Entity(name="merchant", join_keys=["merchant_id"], value_type=ValueType.STRING)
    fields = [
        Field(name=name, dtype=Int64 if str(schema.field(name).type) == "int64" else Float64) for name in names(daily)
    ]
    view = FeatureView(
        # A row holds at its own midnight: a window moves on every day, whether anything happens or not.
        name=VIEW, entities=[merchant], ttl=ttl, schema=fields,
        source=FileSource(name="daily", path=str(daily), timestamp_field="as_of"),
    )  # fmt: skip
    kept = FeatureStore(config=config)
    kept.apply([merchant, view])
    return kept
