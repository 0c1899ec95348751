"""Satisfaction, both ways: given here it is told to the request once, given there it is read.

Whoever was asked first is believed: a rating that is there already stays, on either side. What a
customer wrote beside the number stays here.
"""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.support.domain.jira_link import Link, Request, Sending, SendState
from tandem.scm.support.domain.statuses import Origin, Status
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind
from tandem.scm.support.service.jira.session import Session
from tandem.scm.support.service.moving import rate
from tandem.scm.support.service.reading import get_complaint
from tandem.scm.support.store import jira_queue

RATED = frozenset({Status.RESOLVED, Status.CLOSED})


async def send_rating(session: Session, link: Link, sending: Sending) -> Trouble | None:
    """What Jira will not have is told in the log and holds nothing up."""
    if not link.is_desk:
        return await _settle(session, sending, SendState.DROPPED, "It is no request.")
    there = await session.jira.read_request(link.issue_id)
    if isinstance(there, Trouble):
        return there
    if not there.status:
        return await _settle(session, sending, SendState.DROPPED, "It is no request.")
    async with session.work.transaction() as tx:
        complaint = await get_complaint(tx, link.complaint_id)
    if there.rating is not None:
        words = "" if there.rating == complaint.rating else f"It says {there.rating} of 5 already."
        return await _settle(session, sending, SendState.DONE, words)
    if complaint.rating is None:
        return await _settle(session, sending, SendState.DROPPED, "There is no rating any more.")
    trouble = await session.jira.rate_request(link.issue_id, rating=complaint.rating)
    if trouble is None:
        return await _settle(session, sending, SendState.DONE, "")
    if trouble.kind in {TroubleKind.REFUSED, TroubleKind.FORBIDDEN}:
        return await _settle(session, sending, SendState.DROPPED, trouble.detail)
    return trouble


async def take_rating(tx: Tx, complaint_id: UUID, request: Request, *, now: datetime) -> None:
    """While it is still worked on here, the rating waits for the next look."""
    complaint = await get_complaint(tx, complaint_id)
    if request.rating is None or complaint.rating is not None or complaint.erased_at is not None:
        return
    if complaint.status not in RATED:
        return
    await rate(
        tx,
        complaint_id=complaint_id,
        rating=request.rating,
        note=request.rating_note,
        now=now,
        origin=Origin.JIRA,
    )


async def _settle(
    session: Session, sending: Sending, state: SendState, words: str
) -> Trouble | None:
    async with session.recording() as (tx, _):
        await jira_queue.settle_sending(tx, sending.id, state, error=words, now=session.work.now())
    return None
