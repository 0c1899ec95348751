"""What the rest of the suite hears about a complaint's issue."""

from uuid import UUID

from tandem.contracts.support import ComplaintLinked, ComplaintUnlinked
from tandem.kernel.db import Tx
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.service.reading import get_complaint


async def tell_linked(tx: Tx, complaint_id: UUID, issue_key: str) -> None:
    complaint = await get_complaint(tx, complaint_id)
    await tx.publish(
        ComplaintLinked(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
            origin=Origin.JIRA,
            issue_key=issue_key,
        )
    )


async def tell_unlinked(tx: Tx, complaint_id: UUID, issue_key: str, reason: str) -> None:
    complaint = await get_complaint(tx, complaint_id)
    await tx.publish(
        ComplaintUnlinked(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
            origin=Origin.JIRA,
            issue_key=issue_key,
            reason=reason[:200],
        )
    )
