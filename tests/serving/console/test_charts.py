from datetime import timedelta

import pytest

from serving.console.charts import bar, line
from serving.policy import read_policy, shipped_policy
from tests.serving.world import NOON

BANDS = read_policy(shipped_policy()).bands


@pytest.mark.parametrize(("value", "low", "high", "riskier", "ends"), [
    (0.0, 0.0, 0.001, "higher", (0.0, 0.02)),
    (0.3, 0.1, 0.4, "higher", (0.0, 0.5)),
    (1.0, 0.9, 1.0, "lower", (0.9, 1.0)),
    (0.0, 0.0, 0.2, "lower", (0.0, 1.0)),
    (1.5, 0.9, 1.0, "higher", (0.0, 1.5)),
])  # fmt: skip
def test_a_bar_s_scale_holds_value_and_bounds(value, low, high, riskier, ends):
    drawn = bar(value, low=low, high=high, riskier=riskier)
    assert (drawn.least, drawn.most) == ends
    assert all(0 <= place <= 100 for place in (drawn.begin, drawn.end, drawn.at))


def test_a_higher_score_stands_higher_and_a_later_one_further_right():
    drawn = line([(NOON, 600), (NOON + timedelta(days=1), 500)], BANDS)
    (x, y), (later_x, lower_y) = drawn.points
    assert (x, later_x) == (0, drawn.width)
    assert y < lower_y


def test_of_several_scores_at_one_moment_the_last_stands():
    assert line([(NOON, 700), (NOON, 551)], BANDS) is None
    drawn = line([(NOON, 700), (NOON, 551), (NOON + timedelta(days=1), 500)], BANDS)
    assert (drawn.first, len(drawn.points)) == (551, 2)


def test_bands_are_named_where_there_is_room_for_a_name():
    names = [band.name for band in line([(NOON, 641), (NOON + timedelta(days=1), 521)], BANDS).bands]
    assert names == ["A", "B", "C", "D"]
    assert all(band.y <= 180 for band in line([(NOON, 300), (NOON + timedelta(days=1), 850)], BANDS).bands)
