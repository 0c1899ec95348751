"""Instants in queries."""

from datetime import UTC, datetime
from typing import Annotated

from litestar.params import QueryParameter

from tandem.kernel.errors import Invalid

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

Instant = Annotated[datetime | None, QueryParameter(description="RFC 3339, with its offset.")]


def instant(given: datetime | None, field: str) -> datetime | None:
    """Refuses one without its offset, and what no calendar holds."""
    if given is None:
        return None
    if given.tzinfo is None or not EARLIEST < given < LATEST:
        raise Invalid("Give an instant with its offset: 2026-11-22T10:00:00Z.", field=field)
    return given
