"""The linter of policies: every planted fault is found where it stands, and what is shipped has none."""

import re
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from scoring.cheating import Aim, Cheat, Price
from scoring.condition_policy import Condition
from scoring.evidence import Measured
from scoring.lint.conditions import clean_things_needed
from scoring.lint.given import Cheating, Given, Metric
from scoring.lint.linter import lint, proofs_of
from scoring.lint.places import places_of
from scoring.lint.rules import RULES, Severity
from scoring.programmes import ProgrammePolicy
from scoring.refund_policy import RefundPolicy
from scoring.score_policy import ScorePolicy

FAULTY = (Path(__file__).parent / "faulty.toml").read_text("utf-8")
POLICIES = {"programmes": ProgrammePolicy, "refunds": RefundPolicy, "score": ScorePolicy}
KINDS = ("score", "programmes", "refunds", "compensation", "complaints", "adverts", "penalties", "breaker")


def shipped(kind):
    return files("scoring").joinpath(f"policies/{kind}.toml").read_text("utf-8")


def a_metric(name, *, riskier="lower", nullable=True, averaged=True, capped=True, fed_by="order_placed"):
    return Metric(name=name, unit="share", riskier=riskier, nullable=nullable, averaged=averaged, capped=capped,
                  fed_by=frozenset({fed_by}))  # fmt: skip


METRICS = (
    a_metric("dispatch_kept_rate_90d_capped"),
    a_metric("dispatch_kept_rate_90d", capped=False),
    a_metric("mean_stars_90d_capped", fed_by="review_posted"),
    a_metric("repair_kept_rate_90d_capped", fed_by="service_requested"),
    a_metric("merchant_cancel_rate_90d_capped", riskier="higher"),
    a_metric("n_unsafe_food_confirmed_365d", riskier="higher", nullable=False, averaged=False),
)
GIVEN = Given(
    metrics={one.name: one for one in METRICS},
    papers=frozenset({"identity"}),
    programmes=frozenset(re.findall(r'programme = "(\w+)"', shipped("adverts"))),
)


def orders(*counts, name="merchant_cancel_rate_90d_capped"):
    return tuple(Measured(name=name, value=None, of=0, per=count) for count in counts)


LOG = replace(
    GIVEN,
    today=date(2026, 12, 1),
    event_types=frozenset({"order_placed", "review_posted", "qualification_checked"}),
    sample={
        "merchant_cancel_rate_90d_capped": orders(0, 10, 100, 1000, 2000),
        "dispatch_kept_rate_90d_capped": orders(100, 200, name="dispatch_kept_rate_90d_capped"),
        "repair_kept_rate_90d_capped": orders(100, name="repair_kept_rate_90d_capped"),
    },
)


def planted(text):
    """The faults that a text says it has: (rule, line)."""
    return {(code, line) for line, said in enumerate(text.splitlines(), start=1)
            for code in re.findall(r"fault: (L\d{3})", said)}  # fmt: skip


def found(text, given=GIVEN):
    return {(one.code, one.line) for one in lint(text, given) if one.severity is not Severity.NOTE}


def test_ten_planted_faults_are_all_found_where_they_stand_and_nothing_else():
    told = {one for one in found(FAULTY, LOG) if one[0] != "L101"}
    assert len(planted(FAULTY)) == 10
    assert told == planted(FAULTY)


def test_a_policy_that_cannot_be_read_is_looked_at_all_the_same():
    assert ("L101", 1) in found(FAULTY)
    assert {code for code, _ in found(FAULTY)} >= {"L201", "L321", "L405"}


def a_price(cents, aim=Aim.PLACE, goal="installation", worth=1_000, attack="brushing_ring"):
    price = Price(things=9, accounts=3, days=8, cents=cents)
    return Cheat(attack=attack, aim=aim, goal=goal, before="refuse", price=price, unlocks_cents=worth)


def priced(kind, *cheats, of=None):
    """What the linter says of cheating, of which the prices were measured on this policy, or on that of a version."""
    text = shipped(kind)
    versions = frozenset({of or POLICIES[kind].parse(text).version})
    told = lint(text, replace(GIVEN, cheating=Cheating(cheats=cheats, versions=versions)))
    return {(one.code, text.splitlines()[one.line - 1].split("#")[0].strip()) for one in told if one.code[1] == "6"}


@pytest.mark.parametrize(
    ("kind", "cheat", "said"),
    [
        # A place that costs 9.99 and unlocks 10.00 is warned of where the programme stands.
        ("programmes", a_price(999), {("L601", "[programmes.installation]")}),
        ("programmes", a_price(1_000), set()),
        # What is won by a better band, or by a rival's ill fame, is the score policy's affair.
        ("score", a_price(1, Aim.BAND, "B"), {("L601", "[[bands]]")}),
        ("score", a_price(1, Aim.RIVAL_FLAG, "high"), {("L601", "high = 0.20")}),
        ("programmes", a_price(1, Aim.BAND, "B"), set()),
        ("programmes", a_price(1, goal="free_lunch"), set()),
        ("refunds", a_price(1), set()),
    ],
)
def test_what_is_cheaper_to_cheat_for_than_it_is_worth_is_warned_of(kind, cheat, said):
    assert priced(kind, cheat) == said


def test_prices_of_another_version_are_said_to_be_so():
    old = priced("programmes", a_price(1), of="programmes-2020-01-01-00000000")
    assert {code for code, _ in old} == {"L601", "L602"}


def test_a_policy_that_cannot_be_read_has_prices_of_another_version():
    told = lint(FAULTY, replace(GIVEN, cheating=Cheating(cheats=[a_price(1, goal="lightning_dispatch")],
                                                         versions=frozenset())))  # fmt: skip
    assert {"L101", "L601", "L602"} <= {one.code for one in told}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "programmes"])
def test_what_is_shipped_has_nothing_against_it(kind):
    assert found(shipped(kind), LOG) == set()


CHANGED = [
    ("score", "from = 580 ", "from = 581 ", "L311"),
    ("score", "to = 579 ", "to = 570 ", "L311"),
    ("score", "to = 579 ", "to = 585 ", "L321"),
    ("score", "to = 579 ", "to = 400 ", "L302"),
    ("score", 'name = "E"', 'name = "D"', "L311"),
    ("score", "highest = 850 ", "highest = 600 ", "L302"),
    ("score", "lowest = 300 ", "lowest = 200 ", "L311"),
    ("score", "[scale]", "[scales]", "L101"),
    ("score", "to = 850 ", "to = 840 ", "L311"),
    ("score", "watch = 0.05 ", "watch = 0.30 ", "L302"),
    ("score", 'best_band = "C"', 'best_band = "A"', "L331"),
    ("score", "p_bad = 0.10            # own proposal:", "p_bad = 0.10 #", "L201"),
    ("refunds", "from = 0 ", "from = 100 ", "L311"),
    ("refunds", "from = 600 ", "from = 900 ", "L321"),
    ("refunds", "risk = 2.0 ", "risk = 0.2 ", "L331"),
    ("refunds", "C = { trusted = 20_000", "C = { trusted = 90_000", "L331"),
    ("refunds", "fair = 20_000, watched = 5_000 }    #", "fair = 60_000, watched = 5_000 }    #", "L331"),
    ("refunds", "A = 5_000_000 ", "A = 50_000 ", "L302"),
    ("refunds", "C = 0.10 ", "C = 0.02 ", "L331"),
    ("refunds", "C = { trusted", "F = { trusted", "L311"),
    ("refunds", "[loss.not_back.confirmed]", "[loss.not_back.forgotten]", "L311"),
    ("refunds", "C = 500_000 ", "C = 5_000_000 ", "L331"),
    ("refunds", "[loss.not_back.confirmed]\notherwise", "[loss.not_back.confirmed]\nlate", "L311"),
    ("refunds", "unknown_buyer_cents = 5_000 ", "unknown_buyer_cents = 500_000 ", "L302"),
    ("refunds", "unknown_buyer_risk = 1.5 ", "unknown_buyer_risk = 0.1 ", "L331"),
    ("compensation", 'grounds = ["not_received"]', 'grounds = ["not_received", "fraud"]', "L321"),
    ("compensation", '[exclusions.label_flaw]\ncode = "C202"\ngrounds = ["unsafe_food"]',
     '[exclusions.label_flaw]\ncode = "C202"\ngrounds = ["spoilt"]', "L303"),
    ("complaints", 'words = ["退款",', 'words = ["退款", "fake news",', "L301"),
    ("complaints", 'covers = ["counterfeit"]\n', "covers = []\nwords = []\n[unused]\n", "L303"),
    ("complaints", 'safety_topics = ["unsafe"]', 'safety_topics = ["weather"]', "L303"),
    ("complaints", "answer_hours = 4 ", "answer_hours = 40 ", "L331"),
    ("complaints", "accept_working_days = 7 ", "accept_working_days = 17 ", "L331"),
    ("complaints", 'name = "court"', 'name = "12315"', "L321"),
    ("complaints", "holidays = []", "holidays = [2026-10-01]", "L213"),
    ("adverts", '"the best before",', '"best before",', "L303"),
    ("adverts", '"最好", ', '"最好", "最佳", ', "L321"),
    ("adverts", 'programme = "', 'programme = "free_', "L501"),
    ("breaker", 'outcomes = ["standard", "review"]', 'outcomes = ["instant"]', "L321"),
    ("penalties", "from_points = 12 ", "from_points = 2 ", "L331"),
    ("penalties", "from_points = 48 ", "from_points = 48_000 ", "L302"),
    ("penalties", "from_points = 1 ", "from_points = 2 ", "L311"),
    ("penalties", "most_points = 48 ", "most = 48 ", "L101"),
    ("penalties", "points = 12 ", "points = 120 ", "L302"),
    ("penalties", 'kind = "no_answer"', 'kind = "late_dispatch"', "L321"),
    ("penalties", 'text_zh = "清退。"', 'text_zh = "Removed."', "L103"),
    ("penalties", "since = 2026-11-30", "since = 2026-12-30", "L211"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "there", "instead", "code"), CHANGED)
def test_a_fault_planted_in_a_shipped_policy_is_found(kind, there, instead, code):
    text = shipped(kind)
    assert there in text
    assert code in {one for one, _ in found(text.replace(there, instead, 1), LOG)}


ON_TRIAL = "[programmes.lightning_dispatch.provisional]"
PAYS = "[programmes.lightning_dispatch.pays]\nat_least_cents = 5\n"
IN_PROGRAMMES = [
    (ON_TRIAL, f"{PAYS}{ON_TRIAL}", "L303"),
    (ON_TRIAL, f"{PAYS}at_most_cents = 4\ntimes_price = 1.0\n{ON_TRIAL}", "L302"),
    ('suits = ["clothing"]', 'suits = ["custom_made"]', "L301"),
    ('_90d"  # fault: L405\nunder = 0.50 ', '_90d_capped"\nunder = 0.98 ', "L302"),
    ("per_thing = 5.0 ", "per_thing = 0.0 ", "L302"),
    ("at_first = 100 ", "at_first = 5000 ", "L302"),
    ("per_thing = 5.0 ", "per_day = 1\nper_thing = 5.0 ", "L302"),
    ('metric = "identity"', 'metric = "passport"', "L402"),
    ("at_most = 0.001 ", "at_least = 0.9 ", "L404"),
    ("under = 0.50 ", "at_least = 1 ", "L404"),
    ('metric = "merchant_cancel_rate_90d_capped"', 'metric = "dispatch_kept_rate_90d"', "L406"),
    ('programmes = ["lightning_dispatch"]', 'programmes = ["free_lunch"]', "L501"),
]


@pytest.mark.parametrize(("there", "instead", "code"), IN_PROGRAMMES)
def test_a_fault_planted_in_the_programmes_is_found(there, instead, code):
    assert code not in {one for one, _ in found(FAULTY)}
    assert code in {one for one, _ in found(FAULTY.replace(there, instead, 1))}


def test_a_condition_that_nobody_asks_for_leads_nowhere():
    text = FAULTY.replace(', "P305"', "")
    assert "L303" in {code for code, _ in found(text)}


def test_what_follows_a_missing_figure_need_only_be_said():
    said = FAULTY.replace("[conditions.P304]", '[conditions.P304]\nwhen_missing = "review"')
    assert "L403" not in {code for code, _ in found(said)}


def test_a_waiver_makes_a_note_of_what_hardly_anyone_can_prove():
    waiver = 'waived = "It is for the very best."\nwaived_zh = "仅面向最优商家。"\n'
    told = lint(FAULTY.replace("at_most = 0.001", f"{waiver}at_most = 0.001"), LOG)
    assert {one.code for one in told} >= {"L413"}
    assert "L412" not in {one.code for one in told}


def test_own_proposals_and_numbers_that_are_not_set_are_listed():
    notes = [one for one in lint(FAULTY, GIVEN) if one.severity is Severity.NOTE]
    assert sum(one.code == "L202" for one in notes) == FAULTY.count("# own proposal")
    assert "programmes.lightning_dispatch.pays.times_price" in next(one.text for one in notes if one.code == "L203")


@pytest.mark.parametrize(("text", "code"), [("since = tomorrow", "L101"), ('colour = "red"', "L102")])
def test_a_text_that_is_no_policy_is_told_so(text, code):
    assert found(text) == {(code, 1)}


def a_rate(**limits):
    return Condition(code="P301", kind="rate", metric="kept_90d", days=90, things="things", things_zh="件", text="t",
                     text_zh="文", **limits)  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "clean"),
    [
        # Spotless over an even prior is Beta(n + 1, 1): 0.05 ** (1 / (n + 1)) >= 0.97 from n = 98 on.
        ({"at_least": 0.97, "confidence": 0.95}, 98),
        ({"at_most": 0.01, "confidence": 0.95}, 298),
        ({"at_least": 0.97, "confidence": 0.95, "small_count": 1}, 1),
    ],
)
def test_the_clean_things_that_a_condition_asks_for_can_be_worked_out_by_hand(limits, clean):
    assert clean_things_needed(a_rate(**limits)) == clean


def test_a_limit_that_no_record_can_prove_asks_for_more_than_there_is():
    assert clean_things_needed(a_rate(at_least=0.9999999, confidence=0.95)) is None
    text = FAULTY.replace("at_most = 0.001 ", "at_most = 0.00000001 ")
    assert any(one.code == "L412" and "more than there are" in one.text for one in lint(text, GIVEN))


def test_what_is_switched_off_or_cannot_be_read_by_itself_is_not_looked_at():
    off = FAULTY.replace("[conditions.P301]", '[conditions.P301]\nswitched_off = "Later."\nswitched_off_zh = "暂不。"')
    odd = FAULTY.replace("[conditions.P301]", "[conditions.P301]\nmood = 1")
    for text in (off, odd):
        assert "P301" not in {one.condition.code for one in proofs_of(text, LOG)}
        assert not [one for one in lint(text, LOG) if one.code.startswith("L41") and "P301" in one.text]


def test_terms_that_are_left_out_are_not_compared():
    missing = FAULTY.replace(ON_TRIAL, "[programmes.lightning_dispatch.trial]")
    assert not [one for one in lint(missing, GIVEN) if one.code == "L302" and "provisional" in one.text]


def test_a_paper_that_is_waived_need_not_be_in_the_log():
    bare = replace(LOG, event_types=frozenset({"order_placed"}))
    waived = 'waived = "It is new."\nwaived_zh = "新近增设。"\n'
    assert "L411" in {one.code for one in lint(FAULTY, bare) if "identity" in one.text}
    text = FAULTY.replace('metric = "identity"', f'{waived}metric = "identity"')
    assert not [one for one in lint(text, bare) if one.code == "L411" and "identity" in one.text]


def test_a_rate_whose_confidence_nobody_chose_is_listed():
    text = FAULTY.replace("confidence = ", "sureness = ", 1)
    assert any(one.code == "L203" and "confidence" in one.text for one in lint(text, GIVEN))


def test_a_finding_is_plain_for_json():
    one = lint("since = tomorrow", GIVEN)[0]
    assert one.plain == {"code": "L101", "severity": "error", "line": 1, "text": one.text, "text_zh": one.text_zh}


def test_the_share_who_can_prove_a_condition_counts_merchants_with_enough_of_anything():
    proof = next(one for one in proofs_of(FAULTY, LOG) if one.condition.code == "P306")
    assert (proof.able, proof.by_bound) == (0.0, 2994)


def test_a_place_is_found_with_the_comments_above_it_and_behind_it():
    places = places_of('# source: law\n[[a]]\nb = "#" # why\n[[a]]\nc = [\n  1,\n  2,\n]\nd = 1\n')
    assert [places.line(path) for path in (("a", 0, "b"), ("a", 1, "c", 1), ("a", 1, "d"))] == [3, 5, 9]
    assert places.comment(("a", 0, "b")).strip() == "why"
    assert "source: law" in places.comment(("a", 0))


def test_what_is_neither_a_header_nor_a_key_has_no_place():
    assert places_of("'odd' = 1\nb = 2\n").lines == {("b",): 2}


def test_every_rule_speaks_both_languages():
    assert all(re.search("[一-鿿]", one.text_zh) and not re.search("[一-鿿]", one.text) for one in RULES.values())
