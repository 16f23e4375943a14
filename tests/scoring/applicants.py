"""Merchants at the gate, for tests: a spotless one, and changes to it."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

from scoring.evidence import Measured
from scoring.gate import Applicant, Application, Paper, gate, gate_by_lot
from scoring.programmes import ProgrammePolicy

PROGRAMMES_TEXT = files("scoring").joinpath("policies/programmes.toml").read_text("utf-8")
PROGRAMMES = ProgrammePolicy.parse(PROGRAMMES_TEXT)
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)

IDENTITY = Paper(qualification="identity", outcome="passed")
LICENCE = Paper(qualification="business_licence", outcome="passed")
FOOD = Paper(qualification="food_licence", outcome="passed")
AUDIT = Paper(qualification="third_party_audit", outcome="passed")
EXAM = Paper(qualification="training_exam", outcome="passed")
BRAND = Paper(qualification="brand_authorisation", outcome="passed", brand="Lumi", category="cosmetics")

PRIORS = {
    "dispatch_kept_rate_90d_capped": 0.9,
    "merchant_cancel_rate_90d_capped": 0.02,
    "return_refusal_rate_90d_capped": 0.05,
}


def a_rate(name, of, per):
    """A rate of the shipped programmes, drawn towards an ordinary category."""
    value = of / per if per else None
    return Measured(name=name, value=value, of=of, per=per, prior=PRIORS[name], strength=10.0)


def shipped(kept, due):
    return a_rate("dispatch_kept_rate_90d_capped", kept, due)


def cancelled(of, per):
    return a_rate("merchant_cancel_rate_90d_capped", of, per)


def refused(of, per):
    return a_rate("return_refusal_rate_90d_capped", of, per)


def a_number(name, value):
    return Measured(name=name, value=value)


def without_a_fault(condition):
    """The best record that a rate of the shipped programmes can have."""
    return Measured(name=condition.metric, value=1.0, of=600 if condition.at_least else 0, per=600)


SPOTLESS = (
    *(without_a_fault(one) for one in PROGRAMMES.asked if one.kind == "rate"),
    shipped(600, 600), cancelled(0, 600), refused(0, 300),
    a_number("n_fakes_confirmed_180d_capped", 0), a_number("suspicion_90d", 0.15),
    a_number("deposit_cents", 1_000_000), a_number("merchant_debt_cents", 0),
    a_number("large_order_cents_90d", 30_000), a_number("overdue_debt_cents", 0),
    a_number("written_off_cents_365d", 0), a_number("n_unsafe_food_confirmed_365d", 0),
    a_number("n_linked_removed", 0), a_number("n_owner_or_bank_account_changed_14d", 0),
)  # fmt: skip
PAPERS = (IDENTITY, LICENCE, BRAND, FOOD, AUDIT, EXAM)


def a_merchant(*measured, **changes):
    """A spotless merchant, but for these figures and fields."""
    figures = {one.name: one for one in (*SPOTLESS, *measured)}
    plain = Applicant(
        merchant_id="m1", band="B", score=600, basis="model", counterfeit_level="none", evidence_sufficient=True,
        orders_365d=2400, measured=figures, papers=PAPERS, orders_per_day=7.0, trading_days=400,
        order_days=300,
    )  # fmt: skip
    return replace(plain, **changes)


def asked(
    merchant, programme="lightning_dispatch", *, category="cosmetics", brand="Lumi", policy=PROGRAMMES, as_of=NOW
):
    """The gate's answer to a merchant."""
    application = Application(programme=policy.programme(programme), category=category, brand=brand)
    return gate(application, merchant, policy=policy, as_of=as_of)


def drawn(merchant, programme="lightning_dispatch", *, lot, policy=PROGRAMMES, as_of=NOW):
    """The gate's answer to a merchant with a lot."""
    application = Application(programme=policy.programme(programme), category="cosmetics", brand="Lumi")
    return gate_by_lot(application, merchant, policy=policy, as_of=as_of, lot=lot)


def codes(answer):
    return [reason.code for reason in answer.reasons]
