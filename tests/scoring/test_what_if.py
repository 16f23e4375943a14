"""What a changed policy would do, told as tables: places, caps, refunds, costs and cut-offs."""

import re
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import pytest

from scoring.admission import Outcome
from scoring.cost_policy import CostPolicy
from scoring.cutoffs import cutoffs
from scoring.errors import PolicyInvalid, ScaleDiffers
from scoring.promise_cost import Promise, cost_of
from scoring.refunds import RefundOutcome, RefundPolicy
from scoring.score_policy import ScorePolicy
from scoring.weighing import Past, Tally, what_if
from scoring.what_if import Judged, Move, PastRefund, Policies, Subject, Thought, place_changes, refund_changes
from tests.scoring.applicants import NOW, PROGRAMMES, a_merchant, cancelled
from tests.scoring.test_refunds import BUYER, MERCHANT, ORDER, REQUEST, Held, RefundFacts


def text_of(name):
    return files("scoring").joinpath(f"policies/{name}.toml").read_text("utf-8")


COSTS_TEXT = text_of("costs")
COSTS = CostPolicy.parse(COSTS_TEXT)
SCORE, REFUNDS = ScorePolicy.parse(text_of("score")), RefundPolicy.parse(text_of("refunds"))
SHIPPED = Policies(score=SCORE, programmes=PROGRAMMES, refunds=REFUNDS)


def moved(points):
    """The shipped policies with every edge between bands moved up by so many points."""
    edges = {"from": (620, 580, 540, 500), "to": (619, 579, 539, 499)}
    table = {f"{end} = {edge}": f"{end} = {edge + points}" for end, found in edges.items() for edge in found}
    text = re.sub(r"^(from|to) = \d+", lambda line: table.get(line[0], line[0]), text_of("score"), flags=re.MULTILINE)
    return replace(SHIPPED, score=ScorePolicy.parse(text))


def thought(score=600, **changes):
    p_bad = 1 / (1 + 50 * 2 ** ((score - 600) / 20))
    return replace(Thought(score=score, p_bad=p_bad, basis="model", orders=2400, days=400), **changes)


def a_subject(name="m1", *measured, score=600, value=300_000, **changes):
    standing = a_merchant(*measured, merchant_id=name)
    goods = {"category": "cosmetics", "brands": ("Lumi",), "value_cents": value}
    plain = Subject(applicant=standing, thought=thought(score), **goods)
    return replace(plain, **changes)


def judged_again(subject, after, *, before=SHIPPED, programme="lightning_dispatch"):
    found = place_changes([subject], before, after, costs=COSTS, as_of=NOW)
    return next(one for one in found if one.programme == programme)


@pytest.mark.parametrize(
    ("score", "before", "after", "move"),
    [
        (600, Outcome.ADMIT, Outcome.ADMIT, Move.SAME),
        (560, Outcome.ADMIT, Outcome.ADMIT, Move.SAME),
        (559, Outcome.ADMIT, Outcome.REFUSE, Move.LOSES),
        (540, Outcome.ADMIT, Outcome.REFUSE, Move.LOSES),
        (539, Outcome.REFUSE, Outcome.REFUSE, Move.SAME),
    ],
)
def test_twenty_points_more_cost_a_place_to_those_who_stood_within_them(score, before, after, move):
    found = judged_again(a_subject(score=score), moved(20))
    assert (found.before.outcome, found.after.outcome, found.move) == (before, after, move)


def test_back_again_the_same_merchant_gains_what_it_would_have_lost():
    assert judged_again(a_subject(score=550), SHIPPED, before=moved(20)).move is Move.GAINS


def test_a_merchant_whom_no_model_has_judged_is_moved_by_no_score():
    unknown = a_subject(thought=thought(550, basis="fallback"))
    found = judged_again(unknown, moved(20))
    assert (found.before.outcome, found.move) == (Outcome.REVIEW, Move.SAME)


def test_a_higher_evidence_floor_caps_those_who_no_longer_reach_it():
    text = text_of("score").replace("orders = 30 ", "orders = 3000 ")
    found = judged_again(a_subject(), replace(SHIPPED, score=ScorePolicy.parse(text)))
    assert (found.before.cap is None, found.after.cap is None, found.move) == (True, False, Move.CAP)


def test_a_changed_limit_of_a_programme_is_felt_by_those_between():
    text = text_of("programmes")
    code = next(one.code for one in PROGRAMMES.asked if one.metric == "merchant_cancel_rate_90d_capped")
    start = text.index(f"[conditions.{code}]")
    looser = re.sub(r"at_most = [\d.]+", "at_most = 0.99", text[start:], count=1)
    after = replace(SHIPPED, programmes=type(PROGRAMMES).parse(text[:start] + looser))
    assert judged_again(a_subject("m1", cancelled(200, 600)), after).move is Move.GAINS


def test_policies_are_known_by_their_versions():
    assert SHIPPED.versions == (SCORE.version, PROGRAMMES.version, REFUNDS.version)


def test_a_programme_that_is_gone_admits_nobody():
    fewer = PROGRAMMES.model_copy(update={"programmes": PROGRAMMES.programmes[1:]})
    gone = PROGRAMMES.programmes[0].id
    found = judged_again(a_subject(), replace(SHIPPED, programmes=fewer), programme=gone)
    assert (found.move, found.after.outcome) == (Move.LOSES, Outcome.REFUSE)


def test_who_was_expelled_is_barred_from_that_programme_alone():
    barred = a_subject(barred={"lightning_dispatch": NOW.date() + timedelta(days=1)})
    named = ("lightning_dispatch", "home_delivery")
    found = {one: judged_again(barred, moved(20), programme=one).before.outcome for one in named}
    assert found == {"lightning_dispatch": Outcome.REFUSE, "home_delivery": Outcome.ADMIT}


def test_the_best_of_several_brands_decides():
    found = judged_again(a_subject(brands=("Ohne", "Lumi")), moved(20), programme="genuine_guarantee")
    other = judged_again(a_subject(brands=("Ohne",)), moved(20), programme="genuine_guarantee")
    assert (found.before.carried, other.before.carried) == (True, False)


def test_another_scale_would_need_another_model():
    other = ScorePolicy.parse(text_of("score").replace("pdo = 20 ", "pdo = 30 "))
    with pytest.raises(ScaleDiffers):
        judged_again(a_subject(), replace(SHIPPED, score=other))


def a_refund(score, **changes):
    facts = RefundFacts(order=ORDER, buyer=BUYER, merchant=MERCHANT, held=Held())
    plain = PastRefund(merchant_id="m1", at=NOW, request=REQUEST, facts=facts, thought=thought(score))
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("score", "before", "after"),
    [
        (620, RefundOutcome.INSTANT, RefundOutcome.INSTANT),
        (545, RefundOutcome.INSTANT, RefundOutcome.ON_RETURN_SCAN),
        (510, RefundOutcome.ON_RETURN_SCAN, RefundOutcome.ON_RETURN_SCAN),
    ],
)
def test_refunds_of_merchants_who_fall_to_band_d_wait_for_the_goods(score, before, after):
    (found,) = refund_changes([a_refund(score)], SHIPPED, moved(20))
    assert (found.before.outcome, found.after.outcome) == (before, after)
    assert (found.before.loss_cents > 0) == (before is RefundOutcome.INSTANT)


@pytest.mark.parametrize(
    ("judged", "loss", "lost", "review"),
    [
        (Judged(outcome=Outcome.ADMIT), 2_000, 0, 0),
        (Judged(outcome=Outcome.CONDITIONS, cap=50), 1_000, 400, 0),
        (Judged(outcome=Outcome.CONDITIONS, cap=500), 2_000, 0, 0),
        (Judged(outcome=Outcome.REVIEW), 0, 800, 5_000),
        (Judged(outcome=Outcome.REFUSE), 0, 800, 0),
    ],
)
def test_what_an_answer_costs_in_a_month_can_be_worked_out_by_hand(judged, loss, lost, review):
    # 1,000 yuan a month; one in five turns bad; a tenth of it is lost then, a hundredth earned otherwise.
    promise = Promise(value_cents=300_000, orders_a_month=100.0, p_bad=0.2)
    found = cost_of(judged, promise, COSTS)
    assert (found.loss, found.lost, found.review) == pytest.approx((loss, lost, review))


def test_the_cut_off_of_least_cost_lies_where_loss_and_earnings_meet():
    # A tenth against a hundredth: one bad in eleven, which is 10 to 1, or 600 - 20 * log2(5) = 553.6 points.
    subjects = [a_subject(f"m{score}", score=score) for score in range(500, 620, 2)]
    (found,) = cutoffs(subjects, SHIPPED, moved(20), costs=COSTS, as_of=NOW)
    assert (found.band, found.before, found.after, found.best) == ("C", 540, 560, 555)
    assert found.cost_at(555) < min(found.cost_at(540), found.cost_at(560))
    assert found.best_low <= found.best <= found.best_high


def test_doors_that_no_score_opens_hang_on_no_cut_off():
    refused = a_subject("m1", cancelled(300, 600))
    unknown = a_subject("m2", thought=thought(600, basis="fallback"))
    shut = {one.programme for one in place_changes([refused], SHIPPED, SHIPPED, costs=COSTS, as_of=NOW)
            if one.before.outcome is Outcome.REFUSE}  # fmt: skip
    found = cutoffs([refused, unknown], SHIPPED, moved(20), costs=COSTS, as_of=NOW)
    assert shut
    assert sum(one.places for one in found) == len(PROGRAMMES.programmes) - len(shut)


def test_a_programme_that_takes_every_band_hangs_on_no_cut_off():
    open_to_all = tuple(one.model_copy(update={"band_at_worst": "E"}) for one in PROGRAMMES.programmes)
    after = replace(moved(20), programmes=PROGRAMMES.model_copy(update={"programmes": open_to_all}))
    assert cutoffs([a_subject()], SHIPPED, after, costs=COSTS, as_of=NOW) == ()


def a_simulation(*subjects, refunds=(), after=None):
    past = Past(as_of=NOW, days=90, subjects=subjects, refunds=tuple(refunds), recorded=True)
    return what_if(past, SHIPPED, after or moved(20), costs=COSTS)


def test_a_merchants_order_value_is_touched_once_however_many_places_it_loses():
    found = a_simulation(a_subject("m1", score=550, value=300_000), a_subject("m2", score=700))
    assert (found.total.loses, found.total.merchants_losing, found.total.value_losing_cents) == (17, 1, 300_000)
    assert {one.loses for one in found.by_programme().values()} == {1}
    assert found.by_category()["cosmetics"] == found.total == found.by_size()["1000+"]
    assert found.answers() == {(Outcome.ADMIT, Outcome.ADMIT): 17, (Outcome.ADMIT, Outcome.REFUSE): 17}


def test_costs_and_looks_are_added_up_for_both_sides():
    unknown = a_subject(thought=thought(550, basis="fallback"))
    found = a_simulation(unknown, a_subject("m2", score=550), refunds=[a_refund(545, merchant_id="m2")])
    assert found.reviews_a_day("before") == pytest.approx(17 / 30)
    assert found.cost("before").loss > found.cost("after").loss == 0
    assert found.cost("after").lost > found.cost("before").lost
    assert (found.refund_sums("before").instant_cents, found.refund_sums("after").instant_cents) == (10_000, 0)
    assert found.refund_cost("before").loss > found.refund_cost("after").loss == 0
    assert found.refunds_by_category() == {
        REQUEST.category: (found.refund_sums("before"), found.refund_sums("after")),
    }


def test_nothing_adds_up_to_nothing():
    assert not Tally.of([]).moved
    assert a_simulation().cutoffs == ()


@pytest.mark.parametrize(("orders", "size"), [(0, "0"), (1, "1-29"), (29, "1-29"), (30, "30-99"), (5000, "1000+")])
def test_sizes_are_told_by_orders_a_year(orders, size):
    assert COSTS.size(orders) == size


def test_sizes_that_do_not_rise_are_refused():
    with pytest.raises(PolicyInvalid, match="sizes must rise"):
        CostPolicy.parse(COSTS_TEXT.replace("[1, 30, 100, 1_000]", "[1, 30, 30]"))


@pytest.mark.parametrize("line", [line for line in COSTS_TEXT.splitlines() if re.match(r"\w+ = [\d\[]", line)])
def test_every_number_says_where_it_comes_from(line):
    assert line.startswith("since") or re.search(r"# (source|own proposal).*: \w+", line)
