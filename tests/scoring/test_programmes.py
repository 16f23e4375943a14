"""The programmes' policy: what is shipped, and a policy that is wrong anywhere says where."""

import re

import pytest

from features.catalogue import CATALOGUE
from scoring.errors import PolicyInvalid, ProgrammeUnknown
from scoring.programmes import ProgrammePolicy
from tests.scoring.applicants import PROGRAMMES, PROGRAMMES_TEXT

NAMES = {feature.name for feature in CATALOGUE}
ENTRIES = [(programme, condition) for programme in PROGRAMMES.programmes for condition in programme.entry]


def test_every_programme_of_the_catalogue_is_shipped():
    assert {one.id for one in PROGRAMMES.programmes} == {
        "seven_day_return", "one_fake_three_paid", "genuine_guarantee", "lightning_dispatch", "thirty_day_repair",
        "quality_inspection", "damaged_resend", "home_delivery", "installation", "free_return_freight",
        "fresh_bad_order", "worry_free_electronics", "slot_delivery", "chosen_day_delivery", "slow_delivery_rebate",
        "late_delivery_rebate", "advance_compensation",
    }  # fmt: skip


def test_a_programme_is_found_by_its_id():
    assert PROGRAMMES.programme("lightning_dispatch").name_zh == "闪电发货"
    with pytest.raises(ProgrammeUnknown, match="free_lunch"):
        PROGRAMMES.programme("free_lunch")


def test_every_metric_that_is_judged_is_a_feature():
    assert set(PROGRAMMES.metrics) <= NAMES
    assert len(PROGRAMMES.metrics) == len(set(PROGRAMMES.metrics))


def test_nothing_that_is_shipped_is_switched_off():
    assert all(condition.on for _, condition in ENTRIES)


@pytest.mark.parametrize("programme", PROGRAMMES.programmes, ids=lambda one: one.id)
def test_every_programme_asks_who_the_merchant_is(programme):
    assert {"identity", "business_licence"} <= {paper.metric for paper in programme.papers}


def test_every_sentence_stands_in_both_languages():
    chinese = re.compile(r"[一-鿿]")
    for programme in PROGRAMMES.programmes:
        pairs = [(programme.name, programme.name_zh), (programme.promise, programme.promise_zh)]
        pairs += [(programme.breach, programme.breach_zh)]
        pairs += [(one.text, one.text_zh) for one in programme.entry]
        pairs += [(one.switched_off, one.switched_off_zh) for one in programme.entry if not one.on]
        assert all(english and not chinese.search(english) and chinese.search(other) for english, other in pairs)


RULE = 'kind = "rate"\nmetric = "dispatch_kept_rate_90d_capped"'


@pytest.mark.parametrize(
    ("found", "instead", "place"),
    [
        ("since = 2026-11-30\njurisdiction", "jurisdiction", "since"),
        ("under = 0.50 ", "under = 1.50 ", r"stop_rules\.dispatch_broken\.under"),
        ('code = "P801"', 'code = "801"', r"stop_rules\.fake_confirmed\.code"),
        ('name_zh = "闪电发货"', "", r"programmes\.3\.name_zh"),
        ('name_zh = "闪电发货"', 'name_zh = ""', r"programmes\.3\.name_zh"),
        ('band_at_worst = "C"', 'band_at_worst = "F"', r"programmes\.0\.band_at_worst"),
        ('counterfeit_at_worst = "watch"', 'counterfeit_at_worst = "confirmed"', "counterfeit_at_worst"),
        ("at_first = 100 ", "at_first = 9999 ", r"programmes\.0\.provisional: at_first .* above at_most"),
        ("valid_days = 90", "valid_days = 0", r"programmes\.0\.valid_days"),
        ("at_least = 0.97", "at_least = 97", "P301: the limit of a rate lies between 0 and 1"),
        ("at_least = 0.97", "at_least = 0.97\nat_most = 0.99", "P301: exactly one of at_least and at_most"),
        ("at_least = 0.97", "", "P301: exactly one of at_least and at_most"),
        ('"dispatch_kept_rate_90d_capped"\nat_l', '"dispatch_kept_rate_30d_capped"\nat_l', "P301: .* does not look"),
        ('things = "orders placed"', "", "P302: a rate needs days, things and things_zh"),
        ('= "brand_authorisation"', '= "brand_authorisation"\nat_least = 1', "P203: a paper has no limit"),
        ("times = 3 ", "", "P204: a deposit needs times and plus_cents"),
        (RULE, f"times = 3\n{RULE}", "P301: times and plus_cents are a deposit's"),
        (RULE, f'waived = "Later."\n{RULE}', "P301: why it is waived must be said in both"),
        (RULE, f'when_missing = "refuse"\n{RULE}', "P301: when_missing is a number's or a deposit's"),
        (RULE, f'switched_off = "Later."\n{RULE}', "P301: why it is switched off must be said in both"),
        ('entry = ["P001", "P002", "P301", "P302"]', 'entry = ["P001", "P002", "P301"]', "no programme asks for: P302"),
        ('entry = ["P001", "P002", "P301", "P302"]', 'entry = ["P301", "P399"]', "asks for what is no condition: P399"),
        ('entry = ["P001", "P002", "P301", "P302"]', 'entry = "P301"', "entry and keep are lists of codes"),
        ('grounds = ["counterfeit"]', "grounds = []", "what is paid needs grounds"),
        ("confidence = 0.80", "confidence = 0.2", r"entry\.2\.confidence"),
        ('code = "P802"', 'code = "P801"', "codes with more than one sentence: P801"),
        (RULE, f"colour = 3\n{RULE}", r"programmes\.3\.entry\.2\.colour"),
        ("share = 0.01 ", "share = 0.05 ", r"exploration\.share"),
        ('["lightning_dispatch"]', '["no_such"]', "exploration: no_such is no programme"),
        ('["lightning_dispatch"]', '["one_fake_three_paid"]', "exploration: one_fake_three_paid is about fakes"),
        ("cap = 10 ", "cap = 101 ", "exploration: the cap lies above"),
        ("[stop_rules.paper_expired]", "[stop_rules.paper_expired", "no TOML"),
    ],
)  # fmt: skip
def test_a_wrong_policy_says_where_it_is_wrong(found, instead, place):
    assert found in PROGRAMMES_TEXT
    with pytest.raises(PolicyInvalid, match=place):
        ProgrammePolicy.parse(PROGRAMMES_TEXT.replace(found, instead, 1))


@pytest.mark.parametrize("programmes", ["programmes = 3", "programmes = []", "[programmes]\nx = 1", ""])
def test_a_policy_without_programmes_is_refused(programmes):
    start = PROGRAMMES_TEXT[: PROGRAMMES_TEXT.index("[programmes.seven")]
    head, rules = start.split("[stop_rules.", 1)
    text = f"{head}\n{programmes}\n[stop_rules.{rules}" if "[" not in programmes[:1] else f"{start}\n{programmes}\n"
    with pytest.raises(PolicyInvalid, match="programmes"):
        ProgrammePolicy.parse(text)


def test_another_number_is_another_version_and_another_comment_is_not():
    assert re.fullmatch(r"programmes-2026-11-30-[0-9a-f]{8}", PROGRAMMES.version)
    assert ProgrammePolicy.parse(PROGRAMMES_TEXT + "\n# A remark.\n").version == PROGRAMMES.version
    other = ProgrammePolicy.parse(PROGRAMMES_TEXT.replace("at_least = 0.97", "at_least = 0.96"))
    assert other.version != PROGRAMMES.version


def test_a_policy_cannot_be_changed_after_it_is_read():
    with pytest.raises(ValueError, match="frozen"):
        PROGRAMMES.programmes[0].name = "Another"


#: Lines with a number in them; `days` only repeats the metric's own window.
NUMBERS = [
    line for line in PROGRAMMES_TEXT.splitlines()
    if re.match(r"\w+ = [\d.]+", line) and not line.startswith(("since", "days = 90"))
]  # fmt: skip


@pytest.mark.parametrize("line", NUMBERS)
def test_every_number_names_its_source_or_says_that_it_is_our_own(line):
    assert re.search(r"# (source|own proposal).*: \w+", line)
