"""A version becomes champion only while it is what it was, and no worse than the present one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from features.catalogue import CATALOGUE
from scoring.bundle import Golden
from scoring.errors import GoldenRowsDiffer
from tests.training.build import FakeRegistry, a_bundle
from training.errors import PromotionRefused, VersionUnknown
from training.promote import promote
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
