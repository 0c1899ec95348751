"""Which fields of one record were changed, from what to what, when and by whom.

Read from the audit, which keeps both values beside every change. Who asks has seen the record
already: whoever offers this reads the record first.
"""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.audit import Entry, open_to
from tandem.kernel.db import Query, Tx

SHOWN_MAX = 200
_ENTRY: LiteralString = """
    select seq, id, at, actor_kind, actor_id, actor_label, action, subject_kind, subject_id,
           before, after, address, request_id, on_behalf_of, on_behalf_label, reason,
           encode(hash, 'hex') as hash
      from kernel.audit
"""
OF_SUBJECT = Query(
    _ENTRY
    + """
     where org_id = :org_id and subject_id = :subject_id and subject_kind = :subject_kind
       and before is not null and after is not null
     order by id desc
     limit :limit
    """
)


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """`field` of the company's own is `custom.<key>`; the values are as the API shows them."""

    field: str
    before: Any
    after: Any
    at: datetime
    actor_kind: str
    actor_label: str
    on_behalf_label: str
    action: str


async def read(tx: Tx, subject_kind: str, subject_id: UUID) -> list[FieldChange]:
    """The newest first, without what is hidden from the reader; of the last 200 changes."""
    rows = await tx.many(
        OF_SUBJECT, Entry, subject_kind=subject_kind, subject_id=subject_id, limit=SHOWN_MAX
    )
    return [change for row in rows for change in _changes(open_to(tx.actor, row))]


def _changes(row: Entry) -> list[FieldChange]:
    before, after = _flat(row.before), _flat(row.after)
    return [
        FieldChange(
            field=name,
            before=before.get(name),
            after=after.get(name),
            at=row.at,
            actor_kind=row.actor_kind,
            actor_label=row.actor_label,
            on_behalf_label=row.on_behalf_label,
            action=row.action,
        )
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _flat(values: dict[str, Any] | None) -> dict[str, Any]:
    """Own fields one by one."""
    values = dict(values or {})
    custom = values.pop("custom", None)
    own = custom if isinstance(custom, dict) else {}
    return values | {f"custom.{key}": value for key, value in own.items()}
