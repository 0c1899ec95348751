"""A company with drivers, vehicles and parcels, in a line or two."""

from datetime import date, datetime
from uuid import UUID

import httpx2 as httpx
import msgspec
from litestar import Litestar

from tandem.contracts.address import Address
from tandem.contracts.shipping import ShipmentReady
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery import jobs, service
from tandem.scm.delivery.domain.deliveries import Delivery, Report
from tandem.scm.delivery.domain.fleet import Driver, VehicleKind
from tandem.scm.delivery.domain.permissions import DRIVE
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import Status
from tests.givens import visitor

assert jobs, "importing registers the jobs that deliveries enqueue"

HUB = (12.9716, 77.5946)
DOOR = (12.9806, 77.5946)
"""A kilometre north of the hub."""
PHONE = "+919812345678"
PNG = b"\x89PNG\r\n\x1a\n" + b"a very small picture"

TOPICS = Query(
    """
    select topic from kernel.event
     where org_id = :org_id and key = :key
     order by seq
    """
)

STATUSES = Query(
    """
    select status, reason, conflict, occurred_at
      from delivery.delivery_status
     where org_id = :org_id and delivery_id = :delivery_id
     order by seq
    """
)

_phones = iter(range(9_800_000_000, 9_900_000_000))


class Crew(msgspec.Struct, frozen=True):
    """A driver with a device and its token."""

    driver: Driver
    device_id: UUID
    token: str

    def actor(self, org_id: UUID) -> Actor:
        return Actor(
            org_id=org_id,
            user_id=self.driver.id,
            kind=Kind.DRIVER,
            grants=frozenset({DRIVE}),
            label=self.driver.first_name,
        )


async def a_driver(tx: Tx, now: datetime, name: str = "Ravi Kumar", *, stops_max: int = 20) -> Crew:
    """On shift, with a scooter and a phone."""
    phone = f"+91{next(_phones)}"
    driver = await service.add_driver(tx, name=name, phone=phone, stops_max=stops_max, now=now)
    vehicle = await service.add_vehicle(
        tx, kind=VehicleKind.SCOOTER, plate=f"KA 01 {phone[-6:]}", now=now
    )
    await service.start_shift(tx, driver.id, vehicle_id=vehicle.id, now=now)
    device, token = await service.add_device(tx, driver.id, name="Phone", now=now)
    return Crew(driver, device.id, token)


def ready(
    *, door: tuple[float, float] | None = DOOR, cod_minor: int = 0, phone: str = PHONE
) -> ShipmentReady:
    number = f"SHP-{new_id().hex[-10:].upper()}"
    return ShipmentReady(
        order_id=new_id(),
        shipment_id=new_id(),
        number=number,
        carrier="own_fleet",
        ship_to=Address(
            name="Meera Iyer",
            line1="14, 3rd Cross",
            city="Bengaluru",
            state_code="29",
            postal_code="560003",
            phone=phone,
            latitude=door[0] if door else None,
            longitude=door[1] if door else None,
        ),
        recipient_phone=phone,
        promised_on=None,
        cod_minor=cod_minor,
        currency="INR",
        parcels=1,
    )


async def a_delivery(
    tx: Tx,
    now: datetime,
    *,
    door: tuple[float, float] | None = DOOR,
    cod_minor: int = 0,
    phone: str = PHONE,
    proofs: list[ProofKind] | None = None,
    order_id: UUID | None = None,
    promised_on: date | None = None,
) -> Delivery:
    event = ready(door=door, cod_minor=cod_minor, phone=phone)
    if order_id is not None:
        event = msgspec.structs.replace(event, order_id=order_id)
    if promised_on is not None:
        event = msgspec.structs.replace(event, promised_on=promised_on)
    delivery = await service.open_delivery(
        tx, event=event, order_number=event.number.replace("SHP", "ORD"), now=now
    )
    if proofs is not None:
        delivery = await service.set_proof_policy(
            tx, delivery.id, kinds=proofs, reason="test", now=now
        )
    return delivery


async def brought_to(
    database: Database,
    org_id: UUID,
    crew: Crew,
    delivery_id: UUID,
    status: Status,
    now: datetime,
) -> Delivery:
    """Assign a delivery and let its driver carry it as far as that."""
    way = [
        Status.ACCEPTED,
        Status.AT_PICKUP,
        Status.PICKED_UP,
        Status.EN_ROUTE,
        Status.ARRIVING,
        Status.ARRIVED,
    ]
    async with database.transaction(Actor.system(org_id)) as tx:
        delivery = await service.assign(tx, delivery_id, driver_id=crew.driver.id, now=now)
    for step in way[: way.index(status) + 1 if status in way else 0]:
        async with database.transaction(crew.actor(org_id)) as tx:
            delivery = await service.report(tx, delivery_id, Report(status=step), now=now)
    return delivery


async def topics_of(tx: Tx, order_id: UUID) -> list[str]:
    return [row["topic"] for row in await tx.records(TOPICS, key=str(order_id))]


async def statuses_of(tx: Tx, delivery_id: UUID) -> list[str]:
    """The status table in the order it was written; `!` before one that moved nothing."""
    rows = await tx.records(STATUSES, delivery_id=delivery_id)
    return [("!" if row["conflict"] else "") + row["status"] for row in rows]


def phone_of(app: Litestar, crew: Crew) -> httpx.AsyncClient:
    """The driver's phone: the real application called with the device's token."""
    caller = visitor(app)
    caller.headers["authorization"] = f"Bearer {crew.token}"
    return caller


def wrong(code: str) -> str:
    """Six other digits."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
