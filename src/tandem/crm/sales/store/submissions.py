"""What was sent by forms."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.submissions import Submission
from tandem.kernel.db import Query, Tx

SUBMISSION: LiteralString = """
    select s.id, s.form_id, s.payload, s.consents, s.touch, s.verdict, s.reasons, s.lead_id,
           s.problem, s.confirmed_at, s.received_at
      from sales.form_submission s
"""

GET = Query(SUBMISSION + "where s.org_id = :org_id and s.id = :id")
LOCK = Query(SUBMISSION + "where s.org_id = :org_id and s.id = :id for update")
LIST = Query(
    SUBMISSION
    + """
     where s.org_id = :org_id and s.form_id = :form_id
       and (:verdict::text is null or s.verdict = :verdict)
       and (:before_id::uuid is null or s.id < :before_id)
     order by s.id desc
     limit :count
    """
)
TWIN = Query(
    "select s.payload from sales.form_submission s"
    " where s.org_id = :org_id and s.form_id = :form_id and s.dedupe = :dedupe"
)

ADD = Query(
    """
    insert into sales.form_submission
           (org_id, id, form_id, dedupe, payload, consents, touch, verdict, reasons, network_hash,
            user_agent, received_at)
    values (:org_id, :id, :form_id, :dedupe, :payload, :consents, :touch, :verdict,
            :reasons::text[], :network_hash, :user_agent, :now)
        on conflict (org_id, form_id, dedupe) do nothing
    """
)

JUDGE = Query(
    """
    update sales.form_submission
       set verdict = :verdict, confirmed_at = coalesce(:confirmed_at, confirmed_at)
     where org_id = :org_id and id = :id
    """
)
TAKEN = Query(
    """
    update sales.form_submission set lead_id = :lead_id, problem = :problem
     where org_id = :org_id and id = :id
    """
)
MOVE = Query(
    "update sales.form_submission set lead_id = :into where org_id = :org_id and lead_id = :source"
)

# Each consent is handed over once: whoever takes it marks it in the same statement.
TAKE_CONSENTS = Query(
    """
    update sales.form_submission s set consented_at = :now
     where s.org_id = :org_id and s.lead_id = :lead_id and s.consented_at is null
       and s.consents <> '[]' and s.verdict = 'accepted'
    returning s.id, s.form_id, s.consents, s.confirmed_at, s.received_at
    """
)

COUNTS = Query(
    """
    select s.form_id, s.verdict, count(*)::int as count
      from sales.form_submission s
     where s.org_id = :org_id
     group by s.form_id, s.verdict
    """
)


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """Consents of one submission, to be written to the customer's ledger."""

    id: UUID
    form_id: UUID
    consents: list[dict[str, Any]]
    confirmed_at: datetime | None
    received_at: datetime


class FormCount(msgspec.Struct, frozen=True, kw_only=True):
    form_id: UUID
    verdict: str
    count: int


async def find(tx: Tx, submission_id: UUID) -> Submission | None:
    return await tx.one_or_none(GET, Submission, id=submission_id)


async def lock(tx: Tx, submission_id: UUID) -> Submission | None:
    return await tx.one_or_none(LOCK, Submission, id=submission_id)


async def list_rows(
    tx: Tx, form_id: UUID, verdict: str | None, *, before_id: UUID | None, count: int
) -> list[Submission]:
    return await tx.many(
        LIST, Submission, form_id=form_id, verdict=verdict, before_id=before_id, count=count
    )


async def add(tx: Tx, row: dict[str, Any], now: datetime) -> bool:
    """False where the same challenge brought one already."""
    return bool(await tx.run(ADD, **row, now=now))


async def twin(tx: Tx, form_id: UUID, dedupe: str) -> dict[str, str] | None:
    """What the challenge brought before."""
    found: dict[str, str] | None = await tx.value(TWIN, form_id=form_id, dedupe=dedupe)
    return found


async def judge(
    tx: Tx, submission_id: UUID, verdict: str, *, confirmed_at: datetime | None = None
) -> None:
    await tx.run(JUDGE, id=submission_id, verdict=verdict, confirmed_at=confirmed_at)


async def taken(tx: Tx, submission_id: UUID, lead_id: UUID | None, problem: str) -> None:
    await tx.run(TAKEN, id=submission_id, lead_id=lead_id, problem=problem)


async def move(tx: Tx, source: UUID, into: UUID) -> None:
    await tx.run(MOVE, source=source, into=into)


async def take_consents(tx: Tx, lead_id: UUID, now: datetime) -> list[Agreed]:
    return await tx.many(TAKE_CONSENTS, Agreed, lead_id=lead_id, now=now)


async def counts(tx: Tx) -> list[FormCount]:
    return await tx.many(COUNTS, FormCount)
