"""A newcomer applies with nothing to show; a reviewer looks, decides with a reason, and it is remembered."""

from tests.journeys.stage import BEGIN, DAY, Stage, a_registration
from tests.serving.console.world import Browser, somebody


def test_a_reviewer_resolves_the_case_that_an_application_opened(any_engine):
    stage = Stage(any_engine)
    stage.at(BEGIN + DAY)
    stage.tell(*a_registration("newcomer", BEGIN))
    stage.judge()
    answer = stage.apply("newcomer", "seven_day_return")
    assert answer["outcome"] == "review"

    somebody(any_engine)
    anna = Browser(stage.app)
    anna.log_in()
    queue = anna.get("/console/cases").text
    assert "newcomer" in queue
    case = queue.split('href="/console/cases/')[1].split('"')[0]
    anna.get(f"/console/cases/{case}")
    ended = anna.send(f"/console/cases/{case}/resolve", outcome="admit", reason="Papers seen, sells in town for years.")
    assert ended.status_code == 303
    assert "newcomer" not in anna.get("/console/cases").text

    trace = stage.ask("GET", f"/v1/decisions/{answer['decision_id']}").json()
    assert (trace["outcome"], trace["case"]["outcome"]) == ("review", "admit")
    assert trace["case"]["reason"] == "Papers seen, sells in town for years."
