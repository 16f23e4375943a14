"""What a ring of false reports does to honest merchants, on a marketplace that no model has seen: see `goals`.

The marketplace is made twice, with the ring and without; all else in it is the same to the last event. Everybody honest
whom the ring reports is judged every fifteen days from the ring's first month to two months after its last.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.scenarios import made
from benchmarks.unseen import LATER, Learned, log_of
from features.engine import build_features
from features.events import Kind
from features.simulator.scenario import Attack
from features.simulator.scenario_file import read_plot
from features.simulator.write import Written
from features.spine import midnight
from scoring.assessment import Assessment
from scoring.counterfeit import Level
from scoring.model import Model
from serving.assess import Judge, judge_table
from serving.champions import LiveModels
from serving.policy import read_policy, shipped_policy
from training.fit import bundle_of

__all__ = ["HEAD", "RING", "rings"]

#: As in the scenario `counterfeit_wave`.
RING = Attack(kind="bad_faith_ring", strength=0.8, day=240, days=90)

HEAD = [
    "honest merchants reported", "reports of each, in the middle and at most", "moments each is judged",
    "always in the band that they have without the ring", "never in a worse one", "never at a worse level for fakes",
    "ever flagged", "p_counterfeit raised by at most",
]  # fmt: skip

LEVELS = tuple(Level)


def rings(folder: Path, calm: Written, learned: Mapping[str, Learned], *, merchants: int, seed: int) -> list[str]:
    """The line: `calm` is the everyday marketplace of these merchants and this seed without the ring."""
    plot = read_plot("everyday")
    written = made(folder, replace(plot, name="ring", attacks=((RING, None),)), merchants, seed, start=LATER)
    hit, judge = _hit(written), _judge(learned)
    pairs = [(who, at) for who in hit for at in _moments()]
    with_ring, without = _judged(written, pairs, judge), _judged(calm, pairs, judge)
    return told_of(hit, with_ring, without)


def told_of(hit: Mapping[str, int], with_ring: list[Assessment], without: list[Assessment]) -> list[str]:
    """The line of merchants, each with how many false reports it got, judged at the same moments in both worlds."""
    pairs = list(zip(with_ring, without, strict=True))
    moved = {one.merchant_id for one, other in pairs if one.band != other.band}
    worse = {one.merchant_id for one, other in pairs if one.band > other.band}
    suspected = {one.merchant_id for one, other in pairs
                 if LEVELS.index(one.counterfeit.level) > LEVELS.index(other.counterfeit.level)}  # fmt: skip
    flagged = {one.merchant_id for one, other in pairs if one.counterfeit.flagged and not other.counterfeit.flagged}
    reports = sorted(hit.values())
    raised = max((one.counterfeit.p or 0) - (other.counterfeit.p or 0) for one, other in pairs)
    kept = [f"{len(hit) - len(some)} ({1 - len(some) / len(hit):.1%})" for some in (moved, worse, suspected)]
    return [
        str(len(hit)), f"{reports[len(reports) // 2]}, {reports[-1]}", str(len(pairs) // len(hit)), *kept,
        str(len(flagged)), f"{raised:.4f}",
    ]  # fmt: skip


def _hit(written: Written) -> dict[str, int]:
    """Honest merchants whom the ring reported, and how often."""
    with duckdb.connect(":memory:") as connection:
        return dict(connection.execute(f"""SELECT merchant_id, n_reports FROM '{written.truth}' JOIN
            (FROM '{written.truth.parent}/truth_attacks.parquet' SELECT merchant_id, n_reports
             WHERE attack = '{RING.kind}' AND n_reports > 0) USING (merchant_id) WHERE honest
            ORDER BY 1""").fetchall())  # fmt: skip


def _moments() -> list[datetime]:
    return [midnight(LATER + timedelta(days=RING.day + day)) for day in range(30, RING.days + 61, 15)]


def _judge(learned: Mapping[str, Learned]) -> Judge:
    models = {target: Model(bundle_of(learned[target].model, learned[target].rows, learned[target].recipe))
              for target in ("credit", "counterfeit")}  # fmt: skip
    return Judge(models=LiveModels(**models), policy=read_policy(shipped_policy()), currency="CNY")


def _judged(written: Written, pairs: list[tuple[str, datetime]], judge: Judge) -> list[Assessment]:
    spine = pa.table({"merchant_id": pa.array([who for who, _ in pairs], pa.string()),
                      "as_of": pa.array([at for _, at in pairs], Kind.TIME.arrow)})  # fmt: skip
    rows = build_features(log_of(written), spine, features=judge.features())
    return [one for batch in judge_table(rows, judge) for one in batch]
