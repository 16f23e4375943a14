"""Complaints: topic, gravity, route and clock, told as tables; and what must hold for any complaint."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.events import EVENT_TYPES
from scoring.complaint_policy import ComplaintPolicy
from scoring.complaints import Basis, Cause, Complaint, Guess, escalated, triage, working_days_later
from scoring.errors import PolicyInvalid, TimeNaive

TEXT = files("scoring").joinpath("policies/complaints.toml").read_text("utf-8")
POLICY = ComplaintPolicy.parse(TEXT)
FRIDAY = datetime(2026, 12, 4, 9, tzinfo=UTC)
CHANNELS = EVENT_TYPES["complaint_received"].words["channel"]


def sorted_(text="", *, guess=None, **told):
    return triage(Complaint(received_at=FRIDAY, text=text, **told), policy=POLICY, guess=guess)


@pytest.mark.parametrize(
    ("text", "topic", "route"),
    [
        ("商家以假充真，官方已鉴定为假货。", "fake", "brand_protection"),
        ("This merchant sells replicas as originals.", "fake", "brand_protection"),
        ("A loja vende réplica como original.", "fake", "brand_protection"),
        ("商品少件，配件没有发。", "quality", "quality_control"),
        ("The goods are faulty and the parcel was late.", "quality", "quality_control"),
        ("下单三周，至今未收到货。", "logistics", "logistics"),
        ("I have not received my order.", "logistics", "logistics"),
        ("O pedido atrasou dez dias.", "logistics", "logistics"),
        ("Where is my parcel?", "logistics", "logistics"),
        ("The battery caught fire and burned my hand.", "quality", "quality_control"),
        ("不给退款", "refund", "refunds"),
        ("The merchant refuses to repair it.", "refund", "refunds"),
        ("保证金什么时候退给我的店铺？", "cooperation", "merchant_support"),
        ("Good morning.", "other", "service_desk"),
        ("", "other", "service_desk"),
    ],
)
def test_words_tell_what_it_is_about(text, topic, route):
    found = sorted_(text)
    assert (found.topic, found.route) == (topic, route)
    assert found.topic_by is (Basis.NOBODY if topic == "other" else Basis.WORDS)


@pytest.mark.parametrize(
    ("stated", "guess", "topic", "by"),
    [
        ("late", Guess(topic="fake", p=0.99), "logistics", Basis.CALLER),
        ("refund", None, "refund", Basis.CALLER),
        (None, Guess(topic="fake", p=0.60), "fake", Basis.CLASSIFIER),
        (None, Guess(topic="not_received", p=0.9), "logistics", Basis.CLASSIFIER),
        (None, Guess(topic="fake", p=0.59), "refund", Basis.WORDS),
        ("weather", Guess(topic="weather", p=1.0), "refund", Basis.WORDS),
    ],
)
def test_the_caller_comes_before_the_classifier_and_both_before_words(stated, guess, topic, by):
    found = sorted_("不给退款", topic=stated, guess=guess)
    assert (found.topic, found.topic_by) == (topic, by)


@pytest.mark.parametrize(
    ("told", "tier", "causes"),
    [
        ({"text": "请问什么时候到货？"}, 1, []),
        ({"text": "我要投诉这家店。"}, 2, [Cause.DEMAND]),
        ({"topic": "late"}, 2, [Cause.DEMAND]),
        ({"tier": 1, "text": "I request a full refund."}, 2, [Cause.DEMAND]),
        ({"tier": 2}, 2, [Cause.STATED]),
        ({"text": "充电时冒烟起火"}, 3, [Cause.SAFETY]),
        ({"text": "It caused a skin reaction, I am in hospital"}, 3, [Cause.SAFETY]),
        ({"topic": "unsafe"}, 3, [Cause.SAFETY]),
        ({"buyers_alike": 4}, 1, []),
        ({"buyers_alike": 5}, 3, [Cause.MANY_BUYERS]),
        ({"amount_cents": 999_999}, 1, []),
        ({"amount_cents": 1_000_000, "refused_before": True}, 3, [Cause.LARGE_SUM, Cause.REFUSED_BEFORE]),
        ({"channel": "12315"}, 2, [Cause.CHANNEL]),
        ({"channel": "12315", "tier": 3}, 3, [Cause.STATED]),
        ({"channel": "court"}, 3, [Cause.CHANNEL]),
    ],
)
def test_how_grave_it_is(told, tier, causes):
    found = sorted_(**told)
    assert (found.tier, list(found.causes)) == (tier, causes)


@pytest.mark.parametrize(
    ("told", "answer", "due", "accept"),
    [
        ({}, 24, 72, None),
        ({"tier": 2}, 24, 168, None),
        ({"tier": 3}, 4, 48, None),
        ({"tier": 2, "channel": "12315"}, 24, 168, 11 * 24),
        ({"tier": 3, "channel": "12315"}, 4, 48, 11 * 24),
    ],
)
def test_every_tier_has_its_clock_and_a_channel_brings_its_own(told, answer, due, accept):
    found = sorted_(**told)
    hours = [None if at is None else (at - FRIDAY) / timedelta(hours=1)
             for at in (found.answer_by, found.due_at, found.accept_by)]  # fmt: skip
    assert hours == [answer, due, accept]


def test_working_days_leave_out_weekends_and_holidays():
    assert working_days_later(FRIDAY, 1).date() == date(2026, 12, 7)
    assert working_days_later(FRIDAY, 1, holidays=[date(2026, 12, 7)]).date() == date(2026, 12, 8)
    assert working_days_later(FRIDAY, 10).date() == date(2026, 12, 18)


def test_a_clock_that_runs_out_raises_the_tier_until_it_is_a_major_case():
    complaint = Complaint(received_at=FRIDAY, text="请问")
    first = triage(complaint, policy=POLICY)
    assert escalated(complaint, first, policy=POLICY, as_of=first.due_at - timedelta(seconds=1)) == first
    second = escalated(complaint, first, policy=POLICY, as_of=first.due_at)
    assert (second.tier, second.causes, second.due_at) == (2, (Cause.OVERDUE,), first.due_at + timedelta(hours=168))
    third = escalated(complaint, second, policy=POLICY, as_of=second.due_at)
    assert (third.tier, third.due_at) == (3, second.due_at + timedelta(hours=48))
    assert escalated(complaint, third, policy=POLICY, as_of=third.due_at + timedelta(days=9)) == third


def test_the_regulators_clock_runs_on_when_ours_begins_anew():
    complaint = Complaint(received_at=FRIDAY, channel="12315")
    first = triage(complaint, policy=POLICY)
    assert escalated(complaint, first, policy=POLICY, as_of=first.due_at).due_at == first.due_at + timedelta(hours=48)
    ends = working_days_later(FRIDAY, 10)
    assert escalated(complaint, first, policy=POLICY, as_of=first.due_at).due_at <= ends


def test_a_classifier_that_is_sure_makes_a_major_case():
    assert sorted_(guess=Guess(topic="quality", p=0.9, p_major=POLICY.major_from)).causes == (Cause.CLASSIFIER,)
    assert sorted_(guess=Guess(topic="quality", p=0.9, p_major=POLICY.major_from - 0.01)).tier == 1


@pytest.mark.parametrize(
    ("answers", "guess"),
    [
        ({"topic": {"fake": 0.7, "quality": 0.3}}, Guess(topic="fake", p=0.7)),
        ({"topic": {"fake": 0.5, "quality": 0.5}}, Guess(topic="quality", p=0.5)),
        ({"topic": {"fake": 1.0}, "major": {"yes": 0.8, "no": 0.2}}, Guess(topic="fake", p=1.0, p_major=0.8)),
    ],
)
def test_the_likeliest_answer_of_a_classifier_is_its_guess(answers, guess):
    assert Guess.of(answers) == guess


def test_people_are_told_in_both_languages():
    found = sorted_("假货", channel="12315")
    assert found.text == "A complaint. Fakes: the brand protection team. From the regulator's platform 12315."
    assert found.text_zh == "普通投诉。假货：由品牌保护组处理。来自全国 12315 平台。"


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(TimeNaive):
        triage(Complaint(received_at=FRIDAY.replace(tzinfo=None)), policy=POLICY)


complaints = st.builds(
    Complaint, received_at=st.just(FRIDAY), text=st.text(max_size=30),
    topic=st.sampled_from([None, "late", "unsafe", "refund", "nonsense"]), tier=st.sampled_from([None, 1, 2, 3]),
    channel=st.sampled_from(CHANNELS), amount_cents=st.integers(0, 2_000_000), buyers_alike=st.integers(1, 9),
    refused_before=st.booleans(),
)  # fmt: skip


@given(complaints)
def test_every_complaint_has_a_route_and_a_clock_that_runs(complaint):
    found = triage(complaint, policy=POLICY)
    assert found.route
    assert complaint.received_at < found.answer_by <= found.due_at
    assert found.tier >= (complaint.tier or 1)


@given(complaints, st.integers(0, 10**6), st.integers(0, 9))
def test_more_money_and_more_buyers_never_wait_longer(complaint, cents, buyers):
    graver = Complaint(**{
        **{name: getattr(complaint, name) for name in Complaint.__slots__},
        "amount_cents": complaint.amount_cents + cents, "buyers_alike": complaint.buyers_alike + buyers,
    })  # fmt: skip
    before, after = triage(complaint, policy=POLICY), triage(graver, policy=POLICY)
    assert after.tier >= before.tier
    assert after.answer_by <= before.answer_by


@pytest.mark.parametrize(
    ("found", "instead", "place"),
    [
        ('name = "cooperation"', 'name = "other"', "each of the topics"),
        ("tier = 2", "tier = 1", "the tiers must be 1, 2 and 3"),
        ('covers = ["counterfeit"]', 'covers = ["late"]', "topics that stand under two: late"),
        ('told_as = "counterfeit"', 'told_as = "late"', "told as what they do not cover: late"),
        ("settle_hours = 48 ", "settle_hours = 480 ", "a major case waits longer"),
        ("answer_hours = 4 ", "answer_hours = 400 ", "a first answer is due before the end"),
    ],
)
def test_a_wrong_policy_says_where_it_is_wrong(found, instead, place):
    assert found in TEXT
    with pytest.raises(PolicyInvalid, match=place):
        ComplaintPolicy.parse(TEXT.replace(found, instead, 1))
