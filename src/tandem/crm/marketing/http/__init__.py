"""Marketing over HTTP."""

from typing import Any

CONTROLLERS: tuple[Any, ...] = ()

__all__ = ["CONTROLLERS"]
