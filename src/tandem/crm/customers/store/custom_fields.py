"""Definitions of the organisation's own fields, and who has a unique value already."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.custom_fields import CustomField
from tandem.kernel.db import Query, Tx

_COLUMNS: LiteralString = """
    select id, target, key, kind, label, options, is_required, is_unique, is_personal, retired_at
      from customers.custom_field
"""

LIST = Query(
    _COLUMNS
    + """
     where org_id = :org_id and (:target::text is null or target = :target)
     order by target, position, id
     limit 600
    """
)

LOCK = Query(_COLUMNS + "where org_id = :org_id and id = :id for update")

INSERT = Query(
    """
    insert into customers.custom_field
           (org_id, id, target, key, kind, label, options, is_required, is_unique, is_personal,
            position, created_at)
    select :org_id, :id, :target, :key, :kind, :label, :options::text[], :is_required, :is_unique,
           :is_personal, coalesce(max(position), 0) + 1, :now
      from customers.custom_field
     where org_id = :org_id and target = :target
        on conflict (org_id, target, key) do nothing
    """
)

UPDATE = Query(
    """
    update customers.custom_field
       set label = :label, options = :options::text[], is_required = :is_required,
           retired_at = :retired_at
     where org_id = :org_id and id = :id
    """
)

# One writer of a unique field at a time: otherwise two could both find the value free.
LOCK_VALUE = Query(
    "select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text || :value::text, 41))"
)

CUSTOMER_HAS = Query(
    """
    select id from customers.customer
     where org_id = :org_id and id <> :id and merged_into_id is null
       and custom @> :custom::jsonb
     limit 1
    """
)

ACCOUNT_HAS = Query(
    """
    select id from customers.account
     where org_id = :org_id and id <> :id and custom @> :custom::jsonb
     limit 1
    """
)


async def list_fields(tx: Tx, target: str | None) -> list[CustomField]:
    return await tx.many(LIST, CustomField, target=target)


async def lock(tx: Tx, field_id: UUID) -> CustomField | None:
    return await tx.one_or_none(LOCK, CustomField, id=field_id)


async def insert(tx: Tx, field: CustomField, now: datetime) -> bool:
    """False where the key is taken."""
    row = msgspec.structs.asdict(field)
    del row["retired_at"]
    return bool(await tx.run(INSERT, **row, now=now))


async def update(tx: Tx, field: CustomField) -> None:
    await tx.run(
        UPDATE,
        id=field.id,
        label=field.label,
        options=field.options,
        is_required=field.is_required,
        retired_at=field.retired_at,
    )


async def lock_value(tx: Tx, target: str, key: str, value: Any) -> None:
    await tx.value(LOCK_VALUE, value=f"{target}.{key}={value}")


async def holder(tx: Tx, record_id: UUID, key: str, value: Any, *, target: str) -> UUID | None:
    """Another customer or account that has this value already."""
    query = CUSTOMER_HAS if target == "customer" else ACCOUNT_HAS
    found: UUID | None = await tx.value(query, id=record_id, custom={key: value})
    return found


def live(fields: Sequence[CustomField]) -> list[CustomField]:
    return [field for field in fields if field.retired_at is None]
