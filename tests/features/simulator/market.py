"""Marketplaces to look at: small ones, simulated once, and the questions that tests ask of them."""

from datetime import date
from functools import cache

import duckdb
import pyarrow as pa

from features.simulator.scenario import Scenario
from features.simulator.simulate import simulate

START = date(2025, 1, 1)


def a_scenario(**wishes):
    return Scenario(**({"merchants": 30, "days": 200, "start": START, "seed": 3} | wishes))


def marketplace(scenario, **wishes):
    """Events and truth in one table each."""
    pieces = list(simulate(scenario, **wishes))
    return pa.concat_tables([one.events for one in pieces]), pa.concat_tables([one.truth for one in pieces])


@cache
def _the_pieces():
    return list(simulate(a_scenario(merchants=300, days=540)))


@cache
def the_marketplace():
    """300 merchants over a year and a half."""
    return tuple(pa.concat_tables([getattr(one, name) for one in _the_pieces()]) for name in ("events", "truth"))


@cache
def the_texts():
    """What was written there."""
    return pa.concat_tables([one.texts for one in _the_pieces()])


def ask(question):
    """Rows that answer an SQL question about `events`, `truth`, `texts` and `told` (events with truth)."""
    events, truth = the_marketplace()
    with duckdb.connect(":memory:") as connection:
        connection.register("events", events)
        connection.register("truth", truth)
        connection.register("texts", the_texts())
        connection.execute("CREATE VIEW told AS FROM events JOIN truth USING (merchant_id)")
        return connection.execute(question).fetchall()


def number(question):
    """The one number that answers a question."""
    [(answer,)] = ask(question)
    return float(answer)
