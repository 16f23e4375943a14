"""The house keeps its shape: short functions, short files, few parameters, and nobody reaches for the front door."""

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("features", "scoring", "training", "serving")
SOURCES = [ROOT / "goodfaith.py", *(path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py")))]

LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 400, 50, 6
MEDIAN_FUNCTION, NINE_IN_TEN_FUNCTIONS = 8, 30


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of(function):
    """Lines of code: the docstring explains, it is not counted."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 1


def parameters_of(function):
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def is_command(function):
    """A command's parameters are its options; how many a person may set is no matter of taste here."""
    return any(isinstance(d, ast.Call) and getattr(d.func, "attr", "") == "command" for d in function.decorator_list)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_too_long_or_takes_too_much(path):
    found = functions_of(path)
    assert [f.name for f in found if lines_of(f) > LONGEST_FUNCTION] == []
    assert [f.name for f in found if len(parameters_of(f)) > MOST_PARAMETERS and not is_command(f)] == []


def test_most_functions_are_short():
    sizes = [lines_of(function) for path in SOURCES for function in functions_of(path)]
    assert median(sizes) <= MEDIAN_FUNCTION
    assert quantiles(sizes, n=10)[-1] <= NINE_IN_TEN_FUNCTIONS


@pytest.mark.parametrize("path", SOURCES[1:], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_floor_knows_the_front_door(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "goodfaith" not in imported


def test_the_locks_name_no_address():
    for lock in (ROOT / "requirements").glob("*.lock"):
        assert "://" not in lock.read_text(encoding="utf-8")
