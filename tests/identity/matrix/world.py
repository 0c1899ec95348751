"""Two companies with a record of every kind, and a caller of every kind."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import msgspec
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.roles import ROLES, Role
from tandem.crm.identity.service import buyers
from tandem.crm.identity.sessions import COOKIE
from tandem.crm.identity.store.buyers import INSERT_SESSION
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.payments import service as payments
from tandem.scm.payments.service.reading import Filter
from tandem.web.portal.pages import COOKIE as BUYER_COOKIE
from tests.givens import visitor
from tests.identity.company import Company, found, hire, sign_in
from tests.identity.matrix.bodies import Bodies, Json

MARKER = "Kestrel"
"""In the name of every record of the company that is looked at."""


class Caller(msgspec.Struct):
    """`grants` are permissions held for everybody's records, `scoped` those for one's own."""

    name: str
    client: httpx.AsyncClient
    is_inside: bool = True
    is_known: bool = True
    is_person: bool = True
    grants: frozenset[str] = frozenset()
    scoped: frozenset[str] = frozenset()


class World(msgspec.Struct):
    company: Company
    known: dict[str, Any]
    callers: list[Caller]
    secrets: frozenset[str]
    """What nobody but the record's own people may be told."""
    bodies: Bodies


async def build(app: Litestar, database: Database, now: datetime) -> World:
    real = database.clock.now()
    company = await found(database, real, marker=MARKER)
    other = await found(database, real, name="Other Traders", marker="Plover")
    async with database.transaction(company.actor()) as tx:
        await identity.add_role(tx, Role(key="nothing_at_all", name="Nothing", grants=[]), now=real)
        company.people["nobody"] = await hire(tx, "nobody", "nothing_at_all", real)
        company.people["tess"] = await hire(tx, "tess", "sales_manager", real)
        await identity.join_node(
            tx, identity.TEAMS, company.teams["south"], company.people["tess"].id, now=real
        )
    known, token = await fill(app, database, company, real)
    order = company.orders["rina"]
    callers = await _callers(app, database, company, other, token, real)
    return World(
        company=company,
        known=known,
        callers=callers,
        secrets=frozenset({f"{MARKER} of Rina", order.public_token}),
        bodies=Bodies(app.openapi_schema.to_schema(), known),
    )


async def fill(
    app: Litestar, database: Database, company: Company, now: datetime
) -> tuple[dict[str, Any], str]:
    """A record of every kind: their ids by the name a path has for them, and a driver's token."""
    await outbox.drain(database)
    schema = app.openapi_schema.to_schema()
    known, token = await _records(database, company, now)
    asha = _visitor(app, cookie=await _session(database, company, "asha", now))
    await _made_by_api(asha, Bodies(schema, known), schema, known)
    await outbox.drain(database)
    return known, token


async def _records(
    database: Database, company: Company, now: datetime
) -> tuple[dict[str, Any], str]:
    order = company.orders["rina"]
    async with database.transaction(company.actor()) as tx:
        driver = await delivery.add_driver(
            tx, name=f"{MARKER} Driver", phone="+919845012345", now=now
        )
        vehicle = await delivery.add_vehicle(
            tx, kind=VehicleKind.SCOOTER, plate="KA 01 AB 4711", now=now
        )
        await delivery.start_shift(tx, driver.id, vehicle_id=vehicle.id, now=now)
        device, token = await delivery.add_device(tx, driver.id, name="Phone", now=now)
        carried = (await delivery.list_deliveries(tx, order_id=order.id, limit=1)).items[0]
        await payments.record_cash(
            tx,
            order_id=order.id,
            order_number=order.number,
            delivery_id=carried.id,
            amount_minor=order.total_minor,
            currency=order.currency,
            now=now,
        )
        paid = (
            await payments.list_payments(tx, Filter(order_id=order.id), limit=1, cursor=None)
        ).items[0]
        key, _ = await identity.add_api_key(tx, name=MARKER, grants=["orders.read"], now=now)
    return {
        "customer_id": str(company.customers["rina"]),
        "order_id": str(order.id),
        "object_id": str(order.id),
        "object_kind": "order",
        "shipment_id": str(carried.shipment_id),
        "delivery_id": str(carried.id),
        "payment_id": str(paid.id),
        "driver_id": str(driver.id),
        "vehicle_id": str(vehicle.id),
        "device_id": str(device.id),
        "variant_id": str(order.lines[0].variant_id),
        "order_line_id": str(order.lines[0].id),
        "sku": order.lines[0].sku,
        "location_id": str(company.shop.location.id),
        "user_id": str(company.people["rina"].id),
        "team_id": str(company.teams["north"]),
        "territory_id": str(company.lands["coast"]),
        "node_id": str(company.teams["north"]),
        "role_key": "nothing_at_all",
        "key_id": str(key.id),
        "token": order.public_token,
        "org_id": str(company.org_id),
    }, token


FIRST_OF: Mapping[str, str] = {
    "invoice_id": "/v1/invoices",
    "product_id": "/v1/products",
    "message_id": "/v1/messages",
    "run_id": "/v1/runs",
}
MADE: Mapping[str, str] = {
    "account_id": "/v1/accounts",
    "segment_id": "/v1/segments",
    "campaign_id": "/v1/campaigns",
    "field_id": "/v1/custom-fields",
    "complaint_id": "/v1/complaints",
    "reply_id": "/v1/saved-replies",
    "invitation_id": "/v1/invitations",
    "share_id": "/v1/shares",
    "note_id": "/v1/customers/{subject_id}/notes",
    "task_id": "/v1/customers/{subject_id}/tasks",
}


async def _made_by_api(
    asha: httpx.AsyncClient, bodies: Bodies, schema: Json, known: dict[str, Any]
) -> None:
    """What lists have already, and what an administrator adds with a body made from the OpenAPI."""
    for name, path in FIRST_OF.items():
        listed = (await asha.get(path, params={"limit": 1})).json()
        items = listed.get("items", []) if isinstance(listed, dict) else listed
        if items:
            known[name] = items[0]["id"]
    known["subject_id"] = known["customer_id"]
    for name, path in MADE.items():
        if path not in schema["paths"]:
            continue
        sent = bodies.of(schema["paths"][path]["post"])
        assert sent, f"POST {path} takes a body"
        answer = await asha.post(path.format(**known), json=sent[1])
        if answer.is_success and answer.json():
            known[name] = answer.json()["id"]


async def _callers(
    app: Litestar,
    database: Database,
    company: Company,
    other: Company,
    device: str,
    now: datetime,
) -> list[Caller]:
    async with database.transaction(company.actor()) as tx:
        reading = ROLES["read_only"].grants
        _, reader = await identity.add_api_key(tx, name="reader", grants=reading, now=now)
    async with database.transaction(Actor.system(company.org_id)) as tx:
        _, expired = await identity.add_api_key(
            tx,
            name="expired",
            grants=["*"],
            now=now - timedelta(days=2),
            life=timedelta(days=1),
        )

    async def at(where: Company, who: str) -> httpx.AsyncClient:
        return _visitor(app, cookie=await _session(database, where, who, now))

    return [
        Caller("anonymous", _visitor(app), is_inside=False, is_known=False),
        Caller("expired key", _visitor(app, bearer=expired), is_inside=False, is_known=False),
        Caller("nobody", await at(company, "nobody")),
        Caller("other company", await at(other, "asha"), is_inside=False, grants=frozenset("*")),
        _seller("own scope", await at(company, "sam"), "sales"),
        _seller("other team", await at(company, "tess"), "sales_manager"),
        Caller(
            "read-only key",
            _visitor(app, bearer=reader),
            is_person=False,
            grants=frozenset(reading),
        ),
        Caller(
            "driver",
            _visitor(app, bearer=device),
            is_person=False,
            grants=frozenset({"delivery.drive"}),
        ),
        Caller(
            "portal",
            _visitor(app, cookie=await _buyer(database, company, now), named=BUYER_COOKIE),
            is_known=False,
            is_person=False,
        ),
    ]


def _seller(name: str, client: httpx.AsyncClient, role: str) -> Caller:
    grants = ROLES[role].grants
    return Caller(
        name,
        client,
        grants=frozenset(grant for grant in grants if "@" not in grant),
        scoped=frozenset(grant.partition("@")[0] for grant in grants if "@" in grant),
    )


async def _buyer(database: Database, company: Company, now: datetime) -> str:
    """The session of Raj's customer, who bought here too, but not what is asked for."""
    token = f"buyer-{new_id().hex}"
    async with database.transaction(Actor.system(company.org_id)) as tx:
        await tx.run(
            INSERT_SESSION,
            id=new_id(),
            customer_id=company.customers["raj"],
            token_hash=hash_of(token),
            address="127.0.0.1",
            now=now,
            expires_at=now + buyers.SESSION_LIFE,
        )
    return token


async def _session(database: Database, company: Company, who: str, now: datetime) -> str:
    return (await sign_in(database, company, who, now)).token


def _visitor(
    app: Litestar, *, cookie: str = "", named: str = COOKIE, bearer: str = ""
) -> httpx.AsyncClient:
    client = visitor(app)
    if cookie:
        client.cookies.set(named, cookie)
        client.headers["sec-fetch-site"] = "same-origin"
    if bearer:
        client.headers["authorization"] = f"Bearer {bearer}"
    return client
