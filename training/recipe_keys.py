"""Reading TOML so that no key is misread and none is overlooked."""

from datetime import date, datetime
from typing import Any, TypeVar

from training.errors import RecipeBroken

__all__ = ["REQUIRED", "Keys"]

T = TypeVar("T")

#: Left away, a key has no default.
REQUIRED: Any = object()


class Keys:
    """A TOML table whose keys are taken one by one, so that none is misread and none is overlooked."""

    def __init__(self, table: dict[str, Any], path: str) -> None:
        self._left = dict(table)
        self._path = path

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def broken(self, key: str, what: str) -> RecipeBroken:
        """The error that this key of the table is broken."""
        return RecipeBroken(f"{self._path}{key}", what)

    def take(self, key: str, kind: type[T], default: T = REQUIRED) -> T:
        """A key's value, of a type; raises RecipeBroken, as all below do."""
        if key not in self._left:
            if default is REQUIRED:
                raise self.broken(key, "is missing")
            return default
        value = self._left.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.broken(key, f"is {value!r}, and has to be of type {kind.__name__}")
        return value

    def within(self, key: str, kind: type[T], least: float, most: float, default: T = REQUIRED) -> T:
        """A number within limits."""
        value: Any = self.take(key, kind, default)
        if not least <= value <= most:
            raise self.broken(key, f"is {value}, and has to lie from {least} to {most}")
        return value  # type: ignore[no-any-return]  # Its type was checked just above.

    def one_of(self, key: str, words: tuple[str, ...], default: str = REQUIRED) -> str:
        """One of some words."""
        value = self.take(key, str, default)
        if value not in words:
            raise self.broken(key, f"is {value!r}, and has to be one of {', '.join(words)}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = REQUIRED) -> tuple[str, ...]:
        """A list of texts."""
        if key not in self._left and default is not REQUIRED:
            return default
        values = self.take(key, list)
        if not all(isinstance(value, str) for value in values):
            raise self.broken(key, "has to be a list of texts")
        return tuple(values)

    def day(self, key: str) -> date | None:
        """A date, None where the key is left away."""
        value = self._left.pop(key, None)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.broken(key, f"is {value!r}, and has to be a date such as 2026-01-01")
        return value

    def table(self, key: str) -> "Keys":
        """A table within the table; left away, an empty one."""
        return Keys(self.take(key, dict, {}), f"{self._path}{key}.")

    def tables(self, key: str, default: list[Any] = REQUIRED) -> list["Keys"]:
        """Tables that may come several times."""
        values = self.take(key, list, default)
        if not all(isinstance(value, dict) for value in values):
            raise self.broken(key, f"has to be written as [[{key}]]")
        return [Keys(value, f"{self._path}{key}[{index}].") for index, value in enumerate(values)]

    def finish(self) -> None:
        """Refuse what was not taken."""
        for key in self._left:
            raise self.broken(key, "is no key of a recipe")
