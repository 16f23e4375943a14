"""Papers against their slow definition, and on logs small enough to count by hand."""

import pytest
from hypothesis import given

from tests.features.build import a_log, engine_features, moment
from tests.features.naive_papers import papers
from tests.features.strategies import logs, spines
from tests.features.test_trade_equals_its_definition import disagreements


@given(logs(types=("qualification_checked",)), spines(most=4))
def test_papers_are_what_their_meanings_say(log, moments):
    assert disagreements(["papers"], papers, log, moments) == []


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


@pytest.mark.parametrize(
    ("as_of", "valid", "expired", "days"),
    [("2024-03-09", 1, 0, 1), ("2024-03-10", 1, 0, 0), ("2024-03-11", 0, 1, None)],
)
def test_a_paper_holds_through_its_last_day_and_then_runs_out_by_itself(as_of, valid, expired, days, tmp_path):
    log = "2024-01-01  qualification_checked  qualification=identity outcome=passed valid_until=2024-03-10"
    found = features_at(as_of, log, tmp_path)
    assert (found["n_papers_valid"], found["n_papers_expired"]) == (valid, expired)
    assert (found["identity_valid_rate"], found["days_until_paper_expires"]) == (float(valid), days)


def test_the_latest_check_of_each_paper_tells_and_of_no_other(tmp_path):
    log = """
    2024-01-01  qualification_checked  qualification=brand_authorisation outcome=passed brand=a valid_until=2024-12-01
    2024-01-01  qualification_checked  qualification=brand_authorisation brand=zeta outcome=passed
    2024-02-01  qualification_checked  qualification=brand_authorisation brand=zeta outcome=failed
    2024-01-15  qualification_checked  qualification=brand_authorisation brand=zeta outcome=passed known_at=2024-02-15
    2024-02-01  qualification_checked  qualification=food_licence outcome=expired
    """
    found = features_at("2024-03-01", log, tmp_path)
    assert (found["n_papers_valid"], found["n_papers_expired"], found["n_papers_failed"]) == (1, 1, 1)
    assert (found["brand_authorisation_valid_rate"], found["food_licence_valid_rate"]) == (0.5, 0.0)
    assert (found["identity_valid_rate"], found["n_checks_failed_30d"]) == (None, 1)
