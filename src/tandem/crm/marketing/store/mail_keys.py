"""Signing keys of sending domains. The private half is read by nobody but who signs."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.mail_keys import RECORD_KEPT, Algorithm, MailKey, NewMailKey
from tandem.kernel.db import Query, Tx

_KEY: LiteralString = """
    select k.id, k.domain_id, k.selector, k.algorithm,
           k.selector || '._domainkey.' || d.domain as name,
           'v=DKIM1; k=' || k.algorithm || '; p=' || k.public_key as record,
           k.state, k.created_at, k.proven_at, k.rested_at + :kept::interval as record_until
      from marketing.mail_key k
      join marketing.sending_domain d on d.org_id = :org_id and d.id = k.domain_id
     where k.org_id = :org_id
"""

LIST = Query(
    _KEY + "and (:domain_id::uuid is null or k.domain_id = :domain_id) order by k.id limit 500"
)
GET = Query(_KEY + "and k.id = :id")

INSERT = Query(
    """
    insert into marketing.mail_key
           (org_id, id, domain_id, selector, algorithm, public_key, private_key, state, created_at)
    values (:org_id, :id, :domain_id, :selector, :algorithm, :public_key, :private_key, 'waiting',
            :now)
    """
)

# One statement each, in the order that leaves one key of an algorithm signing at any moment.
REST = Query(
    """
    update marketing.mail_key
       set state = 'resting', private_key = null, rested_at = :now
     where org_id = :org_id and id = any(:ids::uuid[]) and state <> 'resting'
    """
)

MOVE = Query(
    """
    update marketing.mail_key
       set state = :state,
           proven_at = case when :state = 'signing' then coalesce(proven_at, :now)
                            else proven_at end
     where org_id = :org_id and id = any(:ids::uuid[]) and state <> 'resting'
    """
)

DELETE = Query("delete from marketing.mail_key where org_id = :org_id and id = :id")

SIGNING = Query(
    """
    select k.id, d.domain, k.selector, k.algorithm, k.private_key
      from marketing.mail_key k
      join marketing.sending_domain d on d.org_id = :org_id and d.id = k.domain_id
     where k.org_id = :org_id and k.state = 'signing' and d.verified_at is not null
     order by d.domain, k.algorithm desc
    """
)

NEXT_NUMBER = Query(
    """
    update marketing.sending_domain
       set keys_made = keys_made + 1
     where org_id = :org_id and id = :id
    returning keys_made
    """
)


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """As it lies in the table: opened by the service."""

    id: UUID
    domain: str
    selector: str
    algorithm: Algorithm
    private_key: bytes


async def list_keys(tx: Tx, domain_id: UUID | None) -> list[MailKey]:
    return await tx.many(LIST, MailKey, domain_id=domain_id, kept=RECORD_KEPT)


async def find(tx: Tx, key_id: UUID) -> MailKey | None:
    return await tx.one_or_none(GET, MailKey, id=key_id, kept=RECORD_KEPT)


async def next_number(tx: Tx, domain_id: UUID) -> int | None:
    """A selector's number is never used again; None: there is no such domain."""
    found: int | None = await tx.value(NEXT_NUMBER, id=domain_id)
    return found


async def insert(
    tx: Tx,
    key_id: UUID,
    domain_id: UUID,
    new: NewMailKey,
    *,
    selector: str,
    public_key: str,
    private_key: bytes,
    now: datetime,
) -> None:
    await tx.run(
        INSERT,
        id=key_id,
        domain_id=domain_id,
        selector=selector,
        algorithm=new.algorithm,
        public_key=public_key,
        private_key=private_key,
        now=now,
    )


async def rest(tx: Tx, ids: Sequence[UUID], now: datetime) -> None:
    await tx.run(REST, ids=list(ids), now=now)


async def move(tx: Tx, ids: Sequence[UUID], state: str, now: datetime) -> None:
    await tx.run(MOVE, ids=list(ids), state=state, now=now)


async def delete(tx: Tx, key_id: UUID) -> None:
    await tx.run(DELETE, id=key_id)


async def signing(tx: Tx) -> list[Sealed]:
    return await tx.many(SIGNING, Sealed)
