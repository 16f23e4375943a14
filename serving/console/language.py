"""The languages of the console, and which of them somebody reads.

Sentences are written in English where they are shown; `locale/` holds what they are in other languages. A catalogue
is compiled in memory when the console starts, so that the text that people review is the text that is shown.
"""

import gettext
import io
from collections.abc import Mapping
from importlib.resources import files

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

__all__ = ["CATALOGUE", "COOKIE", "LANGUAGES", "TAGS", "chosen", "translations"]

#: Language -> its own name for itself.
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "简体中文"}
#: Language -> what the page's `lang` says.
TAGS: Mapping[str, str] = {"en": "en", "zh": "zh-Hans"}
COOKIE = "goodfaith_lang"
CATALOGUE = files("serving.console") / "locale" / "zh_Hans" / "LC_MESSAGES" / "console.po"


def chosen(*, asked: str | None, kept: str | None, accepted: str) -> str:
    """The language of a page: the one just asked for, else the one kept, else the best that the browser accepts.

    >>> chosen(asked="zh", kept="en", accepted="en"), chosen(asked="xx", kept=None, accepted="de, zh-CN;q=.8, en;q=.5")
    ('zh', 'zh')
    """
    for language in (asked, kept):
        if language and language in LANGUAGES:
            return language
    return negotiate_locale(_wanted(accepted), list(LANGUAGES), sep="-") or "en"


def _wanted(accepted: str) -> list[str]:
    """The languages of an `Accept-Language` header, the most wanted first; every `zh-...` reads the one we have."""
    wanted = []
    for part in accepted[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), tag.split("-")[0].lower()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(wanted, key=lambda one: one[0]) if tag and weight < 0]


def translations(language: str) -> gettext.NullTranslations:
    """What turns an English sentence into this language's."""
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with CATALOGUE.open("rb") as text:
        write_mo(compiled, read_po(text, locale="zh_Hans"))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
