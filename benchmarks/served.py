"""Servers as processes of their own, and the CPU time that they and their database's backends use."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from sqlalchemy import make_url

from benchmarks.stores import APPLICATION

__all__ = ["Server", "served"]

_TICK = 1 / os.sysconf("SC_CLK_TCK")
#: Seconds: MLflow loads for minutes on a busy machine.
_BEGINS_WITHIN = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers on a port of this machine."""

    port: int
    process: int
    database: str = ""

    def cpu(self) -> float:
        """Seconds of CPU that its processes, and its database's backends, have used so far."""
        return sum(map(_cpu_of, (*_family(self.process), *self._backends())))

    def _backends(self) -> list[int]:
        if not self.database.startswith("postgresql"):
            return []
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
        with psycopg.connect(_plain(self.database)) as connection:
            return [pid for (pid,) in connection.execute(query, [APPLICATION])]

    def get(self, path: str, *, key: str = "") -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=60)


def _plain(url: str) -> str:
    """A database URL as libpq takes it, and without our application's name."""
    plain = make_url(url).difference_update_query(["application_name"]).set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


def _family(process: int) -> list[int]:
    """A process and all that it has begun."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(") ")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(entry.parent.name))
    found = [process]
    for one in found:
        found += parents.get(one, [])
    return found


def _cpu_of(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * _TICK


@contextmanager
def served(
    command: Sequence[object], *, ready: str, log: Path, env: Mapping[str, str] | None = None, database: str = ""
) -> Iterator[Server]:
    """A command that serves on the port that stands for `PORT`, until the block ends; `ready` answers once it does."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    line = [str(port) if one == "PORT" else str(one) for one in command]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[1]), **(env or {})}
    with log.open("w") as out, subprocess.Popen(line, env=settings, stdout=out, stderr=out) as process:
        try:
            server = Server(port=port, process=process.pid, database=database)
            _wait_for(server, ready, process, log)
            yield server
        finally:
            process.terminate()


def _wait_for(server: Server, ready: str, process: subprocess.Popen[bytes], log: Path) -> None:
    last = time.monotonic() + _BEGINS_WITHIN
    while process.poll() is None and time.monotonic() < last:
        try:
            if server.get(ready).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"{process.args} does not answer:\n{log.read_text()[-2000:]}")
