"""Drivers, vehicles, devices, shifts."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.delivery.domain.fleet import Driver, Shift, Vehicle

INSERT_DRIVER = Query(
    """
    insert into delivery.driver
           (org_id, id, user_id, name, phone, stops_max, is_active, version, created_at)
    values (:org_id, :id, :user_id, :name, :phone, :stops_max, :is_active, :version, :created_at)
        on conflict do nothing
    """
)

UPDATE_DRIVER = Query(
    """
    update delivery.driver d
       set name = :name, phone = :phone, stops_max = :stops_max, is_active = :is_active,
           user_id = :user_id, version = version + 1
     where org_id = :org_id and id = :id
       and not exists (
           select 1 from delivery.driver other
            where other.org_id = :org_id and other.id <> :id
              and (other.phone = :phone or other.user_id = :user_id))
    """
)

GET_DRIVER = Query(
    """
    select id, user_id, name, phone, stops_max, is_active, version, created_at
      from delivery.driver
     where org_id = :org_id and id = :id
    """
)

LOCK_DRIVER = Query(
    """
    select id, user_id, name, phone, stops_max, is_active, version, created_at
      from delivery.driver
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

LIST_OF_IDS = Query(
    """
    select id, user_id, name, phone, stops_max, is_active, version, created_at
      from delivery.driver
     where org_id = :org_id and id = any(:ids::uuid[])
     order by id
    """
)

DRIVER_OF_USER = Query(
    """
    select id, user_id, name, phone, stops_max, is_active, version, created_at
      from delivery.driver
     where org_id = :org_id and user_id = :user_id and is_active
    """
)

LIST_DRIVERS = Query(
    """
    select id, user_id, name, phone, stops_max, is_active, version, created_at
      from delivery.driver
     where org_id = :org_id
       and (:is_active::boolean is null or is_active = :is_active)
       and (:after_name::text is null or (name, id) > (:after_name, :after_id::uuid))
     order by name, id
     limit :count
    """
)

INSERT_VEHICLE = Query(
    """
    insert into delivery.vehicle (org_id, id, kind, plate, is_active, version, created_at)
    values (:org_id, :id, :kind, :plate, :is_active, :version, :created_at)
        on conflict do nothing
    """
)

UPDATE_VEHICLE = Query(
    """
    update delivery.vehicle v
       set kind = :kind, plate = :plate, is_active = :is_active, version = version + 1
     where org_id = :org_id and id = :id
       and not exists (
           select 1 from delivery.vehicle other
            where other.org_id = :org_id and other.id <> :id and other.plate = :plate)
    """
)

GET_VEHICLE = Query(
    """
    select id, kind, plate, is_active, version, created_at
      from delivery.vehicle
     where org_id = :org_id and id = :id
    """
)

LIST_VEHICLES = Query(
    """
    select id, kind, plate, is_active, version, created_at
      from delivery.vehicle
     where org_id = :org_id
       and (:is_active::boolean is null or is_active = :is_active)
       and (:after_plate::text is null or (plate, id) > (:after_plate, :after_id::uuid))
     order by plate, id
     limit :count
    """
)


INSERT_SHIFT = Query(
    """
    insert into delivery.shift (org_id, id, driver_id, vehicle_id, started_at)
    values (:org_id, :id, :driver_id, :vehicle_id, :now)
        on conflict do nothing
    """
)

END_SHIFT = Query(
    """
    update delivery.shift
       set ended_at = greatest(:now::timestamptz, started_at)
     where org_id = :org_id and driver_id = :driver_id and ended_at is null
    """
)

OPEN_SHIFT = Query(
    """
    select id, driver_id, vehicle_id, started_at, ended_at
      from delivery.shift
     where org_id = :org_id and driver_id = :driver_id and ended_at is null
    """
)

LIST_OPEN_SHIFTS = Query(
    """
    select id, driver_id, vehicle_id, started_at, ended_at
      from delivery.shift
     where org_id = :org_id and ended_at is null
     order by driver_id
     limit 2000
    """
)


async def add_driver(tx: Tx, driver: Driver) -> bool:
    """False when the phone or the user is another driver's already."""
    return bool(await tx.run(INSERT_DRIVER, **msgspec.structs.asdict(driver)))


async def save_driver(tx: Tx, driver: Driver) -> bool:
    return bool(
        await tx.run(
            UPDATE_DRIVER,
            id=driver.id,
            name=driver.name,
            phone=driver.phone,
            stops_max=driver.stops_max,
            is_active=driver.is_active,
            user_id=driver.user_id,
        )
    )


async def find_driver(tx: Tx, driver_id: UUID) -> Driver | None:
    return await tx.one_or_none(GET_DRIVER, Driver, id=driver_id)


async def lock_driver(tx: Tx, driver_id: UUID) -> Driver | None:
    return await tx.one_or_none(LOCK_DRIVER, Driver, id=driver_id)


async def list_of_ids(tx: Tx, ids: list[UUID]) -> list[Driver]:
    return await tx.many(LIST_OF_IDS, Driver, ids=ids)


async def driver_of_user(tx: Tx, user_id: UUID) -> Driver | None:
    return await tx.one_or_none(DRIVER_OF_USER, Driver, user_id=user_id)


async def list_drivers(
    tx: Tx, *, is_active: bool | None, after: tuple[str, UUID] | None, count: int
) -> list[Driver]:
    name, driver_id = after or (None, None)
    return await tx.many(
        LIST_DRIVERS,
        Driver,
        is_active=is_active,
        after_name=name,
        after_id=driver_id,
        count=count,
    )


async def add_vehicle(tx: Tx, vehicle: Vehicle) -> bool:
    """False when another vehicle has the plate."""
    return bool(await tx.run(INSERT_VEHICLE, **msgspec.structs.asdict(vehicle)))


async def save_vehicle(tx: Tx, vehicle: Vehicle) -> bool:
    return bool(
        await tx.run(
            UPDATE_VEHICLE,
            id=vehicle.id,
            kind=vehicle.kind,
            plate=vehicle.plate,
            is_active=vehicle.is_active,
        )
    )


async def find_vehicle(tx: Tx, vehicle_id: UUID) -> Vehicle | None:
    return await tx.one_or_none(GET_VEHICLE, Vehicle, id=vehicle_id)


async def list_vehicles(
    tx: Tx, *, is_active: bool | None, after: tuple[str, UUID] | None, count: int
) -> list[Vehicle]:
    plate, vehicle_id = after or (None, None)
    return await tx.many(
        LIST_VEHICLES,
        Vehicle,
        is_active=is_active,
        after_plate=plate,
        after_id=vehicle_id,
        count=count,
    )


async def start_shift(tx: Tx, shift: Shift) -> bool:
    """False when the driver or the vehicle is on a shift already."""
    return bool(
        await tx.run(
            INSERT_SHIFT,
            id=shift.id,
            driver_id=shift.driver_id,
            vehicle_id=shift.vehicle_id,
            now=shift.started_at,
        )
    )


async def end_shift(tx: Tx, driver_id: UUID, now: datetime) -> bool:
    return bool(await tx.run(END_SHIFT, driver_id=driver_id, now=now))


async def open_shift(tx: Tx, driver_id: UUID) -> Shift | None:
    return await tx.one_or_none(OPEN_SHIFT, Shift, driver_id=driver_id)


async def list_open_shifts(tx: Tx) -> list[Shift]:
    return await tx.many(LIST_OPEN_SHIFTS, Shift)
