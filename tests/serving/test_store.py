from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database import open_engine
from serving.answers import stored
from serving.auth import ApiKey
from serving.errors import KeyUnknown, StoreUnavailable
from serving.store import AssessmentStore, KeyStore
from serving.tables import api_keys
from tests.serving.world import MIDNIGHT, NOON, a_key, an_assessment, plain

DAY = timedelta(days=1)


def a_stored(merchant_id="m1", *, as_of=MIDNIGHT, assessed_at=NOON, **facts):
    return stored(an_assessment(merchant_id, as_of=as_of, **facts), assessed_at=assessed_at)


def test_the_latest_answer_is_the_one_that_was_stored(engine):
    store = AssessmentStore(engine)
    assert store.remember([a_stored("m1"), a_stored("m2")]) == 2
    assert store.latest("m2") == a_stored("m2").answer


def test_a_merchant_that_was_never_assessed_has_no_answer(engine):
    assert AssessmentStore(engine).latest("nobody") is None


def test_a_later_assessment_takes_the_place_of_an_earlier_one(engine):
    store = AssessmentStore(engine)
    store.remember([a_stored(n_orders_365d=1)])
    store.remember([a_stored(as_of=MIDNIGHT + DAY, assessed_at=NOON + DAY, n_orders_365d=2)])
    assert plain(store.latest("m1"))["evidence"]["orders"] == 2


def test_the_same_midnight_assessed_again_takes_the_place_of_the_first(engine):
    store = AssessmentStore(engine)
    store.remember([a_stored(n_orders_365d=1)])
    assert store.remember([a_stored(assessed_at=NOON + DAY, n_orders_365d=2)]) == 1
    assert plain(store.latest("m1"))["evidence"]["orders"] == 2


def test_what_was_known_earlier_never_hides_what_is_known_since(engine):
    store = AssessmentStore(engine)
    store.remember([a_stored(n_orders_365d=2)])
    assert store.remember([a_stored(as_of=MIDNIGHT - DAY, assessed_at=NOON + DAY, n_orders_365d=1)]) == 0
    assert plain(store.latest("m1"))["evidence"]["orders"] == 2


def test_the_history_keeps_what_said_something_else(engine):
    store = AssessmentStore(engine)
    for orders, days in ((1, 0), (1, 1), (2, 2), (2, 3)):
        store.remember([a_stored(as_of=MIDNIGHT + days * DAY, n_orders_365d=orders)])
    assert [plain(answer)["evidence"]["orders"] for answer in store.past("m1")] == [1, 2]


def test_an_empty_batch_changes_nothing(engine):
    store = AssessmentStore(engine)
    assert store.remember([]) == 0
    assert store.newest() is None


def test_the_newest_assessment_is_anybodys(engine):
    store = AssessmentStore(engine)
    store.remember([a_stored("m1", assessed_at=NOON + DAY), a_stored("m2", assessed_at=NOON)])
    assert store.newest() == NOON + DAY


def test_a_batch_that_cannot_be_stored_leaves_nothing_behind(engine):
    store = AssessmentStore(engine)
    broken = replace(a_stored("m2"), answer=None)
    with pytest.raises(StoreUnavailable):
        store.remember([a_stored("m1"), broken])
    assert store.latest("m1") is None


def test_the_store_keeps_the_hash_of_a_key_and_nothing_of_its_secret(engine):
    key = a_key(engine, "scores:read")
    with engine.connect() as connection:
        row = connection.execute(select(api_keys)).one()
    assert key.split("_", 2)[2] not in str(row)
    assert len(row.hash) == 64


def test_a_revoked_key_is_found_as_revoked_at_its_first_revocation(engine):
    store = KeyStore(engine)
    store.add(ApiKey(id="k1", name="one", hash="h", scopes=("admin", "scores:read"), created_at=NOON))
    store.revoke("k1", now=NOON + DAY)
    store.revoke("k1", now=NOON + 2 * DAY)
    assert store.find("k1").revoked_at == NOON + DAY
    assert store.all() == (store.find("k1"),)


def test_a_key_that_does_not_exist_cannot_be_revoked(engine):
    with pytest.raises(KeyUnknown, match="'k9'"):
        KeyStore(engine).revoke("k9", now=NOON)


def test_a_store_without_our_tables_is_unavailable(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreUnavailable):
        AssessmentStore(engine).latest("m1")
    engine.dispose()
