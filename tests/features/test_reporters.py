"""Reporters: what their word is worth, that linked ones have one voice, and how far unknown ones get."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue.feature import Feature
from features.catalogue.reporters import CREDENCE, FEATURES, bound
from features.engine import build_features
from features.log import FileLog
from features.measures import Credence, Measure
from tests.features.build import a_log, a_spine, moment, write_log
from tests.features.naive_reporters import Market, naive_reporters
from tests.features.strategies import AS_OF, MERCHANTS, Event, report_logs, spines

# What follows from the definition is asked less often, since it builds twice.
now_and_then = settings(max_examples=settings().max_examples // 3)

#: Short logs make nobody trusted by the numbers of the catalogue.
LAX = replace(CREDENCE, trusted_least=2, trusted_percent=60, trusted_thousandths=400)


def by_lax_numbers(feature: Feature) -> Feature:
    named = {name: getattr(feature.formula, name, None) for name in ("of", "part", "per")}
    parts = {
        name: replace(part, amount=LAX)
        for name, part in named.items()
        if isinstance(part, Measure) and isinstance(part.amount, Credence)
    }
    return replace(feature, formula=replace(feature.formula, **parts))


def answers(
    log: Sequence[Event], rows: Iterable[tuple[str, datetime]], features: Sequence[Feature] = FEATURES
) -> list[Event]:
    """The engine's features of some rows."""
    with TemporaryDirectory() as folder:
        path = write_log(log, Path(folder) / "events.parquet")
        return build_features(FileLog([path], currency="CNY"), a_spine(rows), features=features).to_pylist()


def equal(found: float | None, expected: float | None) -> bool:
    return found == expected or (None not in (found, expected) and math.isclose(found, expected, rel_tol=1e-12))


@given(report_logs(), spines(most=3))
def test_every_word_is_worth_what_its_definition_says(log, moments):
    rows = list(product(MERCHANTS, moments))
    market = Market(log, LAX)
    for (merchant, as_of), answer in zip(rows, answers(log, rows, [*map(by_lax_numbers, FEATURES)]), strict=True):
        for days in (7, 30, 90, 365):
            expected = naive_reporters(market, merchant, as_of, days)
            found = {name: answer.get(f"{name}_{days}d", answer.get(name)) for name in expected}
            assert all(equal(found[name], expected[name]) for name in expected), (merchant, as_of, found, expected)


# --- How far unknown reporters get -----------------------------------------------------------------------------

_UNKNOWN = ("buyer", "merchant", "anonymous")
_PROOF = ("lab", "test_buy", "photo", "none", None)


@st.composite
def attacks(draw: st.DrawFn) -> tuple[int, list[Event]]:
    """Any number of reports by a few who were never right, some of them with links among themselves and to others."""
    k = draw(st.integers(1, 8))
    who, when = st.integers(1, k), st.integers(1, 500)
    filed = st.fixed_dictionaries({
        "event_type": st.just("fake_report_filed"), "reporter_id": st.builds("evil{}".format, who),
        "reporter_kind": st.sampled_from(_UNKNOWN), "evidence": st.sampled_from(_PROOF),
        "report_id": st.builds("evil{}".format, st.integers(1, 40)), "merchant_id": st.sampled_from(MERCHANTS[:2]),
    })  # fmt: skip
    seen = st.fixed_dictionaries({
        "event_type": st.just("link_observed"), "buyer_id": st.builds("evil{}".format, who),
        "merchant_id": st.just("shop"), "link_kind": st.just("phone"),
        "link_token": st.sampled_from(("t1", "t2", "evil")),
    })  # fmt: skip
    told = draw(st.lists(st.tuples(draw(st.sampled_from((filed, filed | seen))), when), max_size=40))
    return k, [
        one | {"event_id": f"evil{number}", "event_time": AS_OF - timedelta(hours=back)}
        for number, (one, back) in enumerate(told)
    ]


def suspicions(log: Sequence[Event]) -> list[float]:
    features = [one for one in FEATURES if one.name.startswith("suspicion")]
    found = answers(log, [(merchant, AS_OF) for merchant in MERCHANTS], features)
    return [row[one.name] for row in found for one in features]


@now_and_then
@given(report_logs(), attacks())
def test_k_unknown_reporters_raise_a_suspicion_by_at_most_the_published_bound_and_lower_none(log, attack):
    k, theirs = attack
    # Links may lower a suspicion: they may join others.
    least = -1e-9 if all(one["event_type"] == "fake_report_filed" for one in theirs) else -math.inf
    before, after = suspicions(log), suspicions([*log, *theirs])
    assert all(least <= late - early <= bound(k) + 1e-9 for early, late in zip(before, after, strict=True))


@pytest.mark.parametrize(("k", "expected"), [(1, 0.25), (4, 0.85), (5, 1.0), (40, 1.0)])
def test_the_bound_is_reached_and_not_passed(k, expected):
    log = "".join(a_report("2024-03-01", n, by=f"p{n}") for n in range(k)) + a_report("2024-03-02", k, kind="anonymous")
    assert told(log, "2024-03-03") == bound(k) == expected


# --- Examples --------------------------------------------------------------------------------------------------


def told(log: str, as_of: str, name: str = "suspicion_30d", merchant: str = "shop") -> float | None:
    return answers(a_log(log), [(merchant, moment(as_of))])[0][name]


def a_report(day: str, n: int, *, by: str = "p", kind: str = "buyer", at: str = "shop", proof: str = "lab") -> str:
    return (
        f"{day}  fake_report_filed  event_id=f{n} merchant_id={at} report_id=r{n} reporter_id={by} "
        f"reporter_kind={kind} evidence={proof}\n"
    )


def a_ruling(day: str, n: int, outcome: str, *, at: str = "shop") -> str:
    return f"{day}  fake_report_resolved  event_id=j{n} merchant_id={at} report_id=r{n} outcome={outcome}\n"


@pytest.mark.parametrize(
    ("kind", "proof", "expected"),
    [
        ("buyer", "lab", 0.2), ("buyer", "photo", 0.15), ("buyer", "none", 0.1), ("merchant", "lab", 0.1),
        ("anonymous", "lab", 0.05), ("brand", "test_buy", 0.6), ("regulator", "lab", 0.9),
    ],
)  # fmt: skip
def test_who_is_not_known_weighs_what_its_kind_does(kind, proof, expected):
    assert told(a_report("2024-03-01", 1, kind=kind, proof=proof), "2024-03-02") == expected


@pytest.mark.parametrize(
    ("outcome", "expected"), [("confirmed", 2 / 6), ("dismissed", 1 / 6), ("bad_faith", 1 / 10), ("grey_market", 1 / 5)]
)
def test_what_a_report_came_to_at_one_merchant_weighs_at_another(outcome, expected):
    log = a_report("2024-02-01", 1, at="other") + a_ruling("2024-02-05", 1, outcome, at="other")
    assert told(log + a_report("2024-03-01", 2), "2024-03-02") == pytest.approx(expected, abs=1e-6)


def test_what_became_known_on_the_day_of_a_report_or_later_does_not_weigh_in_it():
    past = a_report("2024-02-01", 1, at="other") + a_ruling("2024-03-01T08:00", 1, "confirmed", at="other")
    late = "2024-03-04  event_reversed  merchant_id=other reverses=j1\n"
    same_day, next_day = a_report("2024-03-01T20:00", 2), a_report("2024-03-02T20:00", 2)
    assert told(past + same_day, "2024-03-06") == 0.2
    assert told(past + next_day, "2024-03-06") == told(past + next_day + late, "2024-03-06") == 0.333333


@pytest.mark.parametrize("outcome", ["confirmed", "grey_market", "dismissed", "bad_faith"])
def test_a_report_that_is_resolved_is_no_suspicion_until_the_ruling_is_taken_back(outcome):
    log = a_report("2024-03-01", 1) + a_ruling("2024-03-05", 1, outcome)
    log += "2024-03-08  event_reversed  reverses=j1\n"
    assert [told(log, day) for day in ("2024-03-05", "2024-03-06", "2024-03-09")] == [0.2, 0.0, 0.2]


def test_a_window_holds_the_strongest_report_of_each_circle_in_it():
    log = a_report("2024-03-01", 1, kind="buyer") + a_report("2024-03-09", 2, proof="none") + a_report("2024-03-09", 3)
    assert [told(log, day, "suspicion_7d") for day in ("2024-03-02", "2024-03-10")] == [0.2, 0.2]
    weaker = a_report("2024-03-01", 1) + a_report("2024-03-05", 2, proof="none")
    assert [told(weaker, day, "suspicion_7d") for day in ("2024-03-06", "2024-03-09", "2024-03-12")] == [0.2, 0.1, 0.1]


def test_linked_reporters_have_one_voice_from_when_the_link_is_known_until_it_is_taken_back():
    log = a_report("2024-03-01", 1, by="a") + a_report("2024-03-02", 2, by="b", proof="none")
    seen = "  link_observed  merchant_id=other link_kind=device link_token=t buyer_id="
    log += f"2024-03-04{seen}a\n2024-03-05{seen}b event_id=seen\n"
    log += "2024-03-07  event_reversed  merchant_id=other reverses=seen\n"
    days = ("2024-03-05", "2024-03-06", "2024-03-08")
    assert [told(log, day) for day in days] == pytest.approx([0.3, 0.2, 0.3])
    assert [told(log, day, "n_reporter_circles_30d") for day in days] == [2, 1, 2]


def test_all_anonymous_reports_are_one_whatever_they_call_themselves():
    log = "".join(a_report("2024-03-01", n, by=f"p{n}", kind="anonymous") for n in range(9))
    assert (told(log, "2024-03-02"), told(log, "2024-03-02", "n_reporter_circles_7d")) == (0.05, 1)


def test_a_trusted_reporter_was_right_nine_times_in_ten_of_the_last_ninety_days():
    past = "".join(a_report("2024-01-01", n, kind="brand") for n in range(10))
    past += "".join(a_ruling("2024-01-20", n, "confirmed") for n in range(9)) + a_ruling("2024-01-20", 9, "dismissed")
    open_now = past + a_report("2024-03-01", 99, kind="brand")
    assert told(open_now, "2024-03-02", "n_trusted_reports_open") == 1
    late = past + a_report("2024-06-01", 99, kind="brand")
    assert told(late, "2024-06-02", "n_trusted_reports_open") == 0
    lied = open_now.replace("outcome=dismissed", "outcome=bad_faith")
    assert told(lied, "2024-03-02", "n_trusted_reports_open") == 0


def test_a_report_in_bad_faith_is_told_and_counts_for_nobody_against_the_merchant():
    log = a_report("2024-03-01", 1) + a_ruling("2024-03-02", 1, "bad_faith")
    found = answers(a_log(log), [("shop", moment("2024-03-03"))])[0]
    assert (found["n_bad_faith_reports_7d"], found["suspicion_7d"]) == (1, 0.0)
    assert {one.riskier for one in FEATURES if one.name.startswith("n_bad_faith")} == {"neither"}


def test_only_the_bounded_suspicion_is_shown_to_models():
    assert {one.name for one in FEATURES if one.model_input} == {f"suspicion_{n}d" for n in (7, 30, 90, 365)}


def test_other_numbers_are_other_features():
    feature = FEATURES[0]
    assert by_lax_numbers(feature).declaration() != feature.declaration()
