"""Inviting people into the company."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain import User, check_password, hash_of, normal_email
from tandem.crm.identity.domain.invitations import (
    INVITATION_LIFE,
    INVITATIONS_MAX,
    AlreadyMember,
    Invitation,
    InvitationGone,
    InvitationView,
    TooManyInvitations,
)
from tandem.crm.identity.domain.roles import MoreThanHeld
from tandem.crm.identity.service.access import as_actor
from tandem.crm.identity.service.granting import check_may_give_role, roles_named
from tandem.crm.identity.service.persons import enrol_person
from tandem.crm.identity.store import company as company_store
from tandem.crm.identity.store import invitations as store
from tandem.crm.identity.store import keys as keys_store
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import roles as roles_store
from tandem.crm.identity.store.trees import TEAMS
from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

GONE = "This invitation is used, taken back or too old. Ask for a new one."


async def list_invitations(tx: Tx) -> list[Invitation]:
    """Newest first, at most 500."""
    tx.actor.require("identity.read")
    return await store.list_invitations(tx)


async def invite(
    tx: Tx,
    *,
    email: str,
    name: str,
    role_keys: Sequence[str],
    team_ids: Sequence[UUID] = (),
    now: datetime,
) -> tuple[Invitation, str]:
    """(the invitation, its token). An earlier one to the same address stops working.

    Refuses roles above the inviter's (MoreThanHeld) and somebody who is a member (AlreadyMember).
    """
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    address = normal_email(email)
    for role in await roles_named(tx, role_keys, field="role_keys"):
        check_may_give_role(tx.actor, role)
    await _check_teams(tx, team_ids)
    await members_store.lock_company(tx)
    member = await store.find_member(tx, address)
    if member is not None and not member.is_removed:
        raise AlreadyMember("They are a member already.", field="email")
    waiting = [one for one in await store.list_invitations(tx) if one.is_open(now)]
    if len(waiting) >= INVITATIONS_MAX:
        raise TooManyInvitations(f"{INVITATIONS_MAX} invitations are open. Take some back first.")
    await tx.run(store.REVOKE_OPEN, email=address, now=now)
    token, invitation_id = secrets.token_urlsafe(32), new_id()
    await tx.run(
        store.INSERT_INVITATION,
        id=invitation_id,
        email=address,
        name=name.strip(),
        role_keys=list(dict.fromkeys(role_keys)),
        team_ids=sorted(set(team_ids)),
        token_hash=hash_of(token),
        invited_by=tx.actor.user_id,
        created_at=now,
        expires_at=now + INVITATION_LIFE,
    )
    await audit.write(
        tx,
        action="invitation.added",
        subject_kind="invitation",
        subject_id=invitation_id,
        now=now,
        after={"email": address, "roles": list(role_keys)},
    )
    return (await store.list_invitations(tx, invitation_id))[0], token


async def revoke_invitation(tx: Tx, invitation_id: UUID, *, now: datetime) -> None:
    tx.actor.require("identity.manage")
    if not await store.list_invitations(tx, invitation_id):
        raise NotFound("There is no such invitation.")
    await tx.run(store.REVOKE_INVITATION, id=invitation_id, now=now)
    await audit.write(
        tx,
        action="invitation.revoked",
        subject_kind="invitation",
        subject_id=invitation_id,
        now=now,
    )


async def read_invitation(database: Database, token: str, *, now: datetime) -> InvitationView:
    """For whoever holds the link; InvitationGone says nothing of why."""
    found = await _find(database, token)
    async with database.transaction(Actor.public(found.org_id)) as tx:
        invitation = await _open(tx, found.id, now)
        company = await company_store.get_organisation(tx)
        has_account = await _has_account(tx, invitation.email)
    return InvitationView(
        company_name=company.name,
        email=invitation.email,
        name=invitation.name,
        expires_at=invitation.expires_at,
        has_account=has_account,
    )


async def accept_invitation(
    database: Database, token: str, *, name: str, password: str | None, now: datetime
) -> User:
    """Become a member. The link proves the address, so somebody new sets their first password.

    Refuses what is used, revoked or expired (InvitationGone), and what whoever sent it could not
    give any more; of two at once one gets in.
    """
    found = await _find(database, token)
    guest = Actor.system(found.org_id, "Invitation")
    async with database.transaction(guest) as tx:
        invitation = await _open(tx, found.id, now)
        await _check_sender(tx, invitation, now)
        if not await _has_account(tx, invitation.email):
            if not password:
                raise Invalid("Choose a password.", field="password")
            company = await company_store.get_organisation(tx)
            check_password(password, about=[invitation.email, name, invitation.name, company.name])
        if not await store.use(tx, found.id, now):
            raise InvitationGone(GONE)
        user_id = await _enter(tx, invitation, name.strip() or invitation.name, password, now)
        return (await people_store.list_users(tx, user_id))[0]


async def _enter(
    tx: Tx, invitation: Invitation, name: str, password: str | None, now: datetime
) -> UUID:
    if not name:
        raise Invalid("Give your name.", field="name")
    roles = [role.key for role in await roles_named(tx, invitation.role_keys, field="role_keys")]
    person_id = await enrol_person(
        tx, email=invitation.email, password=password, now=now, is_address_proved=True
    )
    former = await store.find_member(tx, invitation.email)
    user_id = former.id if former else new_id()
    if former:
        await tx.run(store.WELCOME_BACK, id=user_id, name=name, role_key=roles[0])
    else:
        await tx.run(
            people_store.INSERT_USER,
            id=user_id,
            person_id=person_id,
            email=invitation.email,
            name=name,
            role_key=roles[0],
            created_at=now,
        )
    await members_store.set_roles(tx, user_id, roles[1:])
    known = {team.id for team in await TEAMS.list(tx)}
    for team_id in invitation.team_ids:
        if team_id in known:
            await TEAMS.join(tx, team_id, user_id)
    member = Actor(org_id=tx.actor.org_id, user_id=user_id, label=name)
    await audit.write(
        tx.acting(member),
        action="invitation.accepted",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        after={"roles": roles, "invited_by": invitation.invited_by},
    )
    return user_id


async def _find(database: Database, token: str) -> store.Invited:
    found = await store.find(database, hash_of(token))
    if found is None:
        raise InvitationGone(GONE)
    return found


async def _open(tx: Tx, invitation_id: UUID, now: datetime) -> Invitation:
    rows = await store.list_invitations(tx, invitation_id)
    if not rows or not rows[0].is_open(now):
        raise InvitationGone(GONE)
    return rows[0]


async def _check_sender(tx: Tx, invitation: Invitation, now: datetime) -> None:
    """Whoever left, or lost a right, gives it to nobody by a link that still waits."""
    sender = invitation.invited_by
    if sender is None:
        return
    if keys := await keys_store.list_keys(tx, sender):
        if keys[0].revoked_at:
            raise InvitationGone(GONE)
        sender = keys[0].created_by
        if sender is None:
            return
    giver = as_actor(tx, sender, await roles_store.access_of(tx, sender, now))
    try:
        for role in await roles_named(tx, invitation.role_keys, field="role_keys"):
            check_may_give_role(giver, role)
    except MoreThanHeld as lost:
        raise InvitationGone(GONE) from lost


async def _has_account(tx: Tx, email: str) -> bool:
    async with tx.installation() as own:
        person = await persons_store.find_person(own, email=email)
    return person is not None and person.password_hash is not None


async def _check_teams(tx: Tx, team_ids: Sequence[UUID]) -> None:
    known = {team.id for team in await TEAMS.list(tx)}
    for place, team_id in enumerate(team_ids):
        if team_id not in known:
            raise Invalid("There is no such team.", field=f"team_ids[{place}]")
