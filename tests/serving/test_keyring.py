"""Keys that were looked up a moment ago: how long they count, and when they are looked up again."""

from datetime import timedelta

from serving.auth import ApiKey
from serving.keyring import REVOKED_WITHIN, KeyRing
from tests.serving.world import NOON

KEY = ApiKey(id="k1", name="refunds", hash="", scopes=("refunds:decide",), created_at=NOON)
SOON = NOON + REVOKED_WITHIN * 0.6


def a_ring():
    ring = KeyRing()
    ring.note(KEY, NOON)
    return ring


def test_a_key_counts_for_a_second_and_not_before_it_was_looked_up():
    ring = a_ring()
    assert ring.find("k1", NOON) == KEY == ring.find("k1", SOON)
    assert ring.find("k1", NOON + REVOKED_WITHIN) is None
    assert ring.find("k1", NOON - timedelta(seconds=1)) is None
    assert ring.find("k2", NOON) is None


def test_one_caller_is_told_to_look_again_while_the_key_still_counts():
    ring = a_ring()
    assert not ring.is_ageing("k1", NOON)
    assert [ring.is_ageing("k1", SOON) for _ in range(3)] == [True, False, False]
    assert not ring.is_ageing("k2", SOON)
    ring.note(KEY, SOON)
    assert ring.find("k1", NOON + REVOKED_WITHIN) == KEY
    assert [ring.is_ageing("k1", SOON + REVOKED_WITHIN * 0.6) for _ in range(2)] == [True, False]
