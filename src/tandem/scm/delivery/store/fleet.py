"""Drivers, vehicles, devices, shifts."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Database, Query, Tx
from tandem.scm.delivery.domain.fleet import Device, Driver, KnownDevice, Shift, Vehicle

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

INSERT_DEVICE = Query(
    """
    insert into delivery.device (org_id, id, driver_id, name, token_hash, created_at)
    values (:org_id, :id, :driver_id, :name, :token_hash, :created_at)
    """
)

LIST_DEVICES = Query(
    """
    select id, driver_id, name, created_at, revoked_at
      from delivery.device
     where org_id = :org_id and driver_id = :driver_id and revoked_at is null
     order by id
    """
)

REVOKE_DEVICE = Query(
    """
    update delivery.device
       set revoked_at = :now
     where org_id = :org_id and driver_id = :driver_id and id = :id and revoked_at is null
    """
)

FIND_BROWSER = Query(
    """
    select id, driver_id, name, created_at, revoked_at
      from delivery.device
     where org_id = :org_id and driver_id = :driver_id and token_hash is null
     order by id
     limit 1
    """
)

FIND_DEVICE = Query(
    """
    select org_id, device_id, driver_id, driver_name
      from delivery.find_device(:token_hash)
    """,
    beyond_org="the token is the credential; the organisation follows from it",
)

FIND_DRIVERS = Query(
    "select org_id, driver_id from delivery.find_drivers(:phone)",
    beyond_org="a driver signs in by phone before any organisation is known",
)

INSERT_SIGN_IN_CODE = Query(
    """
    insert into delivery.sign_in_code (org_id, id, driver_id, secret, created_at, expires_at)
    values (:org_id, :id, :driver_id, :secret, :now, :expires_at)
    """
)

COUNT_SIGN_IN_CODES = Query(
    """
    select count(*)
      from delivery.sign_in_code
     where org_id = :org_id and driver_id = :driver_id and created_at > :since
    """
)

LOCK_SIGN_IN_CODE = Query(
    """
    select id, secret, tries
      from delivery.sign_in_code
     where org_id = :org_id and driver_id = :driver_id and used_at is null and expires_at > :now
     order by created_at desc, id desc
     limit 1
       for update
    """
)

GET_SIGN_IN_SECRET = Query(
    "select secret from delivery.sign_in_code where org_id = :org_id and id = :id"
)

COUNT_SIGN_IN_TRY = Query(
    "update delivery.sign_in_code set tries = tries + 1 where org_id = :org_id and id = :id"
)

USE_SIGN_IN_CODE = Query(
    "update delivery.sign_in_code set used_at = :now where org_id = :org_id and id = :id"
)

FORGET_SIGN_IN_CODES = Query(
    "delete from delivery.sign_in_code where org_id = :org_id and expires_at < :before"
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


class SignInCode(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    secret: bytes
    tries: int


class DriverAnywhere(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    driver_id: UUID


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


async def add_device(tx: Tx, device: Device, token_hash: bytes | None) -> None:
    await tx.run(
        INSERT_DEVICE,
        id=device.id,
        driver_id=device.driver_id,
        name=device.name,
        token_hash=token_hash,
        created_at=device.created_at,
    )


async def list_devices(tx: Tx, driver_id: UUID) -> list[Device]:
    return await tx.many(LIST_DEVICES, Device, driver_id=driver_id)


async def revoke_device(tx: Tx, driver_id: UUID, device_id: UUID, now: datetime) -> bool:
    return bool(await tx.run(REVOKE_DEVICE, driver_id=driver_id, id=device_id, now=now))


async def find_browser(tx: Tx, driver_id: UUID) -> Device | None:
    return await tx.one_or_none(FIND_BROWSER, Device, driver_id=driver_id)


async def find_device(database: Database, token_hash: bytes) -> KnownDevice | None:
    rows = await database.look_up(FIND_DEVICE, KnownDevice, token_hash=token_hash)
    return rows[0] if rows else None


async def find_drivers_by_phone(database: Database, phone: str) -> list[DriverAnywhere]:
    return await database.look_up(FIND_DRIVERS, DriverAnywhere, phone=phone)


async def add_sign_in_code(
    tx: Tx, *, code_id: UUID, driver_id: UUID, secret: bytes, now: datetime, expires_at: datetime
) -> None:
    await tx.run(
        INSERT_SIGN_IN_CODE,
        id=code_id,
        driver_id=driver_id,
        secret=secret,
        now=now,
        expires_at=expires_at,
    )


async def count_sign_in_codes(tx: Tx, driver_id: UUID, since: datetime) -> int:
    return int(await tx.value(COUNT_SIGN_IN_CODES, driver_id=driver_id, since=since))


async def lock_sign_in_code(tx: Tx, driver_id: UUID, now: datetime) -> SignInCode | None:
    return await tx.one_or_none(LOCK_SIGN_IN_CODE, SignInCode, driver_id=driver_id, now=now)


async def sign_in_secret(tx: Tx, code_id: UUID) -> bytes | None:
    return await tx.value(GET_SIGN_IN_SECRET, id=code_id)  # type: ignore[no-any-return]


async def count_sign_in_try(tx: Tx, code_id: UUID) -> None:
    await tx.run(COUNT_SIGN_IN_TRY, id=code_id)


async def use_sign_in_code(tx: Tx, code_id: UUID, now: datetime) -> None:
    await tx.run(USE_SIGN_IN_CODE, id=code_id, now=now)


async def forget_sign_in_codes(tx: Tx, before: datetime) -> int:
    return await tx.run(FORGET_SIGN_IN_CODES, before=before)


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
