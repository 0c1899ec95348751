"""Instants in queries."""

from datetime import UTC, datetime

from tandem.kernel.errors import Invalid

EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""A day from where a calendar ends: so every offset leads to an instant that there is."""


def aware(given: datetime | None, field: str) -> datetime | None:
    """Refuses one without its offset, and one at the very ends of time."""
    if given is None:
        return None
    if given.tzinfo is None:
        raise Invalid("Give the instant with its offset: 2026-11-22T10:00:00Z.", field=field)
    if not EARLIEST <= given <= LATEST:
        raise Invalid("There is nothing that far away.", field=field)
    return given
