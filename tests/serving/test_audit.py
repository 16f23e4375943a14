from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from features.database import reading, writing
from serving import audit
from serving.errors import AuditBroken
from serving.store import opened
from serving.tables import audit as table
from tests.serving.world import NOON, a_command_line


def write(engine, count=5):
    for number in range(count):
        entry = audit.Entry(actor="user:wang", action="looked", subject=f"case:{number}", body={"why": "复核"})
        with writing(engine) as tx:
            audit.write(tx, entry, now=NOON + timedelta(seconds=number))


def first_bad(engine):
    with reading(engine) as tx:
        return audit.verify(tx)


def first_entries(engine):
    with reading(engine) as tx:
        return list(audit.about(tx, "c"))


def test_an_empty_chain_and_one_that_nobody_touched_are_whole(any_engine):
    assert first_bad(any_engine) is None
    write(any_engine)
    assert first_bad(any_engine) is None


@pytest.mark.parametrize("column", [c.name for c in table.c if c.name != "seq"])
def test_a_changed_column_of_an_entry_is_named(engine, column):
    write(engine)
    other = 1 if column == "at" else "other"
    with writing(engine) as tx:
        tx.execute(update(table).where(table.c.seq == 3).values({column: other}))
    assert first_bad(engine) == 3


def test_a_dropped_entry_shows_at_the_one_after_it(any_engine):
    write(any_engine)
    with writing(any_engine) as tx:
        tx.execute(delete(table).where(table.c.seq == 2))
    assert first_bad(any_engine) == 3


def test_a_first_entry_cannot_be_dropped_and_the_rest_moved_up(engine):
    write(engine)
    with writing(engine) as tx:
        tx.execute(delete(table).where(table.c.seq == 1))
        tx.execute(update(table).values(seq=table.c.seq - 1))
    assert first_bad(engine) == 1


def test_an_entry_lives_and_dies_with_what_it_tells_of(any_engine):
    with writing(any_engine) as tx:
        audit.write(tx, audit.Entry(actor="a", action="b", subject="c"), now=NOON)
        tx.rollback()
    assert first_entries(any_engine) == []
    write(any_engine, 1)
    assert first_bad(any_engine) is None


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command with everything kept in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    app = a_command_line()
    return lambda *words: CliRunner().invoke(app, words)


def test_the_command_says_that_the_chain_is_whole_or_fails_with_the_first_bad_entry(run, tmp_path):
    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        write(engine)
        assert run("audit", "verify").stdout == "The audit chain is whole: 5 entries.\n"
        with writing(engine) as tx:
            tx.execute(update(table).where(table.c.seq == 4).values(actor="user:li"))
    failed = run("audit", "verify").exception
    assert isinstance(failed, AuditBroken)
    assert "entry 4" in str(failed)
