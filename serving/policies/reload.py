"""Policies that change while the service runs: the files of a folder are followed, and what the breaker went back from.

Files that cannot be followed leave the last good policies in force. Everybody who judges asks `Service.current()`.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from features.database import reading
from features.errors import StoreUnavailable
from scoring.policy_text import Policy
from serving import store_policies
from serving.breaker.back import held_back, in_place_of
from serving.breaker.store import Suspect
from serving.errors import PolicyFileUnusable, PolicyInvalid, Unavailable
from serving.policies.folder import Signature, read_folder, signature
from serving.policies.in_force import note_policies
from serving.policy import restored
from serving.service import Service

__all__ = ["Following", "Reloading", "following"]

log = structlog.get_logger("goodfaith.serving")

#: Seconds between looks at the folder.
_EVERY = 2.0


class Reloading:
    """Puts policies in force: a folder's when its files have changed, all together or none of them, else the shipped.

    In the place of one that the circuit breaker has gone back from, its predecessor judges. `services` stand on one
    store.
    """

    def __init__(self, services: Sequence[Service], folder: Path | None) -> None:
        self._services = services
        self._folder = folder
        self._good: dict[str, Any] = {one.kind: one for one in services[0].policies}
        # What was read at the start is read once more: it may have changed since, and nobody would see it.
        self._read: Signature | None = None
        self._seen: Signature | None = None
        self._put: tuple[str, ...] = ()

    def look(self, *, at_once: bool = False) -> None:
        """Follow the files where they have changed since they were read, and what was gone back from.

        A file that is still being written looks different the next time, so one look waits for the other; `at_once`
        takes the caller's word that they are complete.
        """
        looks = signature(self._folder) if self._folder else ()
        still, self._seen = looks == self._seen, looks
        if looks != self._read and (still or at_once):
            self._read_files()
            self._read = looks
        try:
            self._put_in_force()
        except (Unavailable, StoreUnavailable) as error:
            log.warning("policies stay as they are for now", reason=str(error))

    def _read_files(self) -> None:
        trouble, first = "", self._services[0]
        try:
            policies = read_folder(self._folder)
            _check_currency(replace(first, **policies), before=first.current())
            self._good = policies
        except (PolicyInvalid, PolicyFileUnusable) as error:
            trouble = str(error)
            log.error("policies stay as they are: the new files cannot be followed", reason=trouble)
        for one in self._services:
            one.in_force.trouble = trouble

    def _put_in_force(self) -> None:
        """Have everybody judge by the last good files, or by what was before them where the breaker went back."""
        first = self._services[0]
        with reading(first.engine) as tx:
            held = held_back(tx)
            policies = {kind: _in_place_of(tx, one, held) for kind, one in self._good.items()}
        digests = tuple(one.digest for one in policies.values())
        if digests == self._put:
            return
        # Noted first: whoever buys is promised what the policy in force says, so that is known before it is.
        note_policies(replace(first, **policies))
        for one in self._services:
            one.in_force.service = replace(one, **policies)
        self._put = digests
        log.info("policies in force", versions=[one.version for one in policies.values()])


def _in_place_of(tx: Connection, policy: Policy, held: Sequence[Suspect]) -> Any:
    digest = in_place_of(policy.kind, policy.digest, held)
    kept = store_policies.find(tx, digest) if digest != policy.digest else None
    return restored(kept.kind, kept.body) if kept else policy


def _check_currency(changed: Service, *, before: Service) -> None:
    stated = changed.refunds.currency
    if stated not in (changed.currency, before.refunds.currency):
        raise PolicyInvalid(f"refunds.toml: limits are in {stated}, the store's amounts in {changed.currency}")


@contextmanager
def following(services: Sequence[Service], folder: Path | None) -> Iterator[None]:
    """Follow a folder, and the circuit breaker, for as long as a block runs; at once on SIGHUP."""
    reloading = Reloading(services, folder)
    reloading.look(at_once=True)
    with Following(reloading) as watch:
        # Only the main thread may say what a signal does; whoever runs elsewhere looks every few seconds.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, watch.at_once)
        yield


class Following:
    """Looks at the folder again and again, in a thread of its own, for as long as a block runs."""

    def __init__(self, reloading: Reloading) -> None:
        self._reloading = reloading
        self._told, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="policies", daemon=True)

    def at_once(self, *_: object) -> None:
        """Look now, and take the files for complete."""
        self._told.set()

    def begin(self) -> None:
        """Start the thread."""
        self._thread.start()

    def __enter__(self) -> "Following":
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._told.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            told = self._told.wait(_EVERY)
            self._told.clear()
            try:
                self._reloading.look(at_once=told)
            except Exception as error:
                # A thread that died of one fault would never follow a change again.
                log.error("policies could not be looked at", error=type(error).__name__, exc_info=error)
