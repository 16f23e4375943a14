"""Every feature, declared once, family by family."""

from features.catalogue import (
    accounts,
    acts,
    adverts,
    brands,
    brushing,
    buyers,
    cohorts,
    complaints,
    concentration,
    debts,
    disputes,
    fakes,
    inspections,
    kept,
    links,
    listings,
    merchant,
    money,
    opinions,
    orders,
    papers,
    prices,
    promises,
    reporters,
    returned,
    returns,
    reviews,
    rulings,
    tenure,
    trends,
    volume,
)
from features.catalogue.feature import Feature

__all__ = ["CATALOGUE", "FAMILIES", "INPUTS"]

#: Family -> its features, in the order of a feature file's columns.
FAMILIES: dict[str, tuple[Feature, ...]] = {
    "orders": orders.FEATURES,
    "disputes": disputes.FEATURES,
    "fakes": fakes.FEATURES,
    "reporters": reporters.FEATURES,
    "promises": promises.FEATURES,
    "reviews": reviews.FEATURES,
    "returns": returns.FEATURES,
    "money": money.FEATURES,
    "merchant": merchant.FEATURES,
    "links": links.FEATURES,
    "listings": listings.FEATURES,
    "volume": volume.FEATURES,
    "trends": trends.FEATURES,
    "buyers": buyers.FEATURES,
    "brushing": brushing.FEATURES,
    "prices": prices.FEATURES,
    "concentration": concentration.FEATURES,
    "accounts": accounts.FEATURES,
    "brands": brands.FEATURES,
    "complaints": complaints.FEATURES,
    "papers": papers.FEATURES,
    "opinions": opinions.FEATURES,
    "adverts": adverts.FEATURES,
    "inspections": inspections.FEATURES,
    "acts": acts.FEATURES,
    "tenure": tenure.FEATURES,
    "kept": kept.FEATURES,
    "cohorts": cohorts.FEATURES,
    "returned": returned.FEATURES,
    "debts": debts.FEATURES,
    "rulings": rulings.FEATURES,
}

CATALOGUE: tuple[Feature, ...] = tuple(feature for family in FAMILIES.values() for feature in family)

#: What a model may see: the merchant's own behaviour, never null.
INPUTS: tuple[Feature, ...] = tuple(f for f in CATALOGUE if f.model_input and f.cause == "behaviour")
