"""Point-in-time features: our engine against the best DuckDB SQL we know and against pandas, in one run.

Each contender runs in a process of its own on the same files; what it answered is compared column by column
(integers exactly, rates and means to 1e-12), and its CPU seconds, wall seconds and peak memory are taken from the
operating system when it ends, start-up included. Ours validates every row, looks for duplicates, and fills
promises; the peers are given a log where that has been done. Run `python -m benchmarks.features --help`.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import generate
from benchmarks.peers import duckdb_features
from features.catalogue import CATALOGUE
from features.engine import build_features
from features.events import SCHEMA
from features.log import FileLog

GOAL = 0.5
PANDAS_COLUMNS = 32
CONTENDERS = {
    "duckdb": "best DuckDB SQL, 2 threads",
    "ours": "goodfaith, the same columns",
    "ours_cli": "goodfaith features (whole catalogue)",
    "pandas": f"pandas, {PANDAS_COLUMNS} of the columns",
    "ours_subset": f"goodfaith, the same {PANDAS_COLUMNS}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The log, the spine, where answers go, and the log's currency."""

    log: Path
    spine: Path
    folder: Path
    currency: str

    def answer(self, contender: str) -> Path:
        """Where a contender writes its features."""
        return self.folder / f"{contender}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process used: CPU and wall in seconds, peak resident memory in MB."""

    cpu: float
    wall: float
    peak: float


def command(contender: str, files: Files) -> list[str]:
    """The command line that makes a contender answer."""
    python, out = sys.executable, str(files.answer(contender))
    match contender:
        case "duckdb" | "pandas":
            return [python, "-m", f"benchmarks.peers.{contender}_features", str(files.log), str(files.spine), out]
        case "ours_cli":
            options = ["--events", str(files.log), "--spine", str(files.spine), "--out", out]
            return [str(Path(python).parent / "goodfaith"), "features", *options]
    return [python, "-m", "benchmarks.features", "--answer", contender, *map(str, (files.log, files.spine, out))]


def measure(contender: str, files: Files) -> Cost | None:
    """Run a contender to its end; None where it could not do the work."""
    environment = {**os.environ, "GOODFAITH_CURRENCY": files.currency}
    started = time.perf_counter()
    process = subprocess.Popen(command(contender, files), env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        return None
    return Cost(cpu=used.ru_utime + used.ru_stime, wall=wall, peak=used.ru_maxrss / 1024)


def answer(contender: str, log: Path, spine: Path, out: Path) -> None:
    """Be our own contender: work out the contract's columns, or those that pandas does, by the library."""
    names = set(duckdb_features.names())
    if contender == "ours_subset":
        bases = (
            "n_orders",
            "order_value_cents",
            "n_buyers",
            "late_delivery_rate",
            "mean_hours_late",
            "low_star_rate",
            "mean_stars",
            "return_rate",
        )
        names = {f"{base}_{days}d" for base in bases for days in duckdb_features.DAYS}
    events = FileLog([log], currency=os.environ["GOODFAITH_CURRENCY"])
    chosen = [feature for feature in CATALOGUE if feature.name in names]
    pq.write_table(build_features(events, pq.read_table(spine), features=chosen), out)


def differences(left: Path, right: Path) -> list[str]:
    """Say in which of their common columns two feature files differ, with the first example of each."""
    mine, theirs = pq.read_table(left), pq.read_table(right)
    found = []
    for name in (name for name in mine.column_names if name in theirs.column_names):
        rows = np.flatnonzero(~_equal(mine.column(name), theirs.column(name)))
        if len(rows):
            row = int(rows[0])
            found.append(
                f"{name}: {len(rows)} rows, e.g. {mine['merchant_id'][row]} at {mine['as_of'][row]}: "
                f"{left.stem} {mine[name][row]}, {right.stem} {theirs[name][row]}"
            )
    return found


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


def report(files: Files, contenders: list[str], repeats: int) -> None:
    """Run the contenders in turns; print what each used, and where answers differ from DuckDB's."""
    files.log.read_bytes()  # The first to read the log should not pay for the disk.
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
        print(f"{CONTENDERS[contender]:40}{columns:8}{used}{ratio:>14}  {every}")
    for contender in contenders:
        if contender not in least:
            print(f"{CONTENDERS[contender]}: failed")
        elif contender != "duckdb" and "duckdb" in least:
            found = differences(files.answer(contender), files.answer("duckdb"))
            print(f"{CONTENDERS[contender]}: {len(found)} columns differ from DuckDB's", *found, sep="\n  ")
    if {"ours", "duckdb"} <= least.keys():
        print(f"CPU, ours / DuckDB: {least['ours'].cpu / least['duckdb'].cpu:.2f} (goal <= {GOAL})")


def described() -> str:
    """What this ran on and with."""
    packages = " ".join(f"{name} {version(name)}" for name in ("duckdb", "pandas", "pyarrow", "numpy"))
    return f"Python {platform.python_version()}, {packages}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def run(asked: argparse.Namespace, folder: Path) -> None:
    """Make or take the log, then compare."""
    folder.mkdir(parents=True, exist_ok=True)
    if asked.olist:
        moments = folder / "spine.parquet"
        monthly_spine(asked.olist, asked.spine, moments)
        log = whole(asked.olist, folder / "events.parquet")
        events, rows = (pq.read_metadata(file).num_rows for file in (log, moments))
        print(f"\n{asked.olist.name}: {events:,} events x {rows:,} rows")
        report(Files(log=log, spine=moments, folder=folder, currency="BRL"), asked.contenders, asked.repeats)
        return
    for events in asked.events:
        merchants = max(events // 500, 20)
        # In a process of its own: what it had in memory would be counted as the first memory of all that follow.
        making = partial(generate.write, folder, events=events, rows=asked.spine, merchants=merchants, seed=asked.seed)
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
            log, moments = pool.submit(making).result()
        print(f"\n{events:,} events of {merchants:,} merchants x {asked.spine:,} rows, seed {asked.seed}")
        report(Files(log=log, spine=moments, folder=folder, currency="CNY"), asked.contenders, asked.repeats)


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
    parser.add_argument("--answer", nargs=4, metavar=("WHO", "LOG", "SPINE", "OUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        who, *paths = asked.answer
        answer(who, *map(Path, paths))
        return
    print(described())
    print("Again: python -m benchmarks.features " + " ".join(sys.argv[1:]))
    with TemporaryDirectory(prefix="goodfaith-benchmark-") as folder:
        run(asked, asked.folder or Path(folder))


if __name__ == "__main__":
    main()
