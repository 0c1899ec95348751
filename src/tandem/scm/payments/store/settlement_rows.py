"""The rows of settlements, beside what we know of each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.payments.domain import Compared, SettlementRow, ToldRow

PUT = Query(
    """
    insert into payments.settlement_row as r
           (org_id, id, settlement_id, kind, entity_id, currency, amount_minor, credit_minor,
            debit_minor, fee_minor, tax_minor, provider_payment_id, provider_order_id, method,
            description, provider_dispute_id, happened_at)
    select :org_id, t.id, :settlement_id, t.kind, t.entity_id, t.currency, t.amount_minor,
           t.credit_minor, t.debit_minor, t.fee_minor, t.tax_minor, t.provider_payment_id,
           t.provider_order_id, t.method, t.description, t.provider_dispute_id, t.happened_at
      from jsonb_to_recordset(:rows::jsonb) as t (
               id uuid, kind text, entity_id text, currency text, amount_minor bigint,
               credit_minor bigint, debit_minor bigint, fee_minor bigint, tax_minor bigint,
               provider_payment_id text, provider_order_id text, method text, description text,
               provider_dispute_id text, happened_at timestamptz)
     order by t.id
        on conflict (org_id, settlement_id, kind, entity_id) do update
       set currency = excluded.currency, amount_minor = excluded.amount_minor,
           credit_minor = excluded.credit_minor, debit_minor = excluded.debit_minor,
           fee_minor = excluded.fee_minor, tax_minor = excluded.tax_minor
     where (r.currency, r.amount_minor, r.credit_minor, r.debit_minor, r.fee_minor, r.tax_minor)
           is distinct from
           (excluded.currency, excluded.amount_minor, excluded.credit_minor,
            excluded.debit_minor, excluded.fee_minor, excluded.tax_minor)
    """
)

TIE_PAYMENTS = Query(
    """
    update payments.settlement_row r
       set payment_id = p.id
      from payments.payment p
     where r.org_id = :org_id and r.settlement_id = :settlement_id and r.payment_id is null
       and p.org_id = :org_id and p.provider = :provider
       and p.provider_payment_id = case r.kind when 'payment' then r.entity_id
                                               else r.provider_payment_id end
    """
)

TIE_REFUNDS = Query(
    """
    update payments.settlement_row r
       set refund_id = f.id, payment_id = f.payment_id
      from payments.refund f
     where r.org_id = :org_id and r.settlement_id = :settlement_id
       and r.kind = 'refund' and r.refund_id is null
       and f.org_id = :org_id and f.provider_refund_id = r.entity_id
    """
)

TIE_DISPUTES = Query(
    """
    update payments.settlement_row r
       set payment_id = d.payment_id
      from payments.dispute d
     where r.org_id = :org_id and r.settlement_id = :settlement_id
       and r.payment_id is null and r.provider_dispute_id <> ''
       and d.org_id = :org_id and d.provider = :provider
       and d.provider_dispute_id = r.provider_dispute_id
    """
)

COMPARE = Query(
    """
    select r.id, r.kind, r.entity_id, r.currency, r.amount_minor, r.credit_minor, r.debit_minor,
           r.fee_minor, r.tax_minor, r.provider_payment_id, r.payment_id, r.refund_id,
           coalesce(f.order_id, p.order_id) as order_id,
           coalesce(p.order_number, '') as order_number,
           case r.kind when 'payment' then p.captured_minor
                       when 'refund' then f.amount_minor end as our_amount_minor,
           case r.kind when 'payment' then p.currency
                       when 'refund' then f.currency end as our_currency,
           p.fee_minor as our_fee_minor, p.tax_minor as our_tax_minor,
           coalesce((select o.provider_settlement_id
                       from payments.settlement_row e
                       join payments.settlement o
                         on o.org_id = e.org_id and o.id = e.settlement_id
                      where e.org_id = r.org_id and e.kind = r.kind
                        and e.entity_id = r.entity_id and e.id < r.id
                        and e.settlement_id <> r.settlement_id and o.status <> 'failed'
                      order by e.id
                      limit 1), '') as settled_before
      from payments.settlement_row r
      left join payments.payment p on p.org_id = r.org_id and p.id = r.payment_id
      left join payments.refund f on f.org_id = r.org_id and f.id = r.refund_id
     where r.org_id = :org_id and r.settlement_id = :settlement_id
     order by r.happened_at, r.id
    """
)

LIST = Query(
    """
    select r.id, r.kind, r.entity_id, r.currency, r.amount_minor, r.credit_minor, r.debit_minor,
           r.fee_minor, r.tax_minor, r.credit_minor - r.debit_minor as net_minor,
           r.provider_payment_id, r.method, r.description, r.happened_at, r.payment_id, r.refund_id,
           p.order_id, coalesce(p.order_number, '') as order_number
      from payments.settlement_row r
      left join payments.payment p on p.org_id = r.org_id and p.id = r.payment_id
     where r.org_id = :org_id and r.settlement_id = :settlement_id
       and (:kind::text is null or r.kind = :kind)
       and (:after_at::timestamptz is null
            or (r.happened_at, r.id) > (:after_at::timestamptz, :after_id::uuid))
     order by r.happened_at, r.id
     limit :count
    """
)

OF_PAYMENT = Query(
    """
    select s.id as settlement_id, s.provider_settlement_id, s.utr, s.made_at, r.kind, r.entity_id,
           r.credit_minor - r.debit_minor as net_minor, r.currency
      from payments.settlement_row r
      join payments.settlement s on s.org_id = r.org_id and s.id = r.settlement_id
     where r.org_id = :org_id and r.payment_id = :payment_id
     order by s.made_at, r.id
     limit 100
    """
)

FIGURES = (
    "entity_id",
    "currency",
    "amount_minor",
    "credit_minor",
    "debit_minor",
    "fee_minor",
    "tax_minor",
    "provider_payment_id",
    "provider_order_id",
    "method",
    "description",
    "provider_dispute_id",
)


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Where a payment, or a refund of it, was settled. `utr` is on the bank statement."""

    settlement_id: UUID
    provider_settlement_id: str
    utr: str
    made_at: datetime
    kind: str
    entity_id: str
    net_minor: int
    currency: str


async def put(tx: Tx, settlement_id: UUID, rows: Sequence[ToldRow]) -> int:
    """Add these, each thing once; what the gateway corrected is corrected. How many changed."""
    given = [
        {name: getattr(row, name) for name in FIGURES}
        | {"id": str(new_id()), "kind": row.kind, "happened_at": row.happened_at.isoformat()}
        for row in rows
    ]
    return await tx.run(PUT, settlement_id=settlement_id, rows=given)


async def tie(tx: Tx, settlement_id: UUID, *, provider: str) -> None:
    """Point at our payments, refunds and disputed payments, as far as they are known by now."""
    await tx.run(TIE_REFUNDS, settlement_id=settlement_id)
    await tx.run(TIE_PAYMENTS, settlement_id=settlement_id, provider=provider)
    await tx.run(TIE_DISPUTES, settlement_id=settlement_id, provider=provider)


async def compare(tx: Tx, settlement_id: UUID) -> list[Compared]:
    return await tx.many(COMPARE, Compared, settlement_id=settlement_id)


async def list_page(
    tx: Tx,
    settlement_id: UUID,
    *,
    kind: str | None,
    after: tuple[datetime, UUID] | None,
    count: int,
) -> list[SettlementRow]:
    after_at, after_id = after or (None, None)
    return await tx.many(
        LIST,
        SettlementRow,
        settlement_id=settlement_id,
        kind=kind,
        after_at=after_at,
        after_id=after_id,
        count=count,
    )


async def list_of_payment(tx: Tx, payment_id: UUID) -> list[Settled]:
    return await tx.many(OF_PAYMENT, Settled, payment_id=payment_id)
