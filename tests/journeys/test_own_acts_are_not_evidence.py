"""Fast refunds on or off, with everybody behaving as before: what a model makes of a merchant hardly moves."""

from datetime import date, timedelta

import numpy as np
import pytest

from features.engine import build_features
from features.log import FileLog
from features.simulator.scenario import Acts, Scenario
from features.simulator.write import write_marketplace
from features.spine import midnight
from tests.features.build import a_spine
from training.dataset import build_dataset
from training.fit import fit
from training.recipe import find_recipe

START, DAYS = date(2025, 1, 1), 420


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The same marketplace with fast refunds and without them."""

    def log(name, acts):
        scenario = Scenario(merchants=250, days=DAYS, start=START, seed=5, acts=acts)
        written = write_marketplace(scenario, tmp_path_factory.mktemp(name), texts=False)
        return FileLog([written.events], currency="CNY")

    return log("fast", Acts()), log("slow", Acts(fast_refund=False))


def test_fast_refunds_move_p_bad_by_less_than_one_hundredth(logs):
    recipe = find_recipe("credit")
    rows = build_dataset(logs[0], recipe)
    model = fit("trees", rows, recipe)
    merchants = sorted(set(rows.merchants.tolist()))
    spine = a_spine((one, midnight(START + timedelta(days=day))) for one in merchants for day in range(150, DAYS, 30))
    fast, slow = (build_features(log, spine) for log in logs)
    assert not fast["platform_refund_cents_90d"].equals(slow["platform_refund_cents_90d"])
    p_fast, p_slow = (
        model.p(np.column_stack([told[one.name].to_numpy().astype(float) for one in rows.inputs]))
        for told in (fast, slow)
    )
    assert np.std(p_fast) > 0.1
    moved = np.abs(p_fast - p_slow)
    assert moved.max() < 0.01
