"""Statements that are put into words once and asked many times, about any number of keys at a time.

SQLAlchemy's own lists have a parameter for each value, and their words depend on how many there are: making them costs
more than the database needs to answer. Here a list is one parameter, so the words are made once for each kind of
database, and the database too has read them before.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, ColumnElement, CompoundSelect, Connection, Dialect, Select, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

__all__ = ["Query", "given", "listed", "paired"]


def given(name: str, type_: TypeEngine[Any] | None = None) -> BindParameter[Any]:
    """The value that is given by this name when the statement is asked."""
    return bindparam(name, None, type_)


class listed(ColumnElement[bool]):  # noqa: N801 - it reads like the functions of SQLAlchemy
    """That a column is one of the values of the list that is given by this name."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column, self.name = column, name


@compiles(listed, "sqlite")
def _in_sqlite(element: listed, compiler: SQLCompiler, **more: Any) -> str:
    values = compiler.process(given(element.name), **more)
    return f"{compiler.process(element.column, **more)} IN (SELECT value FROM json_each({values}))"


@compiles(listed, "postgresql")
def _in_postgresql(element: listed, compiler: SQLCompiler, **more: Any) -> str:
    values = compiler.process(given(element.name, ARRAY(element.column.type)), **more)
    return f"{compiler.process(element.column, **more)} = ANY ({values})"


class paired(ColumnElement[bool]):  # noqa: N801 - see above
    """That two columns of texts are one of the pairs of the list that is given by this name."""

    inherit_cache = False

    def __init__(self, first: ColumnElement[str], second: ColumnElement[str], name: str) -> None:
        self.columns, self.name = (first, second), name


@compiles(paired, "sqlite")
def _pair_in_sqlite(element: paired, compiler: SQLCompiler, **more: Any) -> str:
    first, second = (compiler.process(one, **more) for one in element.columns)
    values = compiler.process(given(element.name), **more)
    return f"({first}, {second}) IN (SELECT value ->> 0, value ->> 1 FROM json_each({values}))"


@compiles(paired, "postgresql")
def _pair_in_postgresql(element: paired, compiler: SQLCompiler, **more: Any) -> str:
    first, second = (compiler.process(one, **more) for one in element.columns)
    values = compiler.process(given(element.name, element.columns[0].type), **more)
    return f"({first}, {second}) IN (SELECT value ->> 0, value ->> 1 FROM json_array_elements({values}::json))"


class Query:
    """A statement, asked with plain numbers and texts, and lists of them or of pairs, by name.

    Nothing is one of no values: where a list is empty nobody is asked.
    """

    def __init__(self, statement: Select[Any] | CompoundSelect[Any]) -> None:
        self._statement = statement
        self._worded: dict[str, tuple[str, Sequence[str] | None, dict[str, Any]]] = {}

    def rows(self, tx: Connection, **values: Any) -> Sequence[Any]:
        """All rows that are found."""
        if [] in values.values():
            return ()
        words, places, constants = self._worded.get(tx.dialect.name) or self._put(tx.dialect)
        plain = {**constants, **{name: _plain(one, arrays=places is None) for name, one in values.items()}}
        return tx.exec_driver_sql(words, plain if places is None else tuple(map(plain.__getitem__, places))).all()

    def _put(self, dialect: Dialect) -> tuple[str, Sequence[str] | None, dict[str, Any]]:
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        worded = str(compiled), compiled.positiontup, dict(compiled.params)
        return self._worded.setdefault(dialect.name, worded)


def _plain(value: Any, *, arrays: bool) -> Any:
    """A value as the driver takes it: lists as JSON, or as arrays where the database has them; pairs always as JSON."""
    if not isinstance(value, list) or (arrays and not isinstance(value[0], tuple)):
        return value
    return json.dumps(value, ensure_ascii=False)
