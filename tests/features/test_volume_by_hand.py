"""How large large orders are, on logs small enough to count by hand."""

import pytest

from tests.features.build import a_log, engine_features, moment


def large_order(amounts, tmp_path):
    log = "\n".join(f"2024-03-01  order_placed  order_id=A{n} amount_cents={cents}" for n, cents in enumerate(amounts))
    return engine_features(a_log(log), [("shop", moment("2024-03-20"))], folder=tmp_path).to_pylist()[0][
        "large_order_cents_90d"
    ]


@pytest.mark.parametrize(
    ("amounts", "edge"),
    [
        ([1], 1_000),
        ([1_000], 1_000),
        ([1_001], 2_000),
        ([900] * 19 + [40_000], 1_000),
        ([900] * 18 + [40_000] * 2, 50_000),
        ([10**9], 10**8),
    ],
)
def test_all_but_one_order_in_twenty_stay_within_the_edge(amounts, edge, tmp_path):
    assert large_order(amounts, tmp_path) == edge


def test_many_small_orders_of_one_buyer_hide_no_large_one(tmp_path):
    many = "\n".join(f"2024-03-02  order_placed order_id=B{n} amount_cents=900 buyer_id=b" for n in range(200))
    big = "\n".join(f"2024-03-01  order_placed order_id=C{n} amount_cents=90000 buyer_id=c{n}" for n in range(4))
    found = engine_features(a_log(f"{many}\n{big}"), [("shop", moment("2024-03-20"))], folder=tmp_path)
    assert found.to_pylist()[0]["large_order_cents_90d"] == 100_000
