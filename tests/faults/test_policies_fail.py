"""Policy files that cannot be followed: the last good ones stay in force, and it is said."""

import shutil
import time
from importlib.resources import files

import pytest

from features.database import reading
from features.settings import Settings
from serving.errors import PolicyFileUnusable, PolicyInvalid
from serving.policies.folder import FOLLOWED, read_folder
from serving.policies.in_force import last_good, note_policies
from serving.policies.reload import Following, Reloading
from serving.record.audit import about
from serving.serve import service_on
from tests.serving.world import FakeChampions, FakeClock, a_service, ask

SHIPPED = files("scoring") / "policies"
MORE = {"unknown_buyer_cents = 5_000 ": "unknown_buyer_cents = 6_000 "}


def write(folder, name, changes=None):
    """A shipped policy with some changes, in a folder."""
    text = (SHIPPED / f"{name}.toml").read_text("utf-8")
    for before, after in (changes or {}).items():
        assert before in text
        text = text.replace(before, after)
    (folder / f"{name}.toml").write_text(text, "utf-8")


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "policies"
    found.mkdir()
    write(found, "refunds")
    return found


@pytest.fixture
def service(engine, folder):
    return a_service(engine, **read_folder(folder))


def degraded(service):
    return ask(service, "/readyz").json()["degraded"]


def refused(service):
    return "goodfaith_policy_files_refused 1.0" in ask(service, "/metrics").text


def test_a_change_is_followed_without_a_restart_noted_and_sealed(engine, service, folder):
    reloading = Reloading([service], folder)
    write(folder, "refunds", MORE)
    reloading.look(at_once=True)
    changed = service.current().refunds
    assert (service.refunds.unknown_buyer_cents, changed.unknown_buyer_cents) == (5_000, 6_000)
    with reading(engine) as tx:
        (sealed,) = about(tx, "policy:refunds")
        assert changed.digest in sealed.body
        assert last_good(tx, now=service.clock())["refunds"] == changed
    assert f'goodfaith_policy_in_force_since_seconds{{hash="{changed.digest[:8]}",kind="refunds"}}' in ask(
        service, "/metrics").text  # fmt: skip


def test_what_a_folder_lacks_is_as_shipped_and_what_it_has_is_followed(folder):
    write(folder, "adverts", {"since = 2026-11-30": "since = 2026-12-01"})
    found = read_folder(folder)
    assert set(found) == set(FOLLOWED)
    assert {name for name, one in found.items() if one != read_folder(None)[name]} == {"adverts"}


@pytest.mark.failure("policy_invalid_at_start")
@pytest.mark.parametrize(("name", "said"), [("refunds", r"refunds\.toml: .*no TOML"), ("refund", "refund.toml is")])
def test_a_service_does_not_start_by_files_that_cannot_be_followed(engine, folder, name, said):
    (folder / f"{name}.toml").write_text("tiers = [", "utf-8")
    with pytest.raises((PolicyInvalid, PolicyFileUnusable), match=said):
        service_on(engine, FakeChampions(), Settings(policies=folder), FakeClock())


@pytest.mark.failure("policy_invalid_on_reload")
def test_files_that_break_leave_the_last_good_set_in_force_until_they_are_mended(service, folder):
    reloading = Reloading([service], folder)
    write(folder, "refunds", MORE)
    reloading.look(at_once=True)

    write(folder, "refunds", {"unknown_buyer_cents = 5_000 ": "unknown_buyer_cents = 7_000 "})
    (folder / "adverts.toml").write_text("since = tomorrow", "utf-8")
    reloading.look(at_once=True)
    assert service.current().refunds.unknown_buyer_cents == 6_000
    assert "policy_files_refused" in degraded(service)
    assert refused(service)

    write(folder, "adverts")
    reloading.look(at_once=True)
    assert service.current().refunds.unknown_buyer_cents == 7_000
    assert "policy_files_refused" not in degraded(service)
    assert not refused(service)


@pytest.mark.failure("policy_invalid_on_reload")
def test_a_folder_that_is_gone_leaves_the_last_good_set_in_force(service, folder):
    reloading = Reloading([service], folder)
    reloading.look(at_once=True)
    shutil.rmtree(folder)
    reloading.look(at_once=True)
    assert service.current().refunds == service.refunds
    assert "policy_files_refused" in degraded(service)


@pytest.mark.failure("policy_process_begun_anew")
def test_what_was_put_in_force_last_can_be_followed_whatever_became_of_its_file(engine, service, folder):
    write(folder, "refunds", MORE)
    note_policies(a_service(engine, **read_folder(folder)))
    with reading(engine) as tx:
        kept = last_good(tx, now=service.clock())
    assert {name: one.digest for name, one in kept.items()} == {n: p.digest for n, p in read_folder(folder).items()}


@pytest.mark.failure("policy_half_written")
def test_a_file_is_read_when_two_looks_find_it_unchanged(service, folder):
    reloading = Reloading([service], folder)
    write(folder, "refunds", MORE)
    whole = (folder / "refunds.toml").read_bytes()
    for length in (len(whole) // 2, len(whole)):
        (folder / "refunds.toml").write_bytes(whole[:length])
        reloading.look()
        assert service.current().refunds.unknown_buyer_cents == 5_000
        assert not service.in_force.trouble
    reloading.look()
    assert service.current().refunds.unknown_buyer_cents == 6_000


def test_whoever_follows_a_folder_looks_at_once_when_told(service, folder):
    write(folder, "refunds", MORE)
    with Following(Reloading([service], folder)) as watch:
        watch.at_once()
        while service.current() is service:
            time.sleep(0.01)
    assert service.current().refunds.unknown_buyer_cents == 6_000
