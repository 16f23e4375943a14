"""An event id that is said twice: one row stands, whatever order the rows come in."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.duplicates import EventIds
from features.jsonrows import canonical, check_rows
from features.log import Batch, FileLog
from tests.features.build import moment, write_lines, write_log

NOON = moment("2024-01-10T12:00")


def an_order(event_id="e1", **changes):
    order = {"event_type": "order_placed", "merchant_id": "shop", "event_time": NOON, "order_id": "A"}
    return {"event_id": event_id, **order, "amount_cents": 500, **changes}


def settle(*paths):
    """What becomes of the events of some files."""
    return settle_log(FileLog(paths, currency="CNY"))


def settle_log(log):
    """The texts of the events that stand, sorted, and what was discarded."""
    ids = EventIds()
    for batch in log.batches():
        ids.see(batch)
    discarded = ids.discarded(log)
    said = [
        text
        for batch in log.batches()
        if batch.rows.num_rows
        for number, text in zip(batch.numbers, canonical(batch.rows), strict=True)
        if number not in discarded.numbers
    ]
    return sorted(said), discarded


@pytest.fixture(params=[write_log, write_lines], ids=["parquet", "json"])
def settled(request, tmp_path):
    """The same for one file of either form."""
    return lambda *events: settle(request.param(events, tmp_path / "log"))


def test_a_row_that_says_the_same_again_is_a_duplicate(settled):
    standing, discarded = settled(an_order(), an_order(), an_order())
    assert len(standing) == 1
    assert (discarded.numbers.tolist(), discarded.duplicates, discarded.conflicts) == ([1, 2], 2, ())


def test_a_row_that_says_something_else_is_a_conflict(settled):
    _, discarded = settled(an_order("e0"), an_order(), an_order(amount_cents=501))
    ((_, conflict),) = discarded.conflicts
    assert (conflict.code, conflict.event_id, conflict.index) == ("event_id_conflict", "e1", 2)
    assert discarded.duplicates == 0


def test_of_a_conflict_the_row_that_was_known_first_stands(settled):
    late = an_order(amount_cents=1, known_at=NOON + timedelta(hours=2))
    early = an_order(amount_cents=2, known_at=NOON + timedelta(hours=1))
    assert settled(late, early)[0] == settled(early, late)[0] == settled(early)[0]


def test_of_rows_known_at_once_the_first_by_canonical_text_stands(settled):
    assert settled(an_order(amount_cents=2), an_order(amount_cents=1))[0] == settled(an_order(amount_cents=1))[0]


def test_repeats_of_a_row_that_does_not_stand_are_all_conflicts(settled):
    _, discarded = settled(an_order(amount_cents=2), an_order(amount_cents=2), an_order(amount_cents=1))
    assert (len(discarded.conflicts), discarded.duplicates) == (2, 0)


def test_another_merchant_under_the_same_id_is_a_conflict(settled):
    assert len(settled(an_order(), an_order(merchant_id="stall"))[1].conflicts) == 1


def test_another_type_under_the_same_id_is_a_conflict(settled):
    assert len(settled(an_order(), an_order(event_type="order_confirmed"))[1].conflicts) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"stars": 5},
        {"outcome": "accepted"},
        {"placed_at": NOON},
        {"currency": "CNY"},
        {"buyer_id": ""},
        {"known_at": NOON},
        {"brand": None},
    ],
    ids=str,
)
def test_what_says_nothing_new_makes_no_conflict(settled, change):
    assert settled(an_order(), an_order(**change))[1].duplicates == 1


@pytest.mark.parametrize("change", [{"brand": "acme"}, {"source": "erp"}, {"quantity": 1}], ids=str)
def test_an_optional_column_of_the_type_makes_one(settled, change):
    assert len(settled(an_order(), an_order(**change))[1].conflicts) == 1


def test_a_microsecond_makes_a_conflict(settled):
    later = an_order(event_time=NOON + timedelta(microseconds=1))
    assert len(settled(an_order(), later)[1].conflicts) == 1


def test_a_rejected_row_stands_in_nobodys_way(settled):
    standing, discarded = settled(an_order(amount_cents=-1), an_order())
    assert (len(standing), discarded.numbers.tolist()) == (1, [])


def test_files_are_one_log_in_whatever_form(tmp_path):
    events = [an_order(), an_order("e2")]
    standing, discarded = settle(write_log(events, tmp_path / "a"), write_lines(events, tmp_path / "b"))
    assert (len(standing), discarded.duplicates, discarded.numbers.tolist()) == (2, 2, [2, 3])


def test_a_conflict_is_told_by_its_file_and_its_row_in_it(tmp_path):
    first = write_log([an_order("e0"), an_order()], tmp_path / "a")
    second = write_log([an_order("e2"), an_order(amount_cents=501)], tmp_path / "b")
    ((source, conflict),) = settle(first, second)[1].conflicts
    assert (source, conflict.index) == (str(second), 1)


class FakeLog:
    """Events in memory, in files of any length."""

    def __init__(self, *files):
        self.files = files

    def batches(self, *, clock=None):
        first = 0
        for number, events in enumerate(self.files):
            checked = check_rows(events, currency="CNY", clock=clock)
            yield Batch(source=f"file {number}", numbers=checked.good + first, rows=checked.rows)
            first += len(events)


EVENTS = st.builds(
    lambda event_id, amount, hours: an_order(event_id, amount_cents=amount, known_at=NOON + timedelta(hours=hours)),
    st.sampled_from(["e1", "e2", "e3"]),
    st.integers(0, 2),
    st.integers(0, 1),
)


@settings(max_examples=30)
@given(st.lists(EVENTS, max_size=8), st.data())
def test_the_order_of_rows_and_their_files_never_matter(events, data):
    shuffled = data.draw(st.permutations(events))
    cut = data.draw(st.integers(0, len(events)))
    standing, discarded = settle_log(FakeLog(events))
    again, also = settle_log(FakeLog(shuffled[:cut], shuffled[cut:]))
    assert again == standing
    assert (also.duplicates, len(also.conflicts)) == (discarded.duplicates, len(discarded.conflicts))


@settings(max_examples=30)
@given(st.lists(EVENTS, max_size=8))
def test_each_id_stands_exactly_once_and_every_other_row_is_told_of(events):
    standing, discarded = settle_log(FakeLog(events))
    assert len(standing) == len({event["event_id"] for event in events})
    assert len(standing) + discarded.duplicates + len(discarded.conflicts) == len(events)


def test_ids_whose_hashes_are_equal_are_compared_in_full(settled, monkeypatch):
    monkeypatch.setattr(EventIds, "_hash", lambda self, rows: np.zeros(rows.num_rows, dtype=np.uint64))
    standing, discarded = settled(an_order(), an_order("e2"), an_order("e3"), an_order("e2"))
    assert (len(standing), discarded.duplicates, discarded.numbers.tolist()) == (3, 1, [3])


@pytest.mark.parametrize("hashed", [0, 2**60 - 1, 2**60, 2**63, 2**64 - 1])
def test_repeats_are_found_wherever_their_hash_lies(settled, monkeypatch, hashed):
    monkeypatch.setattr(EventIds, "_hash", lambda self, rows: np.full(rows.num_rows, hashed, dtype=np.uint64))
    assert settled(an_order(), an_order())[1].duplicates == 1


def test_a_log_of_nothing_has_no_repeats(settled):
    standing, discarded = settled()
    assert (standing, discarded.numbers.tolist()) == ([], [])
