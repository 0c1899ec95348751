"""A company with people who do not all see the same: a tree of teams, territories, records.

Sales ── mona manages (role sales_manager)
├── North ── rina, raj (role sales)
└── South ── sam (role sales)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
from litestar import Litestar

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import NewContact, NewCustomer
from tandem.crm.customers.domain.records import Owning
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import MemberChange
from tandem.crm.identity.domain.sessions import SignedIn, Visitor
from tandem.crm.identity.service.sessions import open_session
from tandem.crm.identity.sessions import COOKIE
from tandem.crm.identity.store import persons
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id
from tests.flows.shop import HOME, Shop, basket, open_shop, place_one
from tests.givens import visitor

PASSWORD = "violet anchor meadow 71"


class Member(msgspec.Struct, frozen=True):
    id: UUID
    email: str
    name: str


class Company(msgspec.Struct):
    org_id: UUID
    shop: Shop
    people: dict[str, Member]
    teams: dict[str, UUID]
    lands: dict[str, UUID]
    customers: dict[str, UUID]
    orders: dict[str, OrderSnapshot]

    def actor(self) -> Actor:
        """The suite itself, in this company."""
        return Actor.system(self.org_id)


async def hire(tx: Tx, name: str, role: str, now: datetime) -> Member:
    email = f"{name}-{new_id().hex[-12:]}@example.test"
    added = await identity.add_user(
        tx, email=email, name=name.title(), password=PASSWORD, role_key=role, now=now
    )
    return Member(added.id, email, added.name)


async def add_customer(tx: Tx, name: str, owner: UUID | None, now: datetime, **own: Any) -> UUID:
    number = int(new_id()) % 1_000_000_000
    added = await customers.add_customer(
        tx,
        NewCustomer(
            name=name,
            phones=[NewContact(value=f"+919{number:09}")],
            emails=[NewContact(value=f"{name.split()[0].lower()}{number}@buyers.test")],
            notes=f"Whispered by {name}",
        ),
        now=now,
    )
    locked = await customers.lock_customer(tx, added.id)
    await customers.assign_customer(tx, locked, Owning(owner_id=owner, **own), now=now)
    return added.id


async def found(
    database: Database, now: datetime, *, name: str = "Test Traders", marker: str = "Kestrel"
) -> Company:
    """`marker` is in the name of every record, so that it shows wherever one leaks."""
    org_id = await identity.found_organisation(
        database, name=name, slug=f"t-{new_id().hex}", now=now
    )
    async with database.transaction(Actor.system(org_id)) as tx:
        shop = await open_shop(tx, now)
        people = {
            who: await hire(tx, who, role, now)
            for who, role in (
                ("asha", "admin"),
                ("mona", "sales_manager"),
                ("rina", "sales"),
                ("raj", "sales"),
                ("sam", "sales"),
                ("vera", "read_only"),
                ("ned", "driver"),
            )
        }
        teams, lands = await _trees(tx, people, now)
        buyers = {
            who: await add_customer(tx, f"{marker} of {who.title()}", people[who].id, now)
            for who in ("rina", "raj", "sam")
        }
        buyers["nobody"] = await add_customer(tx, f"{marker} of Nobody", None, now)
        buyers["west"] = await add_customer(
            tx, f"{marker} of West", None, now, territory_id=lands["coast"]
        )
        buyers["team"] = await add_customer(
            tx, f"{marker} of North", None, now, team_id=teams["north"]
        )
    company = Company(org_id, shop, people, teams, lands, buyers, {})
    for who, buyer in buyers.items():
        company.orders[who] = await place_one(
            database,
            company.actor(),
            basket(shop, customer=None, customer_id=buyer, payment_method="cod", ship_to=HOME),
            now,
        )
    return company


async def _trees(
    tx: Tx, people: dict[str, Member], now: datetime
) -> tuple[dict[str, UUID], dict[str, UUID]]:
    teams: dict[str, UUID] = {}
    for name, parent in (("sales", None), ("north", "sales"), ("south", "sales")):
        node = await identity.add_node(
            tx,
            identity.TEAMS,
            name=name.title(),
            parent_id=teams[parent] if parent else None,
            now=now,
        )
        teams[name] = node.id
    for who, team in (("mona", "sales"), ("rina", "north"), ("raj", "north"), ("sam", "south")):
        await identity.join_node(tx, identity.TEAMS, teams[team], people[who].id, now=now)
    lands: dict[str, UUID] = {}
    for name, parent in (("west", None), ("coast", "west")):
        node = await identity.add_node(
            tx,
            identity.TERRITORIES,
            name=name.title(),
            parent_id=lands[parent] if parent else None,
            now=now,
        )
        lands[name] = node.id
    return teams, lands


async def change(
    company: Company, database: Database, who: str, now: datetime, **what: Any
) -> None:
    async with database.transaction(company.actor()) as tx:
        await identity.change_member(tx, company.people[who].id, MemberChange(**what), now=now)


async def sign_in(database: Database, company: Company, who: str, now: datetime) -> SignedIn:
    """A session as the door would open it, without the work of a password."""
    member = company.people[who]
    async with database.transaction(Actor.system(INSTALLATION)) as own:
        person = await persons.find_person(own, email=member.email)
        assert person is not None, f"{who} is a member"
        listed = await persons.memberships(own, person.id)
        [membership] = [one for one in listed if one.company_id == company.org_id]
        return await open_session(
            own,
            person_id=person.id,
            membership=membership,
            method="password",
            visitor=Visitor(address="203.0.113.7", user_agent="Tests"),
            now=now,
        )


@asynccontextmanager
async def browsing(
    app: Litestar, database: Database, company: Company, who: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the company at their desk, for calls and pages."""
    opened = await sign_in(database, company, who, database.clock.now())
    async with visitor(app) as browser:
        browser.cookies.set(COOKIE, opened.token)
        browser.headers["sec-fetch-site"] = "same-origin"
        yield browser


async def actor_of(database: Database, company: Company, who: str, now: datetime) -> Actor:
    """Somebody of the company, as their session would make them."""
    member = company.people[who]
    async with database.transaction(company.actor()) as tx:
        access = await identity.access_of(tx, member.id, now=now)
        return identity.as_actor(tx, member.id, access, label=member.name)
