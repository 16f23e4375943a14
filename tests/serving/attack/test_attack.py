"""Attacks are the simulator's, go through the real gate, and what the gate is proof against has no price."""

from dataclasses import replace

import pytest

from features.settings import Settings
from features.simulator.attacks import ATTACKS
from scoring.cheating import Aim
from serving.attack.page import page
from serving.attack.ploys import NOBODYS, PLOYS, RIVAL
from serving.attack.search import Goal, Trial, cheats_of
from serving.attack.stage import MARKET, Policies, shipped_terms, stage
from serving.attack.telling import Effort, Teller

TERMS = shipped_terms()


class NoChampions:
    """A registry before a first promotion."""

    def champion(self, target):
        return None

    challenger = champion


@pytest.fixture(scope="module")
def made():
    market = replace(MARKET, merchants=20, days=120)
    with stage(NoChampions(), Policies.shipped(), Settings(), market=market) as found:
        yield found


def a_trial(made, name, **changes):
    ploy = replace(PLOYS[name], **changes)
    return Trial(name=name, ploy=ploy, subject=made.subjects[ploy.role], stage=made, terms=TERMS)


def test_every_attack_of_the_simulator_is_tried_or_is_nobodys_doing():
    assert set(ATTACKS) <= {*PLOYS, *NOBODYS}
    assert not set(PLOYS) & set(NOBODYS)


def test_accounts_are_counted_and_paid():
    ploy, effort = PLOYS["brushing_ring"], Effort(things=7, days=5, per_account=3)
    price = ploy.price(effort, TERMS.costs, order_cents=10_000)
    assert (price.things, price.accounts, price.days) == (7, 3, 12)
    per_order = 500 + TERMS.costs.parcel_cents + TERMS.costs.hire_cents
    assert price.cents == 7 * per_order + 3 * TERMS.costs.account_cents


@pytest.mark.parametrize("name", sorted(PLOYS))
def test_an_attack_tells_valid_events_known_before_the_decision(made, name):
    trial = a_trial(made, name)
    effort = trial.ploy.effort(4, 10, 3)
    told = list(trial.ploy.tells(Teller(subject=trial.subject, effort=effort, scheme=name), TERMS.costs))
    ids = [one["event_id"] for one in told]
    assert len(ids) == len(set(ids))
    assert all(one["event_time"] < made.as_of.isoformat() for one in told)
    trial.stage.checked(told)


def test_one_buyers_volume_gains_no_more_than_three_orders_of_it(made):
    few = a_trial(made, "identity_hop", alone=True).found(3, 30)
    many = a_trial(made, "identity_hop", alone=True).found(60, 30)
    dispatch = few.caps["lightning_dispatch"], many.caps["lightning_dispatch"]
    assert many.outcomes["lightning_dispatch"] == few.outcomes["lightning_dispatch"]
    assert not many.has_full_place("lightning_dispatch"), dispatch


def test_a_shop_that_only_buys_from_itself_has_no_papers_for_brands(made):
    goal = Goal(aim=Aim.PLACE, name="genuine_guarantee", before="refuse")
    small = TERMS.model_copy(update={"search": TERMS.search.model_copy(update={"things_at_most": 3})})
    cheat = replace(a_trial(made, "identity_hop"), terms=small).cheat(goal)
    assert not cheat.possible
    assert not cheat.too_cheap


def test_returns_without_a_reason_sink_no_rival(made):
    (cheats,) = cheats_of(made, _small(TERMS), attacks=["freight_farming"])
    assert cheats
    assert not any(one.possible for one in cheats)
    assert PLOYS["freight_farming"].role == RIVAL


def test_the_page_names_every_attack_and_needs_no_script(made):
    (cheats,) = cheats_of(made, _small(TERMS), attacks=["own_messages"])
    told = page(cheats, title="T", notes=["n"])
    assert "own_messages" in told
    assert "<script" not in told


def _small(terms):
    return terms.model_copy(update={"search": terms.search.model_copy(update={"things_at_most": 4, "days_at_most": 4})})
