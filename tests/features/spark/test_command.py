"""`goodfaith features --engine spark`, as people and scripts meet it."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.errors import SparkUnavailable
from features.spark.session import spark_session
from tests.features.build import a_log, write_log

REPOSITORY = Path(__file__).parents[3]
DAY, OUT = ("--as-of", "2024-02-01"), ("--out", "out.parquet")
SPARK = ("--engine", "spark", "--master", "local[1]")
LOG = a_log("""
2024-01-10  order_placed   order_id=A amount_cents=500
2024-01-12  review_posted  stars=9
""")


@pytest.fixture
def goodfaith(tmp_path):
    """Run `goodfaith` as a program of its own, in a folder with a log."""
    write_log(LOG, tmp_path / "log.parquet")

    def run(*words, **environment):
        settings = {"PYTHONPATH": str(REPOSITORY), "GOODFAITH_HOME": str(tmp_path / "home")}
        own = {name: value for name, value in os.environ.items() if not name.startswith("GOODFAITH_")}
        given = [sys.executable, "-m", "goodfaith", *words]
        return subprocess.run(
            given, cwd=tmp_path, env=own | settings | environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="module")
def _spark():
    """Skips what needs Spark where there is none."""
    try:
        with spark_session("local[1]"):
            pass
    except SparkUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("_spark")
def test_the_store_is_answered_as_on_one_machine(goodfaith, tmp_path):
    assert goodfaith("ingest", "log.parquet").returncode == 0
    ended = goodfaith("features", "--store", *DAY, *OUT, *SPARK)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "1 events, 0 duplicates" in ended.stderr
    assert goodfaith("features", "--store", *DAY, "--out", "other.parquet").returncode == 0
    assert pq.read_table(tmp_path / "out.parquet").equals(pq.read_table(tmp_path / "other.parquet"))


@pytest.mark.usefixtures("_spark")
def test_a_task_that_fails_is_told_with_its_reason(goodfaith, tmp_path):
    whole = (tmp_path / "log.parquet").read_bytes()
    # The footer stays whole, so that only who reads the rows finds out.
    (tmp_path / "log.parquet").write_bytes(whole[:4] + bytes(40) + whole[44:])
    ended = goodfaith("features", "--events", "log.parquet", *DAY, *OUT, *SPARK)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("Error: A task on Spark failed: ")
    assert "log.parquet is broken" in ended.stderr
    assert not (tmp_path / "out.parquet").exists()


def test_without_java_it_is_said_what_to_install(goodfaith, tmp_path):
    ended = goodfaith("features", "--events", "log.parquet", *DAY, *OUT, *SPARK, JAVA_HOME=str(tmp_path))
    assert ended.returncode == 1
    assert "Java 17" in ended.stderr.splitlines()[-1]
