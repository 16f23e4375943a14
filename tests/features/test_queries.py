import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select, text

from features.database import insert_all, reading, writing
from features.queries import Query, given, listed, paired

ROWS = [("a", "x", 1), ("a", "y", 2), ("b", "x", 3), ('"店"', "%s", 4), ("it's", "?", 5)]
THINGS = Table("things", MetaData(), Column("one", String), Column("two", String), Column("number", Integer))
LISTED = Query(select(THINGS.c.number).where(listed(THINGS.c.one, "ones")).order_by(THINGS.c.number))
PAIRED = Query(select(THINGS.c.number).where(paired(THINGS.c.one, THINGS.c.two, "pairs")).order_by(THINGS.c.number))
ABOVE = Query(
    select(THINGS.c.number)
    .where(listed(THINGS.c.number, "numbers"), THINGS.c.number > given("least"), THINGS.c.two.in_(["x", "y"]))
    .order_by(THINGS.c.number)
)


@pytest.fixture
def tx(any_engine):
    with writing(any_engine) as tx:
        THINGS.metadata.create_all(tx)
        insert_all(tx, THINGS, dict(zip(("one", "two", "number"), zip(*ROWS, strict=True), strict=True)))
    with reading(any_engine) as tx:
        yield tx


def numbers(rows):
    return [number for (number,) in rows]


@pytest.mark.parametrize(
    ("ones", "found"), [(["a", "never"], [1, 2]), (["b", "a", "a"], [1, 2, 3]), (['"店"', "it's"], [4, 5]), ([], [])]
)
def test_a_list_finds_what_is_in_it(tx, ones, found):
    assert [numbers(LISTED.rows(tx, ones=ones)) for _ in range(2)] == [found, found]


@pytest.mark.parametrize(
    ("pairs", "found"), [([("a", "x"), ("b", "y")], [1]), ([('"店"', "%s"), ("it's", "?")], [4, 5]), ([], [])]
)
def test_a_list_of_pairs_finds_pairs(tx, pairs, found):
    assert numbers(PAIRED.rows(tx, pairs=pairs)) == found


def test_what_is_given_and_what_stands_in_the_statement_go_together(tx):
    assert numbers(ABOVE.rows(tx, numbers=[1, 2, 3, 4, 5], least=1)) == [2, 3]


def test_a_list_of_any_length_has_the_same_words(tx):
    LISTED.rows(tx, ones=["a"])
    words = dict(LISTED._worded)
    LISTED.rows(tx, ones=[f"o{number}" for number in range(2000)])
    assert words == LISTED._worded


@pytest.mark.parametrize(("query", "values"), [(LISTED, {"ones": ["a"]}), (PAIRED, {"pairs": [("a", "x")]})])
def test_sqlite_finds_them_by_an_index(engine, query, values):
    with writing(engine) as tx:
        THINGS.metadata.create_all(tx)
        tx.execute(text("CREATE INDEX by_both ON things (one, two)"))
        query.rows(tx, **values)
        words = query._worded["sqlite"][0]
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", ("[]",)).all()
    assert any("SEARCH things USING" in row[-1] and "by_both" in row[-1] for row in plan)
