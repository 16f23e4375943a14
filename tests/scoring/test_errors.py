"""The error tree: drawn as it is, and every error says what is wrong."""

import inspect

from scoring import errors
from scoring.errors import ScoringError

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value)]


def test_every_error_is_in_the_drawn_tree_and_in_all():
    names = {one.__name__ for one in CLASSES}
    assert names == set(errors.__all__)
    assert all(name in errors.__doc__ for name in names)


def test_every_error_has_the_one_root():
    assert all(issubclass(one, ScoringError) for one in CLASSES)


def test_the_docstring_is_the_message():
    error = errors.InputMissing(feature="late", row=3)
    assert str(error) == "Input late is null or not finite in row 3; this model takes a finite number there."
    assert error.values == {"feature": "late", "row": 3}
