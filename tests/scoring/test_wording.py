"""Sentences: what they may mention, and how numbers and money are written in them."""

import pytest

from scoring.wording import fill, money, problem_of, readable


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (0, "CNY", "0.00 CNY"),
        (5, "CNY", "0.05 CNY"),
        (-123456, "BRL", "-1,234.56 BRL"),
        (1200, "JPY", "1,200 JPY"),
        (1200, "KWD", "1.200 KWD"),
        (100, "", "1.00"),
    ],
)
def test_money_is_shown_in_major_units(minor, currency, written):
    assert money(minor, currency) == written


def test_a_sentence_shows_value_money_and_window():
    sentence = "{value:,} / {money} / {days}"
    assert fill(sentence, value=1000, days=30, currency="CNY") == "1,000 / 10.00 CNY / 30"


@pytest.mark.parametrize(
    ("sentence", "unit"),
    [
        ("{secret}", "share"),
        ("{value.__class__}", "share"),
        ("{value[0]}", "share"),
        ("{}", "share"),
        ("{value", "share"),
        ("{value:{days}}", "share"),
        ("{value:d}", "share"),
        ("{value:.0%}", "category"),
    ],
)
def test_a_sentence_that_cannot_be_filled_is_found_before_anybody_reads_it(sentence, unit):
    assert problem_of(sentence, unit=unit, days=90, with_value=True)


@pytest.mark.parametrize(("days", "with_value"), [(None, True), (90, False)])
def test_a_sentence_may_only_mention_what_is_there(days, with_value):
    assert problem_of("{value:.0%} in {days}", unit="share", days=days, with_value=with_value)


@pytest.mark.parametrize(
    ("stored", "unit", "shown"),
    [
        (3.0, "count", 3),
        (0.25, "share", 0.25),
        (float("nan"), "share", None),
        (None, "days", None),
        ("toys", "category", "toys"),
    ],
)
def test_stored_values_are_shown_as_people_write_them(stored, unit, shown):
    assert readable(stored, unit=unit) == shown
    assert type(readable(stored, unit=unit)) is type(shown)
