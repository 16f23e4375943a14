"""The numbers in docstrings are checked by running them."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import training

FLOOR = Path(training.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(FLOOR).with_suffix("").parts)
    for path in FLOOR.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_there_are_examples():
    assert {"calibration", "costs", "evaluate", "psi", "recipe_inputs", "segments"} <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_example_in_a_docstring_gives_what_it_says(name):
    found = doctest.testmod(import_module(f"training.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
