"""Carrier accounts. Their secrets are one sealed value, written and read here only."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.secrets import seal, unseal
from tandem.scm.shipping.domain.notices import CarrierAccount, Secrets

PURPOSE = "shipping.carrier_account"

INSERT = Query(
    """
    insert into shipping.carrier_account (org_id, id, name, form, secrets, created_at)
    values (:org_id, :id, :name, :form, :secrets, :created_at)
        on conflict (org_id, name) do nothing
    """
)

LIST = Query(
    """
    select id, name, form, heard_at, created_at
      from shipping.carrier_account
     where org_id = :org_id
     order by name
     limit 200
    """
)

LOCK = Query(
    """
    select id, name, form, heard_at, created_at
      from shipping.carrier_account
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

GET_SECRETS = Query(
    "select secrets from shipping.carrier_account where org_id = :org_id and id = :id"
)

SAVE_SECRETS = Query(
    """
    update shipping.carrier_account set secrets = :secrets where org_id = :org_id and id = :id
    """
)

HEARD = Query(
    """
    update shipping.carrier_account set heard_at = :now where org_id = :org_id and id = :id
    """
)

REMOVE = Query("delete from shipping.carrier_account where org_id = :org_id and id = :id")

FIND_SHIPMENT = Query(
    """
    select id from shipping.shipment
     where org_id = :org_id and awb = :awb
     order by id desc
     limit 1
    """
)


async def insert(tx: Tx, account: CarrierAccount, secrets: Secrets) -> bool:
    """False where another has this name."""
    added = await tx.run(
        INSERT,
        id=account.id,
        name=account.name,
        form=account.form,
        secrets=_sealed(tx, account.id, secrets),
        created_at=account.created_at,
    )
    return bool(added)


async def list_accounts(tx: Tx) -> list[CarrierAccount]:
    return await tx.many(LIST, CarrierAccount)


async def lock(tx: Tx, account_id: UUID) -> CarrierAccount | None:
    return await tx.one_or_none(LOCK, CarrierAccount, id=account_id)


async def read_secrets(tx: Tx, account_id: UUID) -> Secrets | None:
    sealed: bytes | None = await tx.value(GET_SECRETS, id=account_id)
    if sealed is None:
        return None
    plain = unseal(sealed, org_id=tx.actor.org_id, purpose=PURPOSE, subject=str(account_id))
    return msgspec.json.decode(plain, type=Secrets)


async def save_secrets(tx: Tx, account_id: UUID, secrets: Secrets) -> None:
    await tx.run(SAVE_SECRETS, id=account_id, secrets=_sealed(tx, account_id, secrets))


async def note_heard(tx: Tx, account_id: UUID, now: datetime) -> None:
    await tx.run(HEARD, id=account_id, now=now)


async def remove(tx: Tx, account_id: UUID) -> None:
    await tx.run(REMOVE, id=account_id)


async def shipment_of_awb(tx: Tx, awb: str) -> UUID | None:
    found: UUID | None = await tx.value(FIND_SHIPMENT, awb=awb)
    return found


def _sealed(tx: Tx, account_id: UUID, secrets: Secrets) -> bytes:
    return seal(
        msgspec.json.encode(secrets),
        org_id=tx.actor.org_id,
        purpose=PURPOSE,
        subject=str(account_id),
    )
