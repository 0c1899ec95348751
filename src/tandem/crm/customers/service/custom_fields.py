"""The organisation's own fields: defining them, and the one door through which values go in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.custom_fields import (
    FIELDS_MAX,
    CustomField,
    CustomFieldChange,
    CustomFieldTaken,
    CustomFieldWrong,
    NewCustomField,
    check_definition,
    read_custom,
)
from tandem.crm.customers.store import custom_fields as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

Holder = Callable[[Tx, UUID, str, Any], Awaitable[UUID | None]]
"""`(tx, record_id, key, value)`: another record of the kind that has this value already."""


async def list_fields(tx: Tx, target: str | None = None) -> list[CustomField]:
    """In the order in which forms show them, retired ones too; of one kind of record or of all."""
    tx.actor.require("customers.read")
    return await store.list_fields(tx, target)


async def add_field(tx: Tx, new: NewCustomField, *, now: datetime) -> CustomField:
    """A new field. Records that exist may lack a required one until they are next changed."""
    tx.actor.require("customers.configure")
    check_definition(new)
    if len(await store.list_fields(tx, new.target)) >= FIELDS_MAX:
        raise CustomFieldWrong(f"A kind of record has {FIELDS_MAX} own fields at most.")
    field = CustomField(id=new_id(), retired_at=None, **msgspec.structs.asdict(new))
    if not await store.insert(tx, field, now):
        raise CustomFieldTaken("There is, or was, a field with this key.", field="key")
    await audit.write(
        tx,
        action="customers.add_custom_field",
        subject_kind="custom_field",
        subject_id=field.id,
        now=now,
        after=msgspec.to_builtins(new),
    )
    return field


async def change_field(
    tx: Tx, field_id: UUID, change: CustomFieldChange, *, now: datetime
) -> CustomField:
    """Options can be added; one that is taken away stays where it was chosen before."""
    tx.actor.require("customers.configure")
    before = await store.lock(tx, field_id)
    if before is None:
        raise NotFound("There is no such field.")
    given = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not msgspec.UNSET
    }
    if "is_retired" in given:
        given["retired_at"] = now if given.pop("is_retired") else None
    after = msgspec.structs.replace(before, **given)
    check_definition(
        NewCustomField(key=after.key, kind=after.kind, label=after.label, options=after.options)
    )
    await store.update(tx, after)
    await audit.write(
        tx,
        action="customers.change_custom_field",
        subject_kind="custom_field",
        subject_id=field_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    return after


async def write_custom(
    tx: Tx,
    target: str,
    record_id: UUID,
    given: Mapping[str, Any],
    known: Mapping[str, Any],
    *,
    fields: Sequence[CustomField] | None = None,
    holder: Holder | None = None,
) -> dict[str, Any]:
    """The record's values after a change. Raises CustomFieldWrong, CustomFieldTaken.

    Whoever writes many records hands the `fields` over. Records of other services are looked
    through by the `holder` that a flow brings.
    """
    if fields is None:
        fields = await store.list_fields(tx, target)
    values = read_custom(fields, given, known)
    for field in store.live(fields):
        value = values.get(field.key)
        if not field.is_unique or value is None or value == known.get(field.key):
            continue
        await store.lock_value(tx, target, field.key, value)
        find = holder or partial(store.holder, target=target)
        if await find(tx, record_id, field.key, value) is not None:
            raise CustomFieldTaken(
                f"Another {target} has this {field.label} already.", field=f"custom.{field.key}"
            )
    return values
