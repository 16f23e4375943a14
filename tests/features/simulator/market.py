"""Marketplaces to look at: small ones, simulated once, and the questions that tests ask of them."""

from datetime import date
from functools import cache

import duckdb
import pyarrow as pa

from features.simulator.scenario import Attack, Scenario
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


class Market:
    """A marketplace that answers questions in SQL, about `events`, the tables of the truth, and `told`: both joined."""

    def __init__(self, scenario):
        pieces = list(simulate(scenario, texts=False))
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.tables = {name: pa.concat_tables([one.tables[name] for one in pieces]) for name in pieces[0].tables}
        self.tables["events"] = pa.concat_tables([one.events for one in pieces])
        for name, table in self.tables.items():
            self.connection.register(name, table)
        self.connection.execute("CREATE VIEW told AS FROM events JOIN truth USING (merchant_id)")

    def ask(self, question):
        return self.connection.execute(question).fetchall()

    def number(self, question):
        """The one number that answers a question."""
        [(answer,)] = self.ask(question)
        return float(answer)

    def count(self, event_type, where="true"):
        """How many events of a type there are."""
        return self.number(f"SELECT count(*) FROM told WHERE event_type = '{event_type}' AND {where}")

    def share(self, what, of, where="true"):
        """Of the events of a type, which share is so."""
        return self.number(f"SELECT avg(({what})::INT) FROM told WHERE event_type = '{of}' AND {where}")


@cache
def all_of(*archetypes, merchants=40, days=400):
    """A marketplace of these archetypes only, in equal shares."""
    return Market(a_scenario(merchants=merchants, days=days, mix=dict.fromkeys(archetypes, 1.0)))


@cache
def attacked(kind, strength=1.0, day=100, days=80):
    """An everyday marketplace of 150 merchants over 260 days under one attack; strength 0 = the same without it."""
    attack = Attack(kind=kind, strength=strength, day=day, days=days)
    return Market(a_scenario(merchants=150, days=260, attacks=(attack,)))


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
