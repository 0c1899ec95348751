"""Providers and what they were given. Their secrets are one sealed value, written and read here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.breakers import Breaker
from tandem.crm.notifications.domain.providers import Carriage, Provider
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.secrets import seal, unseal

PURPOSE = "notifications.provider"

_PROVIDER: LiteralString = """
    select id, name, channel, kind, config, rank, weight, is_active, is_stand_in, failures,
           openings, closed_because, closed_until, last_error, last_error_at, last_taken_at,
           version, created_at
      from notifications.provider
"""

LIST = Query(_PROVIDER + "where org_id = :org_id order by channel, rank, name limit 50")

GET = Query(_PROVIDER + "where org_id = :org_id and id = :id")

LOCK = Query(_PROVIDER + "where org_id = :org_id and id = :id for update")

LIST_ACTIVE = Query(
    _PROVIDER
    + "where org_id = :org_id and channel = :channel and is_active order by rank, id limit 50"
)

INSERT = Query(
    """
    insert into notifications.provider
           (org_id, id, name, channel, kind, config, secrets, rank, weight, is_active,
            is_stand_in, created_at, updated_at)
    values (:org_id, :id, :name, :channel, :kind, :config, :secrets, :rank, :weight, :is_active,
            :is_stand_in, :now, :now)
        on conflict (org_id, name) do nothing
    """
)

UPDATE = Query(
    """
    update notifications.provider p
       set name = :name, config = :config, secrets = :secrets, rank = :rank, weight = :weight,
           is_active = :is_active, failures = 0, openings = 0, closed_because = '',
           closed_until = null, probe_until = null, last_error = '', last_error_at = null,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
       and not exists (select 1 from notifications.provider other
                        where other.org_id = :org_id and other.name = :name and other.id <> :id)
    """
)

DELETE = Query("delete from notifications.provider where org_id = :org_id and id = :id")

SET_BREAKER = Query(
    """
    update notifications.provider
       set failures = :failures, openings = :openings, closed_because = :reason,
           closed_until = :until, probe_until = null, last_error = :error, last_error_at = :now
     where org_id = :org_id and id = :id
    """
)

NOTE_TAKEN = Query(
    """
    update notifications.provider
       set failures = 0, openings = 0, closed_because = '', closed_until = null,
           probe_until = null, last_taken_at = :now
     where org_id = :org_id and id = :id
       and (failures > 0 or closed_because <> '' or last_taken_at is null
            or last_taken_at < :before)
    """
)

CLAIM_PROBE = Query(
    """
    update notifications.provider
       set probe_until = :until
     where org_id = :org_id and id = :id and (probe_until is null or probe_until <= :now)
    """
)

GET_SECRETS = Query(
    "select secrets from notifications.provider where org_id = :org_id and id = :id"
)

ADD_CARRIAGES = Query(
    """
    insert into notifications.carriage (org_id, id, message_id, provider_id, at)
    select :org_id, id, message_id, provider_id, :now::timestamptz
      from unnest(:ids::uuid[], :message_ids::uuid[], :provider_ids::uuid[])
           as carried (id, message_id, provider_id)
    """
)

LAST_CARRIER = Query(
    """
    select provider_id
      from notifications.carriage
     where org_id = :org_id and message_id = :message_id
     order by id desc
     limit 1
    """
)

LIST_CARRIAGES = Query(
    """
    select c.provider_id, coalesce(p.name, 'A provider that was removed') as name, c.at
      from notifications.carriage c
      left join notifications.provider p on p.org_id = :org_id and p.id = c.provider_id
     where c.org_id = :org_id and c.message_id = :message_id
     order by c.id
     limit 100
    """
)

WAS_CARRIED_BY = Query(
    """
    select exists (select 1 from notifications.carriage
                    where org_id = :org_id and message_id = :message_id
                      and provider_id = :provider_id)
    """
)


async def list_all(tx: Tx) -> list[Provider]:
    return await tx.many(LIST, Provider)


async def list_active(tx: Tx, channel: str) -> list[Provider]:
    return await tx.many(LIST_ACTIVE, Provider, channel=channel)


async def find(tx: Tx, provider_id: UUID) -> Provider | None:
    return await tx.one_or_none(GET, Provider, id=provider_id)


async def lock(tx: Tx, provider_id: UUID) -> Provider | None:
    return await tx.one_or_none(LOCK, Provider, id=provider_id)


async def insert(tx: Tx, provider: Provider, secrets: Mapping[str, str], *, now: datetime) -> bool:
    """False where the name is taken."""
    added = await tx.run(
        INSERT,
        id=provider.id,
        name=provider.name,
        channel=provider.channel,
        kind=provider.kind,
        config=provider.config,
        secrets=_sealed(tx, provider.id, secrets),
        rank=provider.rank,
        weight=provider.weight,
        is_active=provider.is_active,
        is_stand_in=provider.is_stand_in,
        now=now,
    )
    return bool(added)


async def update(tx: Tx, provider: Provider, secrets: Mapping[str, str], *, now: datetime) -> bool:
    """Whatever was wrong before is forgotten. False where the name is taken."""
    changed = await tx.run(
        UPDATE,
        id=provider.id,
        name=provider.name,
        config=provider.config,
        secrets=_sealed(tx, provider.id, secrets),
        rank=provider.rank,
        weight=provider.weight,
        is_active=provider.is_active,
        now=now,
    )
    return bool(changed)


async def delete(tx: Tx, provider_id: UUID) -> None:
    await tx.run(DELETE, id=provider_id)


async def set_breaker(
    tx: Tx, provider_id: UUID, breaker: Breaker, *, error: str, now: datetime
) -> None:
    await tx.run(
        SET_BREAKER,
        id=provider_id,
        failures=breaker.failures,
        openings=breaker.openings,
        reason=breaker.reason,
        until=breaker.until,
        error=error[:500],
        now=now,
    )


async def note_taken(tx: Tx, provider_id: UUID, *, now: datetime, before: datetime) -> None:
    """Writes nothing while all is well and somebody wrote so since `before`."""
    await tx.run(NOTE_TAKEN, id=provider_id, now=now, before=before)


async def claim_probe(tx: Tx, provider_id: UUID, *, now: datetime, until: datetime) -> bool:
    return bool(await tx.run(CLAIM_PROBE, id=provider_id, now=now, until=until))


async def read_secrets(tx: Tx, provider_id: UUID) -> dict[str, str]:
    sealed: bytes = await tx.value(GET_SECRETS, id=provider_id)
    plain = unseal(sealed, org_id=tx.actor.org_id, purpose=PURPOSE, subject=str(provider_id))
    return msgspec.json.decode(plain, type=dict[str, str])


async def add_carriages(tx: Tx, carried: Sequence[tuple[UUID, UUID]], *, now: datetime) -> None:
    """(message, provider) each."""
    await tx.run(
        ADD_CARRIAGES,
        ids=[new_id() for _ in carried],
        message_ids=[message_id for message_id, _ in carried],
        provider_ids=[provider_id for _, provider_id in carried],
        now=now,
    )


async def last_carrier(tx: Tx, message_id: UUID) -> UUID | None:
    found: UUID | None = await tx.value(LAST_CARRIER, message_id=message_id)
    return found


async def list_carriages(tx: Tx, message_id: UUID) -> list[Carriage]:
    return await tx.many(LIST_CARRIAGES, Carriage, message_id=message_id)


async def was_carried_by(tx: Tx, message_id: UUID, provider_id: UUID) -> bool:
    return bool(await tx.value(WAS_CARRIED_BY, message_id=message_id, provider_id=provider_id))


def _sealed(tx: Tx, provider_id: UUID, secrets: Mapping[str, str]) -> bytes:
    return seal(
        msgspec.json.encode(dict(secrets)),
        org_id=tx.actor.org_id,
        purpose=PURPOSE,
        subject=str(provider_id),
    )
