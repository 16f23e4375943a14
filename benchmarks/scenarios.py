"""Made-up marketplaces on trial: how honest merchants compare with Olist's, and how models fare in a world not theirs.

    python -m benchmarks.scenarios fidelity [--merchants 2000] [--seeds 4]
    python -m benchmarks.scenarios matrix [--merchants 600] [--target credit]
    python -m benchmarks.scenarios acts [--merchants 600] [--target credit]
    python -m benchmarks.scenarios lives

All but the last print Markdown. A model is fitted on the earlier rows of one scenario and judged on the later rows of
every other, whose merchants it never met; the diagonal is the ordinary out-of-time figure. `acts` lets the same
merchants live again with one of the platform's own acts switched off, everybody else behaving as before, and tells how
far that moves what a model says of them. The last draws ten merchants' lives into docs/pictures/.
"""

import argparse
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.engine import build_features
from features.events import Kind
from features.log import FileLog
from features.simulator.archetypes import ARCHETYPES
from features.simulator.crew import processes_for
from features.simulator.scenario import Acts
from features.simulator.scenario_file import SHIPPED, Plot, read_plot
from features.simulator.write import Written, write_marketplace
from features.spine import midnight
from scoring.scorecard import log_odds, points
from training.dataset import build_dataset, matrix_of, monthly_spine, seen_by
from training.errors import TrainingError
from training.evaluate import auc
from training.fit import fit
from training.recipe import find_recipe
from training.splits import cut

START, DAYS = date(2025, 1, 1), 540

TEN = ("reliable", "seasonal", "overstretched", "decaying", "turn_around", "sloppy", "fakes_most", "bust_out",
       "hijacked", "brusher")  # fmt: skip
DEFECT = """event_type = 'review_posted' AND stars <= 2 OR event_type = 'dispute_resolved' AND outcome =
'merchant_at_fault' OR event_type = 'order_cancelled' AND actor = 'merchant'"""
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "ten-lives.svg"

#: What is switched off, and how the platform acts then.
OFF = {
    "nothing": Acts(), "fast refunds": Acts(fast_refund=False), "programmes": Acts(programmes=False),
    "penalties": Acts(penalties=False), "inspections": Acts(inspections=()),
}  # fmt: skip

#: What Olist shows (docs/howto/import-olist.md), by the question that asks for it.
OLIST = {
    "shipped late": ("9.0 %", "avg((event_time > ship_by)::INT) FILTER (event_type = 'order_shipped')"),
    "delivered late, by date": ("6.7 %", "avg((event_time > deliver_by)::INT) FILTER (event_type = 'order_delivered')"),
    "one or two stars": ("14.7 %", "avg((stars <= 2)::INT) FILTER (event_type = 'review_posted')"),
    "the same, of late orders": (
        "62 %", "avg((stars <= 2)::INT) FILTER (event_type = 'review_posted' AND order_id IN (FROM late))",
    ),
}  # fmt: skip


def made(folder: Path, plot: Plot, merchants: int, seed: int, *, start: date = START) -> Written:
    """A scenario, written into a folder."""
    scenario = plot.played(start=start, merchants=merchants, days=DAYS, seed=seed)
    return write_marketplace(scenario, folder / f"{plot.name}-{seed}", texts=False, processes=processes_for(scenario))


def told(head: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")


def fidelity(folder: Path, merchants: int, seeds: int) -> None:
    """Rates of merchants that mean well, seed by seed, and how the orders are spread."""
    columns = []
    honest = tuple(name for name, one in ARCHETYPES.items() if one.honest and not one.vanishes)
    for seed in range(1, seeds + 1):
        written = made(folder, read_plot("everyday"), merchants, seed)
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"""CREATE VIEW told AS FROM '{written.events}' JOIN (SELECT merchant_id, archetype
                                   FROM '{written.truth}') USING (merchant_id) WHERE archetype IN {honest}""")
            connection.execute("""CREATE VIEW late AS SELECT order_id FROM told
                                  WHERE event_type = 'order_delivered' AND event_time > deliver_by""")
            rates = connection.execute(f"SELECT {', '.join(asked for _, asked in OLIST.values())} FROM told").fetchone()
            spread = connection.execute(f"""SELECT quantile_disc(n_orders, [0.5, 0.9, 0.99]) FROM '{written.truth}'
                                            WHERE n_orders > 0""").fetchone()
        columns.append([*(f"{100 * rate:.1f} %" for rate in rates), " / ".join(map(str, spread[0]))])
    names = [*OLIST, "orders of a merchant: half, 90 %, 99 % have at most"]
    real = [*(figure for figure, _ in OLIST.values()), ""]
    told(["", *(f"seed {seed}" for seed in range(1, seeds + 1)), "Olist"],
         [[name, *(column[row] for column in columns), real[row]] for row, name in enumerate(names)])  # fmt: skip


def matrix(folder: Path, merchants: int, target: str) -> None:
    """AUC of the model (and of the shrunk rate) fitted on one scenario and judged on another."""
    recipe, parts = find_recipe(target), {}
    for seed, name in enumerate(SHIPPED, 1):
        written = made(folder, read_plot(name), merchants, seed)
        try:
            rows = build_dataset(FileLog([written.events], currency="CNY"), recipe)
            halves = cut(recipe.splits[0], as_of=rows.as_of, merchants=rows.merchants, gap=recipe.label.gap)
            learned = rows.where(halves.train)
            parts[name] = (fit("trees", learned, recipe), fit("shrunk_rate", learned, recipe), rows.where(halves.test))
        except TrainingError as error:
            print(f"{name}: {error}", file=sys.stderr)
        for path in written.events.parent.iterdir():
            path.unlink()
    tested = {name: test for name, (_, _, test) in parts.items() if 0 < test.bad < len(test)}
    body = [[f"{name} ({tested[name].bad} of {len(tested[name])} bad)" for name in tested]]
    for fitted, (model, baseline, _) in parts.items():
        row = [fitted]
        for test in tested.values():
            even = np.ones(len(test))
            row.append(f"{auc(test.y, model.p(test.X), even):.3f} ({auc(test.y, baseline.p(test.X), even):.3f})")
        body.append(row)
    told(["fitted on, judged on", *body[0]], body[1:])


def acts(folder: Path, merchants: int, target: str) -> None:
    """How far p_bad of merchants on one day moves when an act is off, by a model that learned with all of them on."""
    recipe, day = find_recipe(target), midnight(START + timedelta(days=DAYS - 1))
    lived = {name: lived_with(folder, merchants, name, one) for name, one in OFF.items()}
    rows = build_dataset(lived["nothing"], recipe)
    model, inputs = fit("trees", rows, recipe), rows.inputs
    spine = monthly_spine(lived["nothing"], recipe)
    ids = spine.filter(pc.equal(spine["as_of"], pc.max(spine["as_of"])))["merchant_id"]
    asked = pa.table({"merchant_id": ids, "as_of": pa.array([day] * len(ids), type=Kind.TIME.arrow)})
    p = {name: model.p(matrix_of(build_features(log, asked, features=seen_by(inputs)), inputs))
         for name, log in lived.items()}  # fmt: skip
    body = []
    for name in list(lived)[1:]:
        moved = np.abs(p[name] - p["nothing"])
        body.append([name, *(f"{one:.4f}" for one in (*np.quantile(moved, [0.5, 0.99]), moved.max()))])
    told([f"switched off ({len(ids)} merchants)", "half of the merchants", "99 % within", "at most"], body)


def lived_with(folder: Path, merchants: int, name: str, acts: Acts) -> FileLog:
    """The log of the everyday marketplace when the platform acts so."""
    scenario = replace(read_plot("everyday").played(start=START, merchants=merchants, days=DAYS, seed=5), acts=acts)
    written = write_marketplace(scenario, folder / name, texts=False, processes=processes_for(scenario))
    return FileLog([written.events], currency="CNY")


def lives(folder: Path, merchants: int) -> None:
    """Ten merchants' orders and defects by the week, and their scores by the month, as a picture."""
    written, recipe = made(folder, read_plot("everyday"), merchants, 1), find_recipe("credit")
    log = FileLog([written.events], currency="CNY")
    rows = build_dataset(log, recipe)
    model = fit("trees", rows, recipe)
    with duckdb.connect(":memory:") as connection:
        chosen = [connection.execute(f"""SELECT merchant_id, archetype, epoch(turned_at) FROM '{written.truth}'
                  WHERE archetype = '{name}' AND n_orders > 150 AND (turned_at IS NULL OR turned_at BETWEEN
                  '2025-06-01' AND '2026-03-01') ORDER BY abs(n_orders - 500) LIMIT 1""").fetchone()
                  for name in TEN]  # fmt: skip
        weeks = {one[0]: connection.execute(f"""SELECT epoch(event_time)::BIGINT // 604800 AS week,
                 count(*) FILTER (event_type = 'order_placed'), count(*) FILTER ({DEFECT}) FROM '{written.events}'
                 WHERE merchant_id = '{one[0]}' AND event_time >= TIMESTAMPTZ '{START}' GROUP BY 1
                 ORDER BY 1""").fetchall()
                 for one in chosen if one}  # fmt: skip
    chosen = [one for one in chosen if one]
    months = [midnight(START + timedelta(days=day)) for day in range(30, DAYS, 15)]
    spine = pa.table({"merchant_id": [one[0] for one in chosen for _ in months], "as_of": months * len(chosen)})
    features = build_features(log, spine.cast(pa.schema([("merchant_id", pa.string()), ("as_of", Kind.TIME.arrow)])))
    p = model.p(np.column_stack([features[one.name].to_numpy().astype(float) for one in rows.inputs]))
    scores = [points(log_odds(float(one))) for one in p]
    draw([(name, turned, weeks[merchant], scores[place * len(months) : (place + 1) * len(months)])
          for place, (merchant, name, turned) in enumerate(chosen)], months)  # fmt: skip


def draw(
    told_of: list[tuple[str, float | None, list[tuple[int, int, int]], list[int]]], months: list[datetime]
) -> None:
    """Draw lives: an archetype, when it turned, (week, orders, defects) and scores each."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lives"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(5, 2, figsize=(11, 12), sharex=True, layout="constrained")
    for axis, (name, turned, weeks, scores) in zip(axes.flat, told_of, strict=False):
        when = [datetime.fromtimestamp(week * 604_800, UTC) for week, _, _ in weeks]
        axis.fill_between(when, [orders for _, orders, _ in weeks], step="mid", color="#c9d8e8", label="orders a week")
        axis.step(when, [bad for _, _, bad in weeks], where="mid", color="#b3402a", lw=1, label="defects a week")
        if turned is not None:
            axis.axvline(datetime.fromtimestamp(turned, UTC), color="black", ls=":", lw=1, label="turned")
        right = axis.twinx()
        right.plot(months, scores, color="#1f5f3a", lw=1.6, label="score")
        right.set_ylim(300, 850)
        axis.set_title(name, fontsize=10, loc="left")
        axis.set_ylim(bottom=0)
    lines = [line for one in (axes.flat[7], right) for line in one.get_legend_handles_labels()[0]]
    figure.legend(lines, [line.get_label() for line in lines], loc="outside lower center", ncols=4, frameon=False)
    figure.autofmt_xdate()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    """Do what is asked."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("what", choices=["fidelity", "matrix", "acts", "lives"])
    words.add_argument("--merchants", type=int)
    words.add_argument("--seeds", type=int, default=4)
    words.add_argument("--target", default="credit")
    asked = words.parse_args()
    with TemporaryDirectory() as folder:
        if asked.what == "fidelity":
            fidelity(Path(folder), asked.merchants or 2000, asked.seeds)
        elif asked.what == "lives":
            lives(Path(folder), asked.merchants or 1000)
        elif asked.what == "acts":
            acts(Path(folder), asked.merchants or 600, asked.target)
        else:
            matrix(Path(folder), asked.merchants or 600, asked.target)


if __name__ == "__main__":
    main()
