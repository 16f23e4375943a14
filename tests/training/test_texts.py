"""Learning to read complaints: what is served is what scikit-learn learned, proved on texts set aside."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.bundle import Bundle
from scoring.complaints import Guess
from scoring.errors import BundleBroken, GoldenRowsDiffer
from scoring.model import Model
from scoring.text import TEXT_FILE, TextModel
from serving.champions import current_declarations
from tests.training.text_build import a_reader, a_text_recipe, some_texts
from training.errors import LabelsMissing, OneSided, PromotionRefused, RecipeBroken, TableBroken
from training.promote import promote, roll_back
from training.registry import Promotion, Registry
from training.text_figures import Answers, figures
from training.text_fit import fit_texts
from training.text_record import text_shortcomings
from training.text_train import train_texts
from training.texts import complaint_policy, read_texts

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
POLICY = complaint_policy()
FITTED = fit_texts(some_texts(), a_text_recipe())
MODEL = TextModel(a_reader())

#: What people write, and what nobody should: many spaces of all kinds, other scripts, capitals that grow in lower case.
texts = st.one_of(
    st.sampled_from(list(some_texts().text)),
    st.text(alphabet=st.sampled_from("aA假货 \t\n\u3000\u00a0İßéÇ!1ção"), max_size=40),
    st.text(max_size=30),
)


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=4))
def test_what_is_served_equals_what_scikit_learn_learned(written):
    theirs = FITTED.p(np.array(written, dtype=object))
    for row, text in enumerate(written):
        for head, answers in MODEL.p(text).items():
            classes = list(FITTED.heads_[head].classes_)
            for answer, p in answers.items():
                assert p == pytest.approx(theirs[head][row][classes.index(answer)], abs=1e-9)


@pytest.mark.parametrize(
    ("text", "topic"),
    [("这是假货", "fake"), ("还没有收到", "logistics"), ("no refund", "refund"), ("veio com defeito", "quality")],
)
def test_it_reads_three_languages(text, topic):
    assert Guess.of(MODEL.p(text)).topic == topic


def test_a_text_of_danger_is_a_major_case():
    assert Guess.of(MODEL.p("The kettle caught fire")).p_major > 0.5 > Guess.of(MODEL.p("The kettle is faulty")).p_major


def test_a_bundle_survives_packing_and_says_the_same():
    again = TextModel(Bundle.unpack(a_reader().pack()))
    again.check_golden()
    assert again.p("收到假货") == MODEL.p("收到假货")


def test_a_changed_byte_is_found():
    packed = a_reader().pack()
    changed = packed[TEXT_FILE].replace(b'"idf":[1', b'"idf":[2', 1)
    assert changed != packed[TEXT_FILE]
    with pytest.raises(BundleBroken, match="hash"):
        Bundle.unpack({**packed, TEXT_FILE: changed})


def with_file(change):
    """A reader whose file was changed before it was sealed."""
    bundle = a_reader()
    plain = json.loads(bundle.files[TEXT_FILE])
    change(plain)
    values = {name: getattr(bundle, name) for name in Bundle.__slots__}
    return Bundle(**{**values, "files": {TEXT_FILE: json.dumps(plain).encode()}})


def test_a_reader_that_says_something_else_than_when_it_was_made_is_refused():
    bundle = with_file(lambda plain: plain["golden"][0]["p"]["topic"].update(fake=0.123))
    with pytest.raises(GoldenRowsDiffer):
        TextModel(bundle).check_golden()


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain["terms"].pop(),
        lambda plain: plain["heads"].clear(),
        lambda plain: plain.pop("idf"),
        lambda plain: plain["heads"]["topic"]["classes"].pop(),
        lambda plain: plain["heads"]["topic"]["intercept"].__setitem__(0, float("nan")),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change):
    with pytest.raises(BundleBroken):
        TextModel(with_file(change))


def test_a_reader_judges_no_rows():
    with pytest.raises(BundleBroken, match="judges no rows"):
        Model(a_reader())


def test_a_bundle_holds_no_text_that_it_learned_from():
    content = a_reader().files[TEXT_FILE].decode()
    assert not [text for text in set(some_texts().text) if text in content]


def test_the_same_words_never_stand_on_both_sides():
    texts, aside = some_texts(copies=4), some_texts(copies=4).set_aside(0.25)
    assert 0 < aside.sum() < len(texts)
    assert not set(texts.text[aside]) & set(texts.text[~aside])


def a_table(folder, **columns):
    path = folder / "texts.parquet"
    rows = {"kind": ["complaint", "review"], "topic": ["missing_parts", "praise"], "text": ["少件", "好"], **columns}
    pq.write_table(pa.table({name: values for name, values in rows.items() if values}), path)
    return path


def test_rows_of_other_kinds_are_left_out_and_the_logs_topics_become_the_policys(tmp_path):
    found = read_texts(a_table(tmp_path), a_text_recipe(), POLICY)
    assert (list(found.text), list(found.topic), found.major.tolist()) == (["少件"], ["quality"], [False])


def test_a_tier_of_the_table_says_what_is_a_major_case_else_its_topic_does(tmp_path):
    unsafe = a_table(tmp_path, topic=["unsafe", "praise"])
    assert read_texts(unsafe, a_text_recipe(), POLICY).major.tolist() == [True]
    tiered = a_table(tmp_path, topic=["unsafe", "praise"], tier=[2, 3])
    assert read_texts(tiered, a_text_recipe(), POLICY).major.tolist() == [False]


@pytest.mark.parametrize(
    ("columns", "error"),
    [({"text": None}, TableBroken), ({"topic": ["weather", "x"]}, TableBroken), ({"kind": ["a", "b"]}, LabelsMissing)],
)
def test_a_table_that_cannot_be_learned_from_is_refused(tmp_path, columns, error):
    with pytest.raises(error):
        read_texts(a_table(tmp_path, **columns), a_text_recipe(), POLICY)


def test_texts_on_one_topic_teach_nothing():
    one = some_texts()
    with pytest.raises(OneSided):
        fit_texts(one.where(one.topic == "fake"), a_text_recipe())


@pytest.mark.parametrize(
    "change", [{"shortest": "5"}, {"most_terms": "0"}, {"c": "-1"}, {"test_share": "2.0"}, {"kind": "3"}]
)
def test_a_recipe_that_makes_no_sense_is_refused(change):
    with pytest.raises(RecipeBroken):
        a_text_recipe(**change)


def test_figures_can_be_checked_by_hand():
    texts = some_texts().where(np.arange(len(some_texts())) < 20)
    told = np.where(np.arange(20) < 15, texts.topic, "other").astype(object)
    right = Answers(topic=texts.topic, major=texts.major)
    wrong = Answers(topic=told, major=~texts.major)
    found = figures(texts, {"rules": wrong, "served": right}, np.ones(20, dtype=np.bool_), a_text_recipe())
    assert found["rules_accuracy"].value == 0.75
    assert found["rules_accuracy"].low < 0.75 < found["rules_accuracy"].high
    assert (found["served_macro_f1"].value, found["served_macro_f1"].low) == (1.0, 1.0)
    # Ten fakes all found, ten of logistics of which five: F1 1 and 2/3.
    assert found["gain_macro_f1"].value == pytest.approx(1 - (1 + 2 / 3) / 2)


def test_a_reader_becomes_champion_only_where_it_beats_the_rules_and_the_champion():
    good = {"all.served_macro_f1": 0.9, "all.gain_macro_f1.low": 0.1}
    assert text_shortcomings(good, None) == []
    assert text_shortcomings({**good, "all.gain_macro_f1.low": -0.01}, None)
    assert text_shortcomings(good, {"all.served_macro_f1": 0.95})
    assert text_shortcomings({}, None)


def test_it_is_registered_promoted_and_rolled_back_like_any_model(tmp_path):
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    reports = [train_texts(some_texts(3), a_text_recipe(), POLICY, registry=registry) for _ in range(2)]
    assert [one.version for one in reports] == ["1", "2"]
    for number, report in enumerate(reports):
        wish = Promotion(version=report.version, at=NOON + timedelta(hours=number), by="ann")
        promote(registry, "complaints", wish, declarations=current_declarations())
    version, bundle = registry.champion("complaints")
    assert (version, TextModel(bundle).p("假货")) == ("2", kept(registry, "2").p("假货"))
    back = Promotion(version="", at=NOON + timedelta(hours=3), by="ann", reason="a trial")
    assert roll_back(registry, "complaints", back, declarations=current_declarations()) == ("2", "1")
    with pytest.raises(PromotionRefused):
        roll_back(registry, "complaints", back, declarations=current_declarations())


def kept(registry, version):
    return TextModel(registry.bundle("complaints", version))
