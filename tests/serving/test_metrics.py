"""Figures for Prometheus: each is in the reference, and those of the ledger are its sums."""

import re
from pathlib import Path

from features.database import reading
from serving.app import create_app
from serving.ledger.figures import Exposure
from tests.serving.shop import a_payment, a_refund, a_shop, refund
from tests.serving.world import NOON, a_service, ask, call

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "metrics.md"


def exposure(engine):
    with reading(engine) as tx:
        (family,) = Exposure().figures(tx, now=NOON)
    return {one.labels["account"]: one.value for one in family.samples}


def test_every_figure_that_is_told_is_in_the_reference(engine):
    a_shop(engine)
    service = a_service(engine)
    app = create_app(service)
    refund(service)
    call(app, "/nowhere")
    told = set(re.findall(r"^# TYPE (\S+)", call(app, "/metrics").text, re.MULTILINE))
    listed = set(re.findall(r"^\| `(\S+)`", PAGE.read_text("utf-8"), re.MULTILINE))
    assert {one.removesuffix("_created") for one in told} <= listed | {one.removesuffix("_total") for one in listed}
    assert len(told) > 20


def test_what_is_promised_and_then_paid_is_told_by_account(engine):
    a_shop(engine)
    told = refund(a_service(engine), a_refund(cents=4_000))
    assert exposure(engine) == {
        "reserved": 4_000, "advanced": 0, "receivable": 0, "deposit": 0, "pledge": 0, "fund_today": 4_000}  # fmt: skip
    a_payment(engine, told, 4_000, finally_liable="merchant")
    assert exposure(engine) == {
        "reserved": 0, "advanced": 0, "receivable": 4_000, "deposit": 0, "pledge": 0, "fund_today": 4_000}  # fmt: skip
    assert 'goodfaith_exposure_cents{account="receivable"} 4000.0' in ask(a_service(engine), "/metrics").text


def test_what_takes_long_to_add_up_is_added_up_once_a_minute(engine):
    a_shop(engine)
    told = Exposure()
    with reading(engine) as tx:
        list(told.figures(tx, now=NOON))
    refund(a_service(engine), a_refund(cents=4_000))
    with reading(engine) as tx:
        (family,) = told.figures(tx, now=NOON)
    values = {one.labels["account"]: one.value for one in family.samples}
    assert (values["reserved"], values["fund_today"]) == (0, 4_000)
