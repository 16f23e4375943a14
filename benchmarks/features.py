"""Point-in-time features: our engine against the best of DuckDB, Polars, pandas and Feast we know, in one run.

Each contender runs in a process of its own on the same files, peers in environments of their own
(`benchmarks/peers/environment.py`); what it answered is compared with DuckDB's column by column (integers exactly,
rates and means to 1e-12), and its CPU seconds, wall seconds and peak memory are taken from the operating system when
it ends, start-up included. Ours validates every row, looks for duplicates, and fills promises; the peers are given a
log where that has been done. Run `python -m benchmarks.features --help`.
"""

import argparse
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import generate
from benchmarks.contenders import CONTENDERS, Cost, Files, answer, measure
from benchmarks.peers import environment
from features.events import SCHEMA

GOAL = 0.5


def differences(left: Path, right: Path) -> tuple[list[str], int]:
    """Say in which of their common columns two feature files differ, with an example of each, and in how many rows."""
    mine, theirs = pq.read_table(left), pq.read_table(right)
    found, anywhere = [], np.zeros(mine.num_rows, dtype=bool)
    for name in (name for name in mine.column_names if name in theirs.column_names):
        other = ~_equal(mine.column(name), theirs.column(name))
        anywhere |= other
        if other.any():
            row = int(np.flatnonzero(other)[0])
            found.append(
                f"{name}: {other.sum():,} rows, e.g. {mine['merchant_id'][row]} at {mine['as_of'][row]}: "
                f"{left.stem} {mine[name][row]}, {right.stem} {theirs[name][row]}"
            )
    return found, int(anywhere.sum())


def _equal(left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    if not pa.types.is_floating(left.type):
        return np.array(left.to_pylist(), object) == np.array(right.to_pylist(), object)
    one, other = (column.to_numpy(zero_copy_only=False) for column in (left, right))
    return np.isclose(one, other, rtol=1e-12, atol=0, equal_nan=True)


def monthly_spine(log: Path, rows: int, out: Path) -> None:
    """Write a spine of every merchant of a log at every first of a month within it, at most `rows` by lot."""
    table = pq.read_table(log, columns=["merchant_id", "event_time"])
    times = table["event_time"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[M]")
    months = np.arange(times.min() + 1, times.max() + 2).astype("datetime64[us]")
    merchants = table["merchant_id"].unique().to_numpy(zero_copy_only=False)
    pairs = len(months) * len(merchants)
    drawn = np.random.default_rng(0).choice(pairs, min(rows, pairs), replace=False)
    as_of = pa.array(months[drawn % len(months)]).cast(pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"merchant_id": merchants[drawn // len(months)], "as_of": as_of}), out)


def whole(log: Path, out: Path) -> Path:
    """Give the peers every column of the log's schema, as ours finds out for itself which are there."""
    with pq.ParquetFile(log) as file, pq.ParquetWriter(out, SCHEMA) as writer:
        for batch in file.iter_batches():
            present = set(batch.schema.names)
            nothing = {field.name: pa.nulls(len(batch), field.type) for field in SCHEMA if field.name not in present}
            columns = [nothing[f.name] if f.name in nothing else batch[f.name].cast(f.type) for f in SCHEMA]
            writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
    return out


def read_through(path: Path) -> None:
    """Have a file in the system's memory, so that its first reader does not pay for the disk; and not in ours.

    What a process has held at most is told of its children too.
    """
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def report(files: Files, contenders: list[str], repeats: int) -> None:
    """Run the contenders in turns; print what each used, and where answers differ from DuckDB's."""
    read_through(files.log)
    costs: dict[str, list[Cost]] = {}
    for _ in range(repeats):
        for contender in contenders:
            if cost := measure(contender, files):
                costs.setdefault(contender, []).append(cost)
    least = {contender: min(taken, key=lambda cost: cost.cpu) for contender, taken in costs.items()}
    print(f"{'':40}{'columns':>8}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}{'CPU / DuckDB':>14}  all CPU s")
    for contender, cost in least.items():
        columns = len(pq.read_schema(files.answer(contender)).names) - 2
        ratio = f"{cost.cpu / least['duckdb'].cpu:.2f}" if "duckdb" in least else ""
        every = " ".join(f"{one.cpu:.1f}" for one in costs[contender])
        used = f"{cost.cpu:9.1f}{cost.wall:9.1f}{cost.peak:9.0f}"
        print(f"{CONTENDERS[contender].title:40}{columns:8}{used}{ratio:>14}  {every}")
    for contender in contenders:
        if contender not in least:
            print(f"{CONTENDERS[contender].title}: failed")
        elif contender != "duckdb" and "duckdb" in least and CONTENDERS[contender].answers:
            _compare(contender, files)
    if {"ours", "duckdb"} <= least.keys():
        print(f"CPU, ours / DuckDB: {least['ours'].cpu / least['duckdb'].cpu:.2f} (goal <= {GOAL})")


def _compare(contender: str, files: Files) -> None:
    found, rows = differences(files.answer(contender), files.answer("duckdb"))
    title = CONTENDERS[contender].title
    if CONTENDERS[contender].exact:
        print(f"{title}: {len(found)} columns differ from DuckDB's", *found, sep="\n  ")
    else:
        count = pq.read_metadata(files.answer(contender)).num_rows
        print(f"{title}: wrong in {rows:,} of {count:,} rows ({len(found)} columns)", *found[:3], sep="\n  ")


def ours_with() -> str:
    """What our own side ran on and with."""
    packages = " ".join(f"{name} {version(name)}" for name in ("pyarrow", "numpy", "duckdb", "sqlalchemy"))
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    return f"Python {platform.python_version()}; {machine}; ours with {packages}"


def described(contenders: list[str], environments: Path) -> str:
    """What this ran on and with."""
    peers = dict.fromkeys(peer for name in contenders if (peer := CONTENDERS[name].peer))
    return f"{ours_with()}; peers: {'; '.join(environment.versions(peer, environments) for peer in peers)}"


def run(asked: argparse.Namespace, folder: Path) -> None:
    """Make or take the log, then compare."""
    folder.mkdir(parents=True, exist_ok=True)
    if asked.olist:
        moments = folder / "spine.parquet"
        monthly_spine(asked.olist, asked.spine, moments)
        log = whole(asked.olist, folder / "events.parquet")
        events, rows = (pq.read_metadata(file).num_rows for file in (log, moments))
        print(f"\n{asked.olist.name}: {events:,} events x {rows:,} rows")
        files = Files(log=log, spine=moments, folder=folder, currency="BRL", environments=asked.environments)
        report(files, asked.contenders, asked.repeats)
        return
    for events in asked.events:
        merchants = max(events // 500, 20)
        # In a process of its own: what it had in memory would be counted as the first memory of all that follow.
        making = partial(generate.write, folder, events=events, rows=asked.spine, merchants=merchants, seed=asked.seed)
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
            log, moments = pool.submit(making).result()
        print(f"\n{events:,} events of {merchants:,} merchants x {asked.spine:,} rows, seed {asked.seed}")
        files = Files(log=log, spine=moments, folder=folder, currency="CNY", environments=asked.environments)
        report(files, asked.contenders, asked.repeats)


def main() -> None:
    """Compare, or be one of those compared."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[5_000_000], help="sizes of the made-up log")
    parser.add_argument("--spine", type=int, default=100_000, help="rows of the spine")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--olist", type=Path, metavar="FILE", help="an imported log (BRL) instead of a made-up one")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--repeats", type=int, default=1, help="the least CPU of so many runs counts")
    parser.add_argument("--folder", type=Path, help="keep the files here (default: a temporary folder)")
    parser.add_argument("--environments", type=Path, default=environment.FOLDER, help="keep peers' environments here")
    parser.add_argument("--answer", nargs=4, metavar=("WHO", "LOG", "SPINE", "OUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        who, *paths = asked.answer
        answer(who, *map(Path, paths))
        return
    for peer in {CONTENDERS[name].peer for name in asked.contenders} - {None}:
        environment.python_of(peer, asked.environments)
    print(described(asked.contenders, asked.environments))
    print("Again: python -m benchmarks.features " + " ".join(sys.argv[1:]))
    with TemporaryDirectory(prefix="goodfaith-benchmark-") as folder:
        run(asked, asked.folder or Path(folder))


if __name__ == "__main__":
    main()
