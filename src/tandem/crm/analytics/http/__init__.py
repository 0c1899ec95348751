"""Analytics over HTTP."""

from typing import Any

CONTROLLERS: list[Any] = []
