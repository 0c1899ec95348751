"""The streets behind the maps, as the composition root gives them. Knows no web framework."""

from typing import Any, Protocol


class StreetMap(Protocol):
    """Where the streets come from; the composition root knows."""

    def to_map(self) -> dict[str, Any] | None:
        """Streets, blocks, parks and lakes in the compact form that `js/map/city.js` reads; None
        where real maps must be used."""
