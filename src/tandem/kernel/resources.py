"""Outside systems by the port they serve: what gateways, blobs and settings a process was given."""

from typing import Any, TypeVar, cast

T = TypeVar("T")


class Resources:
    """Filled once by the composition root (`app.wiring`), read by jobs and routes."""

    def __init__(self) -> None:
        self._held: dict[type, object] = {}

    def add(self, port: type[Any], thing: object) -> None:
        assert port not in self._held, f"{port.__name__} was given twice"
        self._held[port] = thing

    def get(self, port: type[T]) -> T:
        assert port in self._held, f"this process was not given a {port.__name__}"
        return cast(T, self._held[port])
