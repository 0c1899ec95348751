"""What happened here is queued for Jira, in order; what came from there is not sent back."""

from datetime import datetime

from tandem.contracts.support import (
    ComplaintChanged,
    ComplaintErased,
    ComplaintFileAdded,
    ComplaintMessageAdded,
    ComplaintMessageEdited,
    ComplaintOpened,
    ComplaintRated,
    ComplaintStatusChanged,
)
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.support.domain.jira_link import Op
from tandem.scm.support.domain.jira_merge import is_file_sent, is_sent
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.service import get_message, jira, list_files


@subscribe(ComplaintOpened, "support.link_jira")
async def link(tx: Tx, event: ComplaintOpened, now: datetime) -> None:
    connection = await jira.find_active(tx)
    if connection is not None and connection.policy.opens_issues:
        await jira.link_complaint(tx, event.complaint_id, now=now)


@subscribe(ComplaintMessageAdded, "support.tell_jira_message")
async def tell_message(tx: Tx, event: ComplaintMessageAdded, now: datetime) -> None:
    connection = await jira.find_active(tx)
    if connection is None or event.origin == Origin.JIRA:
        return
    message = await get_message(tx, event.message_id)
    if is_sent(message, connection.policy):
        await jira.queue(tx, event.complaint_id, Op.COMMENT, subject_id=message.id, now=now)


@subscribe(ComplaintMessageEdited, "support.tell_jira_edit")
async def tell_edit(tx: Tx, event: ComplaintMessageEdited, now: datetime) -> None:
    if event.origin != Origin.JIRA:
        await jira.queue(tx, event.complaint_id, Op.EDIT, subject_id=event.message_id, now=now)


@subscribe(ComplaintFileAdded, "support.tell_jira_file")
async def tell_file(tx: Tx, event: ComplaintFileAdded, now: datetime) -> None:
    connection = await jira.find_active(tx)
    if connection is None or event.origin == Origin.JIRA:
        return
    files = {file.id: file for file in await list_files(tx, event.complaint_id)}
    file = files.get(event.file_id)
    if file is not None and is_file_sent(file, connection.policy):
        await jira.queue(tx, event.complaint_id, Op.FILE, subject_id=file.id, now=now)


@subscribe(ComplaintStatusChanged, "support.tell_jira_status")
async def tell_status(tx: Tx, event: ComplaintStatusChanged, now: datetime) -> None:
    if event.origin != Origin.JIRA:
        await jira.queue(tx, event.complaint_id, Op.STATUS, now=now)


@subscribe(ComplaintChanged, "support.tell_jira_fields")
async def tell_fields(tx: Tx, event: ComplaintChanged, now: datetime) -> None:
    if event.origin != Origin.JIRA and {"subject", "severity"} & set(event.what):
        await jira.queue(tx, event.complaint_id, Op.FIELDS, now=now)


@subscribe(ComplaintRated, "support.tell_jira_rating")
async def tell_rating(tx: Tx, event: ComplaintRated, now: datetime) -> None:
    if event.origin != Origin.JIRA:
        await jira.queue(tx, event.complaint_id, Op.RATING, now=now)


@subscribe(ComplaintErased, "support.erase_in_jira")
async def erase(tx: Tx, event: ComplaintErased, now: datetime) -> None:
    await jira.queue(tx, event.complaint_id, Op.ERASE, now=now)
