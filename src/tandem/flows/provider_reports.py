"""What providers' reports lead to: addresses that are dead or complained are written to no more.

Hard bounces and complaints suppress at once, soft bounces in a row after days, whoever sent the
message and for whatever purpose.
"""

from datetime import datetime
from typing import Literal

from tandem.contracts.notifications import MessageBounced, MessageComplained
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewSuppression
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.bounces import IN_A_ROW
from tandem.crm.notifications.service import reports
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, every


@subscribe(MessageBounced, "provider_reports.suppress_bounced")
async def suppress_bounced(tx: Tx, event: MessageBounced, now: datetime) -> None:
    """Hard ones at once. A full mailbox is empty again tomorrow: soft ones when there were several
    in a row, over days (domain.bounces)."""
    if event.bounce == "hard":
        await _suppress(tx, event, "bounced", event.reason, now)
    elif await reports.is_given_up(tx, event.message_id, now=now):
        said = f"Taken by nobody {IN_A_ROW} times in a row: {event.reason}"
        await _suppress(tx, event, "bounced", said, now)


@subscribe(MessageComplained, "provider_reports.suppress_complained")
async def suppress_complained(tx: Tx, event: MessageComplained, now: datetime) -> None:
    await _suppress(tx, event, "complained", "Called it spam.", now)


@every(15, "provider_reports.sweep")
async def sweep(work: Work) -> None:
    """Reports that were quicker than our own note of the hand-over."""
    async with work.transaction() as tx:
        await reports.sweep_waiting(tx, now=work.now())


async def _suppress(
    tx: Tx,
    event: MessageBounced | MessageComplained,
    reason: Literal["bounced", "complained"],
    detail: str,
    now: datetime,
) -> None:
    message = await notifications.get_message(tx, event.message_id)
    if message.recipient == "erased" or message.channel not in {"email", "sms", "whatsapp"}:
        return
    new = NewSuppression(
        channel=message.channel.value,  # type: ignore[arg-type]  # one of the three above
        address=message.recipient,
        reason=reason,
        detail=detail[:200],
    )
    await customers.suppress(tx, new, now=now)
