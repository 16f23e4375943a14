"""What all pages of the reference are made with."""

from collections.abc import Iterable, Sequence
from importlib.resources import files


def shipped(name: str) -> str:
    """The text of a shipped policy."""
    return files("scoring").joinpath(f"policies/{name}.toml").read_text("utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
