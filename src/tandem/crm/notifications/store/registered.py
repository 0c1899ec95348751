"""What is registered for texts: the company with DLT, and each text."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.registered import (
    NewRegisteredText,
    NewRegistration,
    RegisteredText,
    Registration,
)
from tandem.kernel.db import Query, Tx

GET_REGISTRATION = Query(
    """
    select entity_id, headers, is_enforced, version
      from notifications.dlt_registration
     where org_id = :org_id
    """
)

SAVE_REGISTRATION = Query(
    """
    insert into notifications.dlt_registration
           (org_id, entity_id, headers, is_enforced, updated_at)
    values (:org_id, :entity_id, :headers, :is_enforced, :now)
        on conflict (org_id) do update
           set entity_id = excluded.entity_id, headers = excluded.headers,
               is_enforced = excluded.is_enforced, updated_at = excluded.updated_at,
               version = dlt_registration.version + 1
    """
)

_TEXT: LiteralString = """
    select id, registry, template_id, name, language, header, category, body, is_active, version,
           created_at
      from notifications.registered_text
"""

LIST = Query(
    _TEXT + "where org_id = :org_id order by registry, template_id, language, id limit 1000"
)
GET = Query(_TEXT + "where org_id = :org_id and id = :id")

INSERT = Query(
    """
    insert into notifications.registered_text
           (org_id, id, registry, template_id, name, language, header, category, body, is_active,
            created_at, updated_at)
    values (:org_id, :id, :registry, :template_id, :name, :language, :header, :category, :body,
            :is_active, :now, :now)
        on conflict (org_id, registry, template_id, language) do nothing
    """
)

UPDATE = Query(
    """
    update notifications.registered_text t
       set template_id = :template_id, name = :name, language = :language, header = :header,
           category = :category, body = :body, is_active = :is_active, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id and registry = :registry
       and not exists (select 1 from notifications.registered_text other
                        where other.org_id = :org_id and other.registry = :registry
                          and other.template_id = :template_id and other.language = :language
                          and other.id <> :id)
    """
)

DELETE = Query("delete from notifications.registered_text where org_id = :org_id and id = :id")


async def find_registration(tx: Tx) -> Registration | None:
    return await tx.one_or_none(GET_REGISTRATION, Registration)


async def save_registration(tx: Tx, new: NewRegistration, *, now: datetime) -> None:
    await tx.run(
        SAVE_REGISTRATION,
        entity_id=new.entity_id,
        headers=msgspec.to_builtins(new.headers),
        is_enforced=new.is_enforced,
        now=now,
    )


async def list_texts(tx: Tx) -> list[RegisteredText]:
    return await tx.many(LIST, RegisteredText)


async def find_text(tx: Tx, text_id: UUID) -> RegisteredText | None:
    return await tx.one_or_none(GET, RegisteredText, id=text_id)


async def insert(tx: Tx, text_id: UUID, new: NewRegisteredText, *, now: datetime) -> bool:
    """False where this id and language are registered already."""
    return bool(await tx.run(INSERT, id=text_id, **msgspec.to_builtins(new), now=now))


async def update(tx: Tx, text_id: UUID, new: NewRegisteredText, *, now: datetime) -> bool:
    return bool(await tx.run(UPDATE, id=text_id, **msgspec.to_builtins(new), now=now))


async def delete(tx: Tx, text_id: UUID) -> None:
    await tx.run(DELETE, id=text_id)
