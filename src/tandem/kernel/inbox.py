"""One webhook inbox for every provider: keep the raw bytes, answer at once, work later.

The caller verifies the signature over the raw body first. A delivery id that was seen before is a
no-op, so a provider may repeat itself as often as it likes. What was kept is told as an event; its
subscriber re-fetches the entity when state matters, since order of arrival means nothing.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id

BODY_MAX = 512 * 1024


class WebhookKept(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "kernel.webhook_kept.v1"
    webhook_id: UUID
    provider: str
    subject: str

    def key(self) -> str:
        return f"{self.provider}:{self.subject}"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    provider: str
    delivery_id: str
    body: bytes
    received_at: datetime


KEEP = Query(
    """
    insert into kernel.webhook (org_id, id, provider, delivery_id, headers, body, received_at)
    values (:org_id, :id, :provider, :delivery_id, :headers, :body, :received_at)
        on conflict (org_id, provider, delivery_id) do nothing
    """
)

GET = Query(
    """
    select id, provider, delivery_id, body, received_at
      from kernel.webhook
     where org_id = :org_id and id = :id
    """
)


async def keep(
    tx: Tx,
    *,
    provider: str,
    delivery_id: str,
    subject: str,
    body: bytes,
    headers: dict[str, str],
    now: datetime,
) -> bool:
    """Store a verified delivery once; True when it is new. `subject` orders the processing."""
    webhook_id = new_id()
    added = await tx.run(
        KEEP,
        id=webhook_id,
        provider=provider,
        delivery_id=delivery_id,
        headers=headers,
        body=body,
        received_at=now,
    )
    if added:
        await tx.publish(WebhookKept(webhook_id=webhook_id, provider=provider, subject=subject))
    return bool(added)


async def get(tx: Tx, webhook_id: UUID) -> Webhook:
    row = (await tx.records(GET, id=webhook_id))[0]
    return Webhook(**dict(row))
