from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database import reading
from serving.errors import FormForged, LogInRefused, UserKnown
from serving.people import LOCKED_FOR, MOST_FAILURES, People, User, make_password
from serving.sessions import LASTS, Session, Sessions
from serving.tables import sessions, users
from tests.serving.world import NOON

ANNA = User(name="anna", role="reviewer", created_at=NOON)
RIGHT, WRONG = "a right password", "a wrong password"


@pytest.fixture
def people(engine):
    """Anna, and nobody else."""
    people = People(engine)
    people.add(ANNA, password=RIGHT)
    return people


def fail(people, times, *, now=NOON):
    for _ in range(times):
        with pytest.raises(LogInRefused):
            people.recognise("anna", WRONG, now=now)


def test_the_right_password_is_recognised(people):
    assert people.recognise("anna", RIGHT, now=NOON) == ANNA


@pytest.mark.parametrize(
    ("name", "password"), [("anna", WRONG), ("anna", ""), ("nobody", RIGHT), ("", ""), ("ANNA", RIGHT)]
)
def test_every_refusal_has_the_same_words(people, name, password):
    with pytest.raises(LogInRefused, match="name or the password is wrong, or the name is locked"):
        people.recognise(name, password, now=NOON)


def test_a_name_is_locked_after_too_many_failures_even_for_the_right_password(people):
    fail(people, MOST_FAILURES)
    with pytest.raises(LogInRefused):
        people.recognise("anna", RIGHT, now=NOON + LOCKED_FOR - timedelta(seconds=1))


def test_a_lock_ends_and_the_count_begins_anew(people):
    fail(people, MOST_FAILURES)
    later = NOON + LOCKED_FOR
    fail(people, MOST_FAILURES - 1, now=later)
    assert people.recognise("anna", RIGHT, now=later).name == "anna"


def test_attempts_during_a_lock_do_not_lengthen_it(people):
    fail(people, MOST_FAILURES)
    fail(people, 3, now=NOON + timedelta(minutes=10))
    assert people.recognise("anna", RIGHT, now=NOON + LOCKED_FOR).name == "anna"


def test_the_right_password_takes_the_count_back(people):
    for _ in range(3):
        fail(people, MOST_FAILURES - 1)
        assert people.recognise("anna", RIGHT, now=NOON).name == "anna"


def test_a_burst_of_guesses_at_one_moment_is_counted_in_full(people, engine):
    with ThreadPoolExecutor(12) as pool:
        for refused in pool.map(lambda _: _refused(people), range(24)):
            assert refused
    with reading(engine) as tx:
        assert tx.scalar(select(users.c.failures)) == MOST_FAILURES


def _refused(people):
    try:
        people.recognise("anna", WRONG, now=NOON)
    except LogInRefused:
        return True
    return False


def test_nobody_is_added_twice(people):
    with pytest.raises(UserKnown, match="anna"):
        people.add(ANNA, password="another")
    assert people.recognise("anna", RIGHT, now=NOON) == ANNA


def test_the_store_holds_no_password(people, engine):
    with reading(engine) as tx:
        kept = tx.scalar(select(users.c.password))
    assert RIGHT not in kept
    assert kept.startswith("$argon2id$")


def test_passwords_are_long_and_never_the_same():
    assert len({make_password() for _ in range(100)}) == 100
    assert len(make_password()) == 20


def test_a_session_is_found_by_its_token_for_a_working_day(people, engine):
    token = Sessions(engine).open(ANNA, now=NOON)
    found = Sessions(engine).find(token, now=NOON + LASTS - timedelta(seconds=1))
    assert (found.user, found.role, found.expires_at) == ("anna", "reviewer", NOON + LASTS)
    assert Sessions(engine).find(token, now=NOON + LASTS) is None


def test_the_store_holds_no_token(people, engine):
    token = Sessions(engine).open(ANNA, now=NOON)
    with reading(engine) as tx:
        (row,) = tx.execute(select(sessions))
    assert token not in row
    assert Sessions(engine).find(row.id, now=NOON) is None


def test_a_closed_session_opens_nothing_and_leaves_others_alone(people, engine):
    one, other = (Sessions(engine).open(ANNA, now=NOON) for _ in range(2))
    Sessions(engine).close(one)
    assert Sessions(engine).find(one, now=NOON) is None
    assert Sessions(engine).find(other, now=NOON)


def test_sessions_that_have_ended_are_cleared_away(people, engine):
    Sessions(engine).open(ANNA, now=NOON)
    Sessions(engine).open(ANNA, now=NOON + LASTS)
    with reading(engine) as tx:
        assert len(tx.execute(select(sessions)).all()) == 1


@pytest.mark.parametrize("sent", ["", "other", "tokenn", "令牌"])
def test_a_form_with_another_token_is_forged(sent):
    session = Session(user="anna", role="reviewer", csrf="token", expires_at=NOON)
    with pytest.raises(FormForged):
        session.check(sent)
    session.check("token")
