"""Sending: one message of an address at a time, in order, with no transaction open meanwhile."""

import time
from datetime import timedelta
from uuid import UUID

from tandem.crm.webhooks import service, store
from tandem.crm.webhooks.domain import KEPT_FOR, Due, sign
from tandem.kernel.guard import Guard, NoAnswer
from tandem.kernel.jobs import Work, every

LEASE = timedelta(seconds=60)
"""Longer than a try may take (kernel.guard): nobody else sends to this address meanwhile."""
AT_ONCE = 200
"""Messages of one address in a row, before the next address has its turn."""


@every(2, "webhooks.send")
async def send_due(work: Work) -> None:
    async with work.transaction() as tx:
        await service.give_up_silent(tx, now=work.now())
        due = [row["id"] for row in await tx.records(store.DUE_ENDPOINTS, now=work.now())]
    for endpoint_id in due:
        for _ in range(AT_ONCE):
            if not await _send_next(work, endpoint_id):
                break


async def _send_next(work: Work, endpoint_id: UUID) -> bool:
    """True when a message went out and the next may follow."""
    now = work.now()
    async with work.transaction() as tx:
        due = await store.claim(tx, endpoint_id, now=now, until=now + LEASE)
    if due is None:
        return False
    began = time.monotonic()
    status, error = await _try(work, due)
    async with work.transaction() as tx:
        await service.record(
            tx,
            due,
            status=status,
            error=error,
            duration_ms=int((time.monotonic() - began) * 1000),
            now=work.now(),
        )
    return status is not None and 200 <= status < 300


async def _try(work: Work, due: Due) -> tuple[int | None, str]:
    now = work.now()
    headers = sign(
        service.secrets_of(work.org_id, due.endpoint_id, due, now), due.message_id, now, due.body
    )
    try:
        answer = await work.get(Guard).send(
            "POST", due.url, content=due.body.encode(), headers=headers
        )
    except NoAnswer as reason:
        return None, reason.reason
    return answer.status, "" if 200 <= answer.status < 300 else "refused_by_receiver"


@every(3600, "webhooks.forget")
async def forget(work: Work) -> None:
    """Messages are kept for 30 days."""
    async with work.transaction() as tx:
        await tx.run(store.FORGET, before=work.now() - KEPT_FOR)
