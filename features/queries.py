"""Statements that are put into words once and asked many times, about any number of keys at a time.

SQLAlchemy's own lists have a parameter for each value, and their words depend on how many there are: making them costs
more than the database needs to answer. Here a list is one parameter, so the words are made once for each kind of
database, and the database too has read them before.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Connection, Dialect, Row, Select, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

__all__ = ["Query", "given", "listed"]


def given(name: str, type_: TypeEngine[Any] | None = None) -> BindParameter[Any]:
    """The value that is given by this name when the statement is asked."""
    return bindparam(name, None, type_)


class listed(ColumnElement[bool]):  # noqa: N801 - it reads like the functions of SQLAlchemy
    """That a column is one of the values of the list that goes by this name."""

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


class Query:
    """A statement, asked with plain numbers and texts, and lists of them, by name."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._worded: dict[str, tuple[str, Sequence[str] | None, dict[str, Any]]] = {}

    def rows(self, tx: Connection, **values: Any) -> Sequence[Row[Any]]:
        """All rows that are found."""
        words, places, constants = self._worded.get(tx.dialect.name) or self._put(tx.dialect)
        given = {**constants, **values}
        if places is None:
            return tx.exec_driver_sql(words, given).all()
        plain = tuple(json.dumps(one) if isinstance(one, list) else one for one in map(given.__getitem__, places))
        return tx.exec_driver_sql(words, plain).all()

    def _put(self, dialect: Dialect) -> tuple[str, Sequence[str] | None, dict[str, Any]]:
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        worded = str(compiled), compiled.positiontup, dict(compiled.params)
        return self._worded.setdefault(dialect.name, worded)
