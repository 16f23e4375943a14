"""Every row of the table of failures is tested, and every test of a failure is a row."""

import ast
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROWS = [one["id"] for one in tomllib.loads((HERE.parent.parent / "docs" / "failures.toml").read_text())["failures"]]


def rows_of(decorator):
    """The row that a decorator `pytest.mark.failure("...")` names."""
    named = isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.failure"
    return [decorator.args[0].value] if named else []


def named_by_tests():
    """Every row that a test names."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(HERE.parent.rglob("test_*.py"))]
    trees = [ast.parse(text) for text in texts if "pytest.mark.failure(" in text]
    tests = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {row for test in tests for decorator in test.decorator_list for row in rows_of(decorator)}


def test_every_row_of_the_table_has_a_test_and_every_test_a_row():
    assert len(ROWS) == len(set(ROWS))
    assert named_by_tests() == set(ROWS)
