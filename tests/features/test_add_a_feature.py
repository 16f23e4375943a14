"""The features that docs/howto/add-a-feature.md declares are features, in under ten lines beside their sentences."""

import re
from pathlib import Path

import pytest

from features.catalogue.feature import Ratio, Total, Windowed
from features.catalogue.orders import ORDERS
from features.measures import Events, Happenings, Is, Measure, Orders
from tests.features.build import a_log, engine_features, moment

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "add-a-feature.md").read_text(encoding="utf-8")
COUNT, RATE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WORDS = {
    "Events": Events, "Happenings": Happenings, "Is": Is, "Measure": Measure, "Orders": Orders, "ORDERS": ORDERS,
    "Ratio": Ratio, "Total": Total, "Windowed": Windowed,
}  # fmt: skip

LOG = """
2024-03-01  order_placed      order_id=A amount_cents=500
2024-03-02  order_placed      order_id=B amount_cents=500
2024-03-03  order_confirmed   order_id=A
2024-03-04  return_requested  order_id=B return_id=R reason=unsafe
2024-03-05  return_requested  order_id=A return_id=S reason=late
"""


def declared(snippet):
    said = dict(WORDS)
    exec(snippet, said)  # noqa: S102 - The page is ours, and running it is how it is proven.
    return said["FEATURES"]


@pytest.mark.parametrize(
    ("snippet", "name", "value"),
    [
        (COUNT, "n_unsafe_returns_30d", 1),
        (RATE, "confirmed_rate_30d", 0.5),
        (RATE, "confirmed_rate_90d_shrunk", pytest.approx((1 + 10 * 0.6) / (2 + 10))),
    ],
)
def test_a_feature_of_the_page_counts_what_it_says(tmp_path, snippet, name, value):
    rows = [("shop", moment("2024-03-10"))]
    found = engine_features(a_log(LOG), rows, folder=tmp_path, features=declared(snippet))
    assert found.column(name).to_pylist() == [value]


@pytest.mark.parametrize("snippet", [COUNT, RATE])
def test_a_feature_takes_less_than_ten_lines_beside_its_sentences(snippet):
    lines = [line.strip() for line in snippet.splitlines()]
    assert len([line for line in lines if line.strip("()") and not line.startswith(("text", "FEATURES ="))]) < 10
