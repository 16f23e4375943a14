"""A real Redis for tests: started on a free port where its program is installed, and gone with the tests."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest


def redis_url() -> Iterator[str]:
    """Where a server of the tests' own answers."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis: the program redis-server is not installed")
    with tempfile.TemporaryDirectory(prefix="goodfaith-redis-") as folder:
        port = _free_port()
        words = [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            if line.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.05)
    raise AssertionError("redis-server does not answer")
