"""A merchant keeps its promises for three months, is let in, stops keeping them, and is refused the next time."""

from tests.journeys.stage import BEGIN, DAY, HOUR, Stage, a_registration, an_order

GOOD_DAYS, BAD_DAYS = 90, 40


def test_a_merchant_that_turned_bad_is_refused_at_its_next_application(any_engine):
    stage = Stage(any_engine)
    turned, end = BEGIN + GOOD_DAYS * DAY, BEGIN + (GOOD_DAYS + BAD_DAYS) * DAY
    good = [an_order("lantern", day, BEGIN + day * DAY, shipped_after=5 * HOUR) for day in range(GOOD_DAYS - 4)]
    bad = [an_order("lantern", 100 + day, turned + day * DAY, shipped_after=None) for day in range(BAD_DAYS)]

    stage.at(turned)
    stage.tell(*a_registration("lantern", BEGIN), *(event for order in good for event in order))
    stage.judge()
    before, trusted = stage.apply("lantern", "lightning_dispatch"), stage.score("lantern")

    stage.at(end)
    stage.tell(*(event for order in bad for event in order))
    stage.judge()
    after, distrusted = stage.apply("lantern", "lightning_dispatch"), stage.score("lantern")

    assert (before["outcome"], after["outcome"]) == ("admit", "refuse")
    assert trusted["score"] > distrusted["score"]
    assert trusted["band"] < distrusted["band"]
    assert "failed through the merchant's own fault" in " ".join(one["text"] for one in distrusted["reasons"])
    (failed,) = [one for one in after["conditions"] if one["metric"] == "dispatch_kept_rate_90d_capped"]
    assert (failed["state"], failed["need"]) == ("failed", 0.97)
    assert failed["have"] < 0.7
    assert "dispatch_kept_rate_90d_capped" in {step["metric"] for step in after["path_to_qualify"]}


def test_silence_does_not_help_it(any_engine):
    """It answers nothing and ships nothing: each promised hour that passes counts, though no event says so."""
    stage = Stage(any_engine)
    orders = [an_order("mute", number, BEGIN + number * HOUR, shipped_after=None) for number in range(40)]
    stage.at(BEGIN + 2 * DAY)
    stage.tell(*a_registration("mute", BEGIN), *(event for order in orders for event in order))
    stage.judge()
    scores = [stage.score("mute")["score"]]
    for _ in range(2):
        stage.at(stage.clock() + DAY)
        stage.judge()
        scores.append(stage.score("mute")["score"])
    assert scores[0] > scores[1] >= scores[2]
