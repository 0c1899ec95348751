"""Time-based codes and recovery codes."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

KINDS = Query(
    """
    select (select count(*) from identity.time_code
             where org_id = :org_id and person_id = :person_id
               and confirmed_at is not null) as codes,
           (select count(*) from identity.passkey
             where org_id = :org_id and person_id = :person_id) as passkeys
    """
)

START_TIME_CODE = Query(
    """
    insert into identity.time_code (org_id, id, person_id, secret, created_at)
    values (:org_id, :id, :person_id, :secret, :now)
        on conflict (org_id, person_id) where confirmed_at is null do update
       set id = excluded.id, secret = excluded.secret, created_at = excluded.created_at
    """
)

FIND_TIME_CODE = Query(
    """
    select id, person_id, secret::bytea as secret, last_step, confirmed_at
      from identity.time_code
     where org_id = :org_id and person_id = :person_id
       and (confirmed_at is not null) = :is_confirmed
    """
)

ACCEPT_STEP = Query(
    """
    update identity.time_code set last_step = :step
     where org_id = :org_id and id = :id and last_step < :step
    """
)

CONFIRM_TIME_CODE = Query(
    """
    update identity.time_code set confirmed_at = :now, last_step = :step
     where org_id = :org_id and id = :id and confirmed_at is null
    """
)

REMOVE_TIME_CODE = Query(
    """
    delete from identity.time_code
     where org_id = :org_id and person_id = :person_id
       and (:except_id::uuid is null or id <> :except_id)
    """
)

INSERT_RECOVERY_CODES = Query(
    """
    insert into identity.recovery_code (org_id, person_id, code_hash, created_at)
    select :org_id, :person_id, code_hash, :now from unnest(:hashes::bytea[]) as made (code_hash)
    """
)

USE_RECOVERY_CODE = Query(
    """
    update identity.recovery_code set used_at = :now
     where org_id = :org_id and person_id = :person_id and code_hash = :code_hash
       and used_at is null
    """
)

REMOVE_RECOVERY_CODES = Query(
    "delete from identity.recovery_code where org_id = :org_id and person_id = :person_id"
)

COUNT_RECOVERY_CODES = Query(
    """
    select count(*) from identity.recovery_code
     where org_id = :org_id and person_id = :person_id and used_at is null
    """
)


class TimeCode(msgspec.Struct, frozen=True):
    id: UUID
    person_id: UUID
    secret: bytes
    last_step: int
    confirmed_at: datetime | None


class Kinds(msgspec.Struct, frozen=True):
    codes: int
    passkeys: int


async def kinds_of(own: Tx, person_id: UUID) -> list[str]:
    """What would do as this person's second factor: `totp`, `passkey`; recovery codes with both."""
    found = await own.one(KINDS, Kinds, person_id=person_id)
    return [
        *(["totp"] if found.codes else []),
        *(["passkey"] if found.passkeys else []),
    ]


async def find_time_code(own: Tx, person_id: UUID, *, is_confirmed: bool) -> TimeCode | None:
    return await own.one_or_none(
        FIND_TIME_CODE, TimeCode, person_id=person_id, is_confirmed=is_confirmed
    )
