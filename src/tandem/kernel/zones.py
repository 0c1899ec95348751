"""The names of the time zones that there are."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zone_names() -> frozenset[str]:
    """Every zone of the time zone database; looked for once, as it is hundreds of files."""
    return frozenset(available_timezones())
