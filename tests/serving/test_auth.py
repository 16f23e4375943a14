import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.auth import SCOPES, ApiKey, Caller, authenticate, fingerprint, make_key
from serving.errors import ScopeMissing, Unauthenticated
from tests.serving.world import NOON

MADE = make_key()
KNOWN = ApiKey(id=MADE.id, name="orders", hash=fingerprint(MADE.key), scopes=("scores:read",), created_at=NOON)


def find(key_id: str) -> ApiKey | None:
    return KNOWN if key_id == KNOWN.id else None


def test_the_right_key_is_recognised_with_its_scopes():
    assert authenticate(MADE.key, find) == Caller(key_id=MADE.id, scopes=frozenset({"scores:read"}), name="orders")


def test_only_the_sha256_of_the_whole_key_is_needed_to_recognise_it():
    assert KNOWN.hash == hashlib.sha256(MADE.key.encode()).hexdigest()


def test_a_key_reads_gf_id_secret_and_no_two_are_alike():
    other = make_key()
    assert other.key.startswith(f"gf_{other.id}_")
    assert len({MADE.key, other.key, MADE.id, other.id}) == 4


@pytest.mark.parametrize(
    "presented",
    [
        None,
        "",
        "gf_",
        "gf__",
        MADE.id,
        MADE.key[:-1],
        MADE.key + "x",
        MADE.key + "\n",
        MADE.key.upper(),
        MADE.key.replace("gf_", "fg_"),
        MADE.key.replace(MADE.id, "0" * 16),
        make_key().key,
        f"gf_{MADE.id}_{'A' * 43}",
        f"gf_{MADE.id}_" + "Ａ" * 43,
    ],
    # The keys are made anew in each process, and tests must have the same names in all of them.
    ids=range(14),
)
def test_anything_but_the_right_key_is_refused(presented):
    with pytest.raises(Unauthenticated):
        authenticate(presented, find)


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_check(text):
    with pytest.raises(Unauthenticated):
        authenticate(text, find)


def test_every_refusal_reads_the_same():
    words = set()
    for presented in (None, "nonsense", make_key().key, f"gf_{MADE.id}_{'A' * 43}"):
        with pytest.raises(Unauthenticated) as refusal:
            authenticate(presented, find)
        words.add(str(refusal.value))
    assert len(words) == 1


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("needed", SCOPES)
def test_a_scope_allows_itself_and_nothing_else(held, needed):
    caller = Caller(key_id="k", scopes=frozenset({held}))
    if held == needed:
        caller.need(needed)
    else:
        with pytest.raises(ScopeMissing, match=needed):
            caller.need(needed)
