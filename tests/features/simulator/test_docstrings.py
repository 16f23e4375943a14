"""The examples in the simulator's docstrings say what happens."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name",
    ["dice", "exact", "fulfilment", "lot", "market", "receiver", "scenario", "sheet", "slips", "stream", "texts"],
)
def test_examples_in_docstrings_hold(name):
    found = doctest.testmod(import_module(f"features.simulator.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
