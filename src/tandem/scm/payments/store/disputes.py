"""Disputes, as what was told of them amounts to."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within_order
from tandem.scm.payments.domain import Dispute, DisputeStatus, lost_of

COLUMNS = """id, payment_id, order_id, order_number, provider, provider_payment_id,
           provider_dispute_id, status, phase, reason, amount_minor, currency, deducted_minor,
           respond_by, opened_at, told_at, decided_at, evidence_note, answer, answer_state,
           answer_error, contested_minor, answered_at, version"""

LOCK_BY_PROVIDER = Query(
    f"""
    select {COLUMNS}
      from payments.dispute
     where org_id = :org_id and provider = :provider
       and provider_dispute_id = :provider_dispute_id
     order by id
       for update
    """
)

GET = Query(f"select {COLUMNS} from payments.dispute where org_id = :org_id and id = :id")

LOCK = Query(
    f"""
    select {COLUMNS}
      from payments.dispute
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

LIST = Query(
    f"""
    select {COLUMNS}
      from payments.dispute
     where org_id = :org_id
       and (:status::text is null or status = :status)
       and (:is_open::boolean is null or (decided_at is null) = :is_open::boolean)
       and (:order_id::uuid is null or order_id = :order_id)
       and (:payment_id::uuid is null or payment_id = :payment_id)
       and (:before_at::timestamptz is null
            or (opened_at, id) < (:before_at::timestamptz, :before_id::uuid))
       and {within_order("order_id")}
     order by opened_at desc, id desc
     limit :count
    """
)

INSERTED = (
    *("id", "payment_id", "order_id", "order_number", "provider", "provider_payment_id"),
    *("provider_dispute_id", "status", "phase", "reason", "amount_minor", "currency"),
    *("deducted_minor", "respond_by", "opened_at", "told_at", "decided_at"),
)

INSERT = Query(
    """
    insert into payments.dispute
           (org_id, id, payment_id, order_id, order_number, provider, provider_payment_id,
            provider_dispute_id, status, phase, reason, amount_minor, currency, deducted_minor,
            respond_by, opened_at, told_at, decided_at)
    values (:org_id, :id, :payment_id, :order_id, :order_number, :provider, :provider_payment_id,
            :provider_dispute_id, :status, :phase, :reason, :amount_minor, :currency,
            :deducted_minor, :respond_by, :opened_at, :told_at, :decided_at)
    """
)

UPDATE = Query(
    """
    update payments.dispute
       set status = :status, phase = :phase, reason = :reason, amount_minor = :amount_minor,
           deducted_minor = :deducted_minor, respond_by = :respond_by, told_at = :told_at,
           decided_at = :decided_at, evidence_note = :evidence_note, version = version + 1
     where org_id = :org_id and id = :id
    """
)

SUMS = Query(
    """
    select status, amount_minor, deducted_minor
      from payments.dispute
     where org_id = :org_id and payment_id = :payment_id
     order by opened_at desc, id desc
    """
)

MARK_PAYMENT = Query(
    """
    update payments.payment
       set dispute_status = :dispute_status, charged_back_minor = :charged_back_minor,
           version = version + 1
     where org_id = :org_id and id = :payment_id
       and (dispute_status, charged_back_minor)
           is distinct from (:dispute_status::text, :charged_back_minor::bigint)
    """
)


class DisputeFilter(msgspec.Struct, frozen=True, kw_only=True):
    status: DisputeStatus | None = None
    is_open: bool | None = None
    order_id: UUID | None = None
    payment_id: UUID | None = None


async def lock_by_provider(tx: Tx, *, provider: str, provider_dispute_id: str) -> Dispute | None:
    return await tx.one_or_none(
        LOCK_BY_PROVIDER, Dispute, provider=provider, provider_dispute_id=provider_dispute_id
    )


async def find(tx: Tx, dispute_id: UUID) -> Dispute | None:
    return await tx.one_or_none(GET, Dispute, id=dispute_id)


async def lock(tx: Tx, dispute_id: UUID) -> Dispute | None:
    return await tx.one_or_none(LOCK, Dispute, id=dispute_id)


async def list_page(
    tx: Tx, wanted: DisputeFilter, *, before: tuple[datetime, UUID] | None, count: int
) -> list[Dispute]:
    before_at, before_id = before or (None, None)
    return await tx.many(
        LIST,
        Dispute,
        **msgspec.structs.asdict(wanted),
        before_at=before_at,
        before_id=before_id,
        count=count,
        **tx.actor.reach("payments.read").params(),
    )


async def insert(tx: Tx, dispute: Dispute) -> None:
    values = msgspec.structs.asdict(dispute)
    await tx.run(INSERT, **{name: values[name] for name in INSERTED})


async def update(tx: Tx, dispute: Dispute) -> None:
    await tx.run(
        UPDATE,
        id=dispute.id,
        status=dispute.status,
        phase=dispute.phase,
        reason=dispute.reason,
        amount_minor=dispute.amount_minor,
        deducted_minor=dispute.deducted_minor,
        respond_by=dispute.respond_by,
        told_at=dispute.told_at,
        decided_at=dispute.decided_at,
        evidence_note=dispute.evidence_note,
    )


async def mark_payment(tx: Tx, dispute: Dispute) -> tuple[str, int]:
    """Write on its payment how its last dispute stands and what lost ones cost; both of these."""
    rows = await tx.records(SUMS, payment_id=dispute.payment_id)
    lost = sum(
        lost_of(
            msgspec.structs.replace(
                dispute,
                status=DisputeStatus(row["status"]),
                amount_minor=row["amount_minor"],
                deducted_minor=row["deducted_minor"],
            )
        )
        for row in rows
    )
    status = str(rows[0]["status"])
    await tx.run(
        MARK_PAYMENT,
        payment_id=dispute.payment_id,
        dispute_status=status,
        charged_back_minor=lost,
    )
    return status, lost
