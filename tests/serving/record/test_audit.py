"""The audit record: chains that nobody can change unseen, anchors that join them, entries that live with their deed."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from typer.testing import CliRunner

from features.database import open_engine, reading, writing
from features.errors import StoreUnavailable
from serving import cases
from serving.errors import AnchorsUnreadable, AuditBroken
from serving.plain import as_json, digest
from serving.record import audit, seals
from serving.record.anchors import anchor, anchored, as_line, read_anchors
from serving.record.check import first_fault
from serving.record.store_audit import anchors_since
from serving.record.tables import anchor_heads, anchors, audit_chains
from serving.record.tables import audit as table
from serving.store import opened
from serving.tables import decisions
from tests.serving.shop import a_refund, a_shop, refund
from tests.serving.world import NOON, a_command_line, a_service


def an_entry(number=0, **changes):
    return audit.Entry(**{"actor": "user:wang", "action": "looked", "subject": f"case:{number}", "body": {}, **changes})


def write(engine, count=5):
    """Entries a second apart, each in a transaction of its own, all in one chain."""
    for number in range(count):
        with writing(engine) as tx:
            audit.write(tx, an_entry(number, body={"why": "复核"}), now=NOON + timedelta(seconds=number))


def fault(engine, **more):
    with reading(engine) as tx:
        found = first_fault(tx, **more)
    return found.told if found else None


def entries(engine):
    with reading(engine) as tx:
        return tx.execute(select(table).order_by(table.c.chain, table.c.seq)).all()


def change(engine, statement):
    with writing(engine) as tx:
        tx.execute(statement)


# One chain.


def test_an_empty_record_and_one_that_nobody_touched_are_whole(any_engine):
    assert fault(any_engine) is None
    write(any_engine)
    assert fault(any_engine) is None
    assert [(row.chain, row.seq) for row in entries(any_engine)] == [
        (entries(any_engine)[0].chain, n) for n in range(1, 6)
    ]


@pytest.mark.parametrize("column", [c.name for c in table.c if c.name != "seq"])
def test_a_changed_column_of_an_entry_is_named(engine, column):
    write(engine)
    other = 1 if column == "at" else "other"
    change(engine, update(table).where(table.c.seq == 3).values({column: other}))
    assert "entry 3 of the audit chain" in fault(engine)


def test_a_dropped_entry_shows_at_the_one_after_it(any_engine):
    write(any_engine)
    change(any_engine, delete(table).where(table.c.seq == 2))
    assert "entry 3 of" in fault(any_engine)


def test_a_first_entry_cannot_be_dropped_and_the_rest_moved_up(engine):
    write(engine)
    change(engine, delete(table).where(table.c.seq == 1))
    change(engine, update(table).values(seq=table.c.seq - 1))
    assert "entry 1 of" in fault(engine)


def test_many_entries_of_one_transaction_are_chained_in_their_order(any_engine):
    with writing(any_engine) as tx:
        audit.write_all(tx, [an_entry(number) for number in range(20)], now=NOON)
        audit.write_all(tx, [], now=NOON)
        audit.write(tx, an_entry(20), now=NOON)
    assert [row.subject for row in entries(any_engine)] == [f"case:{number}" for number in range(21)]
    assert fault(any_engine) is None


# Many writers.


def test_writers_at_once_wait_for_nobody_and_each_has_a_chain(any_engine):
    many = any_engine.dialect.name == "postgresql"
    together = threading.Barrier(4)

    def one(number):
        for again in range(5):
            with writing(any_engine) as tx:
                audit.write(tx, an_entry(number, actor="key:k1"), now=NOON)
                if many and not again:
                    # Whoever waited for another's chain would keep all others from getting here.
                    together.wait(timeout=30)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entries(any_engine)) == 20
    assert len({row.chain for row in entries(any_engine)}) <= 4
    assert fault(any_engine) is None


def test_another_process_begins_a_chain_of_its_own(engine, tmp_path):
    write(engine, 2)
    # To this process another address of the same file is another store.
    other = open_engine(f"sqlite:///{tmp_path}/./goodfaith.db")
    write(other, 2)
    other.dispose()
    assert sorted(row.seq for row in entries(engine)) == [1, 1, 2, 2]
    assert fault(engine) is None


def test_a_chain_goes_on_where_its_last_writer_stopped_also_after_a_failure(any_engine):
    write(any_engine, 1)
    with writing(any_engine) as tx:
        audit.write(tx, an_entry(), now=NOON)
        tx.rollback()
    write(any_engine, 1)
    assert [row.seq for row in entries(any_engine)] == [1, 2]
    assert fault(any_engine) is None


def test_the_earliest_fault_of_several_chains_is_named(engine, tmp_path):
    write(engine, 3)
    other = open_engine(f"sqlite:///{tmp_path}/./goodfaith.db")
    write(other, 3)
    other.dispose()
    for seq, chain in zip((3, 2), sorted({row.chain for row in entries(engine)}), strict=True):
        change(engine, update(table).where(table.c.seq == seq, table.c.chain == chain).values(action="other"))
    assert "entry 2 of" in fault(engine)


# Anchors.


def kept_anchors(engine):
    with reading(engine) as tx:
        return tuple(anchors_since(tx))


def anchor_now(engine, seconds=60):
    return anchor(engine, now=NOON + timedelta(seconds=seconds))


def test_an_anchor_holds_the_ends_of_what_has_grown_and_follows_the_one_before(any_engine):
    write(any_engine, 2)
    first = anchor_now(any_engine)
    assert anchor_now(any_engine) is None
    write(any_engine, 1)
    second = anchor_now(any_engine, 120)
    assert [(one.number, len(one.heads), one.heads[0].seq) for one in (first, second)] == [(1, 1, 2), (2, 1, 3)]
    assert second.previous == first.hash
    assert kept_anchors(any_engine) == (first, second)
    assert fault(any_engine) is None


def test_what_was_written_is_anchored_when_the_work_ends(engine):
    with anchored(engine, lambda: NOON):
        write(engine, 1)
    assert len(kept_anchors(engine)) == 1


CUT = {
    "the end of a chain": [delete(table).where(table.c.seq == 5)],
    "a chain": [delete(table)],
    "a chain, and that it was": [delete(table), delete(audit_chains)],
    "an anchor": [delete(anchors).where(anchors.c.number == 1)],
    "what an anchor holds": [delete(anchor_heads).where(anchor_heads.c.number == 1)],
    "an end that an anchor holds": [update(anchor_heads).values(seq=anchor_heads.c.seq - 1)],
    "the moment of an anchor": [update(anchors).values(at=1)],
    "that a chain is anchored": [update(audit_chains).values(anchored_seq=99)],
    "that a chain was begun": [delete(audit_chains)],
}


@pytest.mark.parametrize("statements", CUT.values(), ids=CUT)
def test_what_is_cut_off_or_changed_after_an_anchor_shows(any_engine, statements):
    write(any_engine)
    anchor_now(any_engine)
    write(any_engine, 1)
    anchor_now(any_engine, 120)
    if "seq == 5" in str(statements[0]):
        change(any_engine, delete(table).where(table.c.seq == 6))
    for statement in statements:
        change(any_engine, statement)
    assert fault(any_engine) is not None


def test_a_record_that_was_written_anew_as_a_whole_is_another_than_the_anchors_that_were_kept(any_engine):
    write(any_engine)
    anchor_now(any_engine)
    kept = kept_anchors(any_engine)
    assert fault(any_engine, kept=kept) is None
    for one in (table, audit_chains, anchors, anchor_heads):
        change(any_engine, delete(one))
    write(any_engine, 4)
    assert "anchor 1, which was kept, is gone" in fault(any_engine, kept=kept)
    anchor_now(any_engine)
    assert fault(any_engine) is None
    assert "anchor 1 is another than the one that was kept" in fault(any_engine, kept=kept)


def test_anchors_of_a_file_are_what_was_written_or_refused(engine, tmp_path):
    write(engine)
    made, path = anchor_now(engine), tmp_path / "anchors.jsonl"
    path.write_text(as_line(made) + "\n")
    assert read_anchors(path) == (made,)
    path.write_text(as_line(made).replace('"number":1', '"number":2'))
    with pytest.raises(AnchorsUnreadable, match="is not what was written"):
        read_anchors(path)
    for nonsense in ("{}", "[]", "no JSON"):
        path.write_text(nonsense)
        with pytest.raises(AnchorsUnreadable):
            read_anchors(path)
    with pytest.raises(AnchorsUnreadable):
        read_anchors(tmp_path / "nowhere")


# With the deed, or not at all.


def test_an_entry_lives_and_dies_with_what_it_tells_of(any_engine):
    with writing(any_engine) as tx:
        audit.write(tx, an_entry(), now=NOON)
        tx.rollback()
    assert entries(any_engine) == []


@pytest.fixture
def unwritable(any_engine):
    """A store in which nobody can write an audit entry."""
    a_shop(any_engine)
    with writing(any_engine) as tx:
        tx.execute(text("ALTER TABLE audit RENAME TO nowhere"))
    return any_engine


def a_case(engine):
    matter = cases.Matter(kind=cases.Kind.SUSPICION, merchant_id="m1", about="m1", summary="?")
    with writing(engine) as tx:
        return cases.open_case(tx, matter, now=NOON)


def test_a_decision_that_cannot_be_audited_is_not_made(unwritable):
    with pytest.raises(StoreUnavailable):
        refund(a_service(unwritable), a_refund())
    with reading(unwritable) as tx:
        assert tx.execute(select(decisions)).all() == []


def test_a_case_whose_end_cannot_be_audited_stays_open(unwritable):
    case_id = a_case(unwritable)
    with pytest.raises(StoreUnavailable), writing(unwritable) as tx:
        cases.resolve(tx, case_id, outcome="dismissed", reason="Nothing.", by="wang", now=NOON)
    with reading(unwritable) as tx:
        assert cases.find(tx, case_id).state == "open"


# Names.


def test_people_are_told_of_by_a_pseudonym_that_is_read_back_while_its_salt_is_there(any_engine):
    case_id = a_case(any_engine)
    with writing(any_engine) as tx:
        cases.assign(tx, case_id, to="li", by="wang", now=NOON)
        cases.resolve(tx, case_id, outcome="dismissed", reason="Ms. Zhou said so.", by="wang", now=NOON)
    written = "".join(map(str, entries(any_engine)))
    assert not any(name in written for name in ("wang", '"li"', "Zhou"))
    with reading(any_engine) as tx:
        assert [one.actor for one in audit.about(tx, f"case:{case_id}")] == ["user:wang", "user:wang"]


def test_a_buyer_stands_in_no_entry_and_in_no_request_that_is_kept(any_engine):
    a_shop(any_engine)
    refund(a_service(any_engine), a_refund())
    with reading(any_engine) as tx:
        kept = tx.execute(select(decisions)).one()
    assert kept.buyer_id == "b0"
    assert '"b0"' not in kept.request + kept.answer + kept.trace + "".join(map(str, entries(any_engine)))


# Decisions.


@pytest.mark.parametrize("column", [c.name for c in decisions.c if c.name not in ("id", "kind")])
def test_a_changed_column_of_a_decision_is_found_by_what_the_record_sealed(engine, column):
    a_shop(engine)
    told = refund(a_service(engine), a_refund())
    is_number = column in ("decided_at", "expires_at", "seen_seq")
    change(engine, update(decisions).values({column: 1 if is_number else "{}"}))
    assert f"the decision {told['decision_id']} is not what" in fault(engine)


def test_a_decision_that_an_earlier_version_sealed_is_held_to_that_seal(engine, monkeypatch):
    a_shop(engine)
    with monkeypatch.context() as earlier:
        earlier.setattr(seals, "_sealed", lambda made: digest(as_json(seals._row(made))))
        told = refund(a_service(engine), a_refund())
    assert fault(engine) is None
    change(engine, update(decisions).values(outcome="standard"))
    assert f"the decision {told['decision_id']} is not what" in fault(engine)


def test_a_decision_that_is_gone_and_one_that_nobody_sealed_are_found(any_engine):
    a_shop(any_engine)
    told = refund(a_service(any_engine), a_refund(cents=100))
    with reading(any_engine) as tx:
        row = dict(tx.execute(select(decisions)).one()._mapping)
    change(any_engine, insert(decisions).values({**row, "id": "d_forged"}))
    assert "the decision d_forged is not what" in fault(any_engine)
    change(any_engine, delete(decisions))
    assert f"the decision {told['decision_id']} is not what" in fault(any_engine)


# The commands.


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command with everything kept in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    app = a_command_line()
    return lambda *words: CliRunner().invoke(app, ["audit", *map(str, words)])


@pytest.fixture
def store(tmp_path):
    """The store that the commands open, with five entries."""
    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        write(engine)
        yield engine


def test_the_command_says_that_the_record_is_whole_or_fails_with_the_first_fault(run, store):
    assert run("verify").stdout == "The audit chain is whole: 5 entries of 1 writers, joined by 0 anchors.\n"
    change(store, update(table).where(table.c.seq == 4).values(actor="user:li"))
    failed = run("verify")
    assert (failed.exit_code, type(failed.exception)) == (1, AuditBroken)
    assert "entry 4" in str(failed.exception)
    told = json.loads(run("verify", "--json").stdout)
    assert (told["whole"], told["entries"], told["first"]) == (False, 5, str(failed.exception))


def test_anchors_are_written_to_be_kept_and_the_record_is_held_against_them(run, store, tmp_path):
    kept = tmp_path / "anchors.jsonl"
    assert run("anchors", "--out", kept).exit_code == 0
    assert run("anchors").stdout == kept.read_text()
    assert "1 that were kept elsewhere are among them" in run("verify", "--anchors", kept).stdout
    change(store, delete(anchors))
    change(store, delete(anchor_heads))
    change(store, update(audit_chains).values(anchored_seq=0))
    assert "anchor 1, which was kept, is gone" in str(run("verify", "--anchors", kept).exception)
    assert "cannot be written" in str(run("anchors", "--out", tmp_path).exception)
