"""Policies from a folder: a file there takes the place of the shipped policy of its name, all of them or none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoring.policy_text import Policy
from serving.errors import PolicyFileUnusable, PolicyInvalid
from serving.policy import read_any, shipped_texts

__all__ = ["FOLLOWED", "Signature", "read_folder", "signature"]

#: The policies that a service follows: the name of each file, without `.toml`, is also that of its kind.
FOLLOWED = ("score", "programmes", "refunds", "compensation", "complaints", "adverts", "penalties", "breaker")

#: What a folder's files looked like: their names, sizes and times of the last change.
Signature = tuple[tuple[str, int, int], ...]


def read_folder(folder: Path | None) -> dict[str, Any]:
    """Every policy by its name: a folder's where it has one, else the shipped one.

    Raises `PolicyInvalid` with every file and place that is wrong, `PolicyFileUnusable` where a file cannot be read or
    is of no policy's name: a misspelt one would be overlooked.
    """
    texts = {name: text for name, text in shipped_texts().items() if name in FOLLOWED}
    texts |= _texts(folder) if folder is not None else {}
    return dict(_read(texts))


def signature(folder: Path) -> Signature:
    """What the folder's files look like from outside; empty where there is no folder."""
    try:
        return tuple(sorted(_looks(path) for path in folder.glob("*.toml")))
    except OSError:
        # A file that goes away while it is looked at is a change; the next look sees what is left.
        return ()


def _looks(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return path.name, found.st_size, found.st_mtime_ns


def _texts(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise PolicyFileUnusable("the folder of policies is not there")
    found = {path.stem: _text(path) for path in sorted(folder.glob("*.toml"))}
    strange = sorted(set(found) - set(FOLLOWED))
    if strange:
        raise PolicyFileUnusable(f"{strange[0]}.toml is none of {', '.join(FOLLOWED)}")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyFileUnusable(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyFileUnusable(f"{path.name} is no text in UTF-8") from error


def _read(texts: Mapping[str, str]) -> Mapping[str, Policy]:
    read, wrong = {}, []
    for name, text in texts.items():
        try:
            read[name] = read_any(name, text)
        except PolicyInvalid as error:
            wrong.append(f"{name}.toml: {error}")
    if wrong:
        raise PolicyInvalid("; ".join(wrong))
    return read
