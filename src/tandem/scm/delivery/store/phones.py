"""Drivers' phones and the codes they sign in with."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import secrets
from tandem.kernel.db import Database, Query, Tx
from tandem.scm.delivery.domain.fleet import Device, KnownDevice

SIGN_IN_CODE = "delivery.sign_in_code"
"""What secrets are sealed for (kernel.secrets)."""

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
    insert into delivery.sign_in_code (org_id, id, driver_id, sealed, created_at, expires_at)
    values (:org_id, :id, :driver_id, :sealed, :now, :expires_at)
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
    select id, sealed::bytea as sealed, tries
      from delivery.sign_in_code
     where org_id = :org_id and driver_id = :driver_id and used_at is null and expires_at > :now
     order by created_at desc, id desc
     limit 1
       for update
    """
)


GET_SIGN_IN_SECRET = Query(
    "select sealed::bytea from delivery.sign_in_code where org_id = :org_id and id = :id"
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


class SignInCode(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    secret: bytes
    tries: int


class DriverAnywhere(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    driver_id: UUID


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
        sealed=secrets.seal(
            secret, org_id=tx.actor.org_id, purpose=SIGN_IN_CODE, subject=str(code_id)
        ),
        now=now,
        expires_at=expires_at,
    )


async def count_sign_in_codes(tx: Tx, driver_id: UUID, since: datetime) -> int:
    return int(await tx.value(COUNT_SIGN_IN_CODES, driver_id=driver_id, since=since))


async def lock_sign_in_code(tx: Tx, driver_id: UUID, now: datetime) -> SignInCode | None:
    rows = await tx.records(LOCK_SIGN_IN_CODE, driver_id=driver_id, now=now)
    if not rows:
        return None
    found = rows[0]
    secret = _opened(tx, found["id"], found["sealed"])
    return SignInCode(id=found["id"], secret=secret, tries=found["tries"])


async def sign_in_secret(tx: Tx, code_id: UUID) -> bytes | None:
    sealed = await tx.value(GET_SIGN_IN_SECRET, id=code_id)
    return _opened(tx, code_id, sealed) if sealed else None


def _opened(tx: Tx, code_id: UUID, sealed: bytes) -> bytes:
    return secrets.unseal(
        sealed, org_id=tx.actor.org_id, purpose=SIGN_IN_CODE, subject=str(code_id)
    )


async def count_sign_in_try(tx: Tx, code_id: UUID) -> None:
    await tx.run(COUNT_SIGN_IN_TRY, id=code_id)


async def use_sign_in_code(tx: Tx, code_id: UUID, now: datetime) -> None:
    await tx.run(USE_SIGN_IN_CODE, id=code_id, now=now)


async def forget_sign_in_codes(tx: Tx, before: datetime) -> int:
    return await tx.run(FORGET_SIGN_IN_CODES, before=before)
