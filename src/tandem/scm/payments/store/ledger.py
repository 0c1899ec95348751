"""The ledger of what was told about payments. Append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.payments.domain import Fact, Source

TAKE_TURN = Query(
    """
    select pg_advisory_xact_lock(
               hashtextextended(:org_id::uuid || ' payment ' || :provider_payment_id::text, 0))
    """
)

ADD_EVENT = Query(
    """
    insert into payments.payment_event
           (org_id, id, provider, provider_payment_id, source, event_id, kind, fact,
            occurred_at, received_at)
    values (:org_id, :id, :provider, :provider_payment_id, :source, :event_id, :kind, :fact,
            :occurred_at, :received_at)
        on conflict (org_id, source, event_id) do nothing
    """
)

LIST_FACTS = Query(
    """
    select fact
      from payments.payment_event
     where org_id = :org_id and provider = :provider
       and provider_payment_id = :provider_payment_id
     order by id
    """
)

LIST_EVENTS = Query(
    """
    select e.id, e.source, e.kind, e.occurred_at, e.received_at, e.fact
      from payments.payment_event e
      join payments.payment p
        on p.org_id = e.org_id and p.provider = e.provider
       and p.provider_payment_id = e.provider_payment_id
     where e.org_id = :org_id and p.id = :payment_id
     order by e.id
     limit 500
    """
)


class PaymentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry as people read it: `fact` holds amounts and statuses, no personal data."""

    id: UUID
    source: Source
    kind: str
    occurred_at: datetime
    received_at: datetime
    fact: dict[str, Any]


async def take_turn(tx: Tx, provider_payment_id: str) -> None:
    """One at a time per payment, also while it has no row yet: what is told first waits to be
    found by what is told second."""
    await tx.records(TAKE_TURN, provider_payment_id=provider_payment_id)


async def add_event(tx: Tx, fact: Fact, *, now: datetime) -> bool:
    """False when this was told before."""
    added = await tx.run(
        ADD_EVENT,
        id=new_id(),
        provider=fact.provider,
        provider_payment_id=fact.provider_payment_id,
        source=fact.source,
        event_id=fact.event_id,
        kind=fact.kind,
        fact=msgspec.to_builtins(fact),
        occurred_at=fact.occurred_at,
        received_at=now,
    )
    return bool(added)


async def list_facts(tx: Tx, *, provider: str, provider_payment_id: str) -> list[Fact]:
    rows = await tx.records(LIST_FACTS, provider=provider, provider_payment_id=provider_payment_id)
    return [msgspec.convert(row["fact"], Fact) for row in rows]


async def list_events(tx: Tx, payment_id: UUID) -> list[PaymentEntry]:
    return await tx.many(LIST_EVENTS, PaymentEntry, payment_id=payment_id)
