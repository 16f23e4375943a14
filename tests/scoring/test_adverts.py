"""Adverts: what may not be said, in both languages and however it is hidden."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.advert_policy import AdvertPolicy
from scoring.adverts import Advertiser, Verdict, check_advert
from scoring.errors import PolicyInvalid
from tests.scoring.applicants import PROGRAMMES

TEXT = files("scoring").joinpath("policies/adverts.toml").read_text("utf-8")
POLICY = AdvertPolicy.parse(TEXT)
ALL = [one.id for one in PROGRAMMES.programmes]
NOBODY, MEMBER = Advertiser(), Advertiser(programmes=ALL, authorised=True)


def found(text, who=NOBODY):
    return check_advert(text, who, policy=POLICY, programmes=PROGRAMMES)


def test_a_promise_of_a_programme_that_is_no_longer_in_force_is_named_by_its_id():
    fewer = PROGRAMMES.model_copy(update={"programmes": ()})
    (claim,) = check_advert("Ships within 24 hours", NOBODY, policy=POLICY, programmes=fewer).claims
    assert claim.source in claim.text
    assert claim.source in claim.text_zh


@pytest.mark.parametrize(
    ("text", "verdict", "words"),
    [
        ("A red woollen scarf, 180 cm", "passed", []),
        ("羊毛围巾，红色，180厘米", "passed", []),
        ("本品为国家级产品", "absolute_claim", ["国家级"]),
        ("全网最低价，史上最好的围巾", "absolute_claim", ["全网最低价", "史上最好"]),
        ("The best scarf, No. 1 in sales", "absolute_claim", ["The best", "No. 1"]),
        ("UNBEATABLE!", "absolute_claim", ["UNBEATABLE"]),
        ("百分百有效，无副作用", "absolute_claim", ["百分百有效", "无副作用"]),
        # Said of time, of one's own range, or in the negative it is no claim.
        ("最佳食用期三天", "passed", []),
        ("本店最低价", "passed", []),
        ("Best before 2027; not the best, but warm", "passed", []),
        ("最佳食用期三天，最佳围巾", "absolute_claim", ["最佳"]),
        # Words inside other words.
        ("Bookcases for secures", "passed", []),
        ("it cures all", "absolute_claim", ["cures"]),
        # However it is hidden.
        ("最 佳 围 巾", "absolute_claim", ["最 佳"]),
        ("最\u200b佳", "absolute_claim", ["最\u200b佳"]),
        ("最*佳", "absolute_claim", ["最*佳"]),
        ("ｔｈｅ　ｂｅｓｔ", "absolute_claim", ["ｔｈｅ　ｂｅｓｔ"]),
        ("the\n  best", "absolute_claim", ["the\n  best"]),
        ("the bést", "absolute_claim", ["the bést"]),
        # Promises.
        ("七天无理由退货", "false_promise", ["七天无理由退货"]),
        ("Ships within 24 hours", "false_promise", ["Ships within 24 hours"]),
        ("100% genuine", "false_promise", ["100% genuine"]),
        ("专柜正品，顶级", "false_promise", ["专柜正品", "顶级"]),
    ],
)
def test_what_may_not_be_said(text, verdict, words):
    answer = found(text)
    assert (answer.verdict, [one.words for one in answer.claims]) == (verdict, words)
    assert [text[one.start : one.end] for one in answer.claims] == words


@pytest.mark.parametrize("promise", POLICY.promises, ids=lambda one: one.programme)
def test_whoever_carries_a_programme_may_say_so_and_nobody_else(promise):
    member = Advertiser(programmes=[promise.programme], authorised=True)
    for words in promise.words:
        assert found(words, member).verdict is not Verdict.FALSE_PROMISE or promise.code not in {
            one.code for one in found(words, member).claims
        }
        claim = next(one for one in found(words, Advertiser(authorised=True)).claims if one.code == promise.code)
        assert PROGRAMMES.programme(promise.programme).name in claim.text
        assert PROGRAMMES.programme(promise.programme).name_zh in claim.text_zh


def test_only_the_authorised_may_call_goods_genuine():
    assert found("原装正品", Advertiser(authorised=True)).verdict is Verdict.PASSED
    assert [one.code for one in found("原装正品").claims] == ["D301"]


def test_membership_excuses_no_absolute_claim():
    assert found("最佳", MEMBER).verdict is Verdict.ABSOLUTE_CLAIM


def test_every_word_is_found_as_it_is_written():
    for barred in (*POLICY.absolute, POLICY.genuine):
        for words in barred.words:
            assert barred.code in {one.code for one in found(f"， {words} 。").claims}, words


@given(st.text(max_size=60))
def test_any_text_can_be_read_and_claims_lie_within_it(text):
    for one in found(text).claims:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.words


@given(st.sampled_from([words for one in POLICY.absolute for words in one.words]), st.text("好看的红围巾", max_size=8))
def test_more_text_hides_nothing(words, more):
    assert found(f"{more}。{words}。{more}").verdict is not Verdict.PASSED


@pytest.mark.parametrize(
    ("instead_of", "said", "place"),
    [
        ('code = "D102"', 'code = "D101"', "D101"),
        ('code = "D202"', 'code = "D201"', "codes that stand twice: D201"),
        ("promises {name},", "promises it,", "must name the programme as {name}"),
        ("words = [\"国家级\", \"最高级\", \"最佳\"]", "words = []", r"absolute\.0\.words"),
    ],
)  # fmt: skip
def test_a_wrong_policy_says_where_it_is_wrong(instead_of, said, place):
    assert instead_of in TEXT
    with pytest.raises(PolicyInvalid, match=place):
        AdvertPolicy.parse(TEXT.replace(instead_of, said, 1))
