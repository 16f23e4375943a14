"""The service over HTTP beside what it is to be compared with, in one run: refund decisions, scores, events, freshness.

Peers: a bare FastAPI service that validates and echoes the same refund requests; one that runs LightGBM's `predict`
and `pred_contrib` within each request; MLflow's own server of the same model; a plain SQLAlchemy insert of the same
events. CPU is of all processes of a server and of its database's backends, per request, measured while 32 connections
ask as fast as they are answered; half load is half of that rate, kept by the clock (`benchmarks.load`). Each decision
is on another order of another buyer, under a random idempotency key. Run `python -m benchmarks.serving --help`.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import ingesting
from benchmarks.load import Told, at_full_speed, at_rate, request
from benchmarks.served import Server, served
from benchmarks.shopfloor import Shop, judge_everybody, log_until_today, make_model, make_store, naive_files
from benchmarks.stores import emptied, kind_of, on_server, used_copy
from features.database import open_engine

PEERS = Path(__file__).parent / "peers"
CONNECTIONS = 32
WARM = 300
REFUND, ECHO = "/v1/refunds/decisions", "/echo"
FRESH_RATE, _AT_A_TIME = 1000, 20
PACKAGES = ("fastapi", "uvicorn", "pydantic", "sqlalchemy", "psycopg", "lightgbm", "mlflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one server needs for one kind of request: CPU (us), rate, and times (ms) at full speed and at half load."""

    cpu: float
    rate: float
    full: Told
    half: Told

    def row(self, title: str, bare: "Measured | None") -> str:
        """A line of the table."""
        ratio = f"{self.cpu / bare.cpu:.2f}" if bare else "1.00"
        times = " | ".join(f"{one.milliseconds(p):.1f}" for one in (self.full, self.half) for p in (50, 99))
        return f"| {title} | {self.cpu:,.0f} | {ratio} | {self.rate:,.0f} | {times} |"


HEAD = (
    "| | CPU us | against the echo | requests/s | p50, full (ms) | p99, full | p50, half | p99, half |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def measure(server: Server, requests: Iterator[bytes], count: int) -> Measured:
    """Ask as fast as answers come, then at half that rate."""
    at_full_speed(server.port, list(islice(requests, WARM)), connections=CONNECTIONS)
    asked, before = list(islice(requests, count)), server.cpu()
    full = at_full_speed(server.port, asked, connections=CONNECTIONS)
    cpu, rate = (server.cpu() - before) / len(asked), len(asked) / full.took
    half = at_rate(server.port, list(islice(requests, count)), per_second=rate / 2, connections=2 * CONNECTIONS)
    for told in (full, half):
        if set(told.statuses) != {200}:
            print(f"  statuses {dict(told.statuses)}, such as {told.bodies[-1][:300]!r}", file=sys.stderr)
    return Measured(cpu=cpu * 1e6, rate=rate, full=full, half=half)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a run has: its folder, what can be asked, and how much of it is."""

    folder: Path
    shop: Shop
    keys: dict[str, str]
    count: int
    seed: int
    server: str | None
    own_cores: bool

    @property
    def registry(self) -> str:
        """Where the champion is."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @contextmanager
    def goodfaith(self, store: str, workers: int) -> Iterator[Server]:
        """`goodfaith serve` on a copy of a store, as it was when it was made."""
        url = used_copy(store, self.server)
        judge_everybody(open_engine(url), self.registry)
        env = {"GOODFAITH_HOME": str(self.folder), "GOODFAITH_DATABASE_URL": url}
        command = [sys.executable, "-m", "goodfaith", "serve", "--port", "PORT", "--workers", workers]
        command += ["--own-cores"] if self.own_cores else []
        with served(command, ready="/readyz", log=self.folder / "goodfaith.log", env=env, database=url) as server:
            yield server

    @contextmanager
    def peer(self, *arguments: object) -> Iterator[Server]:
        """A service of `peers/bare_api.py`."""
        command = [sys.executable, PEERS / "bare_api.py", arguments[0], "PORT", *arguments[1:]]
        with served(command, ready="/docs", log=self.folder / "peer.log") as server:
            yield server

    @contextmanager
    def mlflow(self) -> Iterator[Server]:
        """MLflow's own server of the champion."""
        model = ("-m", "models:/goodfaith-credit@champion", "--env-manager", "local")
        command = [sys.executable, "-m", "mlflow", "models", "serve", *model, "--host", "127.0.0.1", "-p", "PORT"]
        env = {"MLFLOW_TRACKING_URI": self.registry, "MLFLOW_DISABLE_TELEMETRY": "true"}
        env |= {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
        with served(command, ready="/ping", log=self.folder / "mlflow.log", env=env) as server:
            yield server


def compare_answers(stage: Stage, stores: Sequence[str], workers: Sequence[int], *, mlflow: bool) -> None:
    """Decisions and scores of ours beside the peers'."""
    print(f"\n{HEAD}")
    with stage.peer("echo") as server:
        bare = measure(server, stage.shop.refunds(ECHO, "", headers=False), stage.count)
    print(bare.row("bare FastAPI, echo", None), flush=True)
    requests = {store: stage.shop.refunds(REFUND, stage.keys[store]) for store in stores}
    for store in stores:
        for count in workers:
            with stage.goodfaith(store, count) as server:
                decided = measure(server, requests[store], stage.count)
                title = f"{kind_of(store)}, {count} worker{'s'[: count > 1]}"
                print(decided.row(f"refund decision, {title}", bare), flush=True)
                read = measure(server, stage.shop.scores(stage.keys[store], seed=stage.seed), stage.count)
                print(read.row(f"score, {title}", bare), flush=True)
            print(f"  outcomes: {_outcomes(decided)}", file=sys.stderr)
    model, features = naive_files(stage.folder, stage.registry, stage.shop.merchants)
    with stage.peer("naive", model, features) as server:
        print(measure(server, stage.shop.refunds(ECHO, ""), stage.count // 4).row("predict and explain", bare))
    if mlflow:
        with stage.mlflow() as server:
            print(measure(server, _invocations(features), stage.count // 8).row("mlflow models serve", bare))


def compare_events(stage: Stage, stores: Sequence[str]) -> None:
    """Events of ours beside a plain insert, and how soon they count."""
    count = max(stage.count // 100, 5)
    print("\n| events, in batches of 1,000 | events/s | CPU us of each |\n| --- | --- | --- |")
    for store in stores:
        with stage.goodfaith(store, 1) as server:
            batches = stage.shop.batches(stage.keys[store], ingesting.BATCH)
            rate, cpu, _ = ingesting.ingest(server, batches, count)
            print(f"| over HTTP, {kind_of(store)} | {rate:,.0f} | {cpu:,.0f} |", flush=True)
            events = stage.shop.events(_AT_A_TIME)
            fresh = ingesting.freshness(
                server, events, key=stage.keys[store], batch=_AT_A_TIME, per_second=FRESH_RATE, count=count * 50
            )
        rate, cpu = ingesting.plain_insert(
            open_engine(used_copy(store, stage.server)), stage.shop.batches("", ingesting.BATCH), count
        )
        print(f"| plain insert, {kind_of(store)} | {rate:,.0f} | {cpu:,.0f} |", flush=True)
        times = ", ".join(f"{p} % within {fresh.milliseconds(p):,.0f} ms" for p in (50, 99))
        told = f"{fresh.events:,} events at {fresh.per_second:,.0f} a second, {fresh.refused} batches refused"
        print(f"\nSent -> in the score, {kind_of(store)}, {told}: {times}\n", flush=True)


def _invocations(features: Path) -> Iterator[bytes]:
    """Requests for MLflow's server: one row each."""
    from features.catalogue import INPUTS

    names = [one.name for one in INPUTS]
    while True:
        for row in json.loads(features.read_text()).values():
            body = json.dumps({"dataframe_split": {"columns": names, "data": [row]}}).encode()
            yield request("POST", "/invocations", body=body)


def _outcomes(measured: Measured) -> dict[str, int]:
    told = [json.loads(body).get("outcome", "refused") for body in measured.full.bodies]
    return {one: told.count(one) for one in sorted(set(told))}


def prepare(folder: Path, stores: Sequence[str], *, server: str | None, rows: int, seed: int) -> dict[str, str]:
    """Make what is not there yet: log, model, stores (some on a PostgreSQL server); answer each store's key."""
    told = folder / "keys.json"
    if told.exists():
        return dict(json.loads(told.read_text()))
    began = time.process_time()
    log = log_until_today(folder, rows=rows, seed=seed)
    make_model(f"sqlite:///{folder / 'mlflow.db'}", seed=seed)
    keys = {}
    for store in stores:
        keys[store] = make_store(log, emptied(store, server))
        judge_everybody(open_engine(store), f"sqlite:///{folder / 'mlflow.db'}")
    told.write_text(json.dumps(keys))
    print(f"made in {time.process_time() - began:.0f} CPU s", file=sys.stderr)
    return keys


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="events in the store")
    parser.add_argument("--requests", type=int, default=2000, help="counted requests of each kind")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--own-cores", action="store_true", help="with that option of `goodfaith serve`")
    parser.add_argument("--postgres", help="a server's URL (postgresql+psycopg://...); left away: SQLite only")
    parser.add_argument("--only", choices=["answers", "events"], help="one part of it")
    parser.add_argument("--without-mlflow", action="store_true", help="its server takes long to start")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="keep the store here, and use it again")
    asked = parser.parse_args()
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    print("Again: python -m benchmarks.serving " + " ".join(sys.argv[1:]))
    print(f"{asked.rows:,} events; {asked.requests:,} requests of each kind on {CONNECTIONS} connections")
    with TemporaryDirectory(prefix="goodfaith-benchmark-") as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        stores = [f"sqlite:///{folder / 'goodfaith.db'}"]
        stores += [on_server(asked.postgres)] if asked.postgres else []
        keys = prepare(folder, stores, server=asked.postgres, rows=asked.rows, seed=asked.seed)
        shop = Shop.of(folder / "events.parquet", seed=int(np.random.default_rng().integers(2**31)))
        stage = Stage(
            folder=folder,
            shop=shop,
            keys=keys,
            count=asked.requests,
            seed=asked.seed,
            server=asked.postgres,
            own_cores=asked.own_cores,
        )
        if asked.only != "events":
            compare_answers(stage, stores, asked.workers, mlflow=not asked.without_mlflow)
        if asked.only != "answers":
            compare_events(stage, stores)


if __name__ == "__main__":
    main()
