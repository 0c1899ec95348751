"""Drivers, vehicles, shifts, devices and how a driver signs in."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.contracts.delivery import DriverCodeRequested
from tandem.kernel import audit, jobs
from tandem.kernel.actor import INSTALLATION, Actor, Kind
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.fields import as_kept
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.delivery.domain.doorcodes import hotp, new_secret
from tandem.scm.delivery.domain.fleet import (
    DEVICES_MAX,
    SIGN_IN_CODE_LIFE,
    SIGN_IN_CODES_MAX,
    SIGN_IN_TRIES_MAX,
    Device,
    Driver,
    DriverBusy,
    KnownDevice,
    PhoneTaken,
    PlateTaken,
    Shift,
    TooManyDevices,
    UnknownVehicle,
    Vehicle,
    VehicleInUse,
    VehicleKind,
    WrongSignInCode,
    hash_of,
    new_device_token,
)
from tandem.scm.delivery.domain.permissions import DRIVE, FLEET, READ
from tandem.scm.delivery.domain.statuses import WITH_DRIVER
from tandem.scm.delivery.store import fleet as store
from tandem.scm.delivery.store import phones, rounds
from tandem.scm.delivery.store.deliveries import list_of_drivers

BROWSER = "Browser"
SEND_SIGN_IN_CODES = "delivery.send_sign_in_codes"
NOBODY = INSTALLATION, UUID(int=0)


async def add_driver(
    tx: Tx,
    *,
    name: str,
    phone: str,
    now: datetime,
    user_id: UUID | None = None,
    stops_max: int = 20,
) -> Driver:
    """Refuses a phone or a user that another driver has."""
    tx.actor.require(FLEET)
    driver = Driver(
        id=new_id(),
        user_id=user_id,
        name=name.strip(),
        phone=phone,
        stops_max=stops_max,
        is_active=True,
        version=1,
        created_at=now,
    )
    if not await store.add_driver(tx, driver):
        raise PhoneTaken("Another driver has this phone or this user.", field="phone")
    await _note(tx, "delivery.driver_added", "driver", driver.id, now, after={"name": driver.name})
    return driver


async def change_driver(tx: Tx, driver: Driver, *, now: datetime) -> Driver:
    """Save a changed driver as it was handed in; the caller checked the version.

    Raises PhoneTaken, and DriverBusy for one who leaves with parcels in hand or on their round.
    """
    tx.actor.require(FLEET)
    before = await get_driver(tx, driver.id)
    driver = as_kept(tx.actor, driver, before)
    if before.is_active and not driver.is_active:
        await _check_free(tx, driver)
    if not await store.save_driver(tx, driver):
        raise PhoneTaken("Another driver has this phone or this user.", field="phone")
    await _note(
        tx,
        "delivery.driver_changed",
        "driver",
        driver.id,
        now,
        before={"is_active": before.is_active, "stops_max": before.stops_max},
        after={"is_active": driver.is_active, "stops_max": driver.stops_max},
    )
    return msgspec.structs.replace(driver, version=before.version + 1)


async def _check_free(tx: Tx, driver: Driver) -> None:
    held = [one for one in await list_of_drivers(tx, [driver.id]) if one.status in WITH_DRIVER]
    if held:
        numbers = ", ".join(one.shipment_number for one in held[:5])
        raise DriverBusy(
            f"{driver.name} still has {len(held)} to deliver: {numbers}. Give them to somebody "
            "else, or say what became of them, first.",
            count=len(held),
        )


async def get_driver(tx: Tx, driver_id: UUID) -> Driver:
    _require_any(tx, READ, FLEET)
    found = await store.find_driver(tx, driver_id)
    if found is None:
        raise NotFound("There is no such driver.")
    return found


async def lock_driver(tx: Tx, driver_id: UUID) -> Driver:
    tx.actor.require(FLEET)
    found = await store.lock_driver(tx, driver_id)
    if found is None:
        raise NotFound("There is no such driver.")
    return found


async def list_drivers(
    tx: Tx, *, is_active: bool | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Driver]:
    """By name."""
    _require_any(tx, READ, FLEET)
    after = decode_cursor(cursor, str, UUID) if cursor else None
    rows = await store.list_drivers(
        tx,
        is_active=is_active,
        after=(_text(after[0]), after[1]) if after else None,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda driver: (driver.name, driver.id))


async def add_vehicle(tx: Tx, *, kind: VehicleKind, plate: str, now: datetime) -> Vehicle:
    tx.actor.require(FLEET)
    vehicle = Vehicle(
        id=new_id(), kind=kind, plate=plate, is_active=True, version=1, created_at=now
    )
    if not await store.add_vehicle(tx, vehicle):
        raise PlateTaken("Another vehicle has this plate.", field="plate")
    return vehicle


async def change_vehicle(tx: Tx, vehicle: Vehicle) -> Vehicle:
    tx.actor.require(FLEET)
    if not await store.save_vehicle(tx, vehicle):
        raise PlateTaken("Another vehicle has this plate.", field="plate")
    return msgspec.structs.replace(vehicle, version=vehicle.version + 1)


async def get_vehicle(tx: Tx, vehicle_id: UUID) -> Vehicle:
    _require_any(tx, READ, FLEET)
    found = await store.find_vehicle(tx, vehicle_id)
    if found is None:
        raise NotFound("There is no such vehicle.")
    return found


async def list_vehicles(
    tx: Tx, *, is_active: bool | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Vehicle]:
    """By plate."""
    _require_any(tx, READ, FLEET)
    after = decode_cursor(cursor, str, UUID) if cursor else None
    rows = await store.list_vehicles(
        tx,
        is_active=is_active,
        after=(_text(after[0]), after[1]) if after else None,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda vehicle: (vehicle.plate, vehicle.id))


async def start_shift(tx: Tx, driver_id: UUID, *, vehicle_id: UUID | None, now: datetime) -> Shift:
    """Go on shift, with a vehicle nobody else has. Already on shift with it: the same shift."""
    await _require_driver_or(tx, driver_id, FLEET)
    if vehicle_id is not None:
        vehicle = await store.find_vehicle(tx, vehicle_id)
        if vehicle is None or not vehicle.is_active:
            raise UnknownVehicle("There is no such vehicle in use.", field="vehicle_id")
    running = await store.open_shift(tx, driver_id)
    if running and running.vehicle_id == vehicle_id:
        return running
    if running:
        await store.end_shift(tx, driver_id, now)
    shift = Shift(
        id=new_id(), driver_id=driver_id, vehicle_id=vehicle_id, started_at=now, ended_at=None
    )
    if not await store.start_shift(tx, shift):
        raise VehicleInUse("Another driver is on shift with this vehicle.", field="vehicle_id")
    return shift


async def end_shift(tx: Tx, driver_id: UUID, *, now: datetime) -> None:
    """Go off shift. Open stops stay assigned; dispatch sees them."""
    await _require_driver_or(tx, driver_id, FLEET)
    await store.end_shift(tx, driver_id, now)
    await rounds.close_run(tx, driver_id, now)


async def add_device(tx: Tx, driver_id: UUID, *, name: str, now: datetime) -> tuple[Device, str]:
    """A device and its bearer token, which is shown this once."""
    tx.actor.require(FLEET)
    if await store.lock_driver(tx, driver_id) is None:
        raise NotFound("There is no such driver.")
    if len(await phones.list_devices(tx, driver_id)) >= DEVICES_MAX:
        raise TooManyDevices(f"A driver has {DEVICES_MAX} devices at most. Revoke one first.")
    device, token = await _register(tx, driver_id, name, now)
    await _note(tx, "delivery.device_added", "driver", driver_id, now, after={"device": name})
    return device, token


async def list_devices(tx: Tx, driver_id: UUID) -> list[Device]:
    _require_any(tx, READ, FLEET)
    await get_driver(tx, driver_id)
    return await phones.list_devices(tx, driver_id)


async def revoke_device(tx: Tx, driver_id: UUID, device_id: UUID, *, now: datetime) -> None:
    """From now on its token is unknown. Revoking twice is fine; another's device is not found."""
    tx.actor.require(FLEET)
    if not await phones.revoke_device(tx, driver_id, device_id, now):
        raise NotFound("There is no such device.")
    await _note(
        tx, "delivery.device_revoked", "driver", driver_id, now, after={"device": str(device_id)}
    )


async def browser_of(tx: Tx, driver_id: UUID, *, now: datetime) -> Device:
    """The device that stands for a linked person's browser; it has no token of its own."""
    if found := await phones.find_browser(tx, driver_id):
        return found
    device = Device(id=new_id(), driver_id=driver_id, name=BROWSER, created_at=now, revoked_at=None)
    await phones.add_device(tx, device, None)
    return device


async def find_device(database: Database, token_hash: bytes) -> KnownDevice | None:
    """By the SHA-256 of its bearer token; None when it is unknown or revoked."""
    return await phones.find_device(database, token_hash)


def actor_of_device(device: KnownDevice) -> Actor:
    """The driver behind it."""
    return Actor(
        org_id=device.org_id,
        user_id=device.driver_id,
        kind=Kind.DRIVER,
        grants=frozenset({DRIVE}),
        label=device.driver_name.split()[0],
    )


async def request_sign_in_code(database: Database, phone: str) -> None:
    """Have a code texted to the drivers with this phone. Whoever asks learns nothing, by the time
    it takes neither: the same is written for every phone, and only the worker looks."""
    async with database.transaction(Actor.system(INSTALLATION)) as own:
        await jobs.enqueue(own, SEND_SIGN_IN_CODES, phone=phone)


async def write_sign_in_codes(database: Database, phone: str) -> None:
    """The worker's part: a code for each driver with this phone, of whatever company."""
    now = database.clock.now()
    for found in await phones.find_drivers_by_phone(database, phone):
        async with database.transaction(Actor.system(found.org_id)) as tx:
            if await store.lock_driver(tx, found.driver_id) is None:
                continue
            since = now - timedelta(hours=1)
            if await phones.count_sign_in_codes(tx, found.driver_id, since) >= SIGN_IN_CODES_MAX:
                continue
            code_id = new_id()
            await phones.add_sign_in_code(
                tx,
                code_id=code_id,
                driver_id=found.driver_id,
                secret=new_secret(),
                now=now,
                expires_at=now + SIGN_IN_CODE_LIFE,
            )
            await tx.publish(DriverCodeRequested(driver_id=found.driver_id, code_id=code_id))


async def sign_in_code(tx: Tx, code_id: UUID) -> str:
    """The digits for the driver's text message. Only the suite itself may ask."""
    if tx.actor.kind is not Kind.SYSTEM:
        raise Forbidden("Sign-in codes are for the driver alone.", permission="system")
    secret = await phones.sign_in_secret(tx, code_id)
    if secret is None:
        raise NotFound("There is no such code.")
    return hotp(secret, 0)


async def sign_in(
    database: Database, *, phone: str, code: str, device_name: str
) -> tuple[Driver, Device, str]:
    """Trade a texted code for a device token. Every refusal is the same WrongSignInCode."""
    now = database.clock.now()
    found = await phones.find_drivers_by_phone(database, phone)
    # For a phone that nobody has too, so that the time does not tell.
    for org_id, driver_id in [(one.org_id, one.driver_id) for one in found] or [NOBODY]:
        actor = Actor.system(org_id, "Driver sign-in")
        async with database.transaction(actor) as tx:
            signed_in = await _try_code(tx, driver_id, code, device_name, now)
        if signed_in:
            return signed_in
    raise WrongSignInCode("The code is wrong, used or too old. Ask for a new one.")


async def _try_code(
    tx: Tx, driver_id: UUID, code: str, device_name: str, now: datetime
) -> tuple[Driver, Device, str] | None:
    held = await phones.lock_sign_in_code(tx, driver_id, now)
    if held is None or held.tries >= SIGN_IN_TRIES_MAX:
        return None
    if hotp(held.secret, 0) != code:
        await phones.count_sign_in_try(tx, held.id)
        return None
    await phones.use_sign_in_code(tx, held.id, now)
    driver = await store.lock_driver(tx, driver_id)
    assert driver, "the driver was found by phone a moment ago"
    devices = await phones.list_devices(tx, driver_id)
    for old in devices[: max(0, len(devices) - DEVICES_MAX + 1)]:
        await phones.revoke_device(tx, driver_id, old.id, now)
    device, token = await _register(tx, driver_id, device_name, now)
    return driver, device, token


async def forget_sign_in_codes(tx: Tx, *, now: datetime) -> int:
    return await phones.forget_sign_in_codes(tx, now - timedelta(days=1))


async def _register(tx: Tx, driver_id: UUID, name: str, now: datetime) -> tuple[Device, str]:
    token = new_device_token()
    device = Device(id=new_id(), driver_id=driver_id, name=name, created_at=now, revoked_at=None)
    await phones.add_device(tx, device, hash_of(token))
    return device, token


async def _require_driver_or(tx: Tx, driver_id: UUID, permission: str) -> None:
    """The driver themselves, or somebody who may manage the fleet; the driver must exist."""
    is_self = tx.actor.kind is Kind.DRIVER and tx.actor.user_id == driver_id
    if not is_self:
        linked = await store.driver_of_user(tx, tx.actor.user_id) if tx.actor.user_id else None
        if not (linked and linked.id == driver_id and tx.actor.may(DRIVE)):
            tx.actor.require(permission)
    if await store.lock_driver(tx, driver_id) is None:
        raise NotFound("There is no such driver.")


def _require_any(tx: Tx, *permissions: str) -> None:
    if not any(tx.actor.may(permission) for permission in permissions):
        tx.actor.require(permissions[0])


def _text(value: str) -> str:
    """A cursor's text as PostgreSQL can take it."""
    return value.replace("\x00", "")


async def _note(
    tx: Tx,
    action: str,
    kind: str,
    subject_id: UUID,
    now: datetime,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind=kind,
        subject_id=subject_id,
        now=now,
        before=before,
        after=after,
    )
