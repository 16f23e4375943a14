"""Where in a policy's text something stands, and what its comments say of it.

`tomllib` keeps neither lines nor comments, so headers and keys are found again line by line: what a policy needs of
TOML (tables, arrays of tables, values over several lines), and not the whole of it (no multi-line strings).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Path", "Places", "places_of"]

#: Keys, and positions in arrays of tables, from the top.
Path = tuple[str | int, ...]

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]+\")\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The line (from 1) of every header and key, and the comment that goes with it."""

    lines: Mapping[Path, int]
    comments: Mapping[int, str]

    def line(self, path: Path) -> int:
        """The line of a path, else of the nearest above it that stands in the text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def comment(self, path: Path) -> str:
        """What is remarked of it: behind it, and in the lines of comments right above it."""
        return self.comments.get(self.line(path), "")


@dataclass(slots=True, kw_only=True)
class _Scan:
    """How far the text has been read."""

    table: Path = ()
    depth: int = 0
    above: str = ""


def places_of(text: str) -> Places:
    """Find every header and key of a TOML text."""
    lines: dict[Path, int] = {}
    comments: dict[int, str] = {}
    counts: dict[Path, int] = {}
    scan = _Scan()
    for number, raw in enumerate(text.splitlines(), start=1):
        code, remark = _parted(raw)
        if not code.strip():
            scan.above = f"{scan.above} {remark}" if remark else ""
            continue
        for path in _paths(code, scan, counts):
            lines[path], comments[number] = number, f"{scan.above} {remark}"
        scan.depth += _opened(code)
        scan.above = ""
    return Places(lines=lines, comments=comments)


def _paths(code: str, scan: _Scan, counts: dict[Path, int]) -> Iterator[Path]:
    """The path that begins on this line, if any does."""
    if scan.depth:
        return
    header, key = _HEADER.match(code), _KEY.match(code)
    if header:
        scan.table = _table(header[2], header[1] == "[[", counts)
        yield scan.table
    elif key:
        yield (*scan.table, key[1].strip('"'))


def _table(name: str, many: bool, counts: dict[Path, int]) -> Path:
    """The path of a header; the last table of an array is meant wherever one is named."""
    path: Path = ()
    names = [part.strip().strip('"') for part in name.split(".")]
    for place, part in enumerate(names):
        path = (*path, part)
        if many and place == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parted(raw: str) -> tuple[str, str]:
    """A line's code and its comment."""
    blank = _QUOTED.sub(lambda found: "x" * len(found[0]), raw)
    at = blank.find("#")
    return (raw, "") if at < 0 else (raw[:at], raw[at + 1 :].strip())


def _opened(code: str) -> int:
    """How many brackets of values stay open after this line."""
    if _HEADER.match(code):
        return 0
    bare = _QUOTED.sub("", code)
    return sum(bare.count(one) for one in "[{") - sum(bare.count(one) for one in "]}")
