"""How long work shows that it goes on: a bar on a terminal, plain lines elsewhere, nothing inside a program."""

import sys
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import track

__all__ = ["Watch", "shown", "silently"]

Step = TypeVar("Step")


class Watch(Protocol):
    """Passes on the steps of some work while it tells somebody about them."""

    def __call__(self, steps: Iterable[Step], *, title: str, total: int | None = None) -> Iterator[Step]:
        """The same steps; `total` is about how many there will be."""


def silently(steps: Iterable[Step], *, title: str, total: int | None = None) -> Iterator[Step]:
    """Tell nobody."""
    yield from steps


def shown(steps: Iterable[Step], *, title: str, total: int | None = None) -> Iterator[Step]:
    """Tell whoever reads standard error."""
    if sys.stderr.isatty():
        yield from track(steps, description=title, total=total, console=Console(stderr=True), transient=True)
        return
    print(f"{title} ...", file=sys.stderr)
    yield from steps
