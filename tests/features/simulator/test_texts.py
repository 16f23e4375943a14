"""Texts: the same for the same key, in their language's script, and such that a classifier learns and errs."""

import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from features.catalogue.complaints import TOPICS
from features.simulator.grammar import LANGUAGES, words_of
from features.simulator.slips import lookalikes
from features.simulator.texts import KINDS, NOISES, Asked, Writer, topics_of

HAN = re.compile("[\u4e00-\u9fff]")
ACCENT = re.compile("[áàâãéêíóôõúç]", re.IGNORECASE)
CATEGORIES = ("shoes", "electronics", "food", "beauty", "bags", "home", "toys", "apparel", "unheard of")
BRANDS = ("Stridel", None, "Quantix", None)


def asked(kind, n, *, seed=1, topics=None, ring=0):
    """n texts of a kind, evenly over topics, categories and brands."""
    rng = np.random.default_rng(seed)
    of = {"topic": topics or topics_of(kind), "category": CATEGORIES, "brand": BRANDS}
    words = {name: np.array(some, dtype=object)[rng.integers(0, len(some), n)] for name, some in of.items()}
    return Asked(key=rng.integers(0, 2**63, n).astype(np.uint64), ring=np.full(n, ring, np.uint64), **words)


def written(language, kind, n, **wishes):
    return Writer(language).write(kind, asked(kind, n, **wishes))


@cache
def reviews(language):
    """What was asked for, the texts, and what is off about each."""
    wanted = asked("review", 6000)
    done = Writer(language).write("review", wanted)
    return wanted, np.array(done.text.to_pylist()), done.noise


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_hangs_on_its_key_alone(language):
    wanted, texts, _ = reviews(language)
    rows = np.random.default_rng(4).permutation(len(texts))[:500]
    alone = Writer(language).write("review", wanted.part(rows))
    assert alone.text.to_pylist() == texts[rows].tolist()


def test_no_text_is_a_special_case():
    assert len(written("en", "review", 0).text) == 0
    assert len(written("zh", "title", 1).text) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_slot_of_every_template_is_filled(language, kind):
    texts = written(language, kind, 4000).text.to_pylist()
    assert all(texts)
    assert not [text for text in texts if re.search("[{}]|None", text)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_language_knows_the_same_topics_and_has_many_ways_to_say_things(kind):
    assert all(set(words_of(language)[kind]) == set(words_of("en")[kind]) for language in LANGUAGES)
    for language in LANGUAGES:
        assert sum(len(lines) for lines in words_of(language)[kind].values()) >= {"review": 100}.get(kind, 30)


def test_people_complain_of_every_topic_that_complaints_have():
    assert {topic for topics in TOPICS.values() for topic in topics} <= set(topics_of("complaint"))


def test_a_topic_that_a_kind_does_not_have_is_refused():
    with pytest.raises(KeyError, match="weather"):
        written("en", "review", 3, topics=("weather",))


def test_texts_are_in_the_script_of_their_language():
    for language in LANGUAGES:
        _, texts, noise = reviews(language)
        chinese = np.array([HAN.search(text) is not None for text in texts[np.isin(noise, ("plain", "typos"))]])
        assert chinese.mean() == (1 if language == "zh" else 0)
    _, texts, noise = reviews("pt")
    assert np.mean([ACCENT.search(text) is not None for text in texts[noise == "plain"]]) > 0.75
    assert np.mean([ACCENT.search(text) is not None for text in texts[noise == "careless"]]) < 0.02
    assert np.mean([ACCENT.search(text) is not None for text in reviews("en")[1]]) < 0.01


@pytest.mark.parametrize("language", LANGUAGES)
def test_noise_has_its_shares(language):
    noise, plan = reviews(language)[2], KINDS["review"]
    share = {name: float((noise == name).mean()) for name in NOISES}
    assert share["off_topic"] == pytest.approx(plan.off_topic, abs=0.01)
    assert share["vague"] == pytest.approx(plan.vague, abs=0.015)
    assert share["shouted"] == pytest.approx(plan.manners[0], abs=0.01)
    # What is off the topic, cut off or vague besides, is counted as that alone.
    assert share["careless"] == pytest.approx(0.88 * plan.manners[1], abs=0.015)
    assert 0.08 < share["typos"] < sum(plan.typos)
    assert 0.5 < share["plain"] < 0.65
    assert share["copied"] == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_reviews_are_word_for_word_the_same(language):
    texts = reviews(language)[1]
    assert len(set(texts)) > 0.8 * len(texts)


def test_shouting_and_slips_change_the_words():
    _, texts, noise = reviews("en")
    assert all(text.upper() == text for text in texts[noise == "shouted"])
    assert not any("Teh" in text or " teh " in text for text in texts[noise == "plain"])
    assert any(" teh " in text for text in texts[noise == "typos"])


def accuracy(language, kind):
    """How often plain TF-IDF with logistic regression tells the topic of texts that it has not seen."""
    signs = {"analyzer": "char", "ngram_range": (1, 2)} if language == "zh" else {"ngram_range": (1, 2)}
    known, new = asked(kind, 4000, seed=1), asked(kind, 2000, seed=2)
    seen, unseen = (Writer(language).write(kind, one).text.to_pylist() for one in (known, new))
    words = TfidfVectorizer(min_df=2, **signs).fit(seen)
    model = LogisticRegression(max_iter=300, C=5).fit(words.transform(seen), known.topic.astype(str))
    return model.score(words.transform(unseen), new.topic.astype(str))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plain_classifier_learns_what_reviews_are_about_and_errs(language):
    assert 0.75 < accuracy(language, "review") < 0.97


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plain_classifier_errs_on_answers_too(language):
    assert 0.85 < accuracy(language, "message") < 0.99


def shingles(text):
    return {text[place : place + 4] for place in range(max(len(text) - 3, 1))}


def nearest(texts):
    """For each text how much it shares, at most, with another one (Jaccard, shingles of four)."""
    sets = [shingles(text) for text in texts]
    return np.array([max(len(a & b) / len(a | b) for j, b in enumerate(sets) if j != i) for i, a in enumerate(sets)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rings_reviews_are_copies_of_each_other_with_small_changes(language):
    ring = written(language, "review", 40, topics=("praise",), ring=77)
    own = written(language, "review", 40, topics=("praise",))
    assert set(ring.noise) == {"copied"}
    assert len(set(ring.text.to_pylist())) > 20
    assert np.median(nearest(ring.text.to_pylist())) > 0.5 > 0.4 > np.median(nearest(own.text.to_pylist()))


def test_copies_of_brands_look_like_them():
    for brand in ("Stridel", "Orsini Vale", "Dr. Fenn", "Ax"):
        names = lookalikes(brand)
        assert names
        assert brand not in names
    titles = written("en", "title", 300, topics=("lookalike",)).text.to_pylist()
    assert not [title for title in titles if re.search(r"\b(Stridel|Quantix)\b", title)]


def test_the_words_are_packed_with_the_code():
    root = Path(__file__).parents[3]
    packed = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    found = {path.name for glob in packed["features.simulator"] for path in (root / "features/simulator").glob(glob)}
    assert {f"{language}.toml" for language in LANGUAGES} <= found
