"""A version becomes champion only while it is what it was, and no worse than the present one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from features.catalogue import CATALOGUE
from scoring.bundle import Golden
from scoring.errors import GoldenRowsDiffer
from tests.training.build import FakeRegistry, a_bundle, judged_rows
from training.errors import PromotionRefused, VersionUnknown
from training.promote import promote, roll_back
from training.registry import Promotion

DECLARATIONS = {one.name: one.declaration() for one in CATALOGUE}


def wish(version, **more):
    return Promotion(version=version, at=datetime(2026, 1, 1, tzinfo=UTC), by="ann", **more)


def moved(registry, version, *, declarations=DECLARATIONS, **more):
    return promote(registry, "credit", wish(version, **more), declarations=declarations)


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
    ],
)
def test_a_version_that_falls_short_is_refused_and_may_be_forced(figures, why):
    registry = FakeRegistry(v1=0.7)
    registry.figures["1"] = figures
    with pytest.raises(PromotionRefused, match=why):
        moved(registry, "1")
    moved(registry, "1", forced=True, reason="nothing else is there")
    assert [one.version for one in registry.promotions] == ["1"]


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


def test_there_is_nothing_to_go_back_to_before_a_second_champion():
    registry = FakeRegistry(v1=0.7)
    with pytest.raises(PromotionRefused, match="no earlier champion"):
        roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)
    moved(registry, "1")
    with pytest.raises(PromotionRefused, match="no earlier champion"):
        roll_back(registry, "credit", wish(""), declarations=DECLARATIONS)
