"""The peers that need no environment of their own answer what the engine answers, and a difference is told."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks import generate
from benchmarks.contenders import SUBSET, answer
from benchmarks.features import differences
from benchmarks.peers import duckdb_features, pandas_features


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    log, spine = generate.write(folder, events=6_000, rows=400, merchants=12, seed=3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GOODFAITH_CURRENCY", "CNY")
        answer("ours", log, spine, folder / "ours.parquet")
    return folder, log, spine


@pytest.mark.parametrize(
    ("peer", "columns"),
    [(duckdb_features, duckdb_features.names()), (pandas_features, SUBSET)],
    ids=["duckdb", "pandas"],
)
def test_a_peer_answers_what_the_engine_does(made, peer, columns):
    folder, log, spine = made
    peer.compute(log, spine, folder / "peer.parquet")
    assert set(columns) <= set(pq.read_schema(folder / "peer.parquet").names)
    assert differences(folder / "peer.parquet", folder / "ours.parquet") == ([], 0)


def test_a_difference_is_told_with_an_example(made):
    folder, *_ = made
    ours = pq.read_table(folder / "ours.parquet")
    place = ours.column_names.index("n_orders_7d")
    first = pa.array([True] + [False] * (ours.num_rows - 1))
    off_by_one = pc.add(ours["n_orders_7d"], first.cast(pa.int64()))
    pq.write_table(ours.set_column(place, "n_orders_7d", off_by_one), folder / "off.parquet")
    (found,), rows = differences(folder / "off.parquet", folder / "ours.parquet")
    assert found.startswith("n_orders_7d: 1 rows, e.g. ")
    assert rows == 1
