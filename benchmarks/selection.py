"""What a lot at the gate is worth: models that learned from whom a gate let in, judged on everybody.

    goodfaith simulate --out market --merchants 3000 --days 720 --start 2024-01-01 --seed 21
    python -m benchmarks.selection market/events.parquet [--lots 2]

Of a simulated marketplace the truth about everybody is known. A gate, learned from the first months, refuses the
riskiest 30 % of the rows of the months after; their labels are hidden, but for those of merchants who drew the lot.
Models learn from what is seen of those months, and are judged on all merchants of the later ones. Figures are means
over several salts; intervals are by bootstrap of merchants, the same samples for all. Prints Markdown.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.log import FileLog
from scoring.exploration import lot_of
from training.dataset import Dataset, Hidden, build_dataset
from training.evaluate import auc, ece, figure_of, log_loss, resampled
from training.fit import Fitted, fit
from training.recipe import Recipe, find_recipe
from training.selection import Chance, bounds, weighed
from training.splits import cut

REFUSED = 0.30
#: The months before there is a gate, of those that training may see.
BEFORE = 1 / 3
SHARES = (0.005, 0.02, 0.05)
RESAMPLES = 100
METRICS = {"AUC": auc, "ECE": ece, "log-loss": log_loss}
SERVED = "trees"

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """The rows of the months with a gate, whom it refuses, and the later ones on which everybody is judged."""

    recipe: Recipe
    gated: Dataset
    refused: Mask
    test: Dataset
    refused_later: Mask


def market_of(rows: Dataset, recipe: Recipe) -> Market:
    """A gate as it might have been: learned before, with its cut-off at the riskiest 30 %."""
    parts = cut(recipe.splits[0], as_of=rows.as_of, merchants=rows.merchants, gap=recipe.label.gap)
    known, test = rows.where(parts.train), replace(rows.where(parts.test), hidden=Hidden())
    moments = np.unique(known.as_of)
    begins = moments[round(len(moments) * BEFORE)]
    gate = fit(SERVED, known.where(known.as_of < begins), recipe)
    gated = replace(known.where(known.as_of >= begins), hidden=Hidden())
    p = gate.p(gated.X)
    cutoff = np.quantile(p, 1 - REFUSED)
    return Market(recipe=recipe, gated=gated, refused=p > cutoff, test=test, refused_later=gate.p(test.X) > cutoff)


def drawn(market: Market, salt: str, share: float) -> Mask:
    """Which refused rows' merchants drew the lot of their quarter."""
    quarters = (market.gated.as_of.astype("datetime64[M]").astype(int) // 3).tolist()
    lots = [
        lot_of(salt, merchant_id=merchant, programme="lightning_dispatch", period=quarter)
        for merchant, quarter in zip(market.gated.merchants.tolist(), quarters, strict=True)
    ]
    return market.refused & (np.array(lots) < share)


def without_a_lot(market: Market) -> Iterator[tuple[str, Dataset]]:
    """What may be learned from without one."""
    seen, unseen = market.gated.where(~market.refused), market.gated.where(market.refused)
    hidden = Hidden(X=unseen.X, merchants=unseen.merchants, as_of=unseen.as_of)
    yield "everybody", market.gated
    yield "let in only", seen
    guessed = weighed(replace(seen, hidden=hidden), weighing(market.recipe, most=10.0))
    yield "let in only, weighed by a guess of who is seen", replace(guessed, hidden=Hidden())


def with_a_lot(market: Market, salt: str, share: float) -> Iterator[tuple[str, Dataset]]:
    """The same with those who drew the lot, as they are, and weighed."""
    lucky = drawn(market, salt, share)
    rows = market.gated.where(~market.refused | lucky)
    at = zip(market.gated.merchants[lucky].tolist(), market.gated.as_of[lucky].tolist(), strict=True)
    chances = {pair: Chance(propensity=share) for pair in at}
    yield f"and {share:.1%} by lot, as they are", rows
    told = weighed(rows, weighing(market.recipe, most=1 / min(SHARES)), propensities=chances)
    yield f"and {share:.1%} by lot, weighed", told


def weighing(recipe: Recipe, *, most: float) -> Recipe:
    """A recipe that asks for weights."""
    return replace(recipe, selection=replace(recipe.selection, weigh=True, most=most))


def learned(market: Market, lots: int) -> dict[str, list[Fitted]]:
    """A model of each kind for each salt; one where no lot is drawn."""
    found: dict[str, list[Fitted]] = {}
    kinds = list(without_a_lot(market))
    for number in range(lots):
        kinds += [one for share in SHARES for one in with_a_lot(market, f"benchmark salt {number}", share)]
    for place, (name, rows) in enumerate(kinds):
        print(f"{place + 1} of {len(kinds)}: {name}, {len(rows):,} rows, {rows.bad:,} bad", file=sys.stderr)
        found.setdefault(name, []).append(fit(SERVED, rows, market.recipe))
    return found


def judged(market: Market, models: Mapping[str, list[Fitted]]) -> None:
    """Print how each kind does on all merchants of the later months."""
    y, ones = market.test.y, np.ones(len(market.test))
    said = {name: [one.p(market.test.X) for one in kind] for name, kind in models.items()}
    samples = list(resampled(market.test.merchants, times=RESAMPLES, seed=0))
    print("| learned from | AUC | ECE | log-loss | its log-loss less everybody's | refused: expected bad |")
    print("| --- | --- | --- | --- | --- | --- |")

    def mean(name: str, metric: str, weight: Floats) -> float:
        return float(np.mean([METRICS[metric](y, p, weight) for p in said[name]]))

    least = [mean("everybody", "log-loss", weight) for weight in samples]
    for name, kind in said.items():
        cells = [str(figure_of(mean(name, one, ones), [mean(name, one, w) for w in samples])) for one in METRICS]
        more = [mean(name, "log-loss", w) - base for w, base in zip(samples, least, strict=True)]
        value = mean(name, "log-loss", ones) - mean("everybody", "log-loss", ones)
        cells.append(f"{value:+.4f} [{np.quantile(more, 0.025):+.4f}, {np.quantile(more, 0.975):+.4f}]")
        expected = [float(p[market.refused_later].mean()) for p in kind]
        spread = f" ({min(expected):.1%} to {max(expected):.1%})" if len(kind) > 1 else ""
        print(f"| {name} | {' | '.join(cells)} | {np.mean(expected):.1%}{spread} |")


def bounded(market: Market, model: Fitted) -> None:
    """Print what the bounds said of whom the gate refuses, beside the truth."""
    test, refused = market.test, market.refused_later
    p = model.p(test.X)
    found = bounds(test.y[~refused], p[~refused], p[refused])
    truth = auc(test.y, p, np.ones(len(test)))
    print("\n| of the model that saw those let in only | let in alone | bounds | truth |\n| --- | --- | --- | --- |")
    seen, true = test.y[~refused].mean(), test.y.mean()
    print(f"| bad, of all | {seen:.1%} | {found.bad_low:.1%} to {found.bad_high:.1%} | {true:.1%} |")
    alone = auc(test.y[~refused], p[~refused], np.ones(int((~refused).sum())))
    print(f"| AUC | {alone:.3f} | {found.auc_none:.3f} to {found.auc_all:.3f} | {truth:.3f} |")


def main() -> None:
    """Make the rows, set up the gate, learn, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", type=Path)
    parser.add_argument("--lots", type=int, default=2)
    asked = parser.parse_args()
    recipe = replace(find_recipe("credit"), acts=False, folds=2)
    show(build_dataset(FileLog([asked.events], currency="CNY"), recipe), recipe, asked.lots)


def show(rows: Dataset, recipe: Recipe, lots: int) -> None:
    """Everything, of rows that are made."""
    market = market_of(rows, recipe)
    test, gated = market.test, market.gated
    print(
        f"{len(gated):,} rows with a gate, {int(market.refused.sum()):,} refused (bad: "
        f"{gated.y[market.refused].mean():.1%} of them, {gated.y[~market.refused].mean():.1%} of the others); "
        f"judged on {len(test):,} rows of "
        f"{len(np.unique(test.merchants.astype(str))):,} merchants, {test.bad:,} bad, "
        f"{test.y[market.refused_later].mean():.1%} of those refused.\n"
    )
    models = learned(market, lots)
    judged(market, models)
    bounded(market, models["let in only"][0])


if __name__ == "__main__":
    main()
