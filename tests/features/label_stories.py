"""Small stories whose labels are worked out by hand: a shop judged as of 1 March.

The label window is [1 March, 31 March); it is judged with what is known before 10 April.
"""

from features.label_spec import LabelSpec
from features.labels import labels_of
from features.log import FileLog
from tests.features.build import a_log, a_spine, moment, write_log

ALL_COMPONENTS = ("dispatch_late", "cancelled", "dispute_lost", "low_stars_on_time", "return_accepted")
#: Something known later than everything else, so that the log reaches beyond every label window.
LATER = "2024-09-01  merchant_registered  merchant_id=later\n"

ORDER = "2024-03-02  order_placed  order_id=A amount_cents=1 ship_by=2024-03-05T12:00 deliver_by=2024-03-09T12:00\n"
SHIPPED = "2024-03-04  order_shipped  order_id=A\n"
DELIVERED = "2024-03-08  order_delivered  order_id=A\n"
KEPT = ORDER + SHIPPED + DELIVERED


def a_spec(**changes):
    standard = {"target": "credit", "kind": "own_fault", "components": ALL_COMPONENTS, "threshold": 0.5}
    return LabelSpec(**{**standard, "min_orders": 1, "horizon_days": 30, "delay_days": 10, **changes})


def judged(folder, story, *, later=LATER, as_of="2024-03-01", merchant="shop", **spec):
    """The shop's label, and whose fault its orders' going wrong was."""
    log = FileLog([write_log(a_log(later + story), folder / "events.parquet")], currency="CNY")
    labels = labels_of(log, a_spine([(merchant, moment(as_of))]), a_spec(**spec))
    (row,) = labels.rows.to_pylist()
    return row, labels.parties
