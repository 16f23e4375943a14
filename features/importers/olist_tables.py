"""Olist's tables as they come, CSV or Parquet, loaded into DuckDB with the types that the import relies on.

Source: Olist, "Brazilian E-Commerce Public Dataset by Olist" and "Marketing Funnel by Olist" (Kaggle).
"""

import glob
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from features.importers.errors import SourceColumnMissing, SourceFileBroken, SourceFileMissing, SourceValueBroken

__all__ = ["TABLES", "SourceTable", "load_tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """One of Olist's files.

    `name` is the table in DuckDB, `stem` the file without its ending, `columns` maps the columns needed to SQL
    types, `extra` those that only some editions have. `filled` columns may not be empty and `key` stands once.
    `impossible` maps SQL conditions that no row may meet to what they mean. Without its file an `optional`
    table is empty.
    """

    name: str
    stem: str
    columns: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)
    filled: tuple[str, ...]
    key: tuple[str, ...] = ()
    impossible: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False


_MONEY = "DECIMAL(18, 2)"
_TEXT, _TIME = "VARCHAR", "TIMESTAMP"

TABLES = (
    SourceTable(
        name="orders",
        stem="olist_orders_dataset",
        columns={
            "order_id": _TEXT,
            "customer_id": _TEXT,
            "order_status": _TEXT,
            "order_purchase_timestamp": _TIME,
            "order_approved_at": _TIME,
            "order_delivered_carrier_date": _TIME,
            "order_delivered_customer_date": _TIME,
            "order_estimated_delivery_date": _TIME,
        },
        # Only an edition that draws a sample has it: false marks orders drawn from the delivered ones alone.
        extra={"review_sampled": "BOOLEAN"},
        filled=("order_id", "customer_id", "order_status", "order_purchase_timestamp"),
        key=("order_id",),
    ),
    SourceTable(
        name="items",
        stem="olist_order_items_dataset",
        columns={
            "order_id": _TEXT,
            "order_item_id": "BIGINT",
            "product_id": _TEXT,
            "seller_id": _TEXT,
            "shipping_limit_date": _TIME,
            "price": _MONEY,
            "freight_value": _MONEY,
        },
        filled=("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
        key=("order_id", "order_item_id"),
        impossible={"price < 0": "price is negative", "freight_value < 0": "freight_value is negative"},
    ),
    SourceTable(
        name="customers",
        stem="olist_customers_dataset",
        columns={"customer_id": _TEXT, "customer_unique_id": _TEXT},
        filled=("customer_id", "customer_unique_id"),
        key=("customer_id",),
    ),
    SourceTable(
        name="reviews",
        stem="olist_order_reviews_dataset",
        columns={
            "review_id": _TEXT,
            "order_id": _TEXT,
            "review_score": "BIGINT",
            "review_comment_title": _TEXT,
            "review_comment_message": _TEXT,
            "review_answer_timestamp": _TIME,
        },
        filled=("review_id", "order_id", "review_score", "review_answer_timestamp"),
        impossible={"review_score NOT BETWEEN 1 AND 5": "review_score is not 1 to 5"},
    ),
    SourceTable(
        name="products",
        stem="olist_products_dataset",
        columns={"product_id": _TEXT, "product_category_name": _TEXT},
        filled=("product_id",),
        key=("product_id",),
    ),
    SourceTable(
        name="sellers",
        stem="olist_sellers_dataset",
        columns={"seller_id": _TEXT, "seller_state": _TEXT},
        filled=("seller_id",),
        key=("seller_id",),
    ),
    SourceTable(
        name="closed_deals",
        stem="olist_closed_deals_dataset",
        columns={"seller_id": _TEXT, "won_date": _TIME, "business_segment": _TEXT},
        filled=("seller_id", "won_date"),
        key=("seller_id",),
        optional=True,
    ),
    SourceTable(
        name="translation",
        stem="product_category_name_translation",
        columns={"product_category_name": _TEXT, "product_category_name_english": _TEXT},
        filled=("product_category_name", "product_category_name_english"),
        key=("product_category_name",),
        optional=True,
    ),
)


def load_tables(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """Create one DuckDB table per entry of `TABLES` from the files in `source`; raises the `Source...` errors."""
    if not source.is_dir():
        raise SourceFileMissing(f"{source} is not a folder")
    for table in TABLES:
        path = _find(table, source)
        if path is None:
            _create_empty(connection, table)
        else:
            _load(connection, table, path)
            _check(connection, table, path)


def _find(table: SourceTable, source: Path) -> Path | None:
    """The table's file; Parquet is preferred because it states its types."""
    for ending in (".parquet", ".csv"):
        path = source / f"{table.stem}{ending}"
        if path.is_file():
            return path
    if table.optional:
        return None
    raise SourceFileMissing(f"neither {table.stem}.parquet nor {table.stem}.csv is in {source}")


def _create_empty(connection: duckdb.DuckDBPyConnection, table: SourceTable) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in {**table.columns, **table.extra}.items())
    connection.execute(f"CREATE TABLE {table.name} ({columns})")


def _load(connection: duckdb.DuckDBPyConnection, table: SourceTable, path: Path) -> None:
    try:
        rows = _open(connection, path)
        _refuse_missing_columns(table, path, rows.columns)
        rows.select(", ".join(_typed(table, rows.columns))).create(table.name)
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        raise SourceValueBroken(f"{path.name}: {_first_line(error)}") from error
    except duckdb.Error as error:
        raise SourceFileBroken(f"{path.name} cannot be read: {_first_line(error)}") from error


def _open(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    # DuckDB takes a path for a pattern, and a pattern would read other folders too.
    exact = glob.escape(str(path))
    if path.suffix == ".parquet":
        return connection.read_parquet(exact)
    return connection.read_csv(exact, header=True, all_varchar=True, delimiter=",", quotechar='"', escapechar='"')


def _refuse_missing_columns(table: SourceTable, path: Path, present: list[str]) -> None:
    missing = [name for name in table.columns if name not in present]
    if missing:
        raise SourceColumnMissing(f"{path.name} lacks {', '.join(missing)}; it has {', '.join(present)}")


def _typed(table: SourceTable, present: list[str]) -> list[str]:
    """SQL expressions that give the columns their types; an extra column that is absent is null."""
    wanted = {**table.columns, **table.extra}
    given = {name: _cast(name, kind) for name, kind in wanted.items() if name in present}
    return [f"{given.get(name, f'CAST(NULL AS {kind})')} AS {name}" for name, kind in wanted.items()]


def _cast(name: str, kind: str) -> str:
    if kind == _TEXT:
        # A text of blanks says nothing, and CSV cannot tell it from an empty one.
        return f"nullif(trim(CAST({name} AS VARCHAR), E' \\t\\r\\n'), '')"
    return f"CAST({name} AS {kind})"


def _check(connection: duckdb.DuckDBPyConnection, table: SourceTable, path: Path) -> None:
    """Refuse rows that would become events without an identity, or twice the same event."""
    faults = {f"{name} is empty": f"count_if({name} IS NULL)" for name in table.filled}
    faults |= {meaning: f"count_if({condition})" for condition, meaning in table.impossible.items()}
    if table.key:
        key = ", ".join(table.key)
        faults[f"a value of ({key}) that must stand once is repeated"] = f"count(*) - count(DISTINCT ({key}))"
    (counts,) = connection.sql(f"SELECT {', '.join(faults.values())} FROM {table.name}").fetchall()
    for meaning, count in zip(faults, counts, strict=True):
        if count:
            raise SourceValueBroken(f"{path.name}: {meaning} in {count} rows")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
