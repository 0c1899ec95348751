"""Intents: rows that wish for money.

They are locked `for no key update`: a payment being written points at its intent, and must not wait
for, or be waited for by, another payment of it that is being judged.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import Intent, Mode, Summary

COLUMNS = """id, order_id, order_number, receipt, amount_minor, currency, status, provider, mode,
           provider_order_id, error, created_at, opened_at, closed_at, close_reason, expires_at,
           tries"""

FIND_LIVE = Query(
    f"""
    select {COLUMNS}
      from payments.intent
     where org_id = :org_id and order_id = :order_id
       and status in ('requested', 'opening', 'open')
     order by id
       for no key update
    """
)

GET = Query(
    f"""
    select {COLUMNS}
      from payments.intent
     where org_id = :org_id and id = :id
    """
)

LOCK = Query(
    f"""
    select {COLUMNS}
      from payments.intent
     where org_id = :org_id and id = :id
     order by id
       for no key update
    """
)

LOCK_CURRENT = Query(
    f"""
    select {COLUMNS}
      from payments.intent
     where org_id = :org_id and order_id = :order_id and status <> 'superseded'
     order by created_at desc, id desc
     limit 1
       for no key update
    """
)

LIST_OF_ORDER = Query(
    f"""
    select {COLUMNS}
      from payments.intent
     where org_id = :org_id and order_id = :order_id
     order by created_at desc, id desc
     limit 100
    """
)

FIND_BY_PROVIDER_ORDER = Query(
    f"""
    select {COLUMNS}
      from payments.intent
     where org_id = :org_id and provider = :provider and provider_order_id = :provider_order_id
    """
)

COUNT_OF_ORDER = Query(
    "select count(*) from payments.intent where org_id = :org_id and order_id = :order_id"
)

SUMMARY = Query("select summary from payments.intent where org_id = :org_id and id = :id")

INSERT = Query(
    """
    insert into payments.intent
           (org_id, id, order_id, order_number, receipt, amount_minor, currency, status, summary,
            due_at, created_at, expires_at)
    values (:org_id, :id, :order_id, :order_number, :receipt, :amount_minor, :currency, :status,
            :summary, :created_at, :created_at, :expires_at)
    """
)

CLAIM = Query(
    """
    update payments.intent
       set status = 'opening', tries = tries + 1, due_at = :leased_until
     where org_id = :org_id and id = :id
       and status in ('requested', 'opening') and due_at <= :now
    """
)

RECORD_OPEN = Query(
    """
    update payments.intent
       set status = case status when 'opening' then 'open' else status end,
           provider = :provider, mode = :mode, provider_order_id = :provider_order_id,
           opened_at = :now, due_at = null, check_at = :check_at, error = ''
     where org_id = :org_id and id = :id and provider_order_id is null
    """
)

RECORD_TROUBLE = Query(
    """
    update payments.intent
       set due_at = :due_at, error = :error
     where org_id = :org_id and id = :id and status = 'opening'
    """
)

RECORD_RECEIPT = Query(
    "update payments.intent set receipt = :receipt where org_id = :org_id and id = :id"
)

END = Query(
    """
    update payments.intent
       set status = :status, closed_at = :now, close_reason = :reason, due_at = null,
           error = :error, checks = 0,
           check_at = case when provider_order_id is null then null
                           else :now::timestamptz end
     where org_id = :org_id and id = :id
    """
)

CHECK_SOON = Query(
    """
    update payments.intent
       set check_at = :now
     where org_id = :org_id and id = :id and provider_order_id is not null
    """
)

CLAIM_CHECKS = Query(
    f"""
    select {COLUMNS}, checks
      from payments.intent
     where org_id = :org_id and check_at <= :now and mode = :mode and provider = :provider
     order by check_at, id
     limit :count
       for update skip locked
    """
)

PUT_OFF_CHECK = Query(
    """
    update payments.intent
       set checks = checks + 1, check_at = :check_at
     where org_id = :org_id and id = :id
    """
)

LIST_TO_OPEN = Query(
    """
    select id
      from payments.intent
     where org_id = :org_id and status in ('requested', 'opening') and due_at <= :now
     order by due_at, id
     limit :count
    """
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """`checks` counts how often the gateway was asked about this intent."""

    intent: Intent
    checks: int


async def find_live(tx: Tx, order_id: UUID) -> Intent | None:
    """Locks it."""
    return await tx.one_or_none(FIND_LIVE, Intent, order_id=order_id)


async def find(tx: Tx, intent_id: UUID) -> Intent | None:
    return await tx.one_or_none(GET, Intent, id=intent_id)


async def lock(tx: Tx, intent_id: UUID) -> Intent:
    return await tx.one(LOCK, Intent, id=intent_id)


async def lock_current(tx: Tx, order_id: UUID) -> Intent | None:
    """The order's newest request that was not superseded: what it waits for, or waited for."""
    return await tx.one_or_none(LOCK_CURRENT, Intent, order_id=order_id)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Intent]:
    """Newest first."""
    return await tx.many(LIST_OF_ORDER, Intent, order_id=order_id)


async def find_by_provider_order(tx: Tx, *, provider: str, provider_order_id: str) -> Intent | None:
    return await tx.one_or_none(
        FIND_BY_PROVIDER_ORDER, Intent, provider=provider, provider_order_id=provider_order_id
    )


async def count_of_order(tx: Tx, order_id: UUID) -> int:
    return int(await tx.value(COUNT_OF_ORDER, order_id=order_id))


async def get_summary(tx: Tx, intent_id: UUID) -> Summary:
    return msgspec.convert(await tx.value(SUMMARY, id=intent_id), Summary)


async def insert(tx: Tx, intent: Intent, summary: Summary) -> None:
    await tx.run(
        INSERT,
        id=intent.id,
        order_id=intent.order_id,
        order_number=intent.order_number,
        receipt=intent.receipt,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        status=intent.status,
        summary=msgspec.to_builtins(summary),
        created_at=intent.created_at,
        expires_at=intent.expires_at,
    )


async def claim(tx: Tx, intent_id: UUID, *, now: datetime, leased_until: datetime) -> Intent | None:
    """Take it for one call to the gateway; None when it is open, over, or somebody else's now."""
    if not await tx.run(CLAIM, id=intent_id, now=now, leased_until=leased_until):
        return None
    return await find(tx, intent_id)


async def record_open(
    tx: Tx,
    intent_id: UUID,
    *,
    provider: str,
    mode: Mode,
    provider_order_id: str,
    check_at: datetime,
    now: datetime,
) -> bool:
    """False when another gateway order was recorded already. A request that ended meanwhile keeps
    its status and learns its gateway order, so that money sent to it is known."""
    return bool(
        await tx.run(
            RECORD_OPEN,
            id=intent_id,
            provider=provider,
            mode=mode,
            provider_order_id=provider_order_id,
            check_at=check_at,
            now=now,
        )
    )


async def record_trouble(tx: Tx, intent_id: UUID, *, error: str, due_at: datetime) -> None:
    await tx.run(RECORD_TROUBLE, id=intent_id, error=error[:500], due_at=due_at)


async def record_receipt(tx: Tx, intent_id: UUID, receipt: str) -> None:
    await tx.run(RECORD_RECEIPT, id=intent_id, receipt=receipt)


async def end(
    tx: Tx, intent_id: UUID, *, status: str, reason: str, now: datetime, error: str = ""
) -> None:
    """Refused, superseded, closed or paid. What has a gateway order is watched afresh."""
    await tx.run(END, id=intent_id, status=status, reason=reason, now=now, error=error[:500])


async def check_soon(tx: Tx, intent_id: UUID, *, now: datetime) -> None:
    await tx.run(CHECK_SOON, id=intent_id, now=now)


async def claim_checks(
    tx: Tx, *, provider: str, mode: Mode, now: datetime, count: int
) -> list[Checked]:
    """Due ones, locked; put each off before the transaction ends."""
    rows = await tx.records(CLAIM_CHECKS, provider=provider, mode=mode, now=now, count=count)
    return [
        Checked(intent=msgspec.convert(dict(row), Intent), checks=row["checks"]) for row in rows
    ]


async def put_off_check(tx: Tx, intent_id: UUID, *, check_at: datetime | None) -> None:
    await tx.run(PUT_OFF_CHECK, id=intent_id, check_at=check_at)


async def list_to_open(tx: Tx, *, now: datetime, count: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(LIST_TO_OPEN, now=now, count=count)]
