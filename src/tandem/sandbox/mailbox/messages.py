"""The inbox's SQL."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from tandem.sandbox.store import Store

PAGE_MAX = 200
KEPT_MAX = 5_000
"""The oldest beyond these are forgotten: a load test must not fill the disk."""

DDL = """
create table if not exists message (
    id          integer primary key autoincrement,
    kind        text not null check (kind in ('email', 'sms')),
    sender      text not null,
    subject     text not null,
    text        text not null,
    html        text,
    headers     text not null,
    attachments text not null,
    raw         blob not null,
    provider_id text,
    received_at text not null
);
create table if not exists message_recipient (
    message_id integer not null references message (id) on delete cascade,
    address    text not null,
    primary key (message_id, address)
);
create index if not exists message_recipient_address on message_recipient (address, message_id);
"""

LIST = """
select id, kind, sender, subject, text, html, headers, attachments, provider_id, received_at,
       (select json_group_array(address) from message_recipient where message_id = message.id)
           as recipients
  from message
 where (:kind is null or kind = :kind)
   and (:after is null or id > :after)
   and (:before is null or id < :before)
   and (:since is null or received_at >= :since)
   and (:address is null or exists (select 1 from message_recipient
                                     where message_id = message.id
                                       and instr(address, :address)))
 order by id desc
 limit :limit
"""

FIND = """
select id, kind, sender, subject, text, html, headers, attachments, provider_id, received_at,
       (select json_group_array(address) from message_recipient where message_id = message.id)
           as recipients
  from message
 where id = :id
"""

INSERT = """
insert into message (kind, sender, subject, text, html, headers, attachments, raw, provider_id,
                     received_at)
values (:kind, :sender, :subject, :text, :html, :headers, :attachments, :raw, :provider_id,
        :received_at)
"""


class Kind(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """`part` is its place in the message; `content_id` is how the HTML refers to it, if it does."""

    part: int
    name: str
    media_type: str
    size_bytes: int
    content_id: str | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`to` are the envelope's recipients in lower case, so blind copies are among them."""

    id: int
    kind: Kind
    sender: str = msgspec.field(name="from")
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]
    provider_id: str | None
    received_at: datetime


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    sender: str
    to: Sequence[str]
    subject: str = ""
    text: str
    html: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    attachments: Sequence[Attachment] = ()
    raw: bytes
    provider_id: str | None = None
    received_at: datetime


def insert(store: Store, new: NewMessage) -> int:
    with store.transaction():
        message_id = store.insert(
            INSERT,
            {
                "kind": new.kind,
                "sender": new.sender,
                "subject": new.subject,
                "text": new.text,
                "html": new.html,
                "headers": json.dumps(list(new.headers)),
                "attachments": msgspec.json.encode(new.attachments).decode(),
                "raw": new.raw,
                "provider_id": new.provider_id,
                "received_at": _stamp(new.received_at),
            },
        )
        for address in dict.fromkeys(address.casefold() for address in new.to):
            store.run(
                "insert into message_recipient (message_id, address) values (?, ?)",
                (message_id, address),
            )
        store.run("delete from message where id <= ?", (message_id - KEPT_MAX,))
    return message_id


def list_messages(
    store: Store,
    *,
    address: str | None = None,
    kind: Kind | None = None,
    after: int | None = None,
    before: int | None = None,
    since: datetime | None = None,
    limit: int = PAGE_MAX,
) -> list[Message]:
    """Newest first. `address` may be part of one; `after` and `before` are message ids."""
    rows = store.rows(
        LIST,
        {
            "address": address.strip().casefold() if address else None,
            "kind": kind,
            "after": after,
            "before": before,
            "since": _stamp(since) if since else None,
            "limit": min(limit, PAGE_MAX),
        },
    )
    return [_message(row) for row in rows]


def find_message(store: Store, message_id: int) -> Message | None:
    row = store.row(FIND, {"id": message_id})
    return _message(row) if row else None


def find_raw(store: Store, message_id: int) -> bytes | None:
    """The message as it came over the wire."""
    row = store.row("select raw from message where id = ?", (message_id,))
    return bytes(row["raw"]) if row else None


def count_messages(store: Store) -> int:
    row = store.row("select count(*) as count from message")
    assert row is not None, "an aggregate always answers one row"
    return int(row["count"])


def delete_messages(store: Store, *, address: str | None = None) -> int:
    """All, or those to addresses that contain the given text; the number deleted."""
    if not address:
        return store.run("delete from message")
    return store.run(
        """delete from message
            where id in (select message_id from message_recipient where instr(address, ?))""",
        (address.strip().casefold(),),
    )


def _stamp(instant: datetime) -> str:
    """ISO in UTC with microseconds, so that text sorts as time does."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _message(row: sqlite3.Row) -> Message:
    facts: dict[str, Any] = {name: row[name] for name in ("id", "subject", "text", "html")}
    return Message(
        **facts,
        kind=Kind(row["kind"]),
        sender=row["sender"],
        to=tuple(json.loads(row["recipients"])),
        headers=msgspec.json.decode(row["headers"], type=tuple[tuple[str, str], ...]),
        attachments=msgspec.json.decode(row["attachments"], type=tuple[Attachment, ...]),
        provider_id=row["provider_id"],
        received_at=datetime.fromisoformat(row["received_at"]),
    )
