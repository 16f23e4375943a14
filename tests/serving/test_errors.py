import inspect
import re

import pytest

from serving import errors
from serving.errors import GoodfaithError
from serving.statuses import ANSWERS, answer_to


def the_classes() -> set[str]:
    return {name for name, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, GoodfaithError)}


def test_the_tree_in_the_docstring_draws_every_error():
    drawn = set(re.findall(r"^(?:[├└│─ ]*)([A-Z]\w+)(?:\s|$)", errors.__doc__.split("Each error")[0], re.MULTILINE))
    assert drawn - {"Errors"} == the_classes()


def test_every_error_is_exported():
    assert the_classes() <= set(errors.__all__)


def test_what_the_tree_says_of_http_is_what_the_table_says():
    drawn = re.findall(r"(\w+)\s+(\d{3}) (\w+)", errors.__doc__)
    table = {kind.__name__: answer for kind, answer in ANSWERS.items() if kind.__module__ == errors.__name__}
    del table["GoodfaithError"]
    assert {name: (int(status), code) for name, status, code in drawn} == table


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_row_of_the_table_answers_for_its_class(kind):
    assert answer_to(kind("anything")) == ANSWERS[kind]
