"""Mail to members of the staff: everything that is due to one person becomes one message.

What is due is taken and the message planned in one transaction, so that a worker that dies at nine
o'clock neither loses the digest nor sends it twice. What comes meanwhile is due the next time.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.inbox import LISTED_IN_A_MAIL, Entry
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.service import inbox, templates
from tandem.flows.tell_customer import company_name
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.jobs import Work, every


@every(10, "notifications.mail_staff")
async def mail_staff(work: Work) -> None:
    async with work.transaction() as tx:
        due = await inbox.list_due(tx, now=work.now())
    for user_id in due:
        async with work.transaction() as tx:
            await mail_one(tx, user_id, now=work.now())


@every(3600, "notifications.prune_staff_mail")
async def prune(work: Work) -> None:
    async with work.transaction() as tx:
        await inbox.prune(tx, now=work.now())


async def mail_one(tx: Tx, user_id: UUID, *, now: datetime) -> list[UUID]:
    """Whoever has left the company gets nothing; what waited for them is gone."""
    entries = await inbox.take_due(tx, user_id, now=now)
    if not entries:
        return []
    try:
        user = await identity.get_user(tx, user_id)
    except NotFound:
        return []
    if not user.is_active:
        return []
    company = await company_name(tx)
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    said = await templates.say_rows(tx, "staff_digest", _facts(company, entries, zone))
    return await notifications.plan(
        tx,
        [
            Outgoing(
                dedupe=f"staff:{entries[0].id}",
                channel=Channel.EMAIL,
                kind="staff_digest",
                purpose=SERVICE,
                customer_id=None,
                recipient=user.email,
                lane=Lane.TRANSACTIONAL,
                sender_name=company,
                subject=said.subject,
                text=said.text,
                html=said.html,
            )
        ],
        now=now,
    )


def _facts(company: str, entries: Sequence[Entry], zone: ZoneInfo) -> dict[str, object]:
    shown = entries[:LISTED_IN_A_MAIL]
    return {
        "company": company,
        "count": len(entries),
        "more_than_one": len(entries) > 1,
        "first": entries[0].title,
        "more": len(entries) - len(shown),
        "inbox_link": "/inbox",
        "choices_link": "/me/notifications",
        "things": [
            {
                "title": one.title,
                "body": one.body,
                "at": _at(one.created_at, zone),
                **({"go_link": one.link} if one.link else {}),
            }
            for one in shown
        ],
    }


def _at(at: datetime, zone: ZoneInfo) -> str:
    return format_datetime(at.astimezone(zone), "d MMM, h:mm a", locale="en_IN")
