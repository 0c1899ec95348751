"""Founding and changing an organisation."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain import (
    Organisation,
)
from tandem.crm.identity.service.roles import add_ready_made
from tandem.crm.identity.store import company as company_store
from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.company import check_zone
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id


async def found_organisation(
    database: Database,
    *,
    name: str,
    slug: str,
    now: datetime,
    time_zone: str = "Asia/Kolkata",
    currency: str = "INR",
    country: str = "IN",
) -> UUID:
    """A new company with the ready-made roles. Only the command line and the seed may."""
    org_id = new_id()
    async with database.transaction(Actor.system(org_id)) as tx:
        await tx.run(
            company_store.INSERT_ORGANISATION,
            name=name,
            slug=slug,
            time_zone=time_zone,
            currency=currency,
            country=country,
            created_at=now,
        )
        await add_ready_made(tx)
    return org_id


async def get_organisation(tx: Tx) -> Organisation:
    return await company_store.get_organisation(tx)


async def update_organisation(tx: Tx, *, name: str, time_zone: str, now: datetime) -> Organisation:
    """Segments, months and quiet hours follow its midnights from now on."""
    tx.actor.require("identity.settings")
    check_zone(time_zone)
    before = await company_store.get_organisation(tx)
    after = await tx.one(
        company_store.UPDATE_ORGANISATION, Organisation, name=name, time_zone=time_zone
    )
    await audit.write(
        tx,
        action="organisation.updated",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        before={"name": before.name, "time_zone": before.time_zone},
        after={"name": after.name, "time_zone": after.time_zone},
    )
    return after
