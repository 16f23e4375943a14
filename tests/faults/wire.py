"""A wire between a client and a server that a test can freeze or cut."""

import select
import socket
import threading
from contextlib import suppress


class Wire:
    """Passes bytes on between callers of a port of its own and a server, until it is frozen or cut."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._flows = threading.Event()
        self._flows.set()
        self._open: list[socket.socket] = []
        self.port = 0
        self.mend()

    def freeze(self) -> None:
        """Pass nothing on, and close nothing."""
        self._flows.clear()

    def thaw(self) -> None:
        """Pass on again, what was held first."""
        self._flows.set()

    def cut(self) -> None:
        """Close everything, and listen no more."""
        self.thaw()
        for one in [self._door, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def mend(self) -> None:
        """Listen, on the same port as before."""
        self._door = socket.create_server(("127.0.0.1", self.port))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = door.accept()[0], socket.create_connection(self._there)
                self._open += [near, far]
                threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with suppress(OSError, ValueError):
            while True:
                for one in select.select([near, far], [], [])[0]:
                    self._flows.wait()
                    told = one.recv(65_536)
                    if not told:
                        raise OSError
                    other[one].sendall(told)
        for one in other:
            one.close()
