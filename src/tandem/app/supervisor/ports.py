"""Ports on loopback: the wanted one, or that of last time, or the next free one."""

import socket
from pathlib import Path

from tandem.app.supervisor.kept import recall_json, write_json
from tandem.app.supervisor.refusals import CannotStart

HOST = "127.0.0.1"
TRIES_MAX = 200
BACKLOG = 4096
ANSWER_SECONDS_MAX = 2.0


class Ports:
    """Remembers each part's port in the data folder, so that addresses stay over a restart."""

    def __init__(self, data: Path) -> None:
        self._file = data / "ports.json"
        self._given: set[int] = set()
        self._listener: socket.socket | None = None

    def listen(self, name: str, wanted: int | None, *, preferred: int) -> int:
        """Open our own listening socket, on `wanted` or not at all, else near `preferred`."""
        for port in [wanted] if wanted else self._candidates(name, preferred):
            self._listener = _listening(port)
            if self._listener is not None:
                self._remember(name, port)
                return port
        if wanted:
            raise CannotStart(
                f"Port {wanted} is in use or not allowed. Choose another with --port, or leave it "
                "out and the next free one is taken."
            )
        raise _nothing_free(name, preferred)

    @property
    def listener(self) -> int:
        """The descriptor of the socket that `listen` opened."""
        assert self._listener is not None, "ports are chosen before the parts start"
        return self._listener.fileno()

    def near(self, name: str, preferred: int) -> int:
        for port in self._candidates(name, preferred):
            if port not in self._given and is_free(port):
                self._remember(name, port)
                return port
        raise _nothing_free(name, preferred)

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()

    def _candidates(self, name: str, preferred: int) -> list[int]:
        before = recall_json(self._file).get(name)
        following = list(range(preferred, preferred + TRIES_MAX))
        return [before, *following] if isinstance(before, int) else following

    def _remember(self, name: str, port: int) -> None:
        self._given.add(port)
        remembered = recall_json(self._file)
        if remembered.get(name) != port:
            write_json(self._file, {**remembered, name: port})


def is_free(port: int) -> bool:
    listener = _listening(port)
    if listener is not None:
        listener.close()
    return listener is not None


def answers(port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER_SECONDS_MAX) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _listening(port: int) -> socket.socket | None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError):
        listener.close()
        return None
    return listener


def _nothing_free(name: str, preferred: int) -> CannotStart:
    return CannotStart(
        f"None of the ports {preferred} to {preferred + TRIES_MAX - 1} is free for {name}."
    )
