"""The reader of texts, by hand: one letter counts, and everything that could be wrong with its file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from scoring.bundle import Bundle, Calibration, Golden
from scoring.errors import BundleBroken, GoldenRowsDiffer
from scoring.model import Model
from scoring.scorecard import STANDARD
from scoring.text import TEXT_FILE, Head, TextModel, TextWeights
from tests.scoring.build import a_points_bundle, a_term, an_input

YES = Head(classes=("no", "yes"), weights=np.array([[0.0, 0.0], [2.0, 0.0]]), intercept=np.zeros(2))
WEIGHTS = TextWeights(shortest=1, longest=3, terms=("a", "bc "), idf=np.array([1.0, 2.0]), heads={"topic": YES})


def a_text_bundle(content=None):
    return Bundle(
        kind="text", target="complaints", name="goodfaith-complaints", features=(), calibration=Calibration(),
        scaling=STANDARD, training={}, golden=Golden(),
        files={TEXT_FILE: WEIGHTS.packed(["Aaa", ""]) if content is None else content},
    )  # fmt: skip


def changed(**parts):
    """The file with other parts; what is None is left out."""
    plain = {**json.loads(WEIGHTS.packed(["a"])), **parts}
    return json.dumps({name: part for name, part in plain.items() if part is not None}).encode()


@pytest.mark.parametrize(
    ("text", "p"),
    [
        # Nothing that counts: an even guess. One letter alone: 1 / (1 + exp(-2)).
        ("xyz", 0.5), ("", 0.5), ("a", 0.8808), ("A  A\tA", 0.8808),
        # Beside a term that is twice as rare: its share of the length is 1 / sqrt(5).
        ("a bc", 0.7098),
    ],
)  # fmt: skip
def test_how_likely_an_answer_is_can_be_worked_out_by_hand(text, p):
    assert round(TextModel(a_text_bundle()).p(text)["topic"]["yes"], 4) == p


def test_the_ngrams_of_a_word_have_a_space_around_it_and_a_short_word_gives_itself_once():
    assert list(WEIGHTS.ngrams("I")) == [" ", "i", " ", " i", "i ", " i "]
    assert list(replace(WEIGHTS, shortest=4, longest=9).ngrams("I")) == [" i "]


def test_a_bundle_of_texts_comes_back_as_it_was_packed_and_repeats_its_golden_texts():
    again = TextModel(Bundle.unpack(a_text_bundle().pack()), version="7")
    again.check_golden()
    assert (again.version, TextModel(a_text_bundle()).version) == ("7", again.bundle.digest[:12])


@pytest.mark.parametrize(
    ("golden", "why"),
    [([], "holds none"), ([{"text": "a", "p": {"topic": {"yes": 0.1}}}], "text 0 comes out otherwise"),
     ([{"text": "a", "p": {}}], "text 0 comes out otherwise")],
)  # fmt: skip
def test_golden_texts_that_come_out_otherwise_are_found(golden, why):
    with pytest.raises(GoldenRowsDiffer, match=why):
        TextModel(a_text_bundle(changed(golden=golden))).check_golden()


HEAD = json.loads(WEIGHTS.packed([]))["heads"]["topic"]


@pytest.mark.parametrize(
    "content",
    [
        b"no json", changed(terms=None), changed(ngrams=[1]), changed(idf="x"), changed(ngrams=[3, 1]),
        changed(terms=["a", "a"]), changed(idf=[1.0]), changed(heads={}), changed(heads={"topic": {}}),
        changed(heads={"topic": {**HEAD, "classes": ["one"]}}), changed(heads={"topic": {**HEAD, "intercept": [0.0]}}),
        changed(heads={"topic": {**HEAD, "weights": [[0.0], [1.0]]}}),
    ],
)  # fmt: skip
def test_a_file_that_does_not_say_what_it_must_is_refused(content):
    with pytest.raises(BundleBroken, match=r"text\.json"):
        TextModel(a_text_bundle(content))


def test_a_bundle_of_texts_judges_no_rows_and_one_of_rows_reads_no_texts():
    with pytest.raises(BundleBroken, match="judges no rows"):
        Model(a_text_bundle())
    with pytest.raises(BundleBroken, match="reads no texts"):
        TextModel(a_points_bundle(a_term("late")))


def test_a_bundle_of_texts_has_no_inputs():
    with pytest.raises(BundleBroken, match="has inputs or golden rows"):
        replace(a_text_bundle(), features=(an_input("late"),))
