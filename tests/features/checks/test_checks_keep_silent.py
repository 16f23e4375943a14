"""On sound logs the checks say nothing: made-up marketplaces, and rows such as a real one's."""

from datetime import date

import pytest

from features.checks.report import check_log
from features.importers.olist import import_olist
from features.log import FileLog
from features.simulator.scenario import Scenario
from features.simulator.write import write_marketplace
from tests.features.importers.olist_rows import item, never_sent, olist_tables, order, review, write


@pytest.mark.parametrize(("merchants", "days", "seed"), [(40, 120, 1), (150, 200, 2)])
def test_a_made_up_marketplace_is_sound(merchants, days, seed, tmp_path):
    scenario = Scenario(merchants=merchants, days=days, start=date(2026, 5, 1), seed=seed)
    log = FileLog([write_marketplace(scenario, tmp_path).events], currency="CNY")
    report = check_log(log)
    assert [finding.text for finding in report.findings] == []
    assert report.accepted == report.rows > 4000


def test_a_real_marketplaces_rows_are_sound(tmp_path):
    orders = [order("o1"), never_sent("o2", order_status="canceled"), order("o3")]
    items = [item(name, merchant=merchant) for name, merchant in (("o1", "m1"), ("o2", "m1"), ("o3", "m2"))]
    tables = olist_tables(orders=orders, items=items, reviews=[review("o1"), review("o3", review_id="r3", stars=1)])
    import_olist(write(tmp_path / "olist", tables), tmp_path / "log.parquet")
    report = check_log(FileLog([tmp_path / "log.parquet"], currency="BRL"))
    assert [finding.text for finding in report.findings] == []
    assert report.accepted > 8


def test_what_nobody_tells_of_is_listed_with_who_reads_it(tmp_path):
    import_olist(write(tmp_path / "olist", olist_tables()), tmp_path / "log.parquet")
    report = check_log(FileLog([tmp_path / "log.parquet"], currency="BRL"))
    absent = {(one.event_type, one.column): one.starved for one in report.absences}
    assert absent[("dispute_resolved", "")].inputs > 0
    assert ("order_shipped", "tracked") in absent
    assert ("order_placed", "") not in absent
    assert ("order_placed", "ship_by") not in absent
