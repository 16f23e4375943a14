"""How a page is made: templates, one environment per language, and the headers that every answer carries."""

import gettext
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from scoring.wording import money
from serving.console import language, words
from serving.service import Service

__all__ = ["HEADERS", "Pages"]

#: Nothing may be loaded, sent or framed that is not ours; nothing is kept by a browser that others may use.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Pages:
    """The console's pages in every language: amounts are in the service's currency, programmes have their names."""

    def __init__(self, service: Service) -> None:
        self.clock = service.clock
        # One environment each: environments that share globals would all speak the language set last.
        self._environments = {name: _environment(name, service) for name in language.LANGUAGES}

    @cached_property
    def style(self) -> bytes:
        """The style sheet."""
        return (files("serving.console") / "static" / "console.css").read_bytes()

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page in the reader's language; a language asked for in the address is kept from then on."""
        asked = request.query_params.get("lang")
        spoken = language.chosen(
            asked=asked,
            kept=request.cookies.get(language.COOKIE),
            accepted=request.headers.get("accept-language", ""),
        )
        frame = {"now": self.clock(), "session": getattr(request.state, "session", None), "switch": _switch(request)}
        frame |= {"style": hashlib.sha256(self.style).hexdigest()[:8]}
        text = self._environments[spoken].get_template(template).render(**frame, **values)
        response = HTMLResponse(text, status)
        if asked in language.LANGUAGES:
            response.set_cookie(language.COOKIE, spoken, max_age=31_536_000, path="/console", httponly=True)
        return response


def _environment(name: str, service: Service) -> Environment:
    environment = Environment(
        loader=PackageLoader("serving.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    spoken = language.translations(name)
    environment.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(_globals(name))
    environment.filters.update(_filters(spoken, service.currency))
    # A programme that the policy no longer has is shown by its id.
    called = {one.id: one.name if name == "en" else one.name_zh for one in service.programmes.programmes}
    environment.filters["programme"] = lambda programme: called.get(programme, programme)
    return environment


def _globals(name: str) -> dict[str, Any]:
    suffix = "" if name == "en" else f"_{name}"
    return {
        "languages": language.LANGUAGES,
        "lang": name,
        "tag": language.TAGS[name],
        "words": words,
        # Sentences and names that come with both languages in them.
        "said": lambda thing: _held(thing, f"text{suffix}"),
        "named": lambda thing: _held(thing, f"name{suffix}"),
        "summed": lambda summary: _half(summary, name),
    }


def _held(thing: Any, field: str) -> str:
    return str(thing[field] if isinstance(thing, Mapping) else getattr(thing, field))


def _half(summary: str, name: str) -> str:
    """A case's summary in one language where it holds both, `English / 中文`; else as it is."""
    halves = summary.split(" / ")
    return halves[list(language.LANGUAGES).index(name)] if len(halves) == len(language.LANGUAGES) else summary


def _filters(spoken: gettext.NullTranslations, currency: str) -> dict[str, Callable[..., str]]:
    return {
        "word": lambda code, table: spoken.gettext(words.word(table, str(code))),
        "utc": lambda at: f"{at:%Y-%m-%d %H:%M} UTC",
        "day": lambda at: f"{at:%Y-%m-%d}",
        "percent": lambda share: f"{share:.1%}",
        "round_percent": lambda share: f"{share:.0%}",
        "money": lambda cents: money(cents, currency),
        "segment": lambda text: quote(text, safe=""),
        "json": lambda value: json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True),
        "span": lambda delta: _span(delta, spoken.ngettext),
    }


def _span(delta: timedelta, ngettext: Callable[[str, str, int], str]) -> str:
    """How long something lasts, in the unit that tells: minutes (never none of them), hours, or days."""
    minutes = max(1, abs(delta) // timedelta(minutes=1))
    if minutes < 60:
        return ngettext("%(num)d minute", "%(num)d minutes", minutes) % {"num": minutes}
    if minutes < 48 * 60:
        hours = minutes // 60
        return ngettext("%(num)d hour", "%(num)d hours", hours) % {"num": hours}
    days = minutes // (24 * 60)
    return ngettext("%(num)d day", "%(num)d days", days) % {"num": days}


def _switch(request: Request) -> dict[str, str]:
    """Language -> the address of the same page in it; the queue's where an answer to a form has no address."""
    here = request.method == "GET"
    path = quote(request.url.path) if here else "/console/cases"
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang" and here]
    return {name: f"{path}?{urlencode([*kept, ('lang', name)])}" for name in language.LANGUAGES}
