"""Complaints and their history."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Reach
from tandem.scm.support.domain.complaints import Complaint, Step
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.store.reached import WITHIN

COMPLAINT: LiteralString = """
    select id, number, public_token, order_id, order_number, shipment_id, shipment_number,
           invoice_id, invoice_number, customer_id, customer_name, customer_email, customer_phone,
           channel, origin, category, severity, status, queue, assignee_id, assignee_name, subject,
           rule, rule_subject, response_seconds, response_due_at, responded_at,
           response_breached_at, resolution_seconds, resolution_due_at, resolution_left_seconds,
           resolution_breached_at, next_due_at, resolved_at, closed_at, rating, rating_note,
           rated_at, erased_at, version, opened_at, updated_at
      from support.complaint
"""

INSERT = Query(
    """
    insert into support.complaint
           (org_id, id, number, public_token, order_id, order_number, shipment_id, shipment_number,
            invoice_id, invoice_number, customer_id, customer_name, customer_email,
            customer_phone, channel, origin, category, severity, status, queue, subject, dedupe,
            rule, rule_subject, response_seconds, response_due_at, resolution_seconds,
            resolution_due_at, opened_at, updated_at)
    values (:org_id, :id, :number, :public_token, :order_id, :order_number, :shipment_id,
            :shipment_number, :invoice_id, :invoice_number, :customer_id, :customer_name,
            :customer_email, :customer_phone, :channel, :origin, :category, :severity, 'open',
            :queue, :subject, :dedupe, :rule, :rule_subject, :response_seconds, :response_due_at,
            :resolution_seconds, :resolution_due_at, :now, :now)
    """
)

HOLD_DEDUPE = Query(
    """
    select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text || :dedupe::text, 5501))
    """
)

FIND_BY_DEDUPE = Query(COMPLAINT + "where org_id = :org_id and dedupe = :dedupe")

FIND_BY_RULE = Query(
    COMPLAINT + "where org_id = :org_id and rule = :rule and rule_subject = :rule_subject"
)

GET = Query(COMPLAINT + "where org_id = :org_id and id = :id")

LOCK = Query(COMPLAINT + "where org_id = :org_id and id = :id for update")

FIND_BY_NUMBER = Query(COMPLAINT + "where org_id = :org_id and number = :number" + WITHIN)

LIST_OF_ORDER = Query(
    COMPLAINT
    + "where org_id = :org_id and order_id = :order_id"
    + WITHIN
    + "order by id desc limit 100"
)

LIST_OF_CUSTOMER = Query(
    COMPLAINT
    + "where org_id = :org_id and customer_id = :customer_id"
    + WITHIN
    + "order by id desc limit 100"
)

UNSETTLED_OF_RULES = Query(
    COMPLAINT
    + """
     where org_id = :org_id and rule = any(:rules::text[])
       and rule_subject = any(:subjects::uuid[]) and status not in ('resolved', 'closed')
     order by id
    """
)

SAVE = Query(
    """
    update support.complaint
       set order_id = :order_id, order_number = :order_number, shipment_id = :shipment_id,
           shipment_number = :shipment_number, invoice_id = :invoice_id,
           invoice_number = :invoice_number, customer_id = :customer_id,
           customer_name = :customer_name, customer_email = :customer_email,
           customer_phone = :customer_phone, category = :category, severity = :severity,
           status = :status, queue = :queue, assignee_id = :assignee_id,
           assignee_name = :assignee_name, subject = :subject,
           response_seconds = :response_seconds, response_due_at = :response_due_at,
           responded_at = :responded_at, response_breached_at = :response_breached_at,
           resolution_seconds = :resolution_seconds, resolution_due_at = :resolution_due_at,
           resolution_left_seconds = :resolution_left_seconds,
           resolution_breached_at = :resolution_breached_at, resolved_at = :resolved_at,
           closed_at = :closed_at, rating = :rating, rating_note = :rating_note,
           rated_at = :rated_at, erased_at = :erased_at, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
    """
)

ADD_STEPS = Query(
    """
    insert into support.step
           (org_id, id, complaint_id, at, kind, origin, actor_kind, actor_id, actor_label, before,
            after, note)
    select :org_id, id, :complaint_id, :now, kind, :origin, :actor_kind, :actor_id, :actor_label,
           before, after, note
      from jsonb_to_recordset(:steps::jsonb)
           as given (id uuid, kind text, before text, after text, note text)
     order by id
    """
)

LIST_STEPS = Query(
    """
    select id, complaint_id, at, kind, origin, actor_kind, actor_id, actor_label, before, after,
           note
      from support.step
     where org_id = :org_id and complaint_id = :complaint_id
     order by id
     limit 1000
    """
)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of history to be."""

    kind: str
    before: str = ""
    after: str = ""
    note: str = ""


SAVED = tuple(name for name in SAVE.names if name not in {"org_id", "now"})
INSERTED = tuple(name for name in INSERT.names if name not in {"org_id", "now", "dedupe"})


async def hold_dedupe(tx: Tx, dedupe: str) -> None:
    """Whoever asks with the same word waits here until the first one has committed."""
    await tx.value(HOLD_DEDUPE, dedupe=dedupe)


async def find_by_dedupe(tx: Tx, dedupe: str) -> Complaint | None:
    return await tx.one_or_none(FIND_BY_DEDUPE, Complaint, dedupe=dedupe)


async def find_by_rule(tx: Tx, rule: str, rule_subject: UUID) -> Complaint | None:
    return await tx.one_or_none(FIND_BY_RULE, Complaint, rule=rule, rule_subject=rule_subject)


async def insert(tx: Tx, complaint: Complaint, *, dedupe: str | None, now: datetime) -> None:
    values = {name: getattr(complaint, name) for name in INSERTED}
    await tx.run(INSERT, **values, dedupe=dedupe, now=now)


async def find(tx: Tx, complaint_id: UUID) -> Complaint | None:
    return await tx.one_or_none(GET, Complaint, id=complaint_id)


async def lock(tx: Tx, complaint_id: UUID) -> Complaint | None:
    return await tx.one_or_none(LOCK, Complaint, id=complaint_id)


async def find_by_number(tx: Tx, reach: Reach, number: str) -> Complaint | None:
    return await tx.one_or_none(FIND_BY_NUMBER, Complaint, number=number, **reach.params())


async def list_of_order(tx: Tx, reach: Reach, order_id: UUID) -> list[Complaint]:
    return await tx.many(LIST_OF_ORDER, Complaint, order_id=order_id, **reach.params())


async def list_unsettled_of_rules(
    tx: Tx, rules: Sequence[str], subjects: Sequence[UUID]
) -> list[Complaint]:
    return await tx.many(UNSETTLED_OF_RULES, Complaint, rules=list(rules), subjects=list(subjects))


async def list_of_customer(tx: Tx, reach: Reach, customer_id: UUID) -> list[Complaint]:
    return await tx.many(LIST_OF_CUSTOMER, Complaint, customer_id=customer_id, **reach.params())


async def save(tx: Tx, complaint: Complaint, *, now: datetime) -> Complaint:
    """The complaint as it stands now; the caller holds its lock."""
    await tx.run(SAVE, **{name: getattr(complaint, name) for name in SAVED}, now=now)
    found = await find(tx, complaint.id)
    assert found is not None, "a complaint is never deleted"
    return found


async def add_steps(
    tx: Tx, complaint_id: UUID, changes: Sequence[Change], *, origin: Origin, now: datetime
) -> None:
    steps = [{"id": str(new_id()), **msgspec.to_builtins(change)} for change in changes]
    await tx.run(
        ADD_STEPS,
        complaint_id=complaint_id,
        steps=steps,
        origin=origin,
        actor_kind=tx.actor.kind,
        actor_id=tx.actor.user_id,
        actor_label=tx.actor.label,
        now=now,
    )


async def list_steps(tx: Tx, complaint_id: UUID) -> list[Step]:
    return await tx.many(LIST_STEPS, Step, complaint_id=complaint_id)
