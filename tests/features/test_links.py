"""Links: merchants that were seen with one token."""

import pytest

from tests.features.build import a_log, engine_features, moment

LOG = """
2024-03-01T09:00  link_observed  merchant_id=a link_kind=phone link_token=t1
2024-03-02T09:00  link_observed  merchant_id=b link_kind=phone link_token=t1
2024-03-03T09:00  link_observed  merchant_id=c link_kind=device link_token=t1
2024-03-04T09:00  link_observed  merchant_id=b link_kind=address link_token=t2
2024-03-04T09:00  link_observed  merchant_id=a link_kind=address link_token=t2
2024-03-05T09:00  link_observed  merchant_id=d link_kind=phone link_token=t1 buyer_id=x
"""


@pytest.fixture
def linked(tmp_path):
    """How many merchants each of some is linked to as of a midnight."""

    def asked(as_of, *merchants, log=LOG):
        rows = [(one, moment(as_of)) for one in merchants]
        return engine_features(a_log(log), rows, folder=tmp_path)["n_linked_merchants"].to_pylist()

    return asked


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param("2024-03-02", [0, 0, 0, 0], id="one alone"),
        pytest.param("2024-03-03", [1, 1, 0, 0], id="two with one phone"),
        pytest.param("2024-03-10", [1, 1, 0, 0], id="another kind, a buyer, and the same two twice"),
    ],
)
def test_merchants_with_one_token_of_a_kind_are_linked_once(linked, as_of, expected):
    assert linked(as_of, "a", "b", "c", "d") == expected


def test_a_link_that_is_taken_back_ends(linked):
    log = """
    2024-03-01T09:00  link_observed   merchant_id=a link_kind=phone link_token=t1
    2024-03-02T09:00  link_observed   merchant_id=b link_kind=phone link_token=t1 event_id=seen
    2024-03-05T09:00  event_reversed  merchant_id=b reverses=seen
    """
    assert [linked(day, "a", log=log) for day in ("2024-03-05", "2024-03-06")] == [[1], [0]]
