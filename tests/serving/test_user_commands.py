import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from features.database import open_engine
from serving.errors import UserKnown
from serving.people import People
from tests.serving.world import a_command_line


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command with everything kept in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path / "home"))
    app = a_command_line()
    return lambda *words: CliRunner().invoke(app, words)


@pytest.fixture
def people(tmp_path):
    """The people in that folder's store."""
    (tmp_path / "home").mkdir(exist_ok=True)
    engine = open_engine(f"sqlite:///{tmp_path / 'home' / 'goodfaith.db'}")
    yield People(engine)
    engine.dispose()


def test_a_user_is_added_and_the_password_printed_once_lets_them_in(run, people):
    made = json.loads(run("users", "add", "李雷", "--role", "senior", "--json").stdout)
    assert set(made) == {"name", "password"}
    assert people.recognise("李雷", made["password"], now=datetime.now(UTC)).role == "senior"
    assert made["password"] not in run("users", "list", "--json").stdout


def test_without_json_the_first_line_is_the_password(run, people):
    password = run("users", "add", "anna", "--role", "reviewer").stdout.splitlines()[0]
    assert people.recognise("anna", password, now=datetime.now(UTC)).name == "anna"


@pytest.mark.parametrize(
    "words", [["anna"], ["anna", "--role", "king"], [" anna", "--role", "admin"], ["", "--role", "admin"]]
)
def test_what_is_no_role_or_no_name_is_wrong_usage(run, words):
    assert run("users", "add", *words).exit_code == 2
    assert run("users", "list").stdout == ""


def test_the_list_shows_names_and_roles(run):
    run("users", "add", "anna", "--role", "reviewer")
    (row,) = json.loads(run("users", "list", "--json").stdout)
    assert (row["name"], row["role"], row["locked_until"]) == ("anna", "reviewer", None)
    assert run("users", "list").stdout.startswith("anna  reviewer  20")


def test_nobody_is_added_twice(run):
    run("users", "add", "anna", "--role", "reviewer")
    assert isinstance(run("users", "add", "anna", "--role", "admin").exception, UserKnown)
