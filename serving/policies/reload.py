"""Policies that are changed while the service runs: the files of a folder are followed, whole sets at a time.

Files that cannot be followed leave the last good policies in force. Everybody who judges asks `Service.current()`.
"""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from features.errors import StoreUnavailable
from serving.errors import PolicyFileUnusable, PolicyInvalid, Unavailable
from serving.policies.folder import Signature, read_folder, signature
from serving.policies.in_force import note_policies
from serving.service import Service

__all__ = ["Following", "Reloading", "following"]

log = structlog.get_logger("goodfaith.serving")

#: Seconds between looks at the folder.
_EVERY = 2.0


class Reloading:
    """Puts a folder's policies in force when its files have changed, all together or none of them.

    `services` stand on one store.
    """

    def __init__(self, services: Sequence[Service], folder: Path) -> None:
        self._services = services
        self._folder = folder
        # What was read at the start is read once more: it may have changed since, and nobody would see it.
        self._read: Signature | None = None
        self._seen: Signature | None = None

    def look(self, *, at_once: bool = False) -> None:
        """Follow the files where they have changed since they were read.

        A file that is still being written looks different the next time, so one look waits for the other; `at_once`
        takes the caller's word that they are complete.
        """
        looks = signature(self._folder)
        still, self._seen = looks == self._seen, looks
        if looks != self._read and (still or at_once) and self._follow():
            self._read = looks

    def _follow(self) -> bool:
        """Whether that is done with: followed or refused. Where the store does not answer, it comes again."""
        first = self._services[0]
        try:
            policies = read_folder(self._folder)
            changed = replace(first, **policies)
            _check_currency(changed, before=first.current())
            # Noted first: whoever buys is promised what the policy in force says, so that is known before it is.
            note_policies(changed)
        except (PolicyInvalid, PolicyFileUnusable) as error:
            self._put(trouble=str(error))
            log.error("policies stay as they are: the new files cannot be followed", reason=str(error))
            return True
        except (Unavailable, StoreUnavailable) as error:
            log.warning("policies stay as they are for now", reason=str(error))
            return False
        self._put(policies)
        log.info("policies in force", versions=[one.version for one in changed.policies])
        return True

    def _put(self, policies: Mapping[str, Any] | None = None, *, trouble: str = "") -> None:
        for one in self._services:
            one.in_force.trouble = trouble
            if policies is not None:
                one.in_force.service = replace(one, **policies)


@contextmanager
def following(services: Sequence[Service], folder: Path | None) -> Iterator[None]:
    """Follow a folder for as long as a block runs, at once on SIGHUP; where there is none, nothing is followed."""
    if folder is None:
        yield
        return
    with Following(Reloading(services, folder)) as watch:
        # Only the main thread may say what a signal does; whoever runs elsewhere looks every few seconds.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, watch.at_once)
        yield


def _check_currency(changed: Service, *, before: Service) -> None:
    stated = changed.refunds.currency
    if stated not in (changed.currency, before.refunds.currency):
        raise PolicyInvalid(f"refunds.toml: limits are in {stated}, the store's amounts in {changed.currency}")


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
