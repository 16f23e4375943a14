"""Processes to be killed: the API and a worker as they are, and servers that keep less than they say.

They are forked from a process that has loaded the libraries already: else each restart would take seconds.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess, parent_process
from typing import Any

import serving.decide
from features.database import writing
from features.settings import Settings
from scoring.bundle import Bundle, Calibration, Golden
from scoring.model import with_golden_rows
from serving.champions import current_declarations
from serving.idempotency import Earlier
from serving.serve import Address, serve_api, work
from tests.serving.world import NOON, FakeChampions, a_bundle, an_input

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])

_FAKES = "n_fakes_confirmed_365d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a victim is told: the store, the port on which it answers, when noon was, and where it writes its log."""

    url: str
    port: int
    noon: float
    log: str

    def now(self) -> datetime:
        """The time, the same for whoever is begun anew."""
        return self.at(time.time())

    def at(self, seconds: float) -> datetime:
        """A moment by the machine's clock as one by the victims'."""
        return NOON + timedelta(seconds=seconds - self.noon)

    @property
    def settings(self) -> Settings:
        return Settings(database_url=self.url)


def begin(victim: Callable[[Place], None], place: Place) -> BaseProcess:
    """Begin a process; it ends with this one, however that ends."""
    process = _FORKS.Process(target=_victim, args=(victim, place), daemon=True)
    process.start()
    return process


def _victim(does: Callable[[Place], None], place: Place) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    told = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    does(place)


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)


def serve(place: Place) -> None:
    """The API, with the worker that is beside it."""
    serve_api(_champions(), place.settings, Address(host="127.0.0.1", port=place.port), clock=place.now)


def judge(place: Place) -> None:
    """A worker."""
    work(_champions(), place.settings, clock=place.now)


def serve_too_soon(place: Place) -> None:
    """An API that answers on a refund before what it says is on disk: it gets there with the next refund."""
    open_still: list[Any] = []

    def decided(engine: Any, decide: Any) -> Any:
        while open_still:
            open_still.pop().__exit__(None, None, None)
        transaction = writing(engine)
        answer = decide(transaction.__enter__())
        open_still.append(transaction)
        return answer

    serving.decide.written = decided
    serve(place)


def serve_forgetfully(place: Place) -> None:
    """An API that knows no request again."""
    Earlier.keep = lambda *_: None
    serve(place)


def _champions() -> FakeChampions:
    return FakeChampions(credit=("1", _good("credit")), counterfeit=("1", _good("counterfeit")))


def _good(target: str) -> Bundle:
    """A model that thinks well of whoever sells no fakes."""
    input_ = an_input(_FAKES, declaration=current_declarations()[_FAKES])
    kind = replace(a_bundle(input_, target=target), calibration=Calibration(intercept=-5.0), golden=Golden())
    return with_golden_rows(kind, [[0.0]])
