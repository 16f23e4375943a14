"""Old decisions run again: the same to the byte, by the policy of then, whatever is loaded or promoted later."""

import json
from datetime import timedelta
from shutil import copyfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

from features.database import micros, open_engine, reading, writing
from features.jsonrows import check_rows
from features.live import take_in_waiting
from features.lookup import events_of_type
from features.store import EventStore
from serving.applications import apply
from serving.errors import DecisionUnknown, PolicyNotKept, ReplayDiffers
from serving.idempotency import Asked
from serving.members import review_members
from serving.plain import as_json
from serving.policy import read_programmes, shipped_programmes, shipped_refunds, shipped_texts
from serving.provenance import features_version, rules_version
from serving.readings import live_readings
from serving.replay.rerun import replay_all, replay_one
from serving.schemas import ApplicationBody
from serving.store import opened
from serving.tables import decisions, policies
from tests.serving.shop import a_refund, a_shop, an_order, judged, refund, tell
from tests.serving.world import NOON, FakeClock, FakeReadings, a_command_line, a_service

LATE = {"dispatch_kept_rate_90d_capped": (500, 600), "n_affected_buyers_90d": 5}


def applied(service, key="k"):
    body = ApplicationBody.model_validate({"merchant_id": "m1", "category": "toys"})
    asked = Asked(caller="k1", route="/v1/programmes/applications", key=key, body=as_json(body.model_dump(mode="json")))
    return json.loads(apply(service, "lightning_dispatch", body, asked).body)["decision_id"]


def one_of_each_kind(engine, readings=None):
    """A refund, an application and a member's place are decided on; the ids of the first two."""
    a_shop(engine, orders=2)
    tell(engine, "programme_joined", programme="lightning_dispatch", at=NOON - timedelta(days=40))
    late = a_service(engine, readings=readings or FakeReadings(**LATE))
    review_members(late, ["m1"], now=NOON)
    return [refund(late)["decision_id"], applied(late)]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A store in which one of each kind was decided on, and the ids; made once, and copied."""
    path = tmp_path_factory.mktemp("decided") / "goodfaith.db"
    with opened(f"sqlite:///{path}") as engine:
        ids = one_of_each_kind(engine)
    return path, ids


@pytest.fixture
def decided(template, tmp_path):
    """A store of its own in which one of each kind was decided on."""
    copyfile(template[0], tmp_path / "goodfaith.db")
    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        yield engine


@pytest.fixture
def refunded(template):
    """The id of the refund's decision."""
    return template[1][0]


def replayed(engine):
    with reading(engine) as tx:
        return list(replay_all(tx))


def test_every_kind_of_decision_comes_out_again_as_it_was(any_engine):
    one_of_each_kind(any_engine)
    found = replayed(any_engine)
    assert {one.kind for one in found} == {"refund", "programme", "standing"}
    assert [(one.difference, one.kept) for one in found] == [(None, True)] * 3


def test_a_decision_says_by_what_it_was_made(decided, refunded):
    with reading(decided) as tx:
        trace = json.loads(tx.scalar(select(decisions.c.trace).where(decisions.c.id == refunded)))
        kept = dict(tx.execute(select(policies.c.hash, policies.c.body)).all())
    by = trace["made_by"]
    assert (by["rules"], by["features"]) == (rules_version(), features_version())
    assert kept[by["policies"]["refunds"]] == shipped_refunds().canonical
    assert kept[by["policies"]["programmes"]] == shipped_programmes().canonical


def test_an_old_decision_is_run_by_the_policy_of_its_time(decided):
    before = replayed(decided)
    laxer = read_programmes(shipped_texts()["programmes"].replace("at_least = 0.97", "at_least = 0.5", 1))
    applied(a_service(decided, programmes=laxer, readings=FakeReadings(**LATE)), key="later")
    found = replayed(decided)
    assert [one for one in found if one in before] == before
    assert {one.difference for one in found} == {None}
    with reading(decided) as tx:
        assert len(tx.execute(select(policies).where(policies.c.kind == "programmes")).all()) == 2


def change(engine, decision_id, **texts):
    with writing(engine) as tx:
        row = tx.execute(select(decisions).where(decisions.c.id == decision_id)).one()
        told = {name: text(getattr(row, name)) for name, text in texts.items()}
        tx.execute(update(decisions).where(decisions.c.id == decision_id).values(**told))


TAMPERED = {
    "the answer": ({"answer": lambda text: text.replace('"limit_cents":10000', '"limit_cents":20000')},
                   "answer.limit_cents was 20000, and is 10000"),
    "its form": ({"answer": lambda text: text.replace(",", ", ", 1)}, "the answer was written in another form"),
    "the outcome": ({"outcome": lambda _: "standard"}, 'outcome was "standard", and is "instant"'),
    "when it ends": ({"expires_at": lambda at: at + 1_000_000}, "expires_at was"),
    "what was seen": ({"seen_seq": lambda seq: seq + 1}, "seen_seq was"),
    "the facts": ({"trace": lambda text: text.replace('"paid_cents":10000', '"paid_cents":9000')},
                  "answer.advanced_by was"),
    "the trace": ({"trace": lambda _: "{}"}, "it cannot be run again (KeyError"),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "told"), TAMPERED.values(), ids=TAMPERED)
def test_the_first_thing_that_is_not_as_it_was_is_named(decided, refunded, texts, told):
    change(decided, refunded, **texts)
    with reading(decided) as tx:
        assert told in replay_one(tx, refunded).difference


def test_a_kept_policy_that_was_tampered_with_judges_nobody(decided, refunded):
    with writing(decided) as tx:
        kept = select(policies.c.body).where(policies.c.kind == "refunds")
        other = tx.scalar(kept).replace('"stale_after_hours":26', '"stale_after_hours":27')
        tx.execute(update(policies).where(policies.c.kind == "refunds").values(body=other))
    with reading(decided) as tx:
        assert "is not what it was" in replay_one(tx, refunded).difference


def test_a_decision_that_is_older_than_kept_policies_is_run_while_its_policy_is_in_force(decided, refunded):
    change(decided, refunded, trace=lambda text: as_json({**json.loads(text), "made_by": None}))
    with writing(decided) as tx:
        tx.execute(delete(policies))
    with reading(decided) as tx:
        assert replay_one(tx, refunded).same
    change(decided, refunded, answer=lambda text: text.replace("refunds-20", "refunds-19"))
    with reading(decided) as tx:
        found = replay_one(tx, refunded)
    assert (found.kept, found.same) == (False, False)


# What it was made from, too.


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A store in which one of each kind was decided on from its own events, and the ids; made once, and copied."""
    path = tmp_path_factory.mktemp("lived") / "goodfaith.db"
    with opened(f"sqlite:///{path}") as engine:
        ids = one_of_each_kind(engine, readings=live_readings)
    return path, ids


def of_its_own(lived, folder):
    """A copy of that store, to do with as one likes."""
    copyfile(lived[0], folder / "goodfaith.db")
    return open_engine(f"sqlite:///{folder / 'goodfaith.db'}")


def with_facts(engine):
    with reading(engine) as tx:
        return list(replay_all(tx, facts=True))


def test_what_decisions_were_made_from_follows_from_the_events_of_then(any_engine):
    one_of_each_kind(any_engine, readings=live_readings)
    found = with_facts(any_engine)
    assert {one.kind for one in found} == {"refund", "programme", "standing"}
    assert {one.difference for one in found} == {None}


INVENTED = {
    "a deposit": (0, '"deposit_cents":null', '"deposit_cents":0', "merchant.deposit_cents was 0, and is null"),
    "a paper": (1, '"valid_until":null', '"valid_until":"2099-01-01"', "papers[0].valid_until was"),
    "a figure": (1, '"of":0,"per":0', '"of":1,"per":1', ".of was 1, and is 0"),
}


@pytest.mark.parametrize(("which", "was", "says", "told"), INVENTED.values(), ids=INVENTED)
def test_facts_that_no_event_made_are_named_though_the_answer_would_be_the_same(
    lived, tmp_path, which, was, says, told
):
    engine, decision_id = of_its_own(lived, tmp_path), lived[1][which]
    change(engine, decision_id, trace=lambda text: text.replace(was, says, 1))
    with reading(engine) as tx:
        plainly = replay_one(tx, decision_id).difference
        found = replay_one(tx, decision_id, facts=True).difference
    assert plainly is None
    assert found.startswith("of the facts, ")
    assert told in found
    engine.dispose()


def test_an_event_that_waited_for_its_moment_is_no_fact_of_what_was_decided_before(any_engine):
    a_shop(any_engine)
    ahead = (NOON + timedelta(minutes=2)).isoformat()
    told = {"event_id": "ahead", "event_type": "deposit_changed", "merchant_id": "m1", "deposit_cents": 5}
    row = {**told, "event_time": NOON.isoformat(), "known_at": ahead}
    EventStore(any_engine).append(check_rows([row], currency="CNY").rows, at=NOON)
    decision_id = refund(a_service(any_engine, readings=live_readings))["decision_id"]
    with writing(any_engine) as tx:
        take_in_waiting(tx, at=micros(NOON + timedelta(minutes=5)))
    with reading(any_engine) as tx:
        assert replay_one(tx, decision_id, facts=True).same
    change(any_engine, decision_id, trace=lambda text: text.replace('"waiting"', '"waited"'))
    with reading(any_engine) as tx:
        assert "deposit_cents was null, and is 5" in replay_one(tx, decision_id, facts=True).difference


def test_facts_of_features_that_are_declared_otherwise_now_are_not_worked_out(lived, tmp_path):
    engine, decision_id = of_its_own(lived, tmp_path), lived[1][0]
    change(engine, decision_id, trace=lambda text: text.replace(features_version(), "0" * 64))
    change(engine, decision_id, trace=lambda text: text.replace('"deposit_cents":null', '"deposit_cents":0', 1))
    with reading(engine) as tx:
        assert replay_one(tx, decision_id, facts=True).same
    engine.dispose()


# The past stays.


def a_late_file(engine, step):
    """Events of long ago come in: another order of the same buyer, and papers that had failed."""
    an_order(engine, f"late{step}", buyer="b0")
    past = NOON - timedelta(days=300)
    tell(engine, "qualification_checked", qualification="identity", outcome="failed", at=past)


def a_reversal(engine, step):
    """What a decision was made from is taken back: a paper, and an order."""
    with reading(engine) as tx:
        checks, orders = (events_of_type(tx, "m1", kind) for kind in ("qualification_checked", "order_placed"))
    for taken in (*checks[:1], *orders[:1]):
        tell(engine, "event_reversed", reverses=taken.says["event_id"], at=NOON - timedelta(minutes=1))


def a_changed_policy(engine, step):
    """Another policy decides on one more application."""
    text = shipped_texts()["programmes"].replace("at_least = 0.97", f"at_least = 0.{50 + step % 40}", 1)
    applied(a_service(engine, programmes=read_programmes(text), readings=live_readings), key=f"policy-{step}")


def a_promotion(engine, step):
    """Another model judges the merchant, and a refund is decided by it."""
    judged(engine, model={"name": "goodfaith-credit", "version": str(step + 8)}, band="D", score=500, p_bad=0.2)
    an_order(engine, f"new{step}", buyer="b9")
    clock = FakeClock(NOON + timedelta(hours=step + 1))
    refund(a_service(engine, clock=clock, readings=live_readings), a_refund(f"new{step}", buyer="b9"))


LATER = st.lists(st.sampled_from([a_late_file, a_reversal, a_changed_policy, a_promotion]), min_size=1, max_size=4)


@settings(max_examples=5)
@given(later=LATER)
def test_the_past_stays(lived, tmp_path_factory, later):
    engine = of_its_own(lived, tmp_path_factory.mktemp("past"))
    for step, happens in enumerate(later):
        before = with_facts(engine)
        happens(engine, step)
        found = with_facts(engine)
        assert [one for one in found if one in before] == before
        assert {one.difference for one in found} == {None}
    engine.dispose()


# The command.


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command with everything kept in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    app = a_command_line()
    return lambda *words: CliRunner().invoke(app, ["replay", *words])


@pytest.mark.usefixtures("decided")
def test_the_command_runs_one_or_all_and_says_so(run, refunded):
    assert run(refunded).stdout == f"{refunded} comes out as it did, byte for byte: refund, instant.\n"
    told = json.loads(run(refunded, "--json").stdout)
    assert (told["same"], told["made_by_rules"]) == (True, told["run_by_rules"])
    assert run(refunded, "--facts").exit_code == 1
    assert run("--all").stdout == "3 decisions run again, 0 of them came out differently.\n"
    every = json.loads(run("--all", "--json").stdout)
    assert every == {"replayed": 3, "different": 0, "not_kept": 0, "first": None}


def test_the_command_fails_with_the_first_difference(run, decided, refunded):
    change(decided, refunded, outcome=lambda _: "review")
    for words in ([refunded], ["--all"], ["--all", "--json"]):
        failed = run(*words)
        assert (failed.exit_code, type(failed.exception)) == (1, ReplayDiffers)
        assert f'{refunded} does not come out as it did: outcome was "review", and is "instant"' in str(
            failed.exception
        )


def test_the_command_tells_of_a_policy_that_was_not_kept(run, decided, refunded):
    change(decided, refunded, trace=lambda text: as_json({**json.loads(text), "made_by": None}))
    change(decided, refunded, answer=lambda text: text.replace("refunds-20", "refunds-19"))
    assert isinstance(run(refunded).exception, PolicyNotKept)
    assert "1 could not be: they were made by a policy that was not kept" in run("--all").stdout


@pytest.mark.parametrize("words", [(), ("d_1", "--all")])
def test_one_or_all_has_to_be_named(run, words):
    assert run(*words).exit_code == 2


@pytest.mark.usefixtures("decided")
def test_an_unknown_decision_cannot_be_run(run):
    assert isinstance(run("d_0").exception, DecisionUnknown)
