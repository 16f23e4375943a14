"""Twelve fresh reporters accuse an honest merchant in one night. Nobody believes them unseen; somebody looks."""

from features.catalogue.reporters import bound
from features.database import reading
from serving import cases
from serving.readings import live_readings
from tests.journeys.stage import BEGIN, DAY, HOUR, Stage, a_registration, an_event, an_order


def test_a_ring_of_fresh_reporters_moves_no_score_closes_no_door_and_opens_a_case(any_engine):
    stage = Stage(any_engine)
    honest = [an_order("honest", day, BEGIN + day * DAY, shipped_after=5 * HOUR) for day in range(40)]
    night = BEGIN + 45 * DAY
    stage.at(night)
    stage.tell(*a_registration("honest", BEGIN), *(event for order in honest for event in order))
    stage.judge()
    before = stage.score("honest")

    reports = [
        an_event("fake_report_filed", f"r{number}", night - HOUR, "honest", report_id=f"r{number}",
                 reporter_id=f"fresh-{number}", reporter_kind="buyer", evidence="none")
        for number in range(12)
    ]  # fmt: skip
    stage.tell(*reports)
    stage.judge()
    after = stage.score("honest")

    for judged in ("score", "band", "p_bad", "counterfeit", "reasons"):
        assert after[judged] == before[judged]
    with reading(any_engine) as tx:
        (case,) = cases.queue(tx)
    assert (case.kind, case.merchant_id, case.about) == ("suspicion", "honest", "fake_reports:honest")
    assert "12 reports" in case.summary

    stage.at(night + DAY)
    stage.judge()
    next_day = stage.score("honest")
    with reading(any_engine) as tx:
        weighed = live_readings(tx, ["honest"], ["suspicion_90d"], night + DAY)["honest"]["suspicion_90d"].value
    assert (next_day["score"], next_day["counterfeit"]) == (before["score"], before["counterfeit"])
    assert weighed == bound(12) == 1.0
    stands = {one["code"]: one["state"] for one in stage.apply("honest", "one_fake_three_paid")["conditions"]}
    assert stands["P202"] == "met"
