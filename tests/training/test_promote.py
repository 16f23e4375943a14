"""A version becomes champion only while it is what it was, and no worse than the present one."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from features.catalogue import CATALOGUE
from scoring.bundle import Golden
from scoring.errors import GoldenRowsDiffer
from tests.training.build import FakeRegistry, a_bundle, judged_rows
from training.errors import PromotionRefused, VersionUnknown
from training.promote import challenge, live_at, promote, roll_back
from training.registry import Challenge, Promotion, Version

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
DECLARATIONS = {one.name: one.declaration() for one in CATALOGUE}


def wish(version, **more):
    return Promotion(version=version, at=NEW_YEAR, by="ann", **more)


def moved(registry, version, *, declarations=DECLARATIONS, **more):
    return promote(registry, "credit", wish(version, **more), declarations=declarations)


def challenged(registry, version, *, at=NEW_YEAR, declarations=DECLARATIONS):
    return challenge(registry, "credit", Challenge(version=version, at=at, by="bo"), declarations=declarations)


def test_the_first_version_becomes_champion():
    assert moved(FakeRegistry(v1=0.7), "1") == ("", "1")


@pytest.mark.parametrize("auc", [0.7, 0.8])
def test_a_version_that_is_no_worse_follows_the_champion(auc):
    registry = FakeRegistry(v1=0.7, v2=auc)
    moved(registry, "1")
    assert moved(registry, "2") == ("1", "2")


def test_a_version_that_is_worse_on_record_is_refused_with_both_figures():
    registry = FakeRegistry(v1=0.7, v2=0.6999)
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match=r"AUC 0\.6999, champion 1 has 0\.7000"):
        moved(registry, "2")
    assert [one.version for one in registry.promotions] == ["1"]


def test_a_worse_version_can_be_forced_and_that_is_on_record():
    registry = FakeRegistry(v1=0.7, v2=0.6)
    moved(registry, "1")
    moved(registry, "2", forced=True, reason="the old one cannot be explained")
    assert registry.promotions[-1].forced


def test_a_version_that_does_not_exist_is_refused():
    with pytest.raises(VersionUnknown):
        moved(FakeRegistry(v1=0.7), "9")


def test_a_version_whose_golden_rows_differ_is_refused_even_when_forced():
    registry, bundle = FakeRegistry(v1=0.7), a_bundle()
    wrong = Golden(inputs=bundle.golden.inputs, p=tuple(1 - p for p in bundle.golden.p))
    registry.bundles["1"] = bundle.with_golden(wrong)
    with pytest.raises(GoldenRowsDiffer):
        moved(registry, "1", forced=True, reason="now")


def test_a_version_whose_features_have_changed_has_to_be_trained_again():
    registry, bundle = FakeRegistry(v1=0.7), a_bundle()
    features = (replace(bundle.features[0], declaration="another"), *bundle.features[1:])
    registry.bundles["1"] = replace(bundle, features=features)
    with pytest.raises(PromotionRefused, match=f"{bundle.features[0].name}.*train it again"):
        moved(registry, "1")


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        ({"ece": 0.09, "ece_by_chance": 0.02}, "uncalibrated"),
        ({"unfair_ratio": 1.4}, "unfair"),
        ({"gain.auc": -0.02, "gain.auc.high": -0.01}, "loses to one shrunk past rate"),
    ],
)
def test_a_version_that_falls_short_is_refused_and_may_be_forced(figures, why):
    registry = FakeRegistry(v1=0.7)
    registry.figures["1"] = figures
    with pytest.raises(PromotionRefused, match=why):
        moved(registry, "1")
    moved(registry, "1", forced=True, reason="nothing else is there")
    assert [one.version for one in registry.promotions] == ["1"]


def test_a_version_without_figures_passes_no_check():
    registry = FakeRegistry(v1=0.7)
    figures = dict(registry.version("credit", "1").metrics)
    del figures["ece"], figures["unfair_ratio"]
    registry.version = lambda target, version: Version(
        target=target, version=version, aliases=(), created_at=NEW_YEAR, metrics=figures
    )
    with pytest.raises(PromotionRefused, match="cannot be judged: no ece, unfair_ratio on record"):
        moved(registry, "1")
    assert moved(registry, "1", forced=True, reason="judged elsewhere") == ("", "1")


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ({"label.threshold": "0.2", "label.kind": "own_fault"}, r"another label than champion 1 \(threshold\)"),
        ({}, "is not on record, so their figures do not compare"),
    ],
)
def test_a_version_made_for_another_label_is_refused_and_may_be_forced(label, why):
    registry = FakeRegistry(v1=0.7, v2=0.9)
    registry.labels = {"1": {"label.threshold": "0.3", "label.kind": "own_fault"}, "2": label}
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match=why):
        moved(registry, "2")
    assert moved(registry, "2", forced=True, reason="a stricter label") == ("1", "2")


def test_what_a_younger_version_states_of_its_label_besides_is_no_other_label():
    registry = FakeRegistry(v1=0.7, v2=0.9)
    registry.labels = {"2": {"label.threshold": "0.3", "label.weights": "{}"}}
    moved(registry, "1")
    assert moved(registry, "2") == ("1", "2")


def test_a_version_that_is_less_stable_than_the_champion_is_refused():
    registry = FakeRegistry(v1=0.7, v2=0.7)
    registry.figures = {"1": {"score_psi": 0.1}, "2": {"score_psi": 0.4, "score_psi_bound": 0.05}}
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match="less stable"):
        moved(registry, "2")
    registry.figures["1"] = {"score_psi": 0.5}
    assert moved(registry, "2") == ("1", "2")


def test_what_chance_explains_keeps_nobody_back():
    registry = FakeRegistry(v1=0.7)
    registry.figures["1"] = {"ece": 0.09, "ece_by_chance": 0.08, "score_psi": 0.4, "score_psi_bound": 0.5}
    assert moved(registry, "1") == ("", "1")


def test_on_common_rows_a_better_record_elsewhere_counts_for_nothing():
    registry = FakeRegistry(v1=0.7, v2=0.9)
    registry.files = {"1": judged_rows(noise=0.2), "2": judged_rows(noise=2.0)}
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match=r"worse than champion 1: AUC -0\.\d+ .* on 600 common rows"):
        moved(registry, "2")


def test_on_common_rows_a_worse_record_elsewhere_counts_for_nothing():
    registry = FakeRegistry(v1=0.9, v2=0.7)
    registry.files = {"1": judged_rows(noise=2.0), "2": judged_rows(noise=0.2)}
    moved(registry, "1")
    assert moved(registry, "2") == ("1", "2")


def test_going_back_restores_the_champion_before():
    registry = FakeRegistry(v1=0.7, v2=0.8)
    moved(registry, "1")
    moved(registry, "2")
    assert roll_back(registry, "credit", wish("", reason="alarm"), declarations=DECLARATIONS) == ("2", "1")
    assert (registry.promotions[-1].version, registry.promotions[-1].reason) == ("1", "alarm")


def test_going_back_again_goes_further_back_and_never_to_what_was_left():
    registry = FakeRegistry(v1=0.7, v2=0.8, v3=0.9)
    for version in "123":
        moved(registry, version)
    back = [roll_back(registry, "credit", wish("", reason="alarm"), declarations=DECLARATIONS) for _ in range(2)]
    assert back == [("3", "2"), ("2", "1")]
    with pytest.raises(PromotionRefused, match="no earlier champion"):
        roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)


def test_after_a_version_was_promoted_once_more_going_back_leaves_it_again():
    registry = FakeRegistry(v1=0.7, v2=0.8)
    for version in ("1", "2"):
        moved(registry, version)
    roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)
    moved(registry, "2")
    assert roll_back(registry, "credit", wish(""), declarations=DECLARATIONS) == ("2", "1")


def test_where_the_alias_was_moved_by_other_hands_nobody_guesses_where_back_is():
    registry = FakeRegistry(v1=0.7, v2=0.8)
    moved(registry, "1")
    moved(registry, "2")
    registry.moved = "1"
    with pytest.raises(PromotionRefused, match="not the one last promoted, version 2"):
        roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)


def test_there_is_nothing_to_go_back_to_before_a_second_champion():
    registry = FakeRegistry(v1=0.7)
    with pytest.raises(PromotionRefused, match="no earlier champion"):
        roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match="no earlier champion"):
        roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)


def test_a_version_challenges_the_champion_even_where_it_is_worse_on_record():
    registry = FakeRegistry(v1=0.7, v2=0.6)
    moved(registry, "1")
    assert challenged(registry, "2") == ("", "2")
    assert [one.aliases for one in registry.versions("credit")] == [("champion",), ("challenger",)]


def test_a_challenger_is_followed_by_another_or_by_none():
    registry = FakeRegistry(v1=0.7, v2=0.6, v3=0.6)
    challenged(registry, "2")
    assert challenged(registry, "3") == ("2", "3")
    assert challenged(registry, "") == ("3", "")
    with pytest.raises(PromotionRefused, match="no challenger"):
        challenged(registry, "")


def test_the_champion_does_not_challenge_itself():
    registry = FakeRegistry(v1=0.7)
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match="version 1 is the champion"):
        challenged(registry, "1")


def test_a_challenger_must_be_what_it_was_and_its_features_what_they_were():
    registry, bundle = FakeRegistry(v1=0.7, v2=0.7), a_bundle()
    registry.bundles["1"] = bundle.with_golden(Golden(inputs=bundle.golden.inputs, p=(0.5,) * len(bundle.golden.p)))
    with pytest.raises(GoldenRowsDiffer):
        challenged(registry, "1")
    with pytest.raises(PromotionRefused, match="train it again"):
        challenged(registry, "2", declarations={**DECLARATIONS, bundle.inputs[0]: "another"})
    with pytest.raises(VersionUnknown):
        challenged(registry, "9")
    assert registry.noted == []


def test_telling_what_was_live_waits_for_no_training():
    code = "import sys, training.promote; print('training.train' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_what_was_live_at_a_moment_is_what_was_last_made_so_by_then():
    registry, hour = FakeRegistry(v1=0.7, v2=0.8, v3=0.9), timedelta(hours=1)
    registry.promote("credit", Promotion(version="1", at=NEW_YEAR, by="ann"))
    registry.challenge("credit", Challenge(version="2", at=NEW_YEAR + hour, by="bo"))
    registry.promote("credit", Promotion(version="2", at=NEW_YEAR + 2 * hour, by="ann"))
    registry.challenge("credit", Challenge(version="", at=NEW_YEAR + 2 * hour, by="ann"))
    moments = [NEW_YEAR + number * hour for number in (-1, 0, 1, 2)]
    found = [live_at(registry, "credit", moment) for moment in moments]
    assert [one.champion and one.champion.version for one in found] == [None, "1", "1", "2"]
    assert [one.challenger and one.challenger.version for one in found] == [None, None, "2", None]
