"""The demo company: people, products, stock, customers, drivers. Safe to run again."""

import secrets
from uuid import UUID

import msgspec

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions
from tandem.crm.identity import service as identity
from tandem.kernel import jobs
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx

ADMIN_EMAIL = "admin@demo.tandem.test"
COMPANY = "Tandem Demo Traders Pvt Ltd"


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's credentials, made on the first run and never stored by the database in clear."""

    admin_email: str
    admin_password: str
    api_key: str


async def seed(settings: Settings, *, password: str | None = None) -> Seeded | None:
    """Make the demo company on an empty installation; None when a company is there already.

    A company without people is one whose making was cut short: it is finished.
    """
    import_reactions()
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=4)
    try:
        companies = await jobs.organisations(database)
        if companies and await _has_people(database, companies[0]):
            return None
        org_id = companies[0] if companies else await _found_demo(database)
        return await _furnish(database, org_id, password or secrets.token_urlsafe(12))
    finally:
        await database.close()


async def _has_people(database: Database, org_id: UUID) -> bool:
    async with database.transaction(Actor.system(org_id, "Demo")) as tx:
        return bool(await identity.list_users(tx))


async def _found_demo(database: Database) -> UUID:
    now = database.clock.now()
    return await identity.found_organisation(database, name=COMPANY, slug="demo", now=now)


async def _furnish(database: Database, org_id: UUID, password: str) -> Seeded:
    """People, keys and rows commit together, or none of them."""
    now = database.clock.now()
    async with database.transaction(Actor.system(org_id, "Demo")) as tx:
        await identity.add_user(
            tx,
            email=ADMIN_EMAIL,
            name="Asha Rao",
            password=password,
            role_key="admin",
            now=now,
        )
        _, key = await identity.add_api_key(tx, name="Demo key", grants=["*"], now=now)
        await _fill(tx)
    return Seeded(admin_email=ADMIN_EMAIL, admin_password=password, api_key=key)


async def _fill(tx: Tx) -> None:
    """Each service's own demo rows, in the order they lean on one another."""
