"""The product's word about judgement: what nobody can gain by, and what no answer hangs on.

Each invariant is a function that says whether a judge breaks it in a situation. It is asked about the judge that we
have, in many situations, and about a judge that is made to break it, for which a situation must be found.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from scoring.gate import Application, ConditionState, Outcome, gate
from scoring.penalties import penalty_of
from scoring.penalty_policy import STEPS
from scoring.refunds import Held, RefundOutcome, RefundPolicy, decide_refund
from tests.scoring.applicants import NOW, PROGRAMMES, a_number
from tests.scoring.test_gate import IDS, changed, merchants, metrics
from tests.scoring.test_penalties import KINDS, deeds
from tests.scoring.test_penalties import POLICY as PENALTIES
from tests.scoring.test_refunds import ORDER, POLICY, TEXT, cents, decided, situations

SPEED, STANDING = list(RefundOutcome), list(Outcome)
packed = settings(max_examples=settings().max_examples // 3)


def sooner(one, other):
    """Whether one refund is paid sooner than the other."""
    return SPEED.index(one.outcome) < SPEED.index(other.outcome)


def better(one, other):
    """Whether one applicant fares better than the other."""
    return STANDING.index(one.outcome) < STANDING.index(other.outcome)


# --- Refunds ---------------------------------------------------------------------------------------------------


def more_is_sooner(judge, told):
    """A larger amount is paid sooner."""
    situation, one, other = told
    small, large = sorted((one, other))
    return sooner(*(decided(**situation, amount_cents=amount, judge=judge) for amount in (large, small)))


def kind_to_the_rich(request, facts, **how):
    found = decide_refund(request, facts, **how)
    return replace(found, outcome=RefundOutcome.INSTANT) if request.amount_cents > 200_000 else found


def parts_get_more(judge, told):
    """An amount in parts, for any reasons, gets more than the whole would, or than was paid for the order."""
    situation, asked = told
    of = lambda reason, **rest: decided(**{**situation, "reason": reason, **rest}, judge=judge)  # noqa: E731
    most = max(of(reason).limit_cents for _, reason in asked)
    paid = 0
    for amount, reason in asked:
        held = {name: situation[name] + paid for name in ("buyer_cents", "merchant_cents", "fund_cents", "day_cents")}
        paid += of(reason, **held, order_cents=paid, amount_cents=amount).reserves_cents
    return paid > most or paid + situation["refunded_cents"] > ORDER.paid_cents


def forgetful(request, facts, **how):
    return decide_refund(request, replace(facts, held=Held()), **how)


def the_unknown_is_instant(judge, told):
    """Money is out at once on what is stale or that nobody knows."""
    situation, amount = told
    unknown = situation["basis"] == "fallback" or situation["stale"] or not situation["known"] or not situation["state"]
    found = decided(**situation, amount_cents=amount, judge=judge)
    return found.outcome is RefundOutcome.INSTANT and bool(unknown)


def careless(request, facts, **how):
    known = replace(facts, merchant=replace(facts.merchant, stale=False, basis="model"))
    return decide_refund(request, known, **how)


#: What speaks against paying at once, and how much more of it there may be.
AGAINST = ("debt_cents", "pledged_cents", "order_cents", "buyer_cents", "merchant_cents", "fund_cents", "day_cents",
           "refunded_cents", "refunds_90d")  # fmt: skip


def more_against_is_sooner(judge, told):
    """More debt, more promises, more refunds of the buyer, or a refund asked a moment ago, pay sooner."""
    situation, amount, name, more = told
    before = decided(**situation, amount_cents=amount, judge=judge)
    worse = {**situation, name: situation.get(name, 0) + more}
    asked = {**situation, "asked_at": (NOW - timedelta(minutes=more % 60),) * (more % 9)}
    return any(sooner(decided(**one, amount_cents=amount, judge=judge), before) for one in (worse, asked))


def tired(request, facts, **how):
    """A judge that gives up on whoever asks for much."""
    buyer = replace(facts.buyer, refunds_90d=facts.buyer.refunds_90d % 4)
    return decide_refund(request, replace(facts, buyer=buyer), **how)


def good_evidence_is_later(judge, told):
    """More orders of the buyer, or more of a deposit, pay later."""
    situation, amount, _, more = told
    before = decided(**situation, amount_cents=amount, judge=judge)
    orders = {**situation, "orders_90d": 10 + more}
    deposit = {**situation, "deposit_cents": (situation["deposit_cents"] or 0) + more}
    return any(sooner(before, decided(**one, amount_cents=amount, judge=judge)) for one in (orders, deposit))


def suspicious_of_regulars(request, facts, **how):
    return decide_refund(request, replace(facts, order=replace(facts.order, known=facts.buyer.orders_90d < 99)), **how)


def claims_buy_something(judge, told):
    """What the caller says of the order or the buyer's record pays sooner than saying nothing, or what is true."""
    situation, amount, _, more = told
    honest = decided(**situation, buyer_refunds_90d=situation["refunds_90d"], amount_cents=amount, judge=judge)
    claims = {"claimed_state": ("paid", "delivered", "confirmed")[more % 3], "claimed_paid_cents": 300_000,
              "buyer_refunds_90d": more % 3, "buyer_orders_90d": more}  # fmt: skip
    return sooner(decided(**situation, **claims, amount_cents=amount, judge=judge), honest)


def gullible(request, facts, **how):
    order = replace(facts.order, state=request.claimed_state or facts.order.state)
    return decide_refund(
        replace(request, claimed_state=None, claimed_paid_cents=None), replace(facts, order=order), **how
    )


def generosity_is_a_debt(judge, told):
    """A merchant bears a refund without its word or fault, or the platform's own gift is priced as its debt."""
    situation, amount = told
    found = decided(**situation, amount_cents=amount, judge=judge)
    proven = situation["reason"] == "counterfeit" and situation["counterfeit_level"] == "confirmed"
    word = situation["opted_in"] and found.outcome is RefundOutcome.INSTANT
    gift = found.finally_liable == "platform" and found.expected_loss.merchant_cents
    return bool(gift) or (found.finally_liable == "merchant" and not (proven or word))


def grudging(request, facts, **how):
    return replace(decide_refund(request, facts, **how), finally_liable="merchant")


def row_order_matters(judge, told):
    """The order of a policy's rows, where none is declared, changes an answer (bands of buyers declare theirs)."""
    situation, amount, random = told
    velocity, levels = list(POLICY.abuse.velocity), list(POLICY.counterfeit.levels)
    reasons = list(POLICY.instant_reasons.items())
    for rows in (velocity, levels, reasons):
        random.shuffle(rows)
    shuffled = POLICY.model_copy(update={
        "abuse": POLICY.abuse.model_copy(update={"velocity": tuple(velocity)}),
        "counterfeit": POLICY.counterfeit.model_copy(update={"levels": tuple(levels)}),
        "instant_reasons": dict(reasons),
    })  # fmt: skip
    asked = {**situation, "amount_cents": amount, "asked_at": (NOW - timedelta(hours=2),) * (amount % 9)}
    one, other = (decided(**asked, policy=policy, judge=judge) for policy in (POLICY, shuffled))
    return one != replace(other, policy_version=one.policy_version)


def of_the_first_row(request, facts, *, policy, as_of):
    abuse = policy.abuse.model_copy(update={"velocity": policy.abuse.velocity[:1]})
    return decide_refund(request, facts, policy=policy.model_copy(update={"abuse": abuse}), as_of=as_of)


AGAIN = RefundPolicy.parse(TEXT)


def another_time_another_answer(judge, told):
    """The same question, with the policy read anew, has another answer."""
    situation, amount = told
    return decided(**situation, amount_cents=amount, judge=judge) != decided(
        **situation, amount_cents=amount, judge=judge, policy=AGAIN
    )


def moody(request, facts, *, policy, as_of):
    found = decide_refund(request, facts, policy=policy, as_of=as_of)
    return replace(found, limit_cents=id(policy))


# --- The gate --------------------------------------------------------------------------------------------------


def at_the_gate(judge, applicant, programme):
    application = Application(programme=PROGRAMMES.programme(programme), category="cosmetics", brand="Lumi")
    return judge(application, applicant, policy=PROGRAMMES, as_of=NOW)


def having(applicant, **figures):
    told = {name: a_number(name, value) for name, value in figures.items()}
    return replace(applicant, measured={**applicant.measured, **told})


SHIPPED = "dispatch_kept_rate_90d_capped"
#: Numbers of which more is worse: what was confirmed, and what is owed.
CONFIRMED = ("n_fakes_confirmed_180d_capped", "n_unsafe_food_confirmed_365d", "n_linked_removed", "merchant_debt_cents",
             "overdue_debt_cents", "written_off_cents_365d", "suspicion_90d")  # fmt: skip


def defects_help(judge, told):
    """More confirmed defects, more debts, or more that went wrong, make an outcome better."""
    applicant, programme, metric, name, more = told
    before = at_the_gate(judge, applicant, programme)
    worse = having(applicant, **{name: (applicant.measured[name].value or 0) + more})
    return any(
        better(at_the_gate(judge, one, programme), before) for one in (worse, changed(applicant, metric, bad=more))
    )


def overwhelmed(application, applicant, **how):
    """A judge that takes many fakes for a mistake of whoever counted them."""
    found = gate(application, applicant, **how)
    fakes = applicant.measured["n_fakes_confirmed_180d_capped"].value
    return replace(found, outcome=Outcome.ADMIT) if fakes > 10 else found


def good_orders_hurt(judge, told):
    """More that went well makes an outcome worse."""
    applicant, programme, metric, _, more = told
    before = at_the_gate(judge, applicant, programme)
    return better(before, at_the_gate(judge, changed(applicant, metric, good=more), programme))


def envious(application, applicant, **how):
    found = gate(application, applicant, **how)
    return replace(found, outcome=Outcome.REFUSE) if applicant.measured[SHIPPED].per > 60 else found


def silence_wins(judge, told):
    """A merchant of which nothing is known any more behind a rate fares better than it did by that rate."""
    applicant, programme, metric, _, _ = told
    before = at_the_gate(judge, applicant, programme)
    failed = tuple(one.code for one in before.conditions if one.state is ConditionState.FAILED)
    one = applicant.measured[metric]
    silent = {**applicant.measured, metric: replace(one, value=None, of=0, per=0)}
    later = replace(applicant, measured=silent, failed_before=(*applicant.failed_before, *failed))
    return better(at_the_gate(judge, later, programme), before)


def without_a_memory(application, applicant, **how):
    return gate(application, replace(applicant, failed_before=()), **how)


#: What nobody has verified, and what we did ourselves: shown to people, no evidence.
NO_EVIDENCE = ("n_fake_reports_90d", "n_disputes_90d", "n_complaints_90d", "n_penalties_365d", "n_programmes_carried",
               "platform_refund_cents_90d", "n_targeted_inspections_90d")  # fmt: skip


def accusations_count(judge, told):
    """Counts of what was only said of a merchant, or of our own acts, change an answer."""
    applicant, programme, _, _, more = told
    before, after = (
        at_the_gate(judge, one, programme) for one in (applicant, having(applicant, **dict.fromkeys(NO_EVIDENCE, more)))
    )
    return before != after


def rumour(application, applicant, **how):
    found = gate(application, applicant, **how)
    said = applicant.measured.get("n_fake_reports_90d")
    return replace(found, outcome=Outcome.REFUSE) if said and said.value else found


def another_deed_is_milder(judge, told):
    """One more thing that was found leads to a milder step."""
    before, one_more = (judge(deeds(*some), policy=PENALTIES, as_of=NOW) for some in (told[:-1], told))
    rank = {None: -1, **{name: place for place, name in enumerate(STEPS)}}
    return rank[one_more.step] < rank[before.step]


def weary(found, **how):
    return penalty_of(found[:3] if len(found) < 5 else found[:1], **how)


asking = st.tuples(situations(), cents)
pressing = st.tuples(situations(), cents, st.sampled_from(AGAINST), st.integers(1, 200))
# Money goes out at once in few situations, and only there can a judge who breaks it be found out.
TRUSTED = {
    "state": "delivered", "buyer_credit": 950, "band": "A", "basis": "model", "counterfeit_level": "none",
    "known": True, "stale": False, "refunds_90d": 0, "debt_cents": 0, "linked": False,
    "buyer_cents": 0, "merchant_cents": 0, "fund_cents": 0, "day_cents": 0,
}  # fmt: skip
splitting = st.tuples(
    st.one_of(situations(), situations().map(lambda one: {**one, **TRUSTED})),
    st.lists(st.tuples(st.integers(1, 30_000), st.sampled_from(list(POLICY.instant_reasons))), min_size=2, max_size=8),
)
applying = st.tuples(merchants(), st.sampled_from(IDS), metrics, st.sampled_from(CONFIRMED), st.integers(1, 40))
found = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 100)), min_size=1, max_size=8)

INVARIANTS = [
    (more_is_sooner, st.tuples(situations(), cents, cents), decide_refund, kind_to_the_rich),
    (parts_get_more, splitting, decide_refund, forgetful),
    (the_unknown_is_instant, asking, decide_refund, careless),
    (more_against_is_sooner, pressing, decide_refund, tired),
    (good_evidence_is_later, pressing, decide_refund, suspicious_of_regulars),
    (claims_buy_something, pressing, decide_refund, gullible),
    (generosity_is_a_debt, asking, decide_refund, grudging),
    (row_order_matters, st.tuples(situations(), cents, st.randoms(use_true_random=False)), decide_refund,
     of_the_first_row),
    (another_time_another_answer, asking, decide_refund, moody),
    (defects_help, applying, gate, overwhelmed),
    (good_orders_hurt, applying, gate, envious),
    (silence_wins, applying, gate, without_a_memory),
    (accusations_count, applying, gate, rumour),
    (another_deed_is_milder, found, penalty_of, weary),
]  # fmt: skip


@pytest.mark.parametrize(("breaks", "told", "judge", "_"), INVARIANTS, ids=lambda one: getattr(one, "__name__", ""))
def test_our_judges_keep_the_products_word(breaks, told, judge, _):
    @packed
    @given(told)
    def nobody_breaks_it(situation):
        assert not breaks(judge, situation)

    nobody_breaks_it()


@pytest.mark.parametrize(("breaks", "told", "_", "planted"), INVARIANTS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_judge_that_breaks_it_is_found_out(breaks, told, _, planted):
    # The first one found is enough: nobody has to read it, so it need not be small.
    looking = settings(max_examples=3000, phases=[Phase.generate])
    assert find(told, lambda situation: breaks(planted, situation), settings=looking)
