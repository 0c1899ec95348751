"""Our answers to disputes, on their way: which are due, and who has one in hand."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import AnswerCall, Dispute
from tandem.scm.payments.store.disputes import COLUMNS

REQUEST = Query(
    """
    update payments.dispute
       set answer = :answer, answer_state = 'requested', answer_error = '',
           contested_minor = :contested_minor, answered_at = :now, answer_due_at = :now,
           answer_tries = 0, version = version + 1
     where org_id = :org_id and id = :id
    """
)

CLAIM = Query(
    f"""
    update payments.dispute
       set answer_tries = answer_tries + 1, answer_due_at = :leased_until
     where org_id = :org_id and id = :id and answer_due_at <= :now
    returning {COLUMNS}, answer_tries
    """
)

PUT_OFF = Query(
    """
    update payments.dispute
       set answer_due_at = :due_at, answer_error = :error
     where org_id = :org_id and id = :id and answer_state = 'requested'
    """
)

END = Query(
    """
    update payments.dispute
       set answer_state = :state, answer_error = :error, answer_due_at = null,
           version = version + 1
     where org_id = :org_id and id = :id and answer_state = 'requested'
    """
)

LIST_DUE = Query(
    """
    select d.id
      from payments.dispute d
      join payments.payment p on p.org_id = d.org_id and p.id = d.payment_id
     where d.org_id = :org_id and d.answer_due_at <= :now
       and p.provider = :provider and p.mode = :mode
     order by d.answer_due_at, d.id
     limit :count
    """
)


async def request(
    tx: Tx, dispute_id: UUID, *, answer: str, contested_minor: int | None, now: datetime
) -> None:
    await tx.run(REQUEST, id=dispute_id, answer=answer, contested_minor=contested_minor, now=now)


async def claim(
    tx: Tx, dispute_id: UUID, *, now: datetime, leased_until: datetime
) -> AnswerCall | None:
    rows = await tx.records(CLAIM, id=dispute_id, now=now, leased_until=leased_until)
    if not rows:
        return None
    columns = dict(rows[0])
    tries = columns.pop("answer_tries")
    dispute = Dispute(**columns)
    assert dispute.answered_at, "what was asked for has its time"
    return AnswerCall(dispute=dispute, requested_at=dispute.answered_at, tries=tries)


async def put_off(tx: Tx, dispute_id: UUID, *, due_at: datetime, error: str) -> None:
    await tx.run(PUT_OFF, id=dispute_id, due_at=due_at, error=error)


async def end(tx: Tx, dispute_id: UUID, *, state: str, error: str) -> None:
    await tx.run(END, id=dispute_id, state=state, error=error)


async def list_due(tx: Tx, *, provider: str, mode: str, now: datetime, count: int) -> list[UUID]:
    rows = await tx.records(LIST_DUE, provider=provider, mode=mode, now=now, count=count)
    return [row["id"] for row in rows]
