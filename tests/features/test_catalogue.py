"""A declaration's hash says whether a model may still be asked."""

from features.catalogue import CATALOGUE
from features.measures import RULES


def test_a_new_meaning_of_declarations_makes_every_feature_another_one(monkeypatch):
    before = [one.declaration() for one in CATALOGUE]
    assert [one.declaration() for one in CATALOGUE] == before
    monkeypatch.setattr("features.catalogue.feature.RULES", RULES + 1)
    assert not set(before) & {one.declaration() for one in CATALOGUE}
