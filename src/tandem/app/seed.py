"""The demo company: people, products, stock, customers, drivers. Safe to run again."""

import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.app import demo
from tandem.app.sealed import ring_of
from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions
from tandem.contracts.address import Address
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.kernel import jobs
from tandem.kernel import secrets as sealed
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.pages import LIMIT_MAX
from tandem.sandbox.city import Address as StreetAddress
from tandem.sandbox.city import build_city
from tandem.scm.catalog import service as catalog
from tandem.scm.delivery import service as delivery
from tandem.scm.inventory import service as inventory
from tandem.scm.invoicing import service as invoicing
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service as support

ADMIN_EMAIL = "admin@demo.tandem.test"
HUB_SEED = 4711
HOMES = 10
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
    sealed.hold(ring_of(settings))
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=4)
    try:
        companies = await jobs.organisations(database)
        if companies and await _has_people(database, companies[0]):
            return None
        org_id = companies[0] if companies else await _found_demo(database)
        seeded = await _furnish(database, org_id, password or secrets.token_urlsafe(12))
        if settings.is_sandbox:
            await _connect_jira(database, org_id, settings.sandbox_url)
        if settings.demo == "lively":
            await _look_back(database, org_id)
        return seeded
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
        await _fill(tx, now)
    return Seeded(admin_email=ADMIN_EMAIL, admin_password=password, api_key=key)


async def _look_back(database: Database, org_id: UUID) -> None:
    async with database.transaction(Actor.system(org_id, "Demo")) as tx:
        asha = next(one for one in await identity.list_users(tx) if one.email == ADMIN_EMAIL)
    await demo.tell_story(database, org_id, asha.id, today=database.clock.now())


async def _connect_jira(database: Database, org_id: UUID, sandbox_url: str) -> None:
    now = database.clock.now()
    async with database.transaction(Actor.system(org_id, "Demo")) as tx:
        await support.jira.seed_demo(tx, sandbox_url=sandbox_url, now=now)


async def _fill(tx: Tx, now: datetime) -> None:
    """Each service's own demo rows, in the order they lean on one another."""
    await invoicing.seed_demo_seller(tx, now=now)
    await catalog.seed_demo(tx, now)
    city = build_city()
    hub = _address(city.random_address(HUB_SEED), "Tandem Demo Store")
    listed = await catalog.list_variants(tx, limit=LIMIT_MAX)
    facts = await catalog.facts(tx, [variant.sku for variant in listed.items])
    await inventory.seed_demo(tx, list(facts.values()), now, origin=hub)
    await shipping.seed_demo(tx, hub, now)
    homes = [_address(city.random_address(seed), "Resident") for seed in range(1, HOMES + 1)]
    await customers.seed_demo(tx, homes, now)
    await delivery.seed_demo(tx, now)
    policy, _ = await delivery.get_policy(tx)
    here = msgspec.structs.replace(
        policy, pickup_name="Demo hub", pickup_lat=hub.latitude, pickup_lon=hub.longitude
    )
    await delivery.set_policy(tx, here, now=now)


def _address(found: StreetAddress, name: str) -> Address:
    """A house of the demo city as a postal address. Karnataka is 29."""
    return Address(
        name=name,
        line1=found.line1,
        line2=found.district,
        city=found.city,
        state_code="29",
        postal_code=found.pin,
        latitude=found.position.lat,
        longitude=found.position.lon,
    )
