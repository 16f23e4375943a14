"""Features of merchants as they are asked for: ours from the live store, Feast's from its online store, in one run.

Both answer the same features of the same merchants at the same midnight, one merchant or a batch at a time; merchants
are drawn at random, and the answers are compared with the feature file of that midnight. Ours adds them up from the
merchant's tiles when it is asked, so that an event counts at once; Feast hands out what was put into it before.
Each is a process of its own; median wall and mean CPU are per request. Run `python -m benchmarks.online --help`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import generate
from benchmarks.contenders import SUBSET
from benchmarks.features import ours_with
from benchmarks.peers import environment
from benchmarks.peers.requests_timed import timed
from features.catalogue import CATALOGUE
from features.database import create_tables, open_engine, reading
from features.engine import build_features
from features.log import FileLog
from features.moment import features_now
from features.store import EventStore
from serving.ingest.files import ingest_file

GOALS = {"one": 20, "batch": 50}
BATCH = 100
CHOSEN = [feature for feature in CATALOGUE if feature.name in SUBSET]


def prepare(folder: Path, *, events: int, merchants: int, seed: int) -> None:
    """Make a log, the store that holds it, and the feature file of the midnight after everything in it is known."""
    log, _ = generate.write(folder, events=events, rows=1, merchants=merchants, seed=seed)
    table = pq.read_table(log, columns=["merchant_id", "known_at"])
    midnight = pc.ceil_temporal(pc.max(table["known_at"]), unit="day").as_py()
    store = EventStore(open_engine(f"sqlite:///{folder / 'store.db'}"))
    create_tables(store.engine)
    ingest_file(store, log, currency="CNY", now=midnight)
    names = table["merchant_id"].unique()
    spine = pa.table({"merchant_id": names, "as_of": pa.array([midnight] * len(names), pa.timestamp("us", tz="UTC"))})
    features = build_features(FileLog([log], currency="CNY"), spine, features=CHOSEN)
    pq.write_table(features, folder / "daily.parquet")


def draw(folder: Path, *, requests: int, seed: int) -> None:
    """Write which merchants are asked for."""
    names = np.array(pq.read_table(folder / "daily.parquet")["merchant_id"].to_pylist())
    rng = np.random.default_rng(seed)
    one = [[str(name)] for name in rng.choice(names, requests)]
    batch = [rng.choice(names, BATCH, replace=False).tolist() for _ in range(max(requests // 20, 5))]
    (folder / "requests.json").write_text(json.dumps({"one": one, "batch": batch}))


def answer(folder: Path, out: Path) -> None:
    """Be our own contender."""
    engine = open_engine(f"sqlite:///{folder / 'store.db'}")
    midnight = pq.read_table(folder / "daily.parquet", columns=["as_of"])["as_of"][0].as_py()
    # A store that was kept may hold tiles of an earlier version.
    EventStore(engine).catch_up(at=midnight)

    def ask(merchants: Sequence[str]) -> dict[str, list[float | int | None]]:
        with reading(engine) as tx:
            found = features_now(tx, merchants, now=midnight, features=CHOSEN)
        return found.drop_columns(["merchant_id", "as_of"]).to_pydict()

    timed(ask, folder / "requests.json", out)


def wrong(folder: Path, told: dict[str, Any]) -> int:
    """How many of the last answers' features are not those of the feature file."""
    daily = pq.read_table(folder / "daily.parquet")
    row_of = {name: row for row, name in enumerate(daily["merchant_id"].to_pylist())}
    found = 0
    for one in told.values():
        rows = daily.take([row_of[name] for name in one["asked"]])
        found += sum(rows[name].to_pylist() != one["answer"][name] for name in SUBSET)
    return found


def compare(folder: Path, environments: Path) -> None:
    """Run both and print what each needs for a request."""
    lines = {
        "goodfaith, from tiles": [sys.executable, "-m", "benchmarks.online", "--answer", folder],
        "Feast online (sqlite)": environment.command(
            "feast", "feast_online", folder / "daily.parquet", folder / "requests.json", folder=environments
        ),
    }
    told = {}
    for title, line in lines.items():
        out = folder / f"{len(told)}.json"
        subprocess.run([*map(str, line), str(out)], check=True)
        told[title] = json.loads(out.read_text())
        print(f"{title}: {wrong(folder, told[title])} features differ from the feature file")
    ours, feast = told.values()
    print(f"\n{'':24}{'':>8}{'median us':>12}{'CPU us':>12}")
    for name, goal in GOALS.items():
        for title, one in told.items():
            print(f"{title:24}{name:>8}{one[name]['median']:12.0f}{one[name]['cpu']:12.0f}")
        median, cpu = (feast[name][what] / ours[name][what] for what in ("median", "cpu"))
        print(f"Feast / goodfaith, {name}: {median:.1f} by median, {cpu:.1f} by CPU (goal >= {goal})")


def main() -> None:
    """Compare, or be one of those compared."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--merchants", type=int, default=600)
    parser.add_argument("--requests", type=int, default=2_000, help="of one merchant; a twentieth as many of 100")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="keep the files here, and use them again")
    parser.add_argument("--environments", type=Path, default=environment.FOLDER, help="keep peers' environments here")
    parser.add_argument("--answer", nargs=2, type=Path, metavar=("FOLDER", "OUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        answer(*asked.answer)
        return
    environment.python_of("feast", asked.environments)
    print(f"{ours_with()}; peer: {environment.versions('feast', asked.environments)}")
    print("Again: python -m benchmarks.online " + " ".join(sys.argv[1:]))
    print(f"{asked.events:,} events of {asked.merchants:,} merchants, {len(SUBSET)} features")
    with TemporaryDirectory(prefix="goodfaith-benchmark-") as temporary:
        folder = asked.folder or Path(temporary)
        if not (folder / "daily.parquet").exists():
            making = partial(prepare, folder, events=asked.events, merchants=asked.merchants, seed=asked.seed)
            with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
                pool.submit(making).result()
        draw(folder, requests=asked.requests, seed=asked.seed)
        compare(folder, asked.environments)


if __name__ == "__main__":
    main()
