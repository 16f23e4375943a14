"""Services: asked for where the category has them, done in time by those who keep their word, and less by others."""

import pytest

from features.simulator.services import SERVICES
from tests.features.simulator.market import ask, number

REQUESTED = "SELECT count(*) FROM told WHERE event_type = 'service_requested'"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_is_asked_for_where_the_category_has_it_and_nowhere_else(service):
    found = ask(
        f"SELECT DISTINCT truth.category FROM truth JOIN events USING (merchant_id) WHERE service = '{service}'"
    )
    assert {one for (one,) in found} == set(SERVICES[service].shares)


def test_who_keeps_promises_does_services_in_time_more_often_than_who_does_not():
    def kept(archetypes):
        done = f"""SELECT count(*) FROM told WHERE event_type = 'service_completed' AND outcome = 'done'
                   AND event_time <= due_by AND service <> 'freight' AND {archetypes}"""
        return number(done) / number(f"{REQUESTED} AND service <> 'freight' AND {archetypes}")

    good, bad = kept("honest"), kept("NOT honest")
    assert good > 0.75
    assert bad < good - 0.05


def test_each_service_has_an_id_of_its_own_and_is_done_after_it_is_asked_for():
    assert (
        number("SELECT count(*) - count(DISTINCT service_id) FROM events WHERE event_type = 'service_requested'") == 0
    )
    early = """SELECT count(*) FROM events AS done JOIN events AS asked USING (service_id)
               WHERE done.event_type = 'service_completed' AND asked.event_type = 'service_requested'
               AND done.event_time < asked.event_time"""
    assert number(early) == 0
