"""A marketplace made by several processes: each makes pieces of it, and the pieces come in order whoever makes them."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from features.simulator.market import climate
from features.simulator.scenario import Scenario
from features.simulator.simulate import TOGETHER, Piece, piece_of, simulate

__all__ = ["pieces_of", "processes_for"]

#: Pieces per process below which another process costs more to start than it makes.
_WORTH_IT = 4

#: Pieces that are made or waiting at a time, for each process: more would only fill the memory.
_AHEAD = 2


def processes_for(scenario: Scenario, wanted: int | None = None) -> int:
    """How many processes make a marketplace: as many as wanted, else one per processor that has enough to do."""
    if wanted is not None:
        return wanted
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, scenario.merchants // (TOGETHER * _WORTH_IT)))


def pieces_of(scenario: Scenario, *, texts: bool, processes: int) -> Iterator[Piece]:
    """The pieces of a marketplace in order, the same ones for any number of processes."""
    if processes == 1:
        yield from simulate(scenario, texts=texts)
        return
    starts = iter(range(0, scenario.merchants, TOGETHER))
    # Arrow has threads of its own, which a forked process would lack.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        made: deque[Future[Piece]] = deque()
        try:
            for first in starts:
                made.append(pool.submit(_piece, scenario, first, texts))
                if len(made) >= processes * _AHEAD:
                    yield made.popleft().result()
            while made:
                yield made.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _piece(scenario: Scenario, first: int, texts: bool) -> Piece:
    numbers = range(first, min(first + TOGETHER, scenario.merchants))
    return piece_of(scenario, numbers, shared=climate(scenario), texts=texts)
