from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import serving.console
from serving.console.language import CATALOGUE, LANGUAGES, chosen, translations

HERE = Path(str(files(serving.console)))
METHODS = [("**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**.html": {"trimmed": "false", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}


def sentences():
    """Everything that templates and code mark for translation: a sentence, or singular and plural."""
    found = extract_from_dir(str(HERE), METHODS, OPTIONS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def catalogue():
    with CATALOGUE.open("rb") as text:
        return read_po(text, locale="zh_Hans", abort_invalid=True)


def test_every_sentence_is_in_the_catalogue_and_none_that_nobody_says(catalogue):
    assert {message.id for message in catalogue if message.id} == sentences()


def test_every_sentence_is_translated_and_none_is_a_guess(catalogue):
    assert [message.id for message in catalogue if message.id and (message.fuzzy or not all(texts_of(message)))] == []


def texts_of(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def test_translations_name_the_same_values(catalogue):
    assert [error for message in catalogue for error in message.check(catalogue)] == []


def test_texts_are_chinese(catalogue):
    strange = [m.id for m in catalogue if m.id and not any("一" <= c <= "鿿" for c in "".join(texts_of(m)))]
    assert strange == ["–"] or strange == []


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("zh", "en", "en", "zh"),
        ("xx", "zh", "en", "zh"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "zh-Hans-CN", "zh"),
        (None, None, "en-GB,zh;q=0.5", "en"),
        (None, None, "de;q=1, zh;q=0.3, en;q=0.7", "en"),
        (None, None, "zh;q=0, fr", "en"),
        (None, None, "", "en"),
        (None, "xx", "*;q=nonsense,;;,", "en"),
    ],
)
def test_the_language_asked_for_comes_before_the_one_kept_and_that_before_what_the_browser_accepts(
    asked, kept, accepted, language
):
    assert chosen(asked=asked, kept=kept, accepted=accepted) == language


def test_languages_do_not_speak_for_each_other():
    spoken = {name: translations(name).gettext("Cases") for name in LANGUAGES}
    assert spoken == {"en": "Cases", "zh": "案件"}
