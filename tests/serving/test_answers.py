import json
from dataclasses import replace
from datetime import timedelta

from serving.answers import answer_of, stored
from tests.serving.world import NOON, an_assessment


def test_equal_assessments_give_equal_text_with_sorted_names():
    text = answer_of(an_assessment(), assessed_at=NOON)
    assert text == answer_of(an_assessment(), assessed_at=NOON)
    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def test_chinese_sentences_stay_readable():
    assert "统一" in answer_of(an_assessment(), assessed_at=NOON)


def test_times_carry_an_offset():
    answer = json.loads(answer_of(an_assessment(), assessed_at=NOON + timedelta(microseconds=5)))
    assert answer["assessed_at"] == "2026-11-20T12:00:00.000005Z"


def test_a_fallback_stores_no_model_version():
    row = stored(an_assessment(), assessed_at=NOON)
    assert (row.credit_version, row.counterfeit_version) == (None, None)


def test_every_digit_of_a_probability_survives():
    assessment = replace(an_assessment(), p_bad=0.1 + 0.2)
    assert json.loads(answer_of(assessment, assessed_at=NOON))["p_bad"] == 0.1 + 0.2
