"""Links: merchants that were seen with one token, by hand and against a second, plain definition."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.links import FEATURES
from features.links import KINDS, MOST_WITH
from tests.features.build import a_log, engine_features, moment

LOG = """
2024-03-01T09:00  link_observed  merchant_id=a link_kind=phone link_token=t1
2024-03-02T09:00  link_observed  merchant_id=b link_kind=phone link_token=t1
2024-03-03T09:00  link_observed  merchant_id=c link_kind=device link_token=t1
2024-03-04T09:00  link_observed  merchant_id=b link_kind=address link_token=t2
2024-03-04T09:00  link_observed  merchant_id=a link_kind=address link_token=t2
2024-03-05T09:00  link_observed  merchant_id=d link_kind=phone link_token=t1 buyer_id=x
"""


@pytest.fixture
def asked(tmp_path):
    """A feature of some merchants as of a midnight."""

    def asked(name, as_of, *merchants, log=LOG):
        rows = [(one, moment(as_of)) for one in merchants]
        return engine_features(a_log(log), rows, folder=tmp_path, features=FEATURES)[name].to_pylist()

    return asked


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param("2024-03-02", [0, 0, 0, 0], id="one alone"),
        pytest.param("2024-03-03", [1, 1, 0, 0], id="two with one phone"),
        pytest.param("2024-03-10", [1, 1, 0, 0], id="another kind, a buyer, and the same two twice"),
    ],
)
def test_merchants_with_one_token_of_a_kind_are_linked_once(asked, as_of, expected):
    assert asked("n_linked_merchants", as_of, "a", "b", "c", "d") == expected


def test_each_kind_of_token_is_told_apart(asked):
    found = [asked(f"n_linked_by_{kind}", "2024-03-10", "a")[0] for kind in KINDS]
    assert dict(zip(KINDS, found, strict=True)) == {name: int(name in ("phone", "address")) for name in KINDS}


def test_a_link_that_is_taken_back_ends(asked):
    log = """
    2024-03-01T09:00  link_observed   merchant_id=a link_kind=phone link_token=t1
    2024-03-02T09:00  link_observed   merchant_id=b link_kind=phone link_token=t1 event_id=seen
    2024-03-05T09:00  event_reversed  merchant_id=b reverses=seen
    """
    assert [asked("n_linked_merchants", day, "a", log=log) for day in ("2024-03-05", "2024-03-06")] == [[1], [0]]


def test_a_token_known_of_very_many_links_nobody_while_it_is(asked):
    most = MOST_WITH["address"]
    lines = [
        f"2024-03-{1 + n:02} link_observed merchant_id=m{n:02} link_kind=address link_token=park"
        for n in range(most + 1)
    ]
    log = "\n".join(lines)
    before, after = f"2024-03-{most + 1:02}", f"2024-03-{most + 2:02}"
    assert asked("n_linked_merchants", before, "m00", log=log) == [most - 1]
    assert asked("n_linked_merchants", after, "m00", log=log) == [0]


@pytest.mark.parametrize(("kind", "linked"), [("bank_account", 10), ("legal_entity", 10), ("device", 0)])
def test_one_more_shop_on_one_account_sets_no_ring_free(asked, kind, linked):
    log = "\n".join(f"2024-03-01 link_observed merchant_id=m{n} link_kind={kind} link_token=t" for n in range(11))
    assert asked("n_linked_merchants", "2024-03-02", "m0", log=log) == [linked]


PHOENIX = """
2023-01-01  merchant_registered  merchant_id=old
2024-02-01  link_observed        merchant_id=old link_kind=bank_account link_token=iban
2024-02-02  inspection_completed merchant_id=old outcome=failed_counterfeit
2024-02-10  penalty_applied      merchant_id=old penalty=removal
2024-03-01  merchant_registered  merchant_id=new
2024-03-02  link_observed        merchant_id=new link_kind=bank_account link_token=iban
2024-03-20  reinstated           merchant_id=old
"""


@pytest.mark.parametrize(
    ("name", "merchant", "as_of", "expected"),
    [
        ("n_linked_removed", "new", "2024-03-02", 0),
        ("n_linked_removed", "new", "2024-03-03", 1),
        ("n_linked_removed", "new", "2024-03-21", 0),
        ("n_linked_fakes_confirmed_90d", "new", "2024-03-03", 1),
        ("n_linked_fakes_confirmed_90d", "new", "2024-06-01", 0),
        ("n_linked_fakes_confirmed_365d", "new", "2024-06-01", 1),
        ("n_linked_fakes_confirmed_90d", "old", "2024-03-03", 0),
        ("n_linked_registered_30d", "old", "2024-03-03", 1),
        ("n_linked_registered_30d", "old", "2024-04-02", 0),
        ("n_linked_registered_90d", "new", "2024-03-03", 0),
    ],
)
def test_a_removed_merchant_that_comes_back_is_known_by_its_account(asked, name, merchant, as_of, expected):
    assert asked(name, as_of, merchant, log=PHOENIX) == [expected]


# --- A second definition, from the words alone -----------------------------------------------------------------

START = moment("2024-01-01")
MERCHANTS = [f"m{number:02}" for number in range(MOST_WITH["phone"] + 3)]

happenings = st.one_of(
    st.builds(dict, event_type=st.just("link_observed"), link_kind=st.sampled_from(KINDS[:2]),
              link_token=st.sampled_from("xy")),
    st.builds(dict, event_type=st.just("penalty_applied"), penalty=st.sampled_from(["removal", "warning"])),
    st.builds(dict, event_type=st.just("inspection_completed"),
              outcome=st.sampled_from(["failed_counterfeit", "passed"])),
    st.builds(dict, event_type=st.sampled_from(["reinstated", "merchant_registered"])),
)  # fmt: skip


@st.composite
def histories(draw):
    """Events of many merchants with few tokens, some known late, some taken back."""
    events = []
    for number in range(draw(st.integers(1, 40))):
        at = START + timedelta(days=draw(st.integers(0, 60)), hours=draw(st.integers(0, 23)))
        told = {"event_id": f"e{number}", "merchant_id": draw(st.sampled_from(MERCHANTS)), "event_time": at}
        told["known_at"] = at + timedelta(days=draw(st.sampled_from([0, 0, 0, 5, 40])))
        events.append(told | draw(happenings))
        if draw(st.integers(0, 9)) == 0:
            undone = {"event_type": "event_reversed", "event_id": f"r{number}", "reverses": f"e{number}"}
            when = at + timedelta(days=draw(st.integers(0, 50)))
            events.append({**undone, "merchant_id": told["merchant_id"], "event_time": when, "known_at": when})
    return events


def naive(events, merchant, as_of):
    """Every feature about links of a merchant, the slow way."""
    known = [one for one in events if one["known_at"] < as_of]
    taken_back = {one["reverses"] for one in known if one["event_type"] == "event_reversed"}
    live = [one for one in known if one["event_id"] not in taken_back]
    holders = {}
    for one in live:
        if one["event_type"] == "link_observed":
            holders.setdefault((one["link_kind"], one["link_token"]), set()).add(one["merchant_id"])
    private = {
        (kind, token): own for (kind, token), own in holders.items() if merchant in own and len(own) <= MOST_WITH[kind]
    }
    linked = set(itertools.chain.from_iterable(private.values())) - {merchant}

    def of(other, event_type, **says):
        own = [one for one in live if one["merchant_id"] == other and one["event_type"] == event_type]
        return [one["event_time"] for one in own if all(one[name] == word for name, word in says.items())]

    def within(days, times):
        return sum(time >= as_of - timedelta(days=days) for time in times)

    fakes = [time for other in linked for time in of(other, "inspection_completed", outcome="failed_counterfeit")]
    births = [time for other in linked for time in of(other, "merchant_registered")]
    gone = [
        other for other in linked
        if any(not any(back >= time for back in of(other, "reinstated"))
               for time in of(other, "penalty_applied", penalty="removal"))
    ]  # fmt: skip
    by_kind = {
        f"n_linked_by_{kind}": len(set().union(*(own for (k, _), own in private.items() if k == kind)) - {merchant})
        for kind in KINDS
    }
    return by_kind | {
        "n_linked_merchants": len(linked),
        "n_linked_removed": len(gone),
        "n_linked_fakes_confirmed_90d": within(90, fakes),
        "n_linked_fakes_confirmed_365d": within(365, fakes),
        "n_linked_registered_30d": within(30, births),
        "n_linked_registered_90d": within(90, births),
    }


@given(histories(), st.sets(st.integers(1, 110), min_size=1, max_size=3))
def test_every_feature_of_links_is_what_its_words_say(tmp_path_factory, events, days):
    rows = [(one, START + timedelta(days=day)) for one in MERCHANTS for day in days]
    found = engine_features(events, rows, folder=tmp_path_factory.mktemp("links"), features=FEATURES)
    expected = [naive(events, *row) for row in rows]
    assert [{name: row[name] for name in expected[0]} for row in found.to_pylist()] == expected
