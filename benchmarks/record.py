"""What the record costs: entries beside bare inserts of the same rows, decisions run again beside making them, proofs.

A store of a made-up marketplace, a model that judged its merchants, refunds of different buyers decided in batches of
64, in this process; then all of them run again, and the record verified. CPU seconds of this process, so what
PostgreSQL's own processes use is not in them. Run `python -m benchmarks.record --help`.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, insert

from benchmarks.shopfloor import Shop, judge_everybody, log_until_today, make_model, make_store
from features.database import open_engine, reading, writing
from features.settings import Settings
from serving.idempotency import Asked
from serving.owed import OwedBy
from serving.plain import as_json
from serving.record import audit
from serving.record.anchors import anchor
from serving.record.check import first_fault
from serving.record.tables import audit as table
from serving.refunds import RefundAsked, decide_on_refunds
from serving.replay.rerun import Replays, replay_all
from serving.schemas import RefundBody
from serving.serve import service_on
from training.registry import Registry

_BATCH = 64
_ENTRIES = 2_000


@contextmanager
def spent(into: dict[str, float], name: str, count: int) -> Iterator[None]:
    """Note how long something took: microseconds of CPU, and of the clock, for each of `count` things."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    into[f"{name}, CPU us"] = (time.process_time() - cpu) / count * 1e6
    into[f"{name}, wall us"] = (time.perf_counter() - wall) / count * 1e6


def entries(engine: Engine, found: dict[str, float]) -> None:
    """Entries one in a transaction and many, and the same rows inserted without a chain."""
    now = datetime.now(UTC)
    said = {"kind": "refund", "outcome": "instant", "seal": "0" * 64, "buyer": "0" * 64}
    entry = audit.Entry(actor="key:k1", action="tried", subject="decision:d_1", body=said)
    row = {"at": 1, "actor": "key:k1", "action": "tried", "subject": "decision:d_1", "body": as_json(said)}
    row |= {"previous": "0" * 64, "hash": "0" * 64}

    def bare(many: int) -> Callable[[Any, int], None]:
        rows = [{"chain": "bare", **row} for _ in range(many)]
        return lambda tx, number: tx.execute(
            insert(table), [{**one, "seq": number * many + place} for place, one in enumerate(rows)]
        )

    ways: dict[str, tuple[int, Callable[[Any, int], None]]] = {
        "entry, one a transaction": (1, lambda tx, _: audit.write(tx, entry, now=now)),
        "bare insert, one a transaction": (1, bare(1)),
        "entry, 20 a transaction": (20, lambda tx, _: audit.write_all(tx, [entry] * 20, now=now)),
        "bare insert, 20 a transaction": (20, bare(20)),
    }
    for name, (many, way) in ways.items():
        with writing(engine) as tx:
            tx.execute(table.delete())
        with spent(found, name, _ENTRIES):
            for number in range(_ENTRIES // many):
                with writing(engine) as tx:
                    way(tx, number)
    with writing(engine) as tx:
        for one in ("audit", "audit_chains"):
            tx.exec_driver_sql(f"DELETE FROM {one}")


def asked(shop: Shop, count: int) -> list[RefundAsked]:
    """Refunds of different buyers, each under a key of its own."""
    found = []
    for number, row in enumerate(shop.orders[:count]):
        body = RefundBody.model_validate(
            {
                "order_id": row["order_id"], "merchant_id": row["merchant_id"], "currency": "CNY",
                "amount_cents": 100, "category": row["category"], "reason": "not_as_described",
                "buyer": {"id": row["buyer_id"], "credit": 700, "refunds_90d": 1, "orders_90d": 12},
            }
        )  # fmt: skip
        text = as_json(body.model_dump(mode="json"))
        found.append(RefundAsked(body=body, asked=Asked(caller="k1", route="/r", key=str(number), body=text)))
    return found


def measure(folder: Path, url: str, *, decisions: int, rows: int, seed: int) -> dict[str, float]:
    """Everything that is measured, by name."""
    log, models, found = log_until_today(folder, rows=rows, seed=seed), f"sqlite:///{folder}/models.db", {}
    make_store(log, url)
    make_model(models, seed=seed)
    engine = open_engine(url)
    entries(engine, found)
    judge_everybody(engine, models)
    service = service_on(engine, Registry(models), Settings(), lambda: datetime.now(UTC))
    wishes = asked(Shop.of(log, seed=seed), decisions)
    owed = OwedBy()
    with spent(found, "a refund decided, of 64 together", len(wishes)):
        for begin in range(0, len(wishes), _BATCH):
            decide_on_refunds(service, wishes[begin : begin + _BATCH], owed)
    prove(engine, found)
    engine.dispose()
    return found


def prove(engine: Engine, found: dict[str, float]) -> None:
    """Run all decisions again, join the chains, and verify everything."""
    told, begun = Replays(), time.perf_counter()
    with reading(engine) as tx:
        for one in replay_all(tx):
            told.take(one)
    found["decisions run again"], found["of them different"] = told.replayed, told.different
    found["all of them, wall s"] = time.perf_counter() - begun
    with reading(engine) as tx, spent(found, "a decision run again", told.replayed):
        list(replay_all(tx))
    with reading(engine) as tx, spent(found, "a decision run again with its facts", told.replayed):
        of_facts = Replays()
        for one in replay_all(tx, facts=True):
            of_facts.take(one)
    found["of them different with their facts"] = of_facts.different
    with spent(found, "an anchor", 1):
        anchor(engine, now=datetime.now(UTC))
    with reading(engine) as tx, spent(found, "an entry and its decision verified", told.replayed):
        assert first_fault(tx) is None  # noqa: S101 - a figure of a broken record would mean nothing


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--decisions", type=int, default=10_000)
    wanted.add_argument("--events", type=int, default=200_000)
    wanted.add_argument("--seed", type=int, default=1)
    wanted.add_argument("--url", default="", help="default: a SQLite file that is thrown away")
    told = wanted.parse_args()
    with TemporaryDirectory() as folder:
        url = told.url or f"sqlite:///{folder}/store.db"
        found = measure(Path(folder), url, decisions=told.decisions, rows=told.events, seed=told.seed)
    print(json.dumps({name: round(value, 1) for name, value in found.items()}, indent=1))


if __name__ == "__main__":
    main()
