"""Processes that keep to a core of their own."""

import os
import subprocess
import sys

import pytest

from serving.cores import keep_to_one_core

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no process keeps to a core here")

KEEPS = """
import os, threading
from serving.cores import keep_to_one_core
core = keep_to_one_core()
seen = []
thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
thread.start(); thread.join()
print(core, seen == [{core}], flush=True)
input()
"""


def a_process():
    return subprocess.Popen([sys.executable, "-c", KEEPS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(process):
    return process.stdout.readline().split()


def test_each_process_takes_a_core_that_is_free_and_frees_it_when_it_is_killed():
    with a_process() as first, a_process() as second:
        (core, keeps), (other, _) = told(first), told(second)
        first.kill()
        first.wait()
        with a_process() as third:
            again, _ = told(third)
            third.communicate("\n")
        second.communicate("\n")
    assert keeps == "True"
    assert core != other
    assert again == core


def test_where_every_core_is_taken_a_process_runs_on_all_of_them(monkeypatch):
    before = os.sched_getaffinity(0)
    monkeypatch.setattr("serving.cores._take", lambda core: False)
    assert keep_to_one_core() is None
    assert os.sched_getaffinity(0) == before
