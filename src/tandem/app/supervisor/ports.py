"""Ports on loopback: the wanted one, or that of last time, or the next free one."""

import socket
from pathlib import Path

from tandem.app.supervisor.kept import read_json, write_json
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
        port = wanted or self.near(name, preferred)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as reason:
            listener.close()
            raise CannotStart(
                f"Port {port} cannot be used ({reason.strerror}). Choose another with --port, or "
                "leave it out and the next free one is taken."
            ) from reason
        listener.listen(BACKLOG)
        self._listener = listener
        self._remember(name, port)
        return port

    @property
    def listener(self) -> int:
        """The descriptor of the socket that `listen` opened."""
        assert self._listener is not None, "ports are chosen before the parts start"
        return self._listener.fileno()

    def near(self, name: str, preferred: int) -> int:
        remembered = read_json(self._file).get(name)
        candidates = list(_from(preferred))
        if isinstance(remembered, int):
            candidates.insert(0, remembered)
        for port in candidates:
            if port not in self._given and is_free(port):
                self._remember(name, port)
                return port
        raise CannotStart(f"No port from {preferred} to {_from(preferred)[-1]} is free for {name}.")

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()

    def _remember(self, name: str, port: int) -> None:
        self._given.add(port)
        remembered = read_json(self._file)
        if remembered.get(name) != port:
            write_json(self._file, {**remembered, name: port})


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER_SECONDS_MAX) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _from(preferred: int) -> range:
    return range(preferred, preferred + TRIES_MAX)
