"""Passkeys, by person and by credential."""

from uuid import UUID

import msgspec

from tandem.crm.identity.domain.passkeys import Passkey
from tandem.kernel.db import Query, Tx

INSERT_PASSKEY = Query(
    """
    insert into identity.passkey
           (org_id, id, person_id, credential_id, public_key, sign_count, name, transports,
            is_backup_eligible, is_backed_up, created_at)
    values (:org_id, :id, :person_id, :credential_id, :public_key, :sign_count, :name, :transports,
            :is_backup_eligible, :is_backed_up, :now)
        on conflict (credential_id) do nothing
    """
)

FIND_PASSKEY = Query(
    """
    select id, person_id, credential_id, public_key, sign_count
      from identity.passkey
     where org_id = :org_id and credential_id = :credential_id
    """
)

CREDENTIALS_OF = Query(
    """
    select id, person_id, credential_id, public_key, sign_count
      from identity.passkey
     where org_id = :org_id and person_id = :person_id
     order by id
    """
)

LIST_PASSKEYS = Query(
    """
    select id, name, is_backup_eligible, is_backed_up, created_at, last_used_at
      from identity.passkey
     where org_id = :org_id and person_id = :person_id
     order by created_at, id
    """
)

USED_PASSKEY = Query(
    """
    update identity.passkey
       set sign_count = :sign_count, is_backed_up = :is_backed_up, last_used_at = :now
     where org_id = :org_id and id = :id and (sign_count < :sign_count or :sign_count = 0)
    """
)

REMOVE_PASSKEYS = Query(
    "delete from identity.passkey where org_id = :org_id and person_id = :person_id"
)

DELETE_PASSKEY = Query(
    "delete from identity.passkey where org_id = :org_id and id = :id and person_id = :person_id"
)


class StoredPasskey(msgspec.Struct, frozen=True):
    id: UUID
    person_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int


async def find_passkey(own: Tx, credential_id: bytes) -> StoredPasskey | None:
    return await own.one_or_none(FIND_PASSKEY, StoredPasskey, credential_id=credential_id)


async def credentials_of(own: Tx, person_id: UUID) -> list[StoredPasskey]:
    return await own.many(CREDENTIALS_OF, StoredPasskey, person_id=person_id)


async def list_passkeys(own: Tx, person_id: UUID) -> list[Passkey]:
    return await own.many(LIST_PASSKEYS, Passkey, person_id=person_id)
