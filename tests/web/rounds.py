"""A day of deliveries for the browser tests of dispatch and of the driver's page."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import httpx2 as httpx
import msgspec

from tandem.contracts.address import Address
from tandem.contracts.shipping import ShipmentReady
from tandem.kernel import jobs
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id
from tandem.sandbox.city import build_city
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.deliveries import Delivery, Report
from tandem.scm.delivery.domain.fleet import Driver
from tandem.scm.delivery.domain.permissions import DRIVE
from tandem.scm.delivery.domain.places import metres_between
from tandem.scm.delivery.domain.statuses import Status

SPEED_MPS = 8.0
STEP_SECONDS = 5
PEOPLE = ("Kavya Hegde", "Arjun Menon", "Farah Ali", "Dev Patel", "Nisha Rao", "Om Prakash")
TO_THE_DOOR = (
    Status.ACCEPTED,
    Status.AT_PICKUP,
    Status.PICKED_UP,
    Status.EN_ROUTE,
    Status.ARRIVING,
    Status.ARRIVED,
)


class Phone(msgspec.Struct, frozen=True):
    """A driver's phone: who drives, and what signs it in."""

    driver: Driver
    token: str


async def company(database: Database) -> Actor:
    """The demo company's suite, which may everything."""
    (org_id,) = (await jobs.organisations(database))[:1]
    return Actor.system(org_id, "Round")


async def open_delivery(
    tx: Tx, seed: int, *, promised_on: date, now: datetime, cod_minor: int = 0
) -> Delivery:
    """One parcel to a house of the demo city; the same house for the same seed."""
    found = build_city().random_address(seed)
    to = Address(
        name=PEOPLE[seed % len(PEOPLE)],
        line1=found.line1,
        line2=found.district,
        city=found.city,
        state_code="29",
        postal_code=found.pin,
        phone=f"+9198{seed % 10**8:08}",
        latitude=found.position[0],
        longitude=found.position[1],
    )
    event = ShipmentReady(
        order_id=new_id(),
        shipment_id=new_id(),
        number=f"SHP-{seed:05}",
        carrier="own_fleet",
        ship_to=to,
        recipient_phone=to.phone,
        promised_on=promised_on,
        cod_minor=cod_minor,
        currency="INR",
        parcels=1 + seed % 2,
    )
    return await delivery_service.open_delivery(
        tx, event=event, now=now, order_number=f"SO-2026-{seed:05}"
    )


async def crew(tx: Tx) -> list[Driver]:
    return (await delivery_service.list_drivers(tx, is_active=True, limit=50)).items


async def phone_of(tx: Tx, driver: Driver, *, now: datetime) -> Phone:
    _, token = await delivery_service.add_device(tx, driver.id, name="Test phone", now=now)
    return Phone(driver, token)


async def tell(
    database: Database,
    driver: Driver,
    delivery_id: UUID,
    statuses: Sequence[Status],
    **more: object,
) -> Delivery:
    """The driver reports these statuses, one after another."""
    actor = Actor(
        org_id=(await company(database)).org_id,
        user_id=driver.id,
        kind=Kind.DRIVER,
        grants=frozenset({DRIVE}),
        label=driver.first_name,
    )
    async with database.transaction(actor) as tx:
        for status in statuses:
            report = Report(status=status, **more)  # type: ignore[arg-type]
            told = await delivery_service.report(tx, delivery_id, report, now=database.clock.now())
    return told


def way(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Places every `STEP_SECONDS` along the streets, at a scooter's speed."""
    corners = build_city().route(start, end).points
    places: list[tuple[float, float]] = [corners[0]]
    left = 0.0
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise(corners):
        length = metres_between(lat_a, lon_a, lat_b, lon_b)
        along = SPEED_MPS * STEP_SECONDS - left
        while length and along <= length:
            part = along / length
            places.append((lat_a + (lat_b - lat_a) * part, lon_a + (lon_b - lon_a) * part))
            along += SPEED_MPS * STEP_SECONDS
        left = length - (along - SPEED_MPS * STEP_SECONDS)
    return places


async def send(
    base_url: str, phone: Phone, places: Sequence[tuple[float, float]], *, until: datetime
) -> None:
    """As a phone that was at these places, the last one at `until`."""
    first = until - timedelta(seconds=STEP_SECONDS * (len(places) - 1))
    pings = [
        {
            "at": (first + timedelta(seconds=STEP_SECONDS * index)).isoformat(),
            "lat": lat,
            "lon": lon,
            "accuracy_m": 6,
            "speed_mps": SPEED_MPS,
            "battery": 82,
        }
        for index, (lat, lon) in enumerate(places)
    ]
    async with httpx.AsyncClient(base_url=base_url) as client:
        for start in range(0, len(pings), 400):
            answer = await client.post(
                "/v1/driver/pings",
                json={"pings": pings[start : start + 400]},
                headers={"authorization": f"Bearer {phone.token}"},
            )
            assert answer.status_code == 200, answer.text
