"""Audit rows: who changed what by hand, before and after, without secrets. Append-only, chained.

The database numbers and hashes the rows when their transaction commits (0003_audit_chain.sql).
Nobody hands in who acted or from where: both are the transaction's actor.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel import fields
from tandem.kernel.actor import Actor, Origin
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

WRITE = Query(
    """
    insert into kernel.audit
           (org_id, id, at, actor_kind, actor_id, actor_label, action, subject_kind, subject_id,
            before, after, address, request_id, on_behalf_of, on_behalf_label, reason)
    select :org_id, id, :at::timestamptz, :actor_kind, :actor_id::uuid, :actor_label, action,
           subject_kind, subject_id, before::jsonb, after::jsonb, address, request_id,
           :on_behalf_of::uuid, :on_behalf_label, :reason
      from unnest(:ids::uuid[], :actions::text[], :subject_kinds::text[], :subject_ids::uuid[],
                  :befores::text[], :afters::text[], :addresses::text[], :request_ids::text[])
           as noted (id, action, subject_kind, subject_id, before, after, address, request_id)
     order by id
    """
)

LIST = Query(
    """
    select seq, id, at, actor_kind, actor_id, actor_label, action, subject_kind, subject_id,
           before, after, address, request_id, on_behalf_of, on_behalf_label, reason,
           encode(hash, 'hex') as hash
      from kernel.audit
     where org_id = :org_id and seq >= :from_seq and seq < :before_seq
       and (:actor_id::uuid is null or actor_id = :actor_id or on_behalf_of = :actor_id)
       and (:action::text is null or action = :action
            or starts_with(action, :action || '.'))
       and (:subject_id::uuid is null or subject_id = :subject_id)
       and (:since::timestamptz is null or at >= :since)
       and (:until::timestamptz is null or at < :until)
       and (:address::text is null or address = :address)
     order by seq desc
     limit :count
    """
)

NEWEST = Query("select coalesce(max(seq), 0) from kernel.audit where org_id = :org_id")

HEAD = Query(
    """
    select h.count as seq, encode(h.hash, 'hex') as hash,
           coalesce((select max(s.seq) from kernel.audit_seal s where s.org_id = :org_id), 0)
               as sealed_seq
      from kernel.audit_head h
     where h.org_id = :org_id
    """
)

ADD_SEAL = Query(
    """
    insert into kernel.audit_seal (org_id, seq, sealed, at)
    values (:org_id, :seq, :sealed, :at) on conflict do nothing
    """
)

STRETCH = 20_000
"""Places of the chain that are looked through at once."""

SEAL = "audit.seal"
"""The purpose that heads are sealed for (kernel.secrets)."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`actor_*` really acted (a person, a key, a driver's phone); with `on_behalf_of` they acted as
    that person. `seq` and `hash` are the row's place in the company's chain."""

    seq: int
    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_label: str
    action: str
    subject_kind: str
    subject_id: UUID
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str
    request_id: str
    on_behalf_of: UUID | None
    on_behalf_label: str
    reason: str
    hash: str


class Noted(msgspec.Struct, frozen=True):
    """One of many like changes of a transaction, by the request that it answers."""

    subject_id: UUID
    after: dict[str, Any] | None
    origin: Origin
    before: dict[str, Any] | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to show of the audit. `action` is a whole one, or a service's name for all of its."""

    actor_id: UUID | None = None
    action: str | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    address: str | None = None


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The newest row's place and hash, and how far the chain is sealed."""

    seq: int
    hash: str
    sealed_seq: int


async def write(
    tx: Tx,
    *,
    action: str,
    subject_kind: str,
    subject_id: UUID,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """One row beside the change. Leave secrets out of `before` and `after`."""
    change = Noted(subject_id, after, tx.actor.origin, before)
    await write_many(tx, [change], action=action, subject_kind=subject_kind, now=now)


async def write_many(
    tx: Tx, noted: Sequence[Noted], *, action: str, subject_kind: str, now: datetime
) -> None:
    """A row for each: for changes that are made many at a time."""
    await tx.later(
        WRITE,
        ids=[new_id() for _ in noted],
        at=now,
        actions=[action] * len(noted),
        subject_kinds=[subject_kind] * len(noted),
        subject_ids=[one.subject_id for one in noted],
        befores=[_json(one.before) for one in noted],
        afters=[_json(one.after) for one in noted],
        addresses=[one.origin.address for one in noted],
        request_ids=[one.origin.request_id for one in noted],
        **_who(tx.actor),
    )
    tx.audited.add(action)


def _json(values: dict[str, Any] | None) -> str | None:
    return None if values is None else msgspec.json.encode(values).decode()


def _who(actor: Actor) -> dict[str, Any]:
    by = actor.impersonator
    return {
        "actor_kind": actor.kind,
        "actor_id": by.user_id if by else actor.user_id,
        "actor_label": by.label if by else actor.label,
        "on_behalf_of": actor.user_id if by else actor.maker_id,
        "on_behalf_label": actor.label if by else "",
        "reason": by.reason if by else "",
    }


SHOWS: Mapping[str, str] = {
    "payment_exception": "payment",
    "payment_link": "payment",
    "settlement_exception": "payment",
    "variant": "product",
}
"""Subjects that are called otherwise than the resource whose fields they show."""


async def read(tx: Tx, asked: Asked, *, count: int, before_seq: int | None = None) -> list[Entry]:
    """Newest first, looked for a stretch of the chain at a time: what a page costs does not grow
    with how long the chain is, unless next to nothing fits the question."""
    shown = msgspec.structs.asdict(asked)
    stretch = STRETCH if any(value is not None for value in shown.values()) else count
    top = await tx.value(NEWEST) + 1
    if before_seq is not None:
        top = min(top, before_seq)
    rows: list[Entry] = []
    while len(rows) < count and top > 1:
        bottom = max(1, top - stretch)
        rows += await tx.many(
            LIST, Entry, count=count - len(rows), from_seq=bottom, before_seq=top, **shown
        )
        top = bottom
    return [open_to(tx.actor, row) for row in rows]


def open_to(actor: Actor, row: Entry) -> Entry:
    """Without the values of fields that are hidden from the reader, at any depth."""
    if not actor.hidden:
        return row
    resource = SHOWS.get(row.subject_kind, row.subject_kind)
    kept = frozenset(
        name for name, rules in fields.names_of(resource).items() if rules & actor.hidden
    )
    before, after = _without(row.before, kept), _without(row.after, kept)
    return msgspec.structs.replace(row, before=before, after=after)


def _without(value: Any, kept: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(one, kept) for name, one in value.items() if name not in kept}
    return [_without(one, kept) for one in value] if isinstance(value, list) else value


async def head(tx: Tx) -> Head | None:
    return await tx.one_or_none(HEAD, Head)
