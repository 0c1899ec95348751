"""Whose midnights count: the company's time zone, asked by services that know no other service."""

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.rules import Moment

ZONE = Query("select time_zone from kernel.company where org_id = :org_id")


async def find_zone(tx: Tx) -> str:
    """The IANA name, as it is now: who moves the company moves its days."""
    found: str | None = await tx.value(ZONE)
    assert found, "work is done for a company that is there"
    return found


async def clock_time(tx: Tx, at: datetime) -> str:
    """An instant in words for a letter, by the company's clock."""
    return f"{at.astimezone(ZoneInfo(await find_zone(tx))):%d %b %Y, %H:%M}"


async def moment_of(tx: Tx, now: datetime) -> Moment:
    """When and where a rule of the company is asked."""
    return Moment(now=now, zone=await find_zone(tx))


def check_zone(name: str) -> None:
    """A place (`Asia/Kolkata`) or UTC: of other names not every database knows what they mean."""
    is_place = "/" in name and not name.startswith(("posix/", "right/"))
    if name not in available_timezones() or not (is_place or name == "UTC"):
        raise Invalid("There is no such time zone.", field="time_zone")
