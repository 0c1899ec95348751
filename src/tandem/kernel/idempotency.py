"""Idempotency keys: what one stands for, and how long its answer is kept.

Below, for work done in batches: look many up, keep many answers, one statement each. They are the
same rows as kernel.http.unit's, so a key spent on one route is spent on all of them.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tandem.kernel.actor import Actor
from tandem.kernel.db import Query, Tx, columns
from tandem.kernel.ending import Expects
from tandem.kernel.errors import Invalid

KEY_LENGTH_MAX = 255
KEPT_FOR = timedelta(hours=24)


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"


class KeyTaken(Exception):
    """Somebody else's transaction has just kept an answer under one of these keys."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    fingerprint: bytes
    status: int
    media_type: str
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    fingerprint: bytes
    status: int
    media_type: str
    body: bytes


FORGET_KEYS = Query(
    "delete from kernel.idempotency where org_id = :org_id and created_at < :expired_before"
)


FIND = Query(
    """
    select held.key, held.fingerprint, held.status, held.media_type, held.body
      from unnest(:keys::text[]) as asked (key)
     cross join lateral (
        -- One look each: for a list the plan of a young table, kept while it grows, reads it all.
        select key, fingerprint, status, media_type, body, created_at
          from kernel.idempotency
         where org_id = :org_id and key = asked.key
        offset 0
     ) as held
     where held.created_at >= :expired_before
    """
)

KEEP = Query(
    """
    insert into kernel.idempotency as held
           (org_id, key, fingerprint, status, media_type, body, created_at)
    select :org_id, key, fingerprint, status, media_type, body, :now::timestamptz
      from unnest(:key::text[], :fingerprint::bytea[], :status::int[], :media_type::text[],
                  :body::bytea[]) as kept (key, fingerprint, status, media_type, body)
     order by key
        on conflict (org_id, key) do update
       set fingerprint = excluded.fingerprint, status = excluded.status,
           media_type = excluded.media_type, body = excluded.body,
           created_at = excluded.created_at
     where held.created_at < :expired_before
    """
)


def check_key(key: str) -> str:
    if not 1 <= len(key) <= KEY_LENGTH_MAX or not key.isprintable():
        raise Invalid(
            f"An idempotency key has 1 to {KEY_LENGTH_MAX} printable characters.",
            field="Idempotency-Key",
        )
    return key


def fingerprint(caller: Actor, method: str, path: str, body: bytes) -> bytes:
    """What a key stands for. Another caller with the same key never gets this one's answer."""
    parts = (str(caller.user_id).encode(), method.encode(), path.encode(), body)
    return hashlib.sha256(b"\n".join(parts)).digest()


def check_same_request(found: bytes, asked: bytes) -> None:
    if found != asked:
        raise IdempotencyKeyReused(
            "This Idempotency-Key came with another request before. Use a new key.",
            field="Idempotency-Key",
        )


async def find(tx: Tx, keys: Sequence[str], *, now: datetime) -> dict[str, Answer]:
    """Answers kept under these keys in the last 24 hours."""
    rows = await tx.records(FIND, keys=list(keys), expired_before=now - KEPT_FOR)
    return {
        row["key"]: Answer(
            fingerprint=row["fingerprint"],
            status=row["status"],
            media_type=row["media_type"],
            body=row["body"],
        )
        for row in rows
    }


async def keep(tx: Tx, answers: Sequence[Kept], *, now: datetime) -> None:
    """Keep answers beside the work they answer; its end raises KeyTaken when another was faster."""
    names = ("key", "fingerprint", "status", "media_type", "body")
    await tx.later(
        KEEP,
        expects=Expects(len(answers), KeyTaken),
        now=now,
        expired_before=now - KEPT_FOR,
        **columns(answers, *names),
    )
