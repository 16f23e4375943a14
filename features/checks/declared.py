"""What a check is, and what it finds: each check is declared once, with what to do about it in both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from features.checks.starved import Starved

__all__ = ["Check", "Finding", "Severity", "of_feed"]


class Severity(Enum):
    """How bad it is: do not take the log in; look at it; good to know."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is looked at.

    `text` says what was found, with the finding's values put in; `severity` is the mildest that it can be;
    `warns_when` and `stops_when`, where they are not empty, say when it is graver.
    """

    name: str
    looks_at: str
    severity: Severity
    text: str
    text_zh: str
    do: str
    do_zh: str
    warns_when: str = ""
    stops_when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found: in which events, how many of how many, and some of their ids.

    `values` fill the check's sentences; `starved` is what cannot be told without what is missing, where something is.
    """

    check: Check
    severity: Severity
    about: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    count: int = 0
    of: int = 0
    examples: Sequence[str] = ()
    starved: Starved | None = None

    @property
    def text(self) -> str:
        """What was found, in English."""
        return self.check.text.format(**self._told)

    @property
    def text_zh(self) -> str:
        """What was found, in Chinese."""
        return self.check.text_zh.format(**self._told).strip()

    @property
    def _told(self) -> dict[str, Any]:
        share = self.count / self.of if self.of else 0.0
        return {**self.about, "count": self.count, "of": self.of, "share": share, **self.values}

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "check": self.check.name,
            "severity": self.severity.value,
            **{name: value for name, value in self.about.items() if not name.startswith("feed")},
            "count": self.count,
            "of": self.of,
            "examples": list(self.examples),
            "text": self.text,
            "text_zh": self.text_zh,
            "do": self.check.do,
            "do_zh": self.check.do_zh,
            "starves": self.starved.plain() if self.starved else None,
        }


def of_feed(event_type: str | None, source: str | None, **more: Any) -> dict[str, Any]:
    """What a finding is about, and how sentences name it; without a type it is all that the feed sends."""
    return {
        "event_type": event_type,
        "source": source or None,
        "feed_what": f"`{event_type}` events" if event_type else "events of any type",
        "feed_what_zh": f" `{event_type}` 事件" if event_type else "事件",
        "feed": f' of feed "{source}"' if source else "",
        "feed_zh": f"来源“{source}”的" if source else "",
        **more,
    }
