"""Invite somebody into the company: the invitation, and the mail that carries its link."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.invitations import Invitation
from tandem.crm.notifications import service as notifications
from tandem.kernel.db import Tx


async def invite(
    tx: Tx,
    *,
    email: str,
    name: str,
    role_keys: Sequence[str],
    team_ids: Sequence[UUID] = (),
    now: datetime,
) -> Invitation:
    """Whose rights suffice to give these roles may invite. The link's host is this installation's,
    whatever the request's was; only the mail has the token."""
    invitation, token = await identity.invite(
        tx, email=email, name=name, role_keys=role_keys, team_ids=team_ids, now=now
    )
    company = await identity.get_organisation(tx)
    until = invitation.expires_at.astimezone(ZoneInfo(company.time_zone))
    await notifications.send(
        tx.with_all_grants(),
        template="invitation",
        order_id=None,
        email=invitation.email,
        phone=None,
        parameters={
            "company": company.name,
            "inviter": tx.actor.label or company.name,
            "name": invitation.name,
            "invitation_link": f"/invitations/{token}",
            "until": f"{until:%d %B %Y, %H:%M}",
        },
        dedupe=f"invitation:{invitation.id}",
        now=now,
        is_secret=True,
        not_after=invitation.expires_at,
    )
    return invitation
