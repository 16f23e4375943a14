import json
import re

import pytest
from typer.testing import CliRunner

from features.database import open_engine, reading
from serving.auth import authenticate
from serving.errors import KeyUnknown, Unauthenticated
from serving.record import audit
from serving.record.check import first_fault
from serving.store import KeyStore
from tests.serving.world import a_command_line


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command with everything kept in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path / "home"))
    app = a_command_line()
    return lambda *words: CliRunner().invoke(app, words)


@pytest.fixture
def keys(tmp_path):
    """The keys in that folder's store."""
    (tmp_path / "home").mkdir(exist_ok=True)
    engine = open_engine(f"sqlite:///{tmp_path / 'home' / 'goodfaith.db'}")
    yield KeyStore(engine)
    engine.dispose()


def test_a_key_is_made_printed_once_and_opens_what_was_asked_for(run, keys):
    made = json.loads(
        run("keys", "add", "refunds", "--scope", "scores:read", "--scope", "refunds:decide", "--json").stdout
    )
    assert set(made) == {"id", "key"}
    assert authenticate(made["key"], keys.find).scopes == {"scores:read", "refunds:decide"}
    assert made["key"] not in run("keys", "list", "--json").stdout


def test_who_made_and_revoked_a_key_stands_in_the_audit_record(run, keys):
    key_id = json.loads(run("keys", "add", "refunds", "--scope", "scores:read", "--json").stdout)["id"]
    for _ in range(2):
        run("keys", "revoke", key_id)
    with reading(keys.engine) as tx:
        told = [(one.actor, one.action, one.says) for one in audit.about(tx, f"key:{key_id}")]
        assert first_fault(tx) is None
    made = {"scopes": ["scores:read"], "event_types": None}
    assert told == [("command line", "key_added", made), ("command line", "key_revoked", {})]


def test_without_json_the_first_line_is_the_key(run, keys):
    output = run("keys", "add", "people", "--scope", "admin").stdout
    assert authenticate(output.splitlines()[0], keys.find).scopes == {"admin"}


@pytest.mark.parametrize("scopes", [[], ["--scope", "everything"], ["--scope", "scores:read", "--scope", ""]])
def test_a_scope_that_does_not_exist_is_wrong_usage(run, keys, scopes):
    result = run("keys", "add", "x", *scopes)
    assert result.exit_code == 2
    assert run("keys", "list").stdout == ""


def test_the_list_shows_names_scopes_and_what_was_revoked(run):
    made = json.loads(run("keys", "add", "店", "--scope", "scores:read", "--json").stdout)
    run("keys", "revoke", made["id"])
    (row,) = json.loads(run("keys", "list", "--json").stdout)
    assert (row["id"], row["name"], row["scopes"]) == (made["id"], "店", ["scores:read"])
    assert re.search(rf"{made['id']}.*revoked.*scores:read.*店", run("keys", "list").stdout)


def test_a_key_lists_the_types_that_its_rights_and_words_name(run, keys):
    words = ("--scope", "events:write", "--may", "rulings", "--may", "order_placed", "--json")
    made = json.loads(run("keys", "add", "desk", *words).stdout)
    listed = {"order_placed", "dispute_resolved", "fake_report_resolved", "complaint_closed"}
    assert authenticate(made["key"], keys.find).event_types == listed
    (row,) = json.loads(run("keys", "list", "--json").stdout)
    assert set(row["event_types"]) == listed
    assert "may write order_placed" in run("keys", "list").stdout


def test_a_key_without_a_list_may_write_all(run, keys):
    made = json.loads(run("keys", "add", "feed", "--scope", "events:write", "--json").stdout)
    assert authenticate(made["key"], keys.find).event_types is None


@pytest.mark.parametrize("words", [("scores:read", "orders"), ("events:write", "everything"), ("events:write", "")])
def test_a_right_that_is_none_or_of_no_use_is_wrong_usage(run, words):
    scope, may = words
    assert run("keys", "add", "x", "--scope", scope, "--may", may).exit_code == 2
    assert run("keys", "list").stdout == ""


def test_a_revoked_key_is_refused(run, keys):
    made = json.loads(run("keys", "add", "x", "--scope", "admin", "--json").stdout)
    assert run("keys", "revoke", made["id"]).exit_code == 0
    with pytest.raises(Unauthenticated):
        authenticate(made["key"], keys.find)


def test_revoking_what_does_not_exist_fails(run):
    result = run("keys", "revoke", "0000")
    assert isinstance(result.exception, KeyUnknown)
