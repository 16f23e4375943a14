"""Real stores for tests: SQLite in a file of its own, and PostgreSQL in a schema of its own where a server answers.

A server is the one at GOODFAITH_TEST_POSTGRES_URL, else one on this machine, else one that is started for the tests
where its programs are installed.
"""

import atexit
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from glob import glob
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from features.database import open_engine, writing
from features.errors import StoreUnavailable

LOCAL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


def sqlite_store(folder: Path) -> Iterator[Engine]:
    """A store without tables, in a file."""
    engine = open_engine(f"sqlite:///{folder / 'goodfaith.db'}")
    yield engine
    engine.dispose()


def postgresql_store() -> Iterator[Engine]:
    """A store without tables, in a schema that is dropped at the end."""
    url = postgresql_url()
    if url is None:
        pytest.skip("no PostgreSQL: none at GOODFAITH_TEST_POSTGRES_URL or 127.0.0.1:5432, and none is installed")
    server, schema = open_engine(url), f"test_{secrets.token_hex(8)}"
    with writing(server) as tx:
        tx.execute(text(f"CREATE SCHEMA {schema}"))
    there = make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = open_engine(there.render_as_string(hide_password=False))
    try:
        yield engine
    finally:
        engine.dispose()
        with writing(server) as tx:
            tx.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        server.dispose()


@cache
def postgresql_url() -> str | None:
    """Where a server answers; one that was named and is silent is a mistake."""
    named = os.environ.get("GOODFAITH_TEST_POSTGRES_URL")
    if named:
        _try(named)
        return named
    try:
        _try(LOCAL)
    except StoreUnavailable:
        return _started()
    return LOCAL


def _try(url: str) -> None:
    server = open_engine(
        make_url(url).update_query_dict({"connect_timeout": "2"}).render_as_string(hide_password=False)
    )
    try:
        with writing(server) as tx:
            tx.execute(text("SELECT 1"))
    finally:
        server.dispose()


def _started() -> str | None:
    """A server of the tests' own, on a socket in a folder that goes with them; None where none is installed."""
    found = shutil.which("initdb") or next(iter(sorted(glob("/usr/lib/postgresql/*/bin/initdb"))[-1:]), None)
    by = _somebody()
    if found is None or by is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="goodfaith-pg-"))
    if by:
        shutil.chown(folder, "postgres")
    data, control = str(folder / "data"), [*by, str(Path(found).with_name("pg_ctl")), "-D", str(folder / "data")]
    _run([*by, found, "-D", data, "-A", "trust", "-U", "postgres"])
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    _run([*control, "-w", "-l", str(folder / "log"), "-o", options, "start"])
    atexit.register(_stop, control, folder)
    return f"postgresql+psycopg://postgres@/postgres?host={folder}"


def _somebody() -> list[str] | None:
    """How to run a program as somebody whom PostgreSQL accepts: it refuses root."""
    if os.getuid() != 0:
        return []
    with suppress(KeyError):
        return ["runuser", "-u", pwd.getpwnam("postgres").pw_name, "--"] if shutil.which("runuser") else None
    return None


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _stop(control: list[str], folder: Path) -> None:
    _run([*control, "-m", "immediate", "stop"])
    shutil.rmtree(folder, ignore_errors=True)
