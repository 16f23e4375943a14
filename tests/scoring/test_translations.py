"""Whatever judgement says to people, it says in English and in Chinese."""

import importlib
import pkgutil
import re
import tomllib
from enum import Enum
from importlib.resources import files

import pytest

import scoring

POLICIES = {
    one.name: tomllib.loads(one.read_text("utf-8"))
    for one in files("scoring").joinpath("policies").iterdir()
    if one.name.endswith(".toml")
}


def untranslated(table, spoken, place=""):
    """The places of a policy where something is said in one language only; `spoken` are the keys that need both."""
    found = []
    for key, value in table.items():
        here = f"{place}.{key}".lstrip(".")
        for number, inner in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(inner, dict):
                found += untranslated(inner, spoken, f"{here}.{number}" if isinstance(value, list) else here)
        if key in spoken and isinstance(value, str) and not chinese(table.get(f"{key}_zh")):
            found.append(here)
    return found


def chinese(text):
    return isinstance(text, str) and bool(re.search("[一-鿿]", text))


def keys_of(value):
    """Every key within a policy, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {*(value if isinstance(value, dict) else ()), *(key for one in inner for key in keys_of(one))}


def spoken(policy):
    """The keys by which this policy speaks to people; in another the same key may be a machine's."""
    return {key.removesuffix("_zh") for key in keys_of(policy) if key.endswith("_zh")}


@pytest.mark.parametrize("name", POLICIES)
def test_what_a_policy_says_it_says_in_both_languages(name):
    assert untranslated(POLICIES[name], spoken(POLICIES[name])) == []


def test_a_sentence_in_one_language_is_found_however_deep():
    policy = {
        "rules": [{"text": "Yes.", "text_zh": "是。"}, {"text": "No."}, {"in": {"text": "So?", "text_zh": "So?"}}]
    }
    assert untranslated(policy, {"text"}) == ["rules.1.text", "rules.2.in.text"]


def sentences():
    """Every member of an enumeration of `scoring` that speaks to people."""
    modules = [importlib.import_module(f"scoring.{one.name}") for one in pkgutil.iter_modules(scoring.__path__)]
    kinds = {
        one for module in modules for one in vars(module).values() if isinstance(one, type) and issubclass(one, Enum)
    }
    return [member for kind in kinds for member in kind if hasattr(member, "text_zh")]


def test_every_reason_of_judgement_has_its_sentence_in_both_languages():
    told = sentences()
    assert {"F119", "F120", "F106", "F107"} <= {one.code for one in told}
    assert [one.code for one in told if not (re.search("[a-z]", one.text) and chinese(one.text_zh))] == []
