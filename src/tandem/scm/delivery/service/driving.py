"""What a driver's phone shows: the day's stops, each with its next possible taps."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.kernel.db import Tx
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.fleet import Driver, Shift, Vehicle
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import FAILURES, Status, allowed
from tandem.scm.delivery.service.reporting import DRIVERS_SAY, current_driver
from tandem.scm.delivery.service.viewing import lacking
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import etas, fleet
from tandem.scm.delivery.store import proofs as proof_store


class DriverStop(msgspec.Struct, frozen=True, kw_only=True):
    """One stop as its driver needs it. The buyer's door code and link have no place here."""

    resource: ClassVar[str] = "delivery"

    delivery_id: UUID
    order_number: str
    shipment_number: str
    status: Status
    allowed: list[Status]
    missing: list[str]
    stop_seq: int
    attempt: int
    ship_to: Address
    recipient_phone: str
    lat: float | None
    lon: float | None
    pickup_name: str
    pickup_lat: float | None
    pickup_lon: float | None
    proof_policy: list[ProofKind]
    proofs: list[ProofKind]
    cod_minor: int
    currency: str
    parcels: int
    promised_on: date | None
    offered_until: datetime | None
    arrives_at: datetime | None
    version: int


class DriverDay(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` are the reason codes a failed attempt may have, with their words."""

    driver: Driver
    shift: Shift | None
    vehicle: Vehicle | None
    stops: list[DriverStop]
    failures: dict[str, str]


async def day(tx: Tx) -> DriverDay:
    """Everything open of the driver who asks, in the order of the run."""
    driver = await current_driver(tx)
    shift = await fleet.open_shift(tx, driver.id)
    vehicle_id = shift.vehicle_id if shift else None
    deliveries = await store.list_of_drivers(tx, [driver.id])
    ids = [delivery.id for delivery in deliveries]
    kinds = await proof_store.kinds_of(tx, ids)
    standing = await etas.get(tx, ids)
    return DriverDay(
        driver=driver,
        shift=shift,
        vehicle=await fleet.find_vehicle(tx, vehicle_id) if vehicle_id else None,
        stops=[
            _stop(
                delivery,
                kinds.get(delivery.id, set()),
                standing[delivery.id].arrives_at if delivery.id in standing else None,
            )
            for delivery in deliveries
        ],
        failures=dict(FAILURES),
    )


async def stop_of(tx: Tx, delivery: Delivery) -> DriverStop:
    """One stop, as an answer to what its driver just told."""
    kinds = await proof_store.kinds_of(tx, [delivery.id])
    return _stop(delivery, kinds.get(delivery.id, set()), None)


def _stop(delivery: Delivery, kinds: set[ProofKind], arrives_at: datetime | None) -> DriverStop:
    options = allowed(delivery.status, was_picked_up=delivery.was_picked_up)
    says = DRIVERS_SAY | ({Status.ACCEPTED} if delivery.status is Status.OFFERED else set())
    return DriverStop(
        delivery_id=delivery.id,
        order_number=delivery.order_number,
        shipment_number=delivery.shipment_number,
        status=delivery.status,
        allowed=_taps(delivery.status, [option for option in options if option in says]),
        missing=lacking(delivery, kinds),
        stop_seq=delivery.stop_seq,
        attempt=delivery.attempt,
        ship_to=delivery.ship_to,
        recipient_phone=delivery.recipient_phone,
        lat=delivery.lat,
        lon=delivery.lon,
        pickup_name=delivery.pickup_name,
        pickup_lat=delivery.pickup_lat,
        pickup_lon=delivery.pickup_lon,
        proof_policy=delivery.proof_policy,
        proofs=sorted(kinds),
        cod_minor=delivery.cod_minor,
        currency=delivery.currency,
        parcels=delivery.parcels,
        promised_on=delivery.promised_on,
        offered_until=delivery.offered_until,
        arrives_at=arrives_at,
        version=delivery.version,
    )


def _taps(status: Status, options: list[Status]) -> list[Status]:
    """An offer is accepted in one tap, though the table goes by way of assigned."""
    return [Status.ACCEPTED, *options] if status is Status.OFFERED else options
