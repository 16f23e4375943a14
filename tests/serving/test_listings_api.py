from urllib.parse import quote

import pytest

from features.database import day_of
from features.jsonrows import check_rows
from features.midnights import ensure_midnight
from features.store import EventStore
from tests.serving.world import NOON, a_key, a_service, ask

TOLD = """
2026-01-01 listing_changed       listing_id=L1 title=Silk-Scarf brand=Hush price_cents=9000 status=on
2026-01-02 inspection_completed  listing_id=L1 outcome=failed_counterfeit
2026-01-05 listing_changed       listing_id=L1 status=off
2026-01-06 listing_changed       listing_id=L/2 title=SILK-scarf! price_cents=8000
2026-01-07 fake_report_filed     report_id=R1 listing_id=L/2 reporter_id=x reporter_kind=buyer
2026-01-08 listing_changed       listing_id=L3 title=hat event_id=mistake
2026-01-09 event_reversed        reverses=mistake
"""


def events(text, merchant_id):
    for number, line in enumerate(text.split("\n")):
        when, what, *rest = line.split() or ("", "")
        says = dict(word.split("=") for word in rest)
        if what:
            said = {name: int(value) if name == "price_cents" else value for name, value in says.items()}
            told = {"event_id": f"{merchant_id}{number}", "event_type": what, "merchant_id": merchant_id}
            yield {**told, "event_time": f"2026{when[4:]}T09:00:00Z", **said}


def risk_of(engine, listing_id, *merchants):
    for merchant in merchants:
        rows = check_rows(list(events(TOLD.replace("mistake", f"mistake-{merchant}"), merchant)), currency="CNY").rows
        EventStore(engine).append(rows, at=NOON)
    path = f"/v1/listings/{quote(listing_id, safe='')}/risk"
    return ask(a_service(engine), path, key=a_key(engine, "scores:read"))


def test_a_listing_tells_what_was_learned_of_it_and_its_twins(any_engine):
    (found,) = risk_of(any_engine, "L/2", "m1").json()["listings"]
    told = {"merchant_id": "m1", "title": "SILK-scarf!", "brand": None, "price_cents": 8000, "twins": ["L1"]}
    assert {name: found[name] for name in told} == told
    assert found["fakes_confirmed"]["365"] == 1
    assert found["fake_reports"]["365"] == 1
    assert [reason["code"] for reason in found["reasons"]][:1] == ["R320"]


def test_the_latest_that_was_said_stands(engine):
    (found,) = risk_of(engine, "L1", "m1").json()["listings"]
    assert (found["status"], found["brand"], found["price_cents"]) == ("off", "Hush", 9000)


def test_an_id_that_two_merchants_use_is_told_of_both(engine):
    found = risk_of(engine, "L1", "m1", "m2").json()["listings"]
    assert [one["merchant_id"] for one in found] == ["m1", "m2"]


BRANDED = """
2026-01-01 listing_changed       listing_id=L1 brand=Hush category=bags price_cents={price} status=on
2026-01-02 qualification_checked qualification=brand_authorisation brand={brand} outcome=passed valid_until={until}
"""


def branded(engine, *, brand="Hush", until="2026-11-20"):
    """The listing of the cheapest of five merchants who sell a brand."""
    for number, price in enumerate((400, 1000, 1000, 2000, 3000)):
        said = BRANDED.format(price=price, brand=brand, until=until)
        EventStore(engine).append(check_rows(list(events(said, f"m{number}")), currency="CNY").rows, at=NOON)
    ensure_midnight(engine, day_of(NOON))
    found = ask(a_service(engine), "/v1/listings/L1/risk", key=a_key(engine, "scores:read")).json()["listings"]
    return found[0]


def test_a_listing_is_told_beside_what_its_brands_goods_usually_cost(any_engine):
    found = branded(any_engine)
    assert (found["norm_cents"], found["percent_of_norm"], found["titles_changed"]) == (1000, 40, {"90": 0, "365": 0})
    assert [reason["code"] for reason in found["reasons"]] == ["R378"]


@pytest.mark.parametrize(
    ("brand", "until", "authorised"),
    [("Hush", "2026-11-20", True), ("Hush", "2026-11-19", False), ("Other", "2026-11-20", False)],
    ids=["on its last day", "run out", "another brand"],
)
def test_an_authorisation_is_told_of_its_own_brand_while_it_is_valid(engine, brand, until, authorised):
    found = branded(engine, brand=brand, until=until)
    assert found["authorised"] is authorised
    assert ("R376" in [reason["code"] for reason in found["reasons"]]) is not authorised


def test_a_listing_without_a_brand_needs_no_authorisation(engine):
    (found,) = risk_of(engine, "L/2", "m1").json()["listings"]
    assert (found["authorised"], found["norm_cents"], found["percent_of_norm"]) == (None, None, None)


@pytest.mark.parametrize("listing_id", ["nothing", "L3"], ids=["unknown", "taken back"])
def test_a_listing_of_which_nothing_stands_is_unknown(engine, listing_id):
    answer = risk_of(engine, listing_id, "m1")
    assert (answer.status_code, answer.json()["code"]) == (404, "listing_unknown")
