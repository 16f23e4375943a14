"""Asking for features online, request by request, with the time that each takes: the same for every contender."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

__all__ = ["timed"]

#: What is asked for to warm up, and not counted.
WARM = 0.1

Ask = Callable[[Sequence[str]], dict[str, list[float | int | None]]]


def timed(ask: Ask, requests: Path, out: Path) -> None:
    """Ask for every list of merchants; write median wall and mean CPU per request (us), and what was answered.

    `requests` holds lists of requests by name, and a request is a list of merchants; `ask` answers their features
    by name, in the merchants' order.
    """
    told = {}
    for name, lists in json.loads(requests.read_text()).items():
        for merchants in lists[: max(1, int(len(lists) * WARM))]:
            ask(merchants)
        walls, began = [], time.process_time()
        for merchants in lists:
            started = time.perf_counter()
            found = ask(merchants)
            walls.append(time.perf_counter() - started)
        cpu = (time.process_time() - began) / len(lists)
        told[name] = {"median": median(walls) * 1e6, "cpu": cpu * 1e6, "asked": lists[-1], "answer": found}
    out.write_text(json.dumps(told))
