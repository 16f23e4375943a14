"""Labels against their slow definition, on random histories with late knowledge, reversals and other buyers."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from features.exemptions import Exemption
from features.label_spec import LabelSpec, Undelivered, Unrecovered
from features.labels import labels_of
from features.log import FileLog
from features.outcomes import PARTIES
from tests.features.build import a_spine
from tests.features.naive import history
from tests.features.naive_labels import FAULTS, Judgement, due_orders, is_exempt, label_of, party_of, placed
from tests.features.strategies import AS_OF, logs, spines
from tests.features.test_features_equal_their_definition import everybody_at, files_of

#: Known later than any window that is asked about is judged.
LATER = {"event_id": "later", "event_type": "merchant_registered", "merchant_id": "later",
         "event_time": AS_OF + timedelta(days=900)}  # fmt: skip

_TRADE = (*["order_placed"] * 8, "order_shipped", "order_delivered", "order_cancelled", *["dispute_resolved"] * 2,
          *["refund_paid"] * 2, "return_requested", "return_answered", "return_inspected", "review_posted",
          "parcel_scanned", "penalty_applied", "reinstated", "merchant_registered")  # fmt: skip
_FAKES = ("inspection_completed", "fake_report_resolved", "penalty_applied", "reinstated", "order_placed")

_MONEY = (*["order_placed"] * 8, "order_shipped", *["order_delivered"] * 2, "order_cancelled", "dispute_resolved",
          "parcel_scanned", *["refund_paid"] * 4, *["advance_recovered"] * 2, "advance_written_off", "return_inspected",
          "penalty_applied", "reinstated")  # fmt: skip

_CLAIMS = (*["order_placed"] * 4, *["dispute_resolved"] * 4, *["refund_paid"] * 4, "return_inspected",
           "parcel_scanned")  # fmt: skip
_REMOVED = (*["order_placed"] * 6, "order_delivered", *["penalty_applied"] * 4, "reinstated", "refund_paid")

_FLOOD = Exemption(first=date(2024, 3, 4), until=date(2024, 3, 6), reason="flood")
_TOYS = Exemption(first=date(2024, 2, 1), until=date(2024, 3, 4), categories=("toys",), reason="recall")


@st.composite
def specs(draw):
    """What a recipe may ask for."""
    return LabelSpec(
        target="credit", kind="own_fault",
        components=tuple(draw(st.permutations([*FAULTS])))[: draw(st.sampled_from((7, 7, 3)))],
        threshold=draw(st.sampled_from((0.0, 0.2, 0.5, 1.0))), min_orders=draw(st.sampled_from((0, 1, 2))),
        horizon_days=draw(st.sampled_from((30, 7))), delay_days=draw(st.sampled_from((10, 0, 3))),
        weights=draw(st.sampled_from(({}, {"settled": 0.5}, {"settled": 0.25, "low_stars_on_time": 0.5}))),
        delays=draw(st.sampled_from(({}, {"dispute_lost": 30, "refunded": 1}))),
        exemptions=draw(st.sampled_from(((), (), (_FLOOD,), (_TOYS, _FLOOD)))),
    )  # fmt: skip


def answers(log, rows, spec):
    with files_of([*log, LATER]) as paths:
        return labels_of(FileLog(paths, currency="CNY"), a_spine(rows), spec, parts=2)


def disagreements(log, moments, spec):
    """Rows of which the labels and their definition say different things."""
    rows = everybody_at(moments)
    pasts = {merchant: history(log, merchant) for merchant, _ in rows}
    for (merchant, as_of), found in zip(rows, answers(log, rows, spec).rows.to_pylist(), strict=True):
        expected = {"merchant_id": merchant, "as_of": as_of, "mature": True, **label_of(pasts[merchant], as_of, spec)}
        if found != expected:
            yield found, expected


@given(logs(types=_TRADE), spines(most=4), specs())
def test_own_faults_are_what_the_recipe_says(log, moments, spec):
    assert list(disagreements(log, moments, spec)) == []


@given(logs(types=_CLAIMS, most=30), st.sampled_from((("refunded", "settled"), ("refunded",), ("settled", "refunded"))))
def test_claims_are_what_the_recipe_says_where_rulings_contradict_each_other(log, components):
    spec = LabelSpec(target="credit", kind="own_fault", components=components, threshold=0.5, horizon_days=30,
                     delay_days=10, weights={"settled": 0.5})  # fmt: skip
    assert list(disagreements(log, [AS_OF, AS_OF - timedelta(days=7)], spec)) == []


@given(logs(types=_FAKES, most=20), spines(most=4), st.sampled_from((0, 1)))
def test_fakes_are_what_the_recipe_says(log, moments, least):
    spec = LabelSpec(target="counterfeit", kind="counterfeit", min_orders=least, horizon_days=30, delay_days=7)
    assert list(disagreements(log, moments, spec)) == []


@st.composite
def losses(draw):
    """What a recipe may ask of bust-outs."""
    undelivered = Undelivered(share=draw(st.sampled_from((0.5, 0.0, 0.3))), cents=draw(st.sampled_from((0, 200))),
                              grace_days=draw(st.sampled_from((3, 0, 7))))  # fmt: skip
    unrecovered = Unrecovered(share=draw(st.sampled_from((0.1, 0.0, 0.5))), cents=draw(st.sampled_from((0, 150))))
    chosen = draw(st.sampled_from(((undelivered, None), (undelivered, unrecovered), (None, unrecovered))))
    return LabelSpec(
        target="bust_out", kind="bust_out", min_orders=draw(st.sampled_from((1, 0, 2))),
        horizon_days=draw(st.sampled_from((30, 7))), delay_days=draw(st.sampled_from((10, 7))),
        delays=draw(st.sampled_from(({}, {"unrecovered": 30}))), undelivered=chosen[0], unrecovered=chosen[1],
        exemptions=draw(st.sampled_from(((), (), (_FLOOD,)))),
    )  # fmt: skip


@given(logs(types=_MONEY), spines(most=4), losses())
def test_bust_outs_are_what_the_recipe_says(log, moments, spec):
    assert list(disagreements(log, moments, spec)) == []


@given(logs(types=_REMOVED, most=24), losses())
def test_bust_outs_that_were_removed_are_what_the_recipe_says(log, spec):
    assert list(disagreements(log, [AS_OF, AS_OF - timedelta(days=7), AS_OF + timedelta(days=7)], spec)) == []


@given(logs(types=_MONEY), losses())
def test_goods_never_came_by_the_fault_of_whom_the_lines_name_first(log, spec):
    rows = everybody_at([AS_OF])
    found = answers(log, rows, spec).parties
    assert found == parties_by_hand(log, [merchant for merchant, _ in rows], AS_OF, spec)


def counted(judged):
    """The orders that a label counts."""
    if judged.spec.kind == "bust_out":
        return due_orders(judged)
    return [order for order in placed(judged) if not is_exempt(order, judged)]


def parties_by_hand(log, merchants, as_of, spec):
    """Of one window of each merchant: how many orders were spoilt by whom."""
    counts = Counter()
    for merchant in merchants:
        end = as_of + timedelta(days=spec.horizon_days)
        judged = Judgement(past=history(log, merchant), spec=spec, start=as_of, end=end)
        counts.update(party_of(judged, order) for order in counted(judged))
    return {party: counts[party] for party in PARTIES}


@given(logs(types=_TRADE), specs())
def test_orders_went_wrong_by_the_fault_of_whom_the_lines_name_first(log, spec):
    rows = everybody_at([AS_OF])
    found = answers(log, rows, spec).parties
    assert found == parties_by_hand(log, [merchant for merchant, _ in rows], AS_OF, spec)
