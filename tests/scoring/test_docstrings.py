"""The numbers in docstrings are checked by running them."""

import doctest
from importlib import import_module

import pytest

MODULES = ("bounds", "cheating", "exploration", "linear", "policy_text", "scorecard", "text", "wording")


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_gives_what_it_says(name):
    found = doctest.testmod(import_module(f"scoring.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
