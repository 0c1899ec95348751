"""Pings as tests send them, past the network."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.delivery.domain.pings import Ping
from tandem.scm.delivery.service import following
from tandem.scm.delivery.service.positions import Taken, Upload, take_pings
from tests.delivery.givens import Crew


async def send(
    database: Database,
    org_id: UUID,
    crew: Crew,
    pings: Sequence[Ping],
    now: datetime,
    *,
    sent_at: datetime | None = None,
) -> Taken:
    """One upload, stored and followed as the web process does it."""
    upload = Upload(
        device_id=crew.device_id,
        driver_id=crew.driver.id,
        pings=list(pings),
        sent_at=sent_at,
    )
    async with database.transaction(Actor.system(org_id)) as tx:
        taken = await take_pings(tx, [upload], now=now)
    if taken.movements:
        async with database.transaction(Actor.system(org_id)) as tx:
            await following.follow(tx, taken.movements, now=now)
    return taken


async def stand_at(
    database: Database, org_id: UUID, crew: Crew, place: tuple[float, float], now: datetime
) -> None:
    await send(
        database, org_id, crew, [Ping(at=now, lat=place[0], lon=place[1], accuracy_m=5.0)], now
    )
