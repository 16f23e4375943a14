"""Values of a column that are told as usual are read all together, and mean what each means by itself."""

import pytest

from features.columns import coerce_values, parse
from features.events import Kind

TIMES = [
    "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.123456+08:00", "2024-02-29T23:59:59.123-11:30", "1000-01-01T00:00:00Z",
    "2999-12-31T23:59:59Z", None, "1582-10-10T00:00:00+00:00",
]  # fmt: skip
ODD = {
    Kind.TIME: ["2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+23:59", "9999-12-31T00:00:00Z", "",
                "2024-01-01", "2024-01-01T00:00:00", "0001-01-01T00:00:00Z", 7, "2024-01-01 00:00:00+0800", True],
    Kind.TEXT: ["", "\x00", "\ud800", 7, True, ["a"], float("nan")],
    Kind.INTEGER: [True, 2**63, -(2**63) - 1, 1.0, 1.5, "1", float("nan")],
}  # fmt: skip
USUAL = {Kind.TIME: TIMES, Kind.TEXT: ["a", "é", "店", None, ""], Kind.INTEGER: [0, -(2**63), 2**63 - 1, None]}
CASES = [(kind, [*USUAL[kind], *odd]) for kind in USUAL for odd in ([], *([one] for one in ODD[kind]))]


@pytest.mark.parametrize(("kind", "values"), CASES, ids=str)
def test_values_mean_together_what_each_means_by_itself(kind, values):
    told = coerce_values(values, kind)
    alone = [parse(value, kind) for value in values]
    faults = [0] * len(values) if told.faults is None else told.faults.tolist()
    assert (told.values.to_pylist(), faults) == ([value for value, _ in alone], [fault for _, fault in alone])
