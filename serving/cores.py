"""Keeping a process to one core, on a machine that serves nothing else.

Of a process's threads Python runs one at a time, and each hands over to another at every statement of a transaction.
Where they sit on several cores that costs more than the statements themselves (docs/benchmarks.md, "Over HTTP").
"""

import os
import socket

import structlog

__all__ = ["keep_to_one_core"]

log = structlog.get_logger("goodfaith.serving")

#: Names that nobody else on this machine can take while this process lives; the kernel frees them when it dies.
_held: list[socket.socket] = []


def keep_to_one_core() -> int | None:
    """Have this process run on the first core that no other one of ours keeps to; answer which, None where none is.

    Threads that were begun before stay where they are, so this comes first.
    """
    if not hasattr(os, "sched_setaffinity"):
        log.warning("this system keeps no process to one core")
        return None
    for core in sorted(os.sched_getaffinity(0)):
        if _take(core):
            os.sched_setaffinity(0, {core})
            return core
    log.warning("every core has a process of ours already; this one runs on all of them")
    return None


def _take(core: int) -> bool:
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0goodfaith-core-{core}")
    except OSError:
        name.close()
        return False
    _held.append(name)
    return True
