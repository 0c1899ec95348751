"""Sending domains and the addresses at them."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from tandem.crm.marketing.domain.senders import Found, FromAddress, SendingDomain
from tandem.kernel.db import Query, Tx

_DOMAIN: LiteralString = """
    select d.id, d.domain, d.dkim_selector, d.challenge, d.verified_at, d.spf, d.dkim, d.dmarc,
           d.detail, d.checked_at, d.created_at,
           coalesce((select jsonb_agg(jsonb_build_object(
                            'id', a.id, 'domain_id', d.id, 'name', a.name,
                            'address', a.local_part || '@' || d.domain,
                            'is_verified', d.verified_at is not null) order by a.local_part)
                       from marketing.from_address a
                      where a.org_id = :org_id and a.domain_id = d.id), '[]'::jsonb) as addresses
      from marketing.sending_domain d
"""

LIST = Query(_DOMAIN + "where d.org_id = :org_id order by d.domain limit 50")
GET = Query(_DOMAIN + "where d.org_id = :org_id and d.id = :id")

DUE = Query(
    """
    select id from marketing.sending_domain
     where org_id = :org_id and (checked_at is null or checked_at <= :before)
     order by id
    """
)

INSERT = Query(
    """
    insert into marketing.sending_domain
           (org_id, id, domain, dkim_selector, challenge, created_at)
    values (:org_id, :id, :domain, :dkim_selector, :challenge, :now)
        on conflict do nothing
    """
)

RECORD = Query(
    """
    update marketing.sending_domain
       set verified_at = case when :is_own::boolean then coalesce(verified_at, :now) end,
           spf = :spf, dkim = :dkim, dmarc = :dmarc, detail = :detail, checked_at = :now
     where org_id = :org_id and id = :id
    """
)

DELETE = Query("delete from marketing.sending_domain where org_id = :org_id and id = :id")

ADD_ADDRESS = Query(
    """
    insert into marketing.from_address (org_id, id, domain_id, local_part, name, created_at)
    values (:org_id, :id, :domain_id, :local_part, :name, :now)
        on conflict do nothing
    """
)

GET_ADDRESS = Query(
    """
    select a.id, a.domain_id, a.local_part || '@' || d.domain as address, a.name,
           d.verified_at is not null as is_verified
      from marketing.from_address a
      join marketing.sending_domain d on d.org_id = :org_id and d.id = a.domain_id
     where a.org_id = :org_id and a.id = :id
    """
)

DELETE_ADDRESS = Query("delete from marketing.from_address where org_id = :org_id and id = :id")


async def list_domains(tx: Tx) -> list[SendingDomain]:
    return await tx.many(LIST, SendingDomain)


async def find(tx: Tx, domain_id: UUID) -> SendingDomain | None:
    return await tx.one_or_none(GET, SendingDomain, id=domain_id)


async def due(tx: Tx, before: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.records(DUE, before=before)]


async def insert(
    tx: Tx, *, domain_id: UUID, domain: str, dkim_selector: str, challenge: str, now: datetime
) -> bool:
    return bool(
        await tx.run(
            INSERT,
            id=domain_id,
            domain=domain,
            dkim_selector=dkim_selector,
            challenge=challenge,
            now=now,
        )
    )


async def record(tx: Tx, domain_id: UUID, found: Found, now: datetime) -> None:
    await tx.run(
        RECORD,
        id=domain_id,
        is_own=found.is_own,
        spf=found.spf,
        dkim=found.dkim,
        dmarc=found.dmarc,
        detail=found.detail,
        now=now,
    )


async def delete(tx: Tx, domain_id: UUID) -> None:
    await tx.run(DELETE, id=domain_id)


async def add_address(
    tx: Tx, *, address_id: UUID, domain_id: UUID, local_part: str, name: str, now: datetime
) -> bool:
    return bool(
        await tx.run(
            ADD_ADDRESS,
            id=address_id,
            domain_id=domain_id,
            local_part=local_part,
            name=name,
            now=now,
        )
    )


async def find_address(tx: Tx, address_id: UUID) -> FromAddress | None:
    return await tx.one_or_none(GET_ADDRESS, FromAddress, id=address_id)


async def delete_address(tx: Tx, address_id: UUID) -> None:
    await tx.run(DELETE_ADDRESS, id=address_id)
