"""A gate and the facts take the same authorisations for valid, though neither floor sees the other."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue.brands import FEATURES
from features.database import reading
from scoring.admission import Applicant, Application
from scoring.conditions import valid_papers
from scoring.programmes import ProgrammePolicy
from serving.standing import papers_of
from tests.features.build import engine_features, moment
from tests.features.test_live_equals_offline import a_store, add

TODAY = moment("2024-03-10")

checks = st.builds(
    dict, brand=st.sampled_from(["Acme", "Acme", "Hush", None]), category=st.sampled_from(["bags", "shoes", None]),
    outcome=st.sampled_from(["passed", "passed", "failed", "expired"]), qualification=st.just("brand_authorisation"),
    valid_until=st.sampled_from([None, date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 11)]),
)  # fmt: skip


@cache
def condition():
    policy = ProgrammePolicy.parse(Path("scoring/policies/programmes.toml").read_text(encoding="utf-8"))
    programme = policy.programme("one_fake_three_paid")
    return programme, next(one for one in programme.entry if one.kind == "brand_paper")


def gate_takes(papers):
    programme, asked = condition()
    applicant = Applicant(
        merchant_id="shop", band="A", score=800, basis="model", counterfeit_level="none", evidence_sufficient=True,
        orders_365d=9, measured={}, papers=papers,
    )  # fmt: skip
    wanted = Application(programme=programme, category="bags", brand="Acme")
    return bool(valid_papers(asked, wanted, applicant, day=TODAY.date()))


# An example is a store of its own.
@settings(max_examples=settings().max_examples // 5)
@given(st.lists(st.tuples(checks, st.integers(1, 3)), max_size=5))
def test_a_brand_is_sold_with_an_authorisation_where_a_gate_would_take_one(tmp_path_factory, told):
    listed = {"event_type": "listing_changed", "listing_id": "L", "brand": "Acme", "category": "bags"}
    said = [(listed, 3), *(({"event_type": "qualification_checked"} | check, back) for check, back in told)]
    events = [
        {"event_id": f"e{number}", "merchant_id": "shop", "event_time": at, "known_at": at} | event
        for number, (event, back) in enumerate(said)
        for at in [TODAY - timedelta(days=back)]
    ]
    folder = tmp_path_factory.mktemp("shop")
    (found,) = engine_features(events, [("shop", TODAY)], folder=folder, features=FEATURES).to_pylist()
    with a_store() as store:
        add(store, events, at=TODAY)
        with reading(store.engine) as tx:
            papers = papers_of(tx, "shop")
    assert found["n_brands_unauthorised"] == (not gate_takes(papers))
