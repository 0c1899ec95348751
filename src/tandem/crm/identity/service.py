"""What identity can be asked to do. Signing in happens before an organisation is known."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.identity import passwords, store
from tandem.crm.identity.domain import (
    ROLES,
    SESSION_LIFE,
    VIEWS_MAX,
    ApiKey,
    EmailTaken,
    Organisation,
    Role,
    SavedView,
    TooManyViews,
    User,
    WrongCredentials,
    check_password,
    hash_of,
    new_api_key,
    normal_email,
)
from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.ids import new_id


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """`token` goes into the session cookie and nowhere else."""

    token: str
    org_id: UUID
    user_id: UUID
    expires_at: datetime


async def sign_in(
    database: Database, *, email: str, password: str, address: str, user_agent: str, now: datetime
) -> SignedIn:
    """Open a session. WrongCredentials says nothing of whether the address is known."""
    logins = await store.find_logins(database, normal_email(email))
    for login in logins:
        if await passwords.is_password(password, login.password_hash):
            return await _open_session(database, login, address, user_agent, now)
    if not logins:
        await passwords.is_password(password, None)
    raise WrongCredentials("This e-mail address and password do not belong together.")


async def _open_session(
    database: Database, login: store.Login, address: str, user_agent: str, now: datetime
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    session = SignedIn(
        token=token, org_id=login.org_id, user_id=login.user_id, expires_at=now + SESSION_LIFE
    )
    async with database.transaction(Actor.system(login.org_id)) as tx:
        await tx.run(
            store.INSERT_SESSION,
            id=new_id(),
            user_id=login.user_id,
            token_hash=hash_of(token),
            created_at=now,
            expires_at=session.expires_at,
            address=address,
            user_agent=user_agent[:300],
        )
    return session


async def sign_out(tx: Tx, *, token: str, now: datetime) -> None:
    await tx.run(store.REVOKE_SESSION, token_hash=hash_of(token), now=now)


async def found_organisation(
    database: Database,
    *,
    name: str,
    slug: str,
    now: datetime,
    time_zone: str = "Asia/Kolkata",
    currency: str = "INR",
    country: str = "IN",
) -> UUID:
    """A new company with the ready-made roles. Only the command line and the seed may."""
    org_id = new_id()
    async with database.transaction(Actor.system(org_id)) as tx:
        await tx.run(
            store.INSERT_ORGANISATION,
            name=name,
            slug=slug,
            time_zone=time_zone,
            currency=currency,
            country=country,
            created_at=now,
        )
        for key, (title, grants) in ROLES.items():
            await tx.run(store.INSERT_ROLES, key=key, name=title, grants=grants)
    return org_id


async def get_organisation(tx: Tx) -> Organisation:
    return await store.get_organisation(tx)


async def update_organisation(tx: Tx, *, name: str, time_zone: str, now: datetime) -> Organisation:
    tx.actor.require("identity.settings")
    before = await store.get_organisation(tx)
    after = await tx.one(store.UPDATE_ORGANISATION, Organisation, name=name, time_zone=time_zone)
    await audit.write(
        tx,
        action="organisation.updated",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        before={"name": before.name, "time_zone": before.time_zone},
        after={"name": after.name, "time_zone": after.time_zone},
    )
    return after


async def list_roles(tx: Tx) -> list[Role]:
    tx.actor.require("identity.read")
    return await store.list_roles(tx)


async def list_users(tx: Tx) -> list[User]:
    tx.actor.require("identity.read")
    return await store.list_users(tx)


async def add_user(
    tx: Tx, *, email: str, name: str, password: str, role_key: str, now: datetime
) -> User:
    """A person who signs in with e-mail and password. Refuses a taken address or unknown role."""
    tx.actor.require("identity.manage")
    check_password(password)
    roles = {role.key: role for role in await store.list_roles(tx)}
    if role_key not in roles:
        raise Invalid(f"There is no role {role_key!r}.", field="role_key")
    _check_may_give(tx.actor, roles[role_key].grants)
    user_id = new_id()
    added = await tx.run(
        store.INSERT_USER,
        id=user_id,
        email=normal_email(email),
        name=name,
        password_hash=await passwords.hash_password(password),
        role_key=role_key,
        created_at=now,
    )
    if not added:
        raise EmailTaken("Somebody with this e-mail address is here already.", field="email")
    await audit.write(
        tx,
        action="user.added",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        after={"role": role_key},
    )
    return (await store.list_users(tx, user_id))[0]


def _check_may_give(actor: Actor, grants: list[str]) -> None:
    """Nobody hands out more than they hold."""
    for grant in grants:
        if not actor.may(grant):
            raise Forbidden(f"You cannot give {grant!r}: you do not have it.", permission=grant)


async def add_api_key(
    tx: Tx,
    *,
    name: str,
    grants: list[str],
    now: datetime,
    life: timedelta | None = None,
) -> tuple[ApiKey, str]:
    """(the key's row, the key itself, shown this once). Grants cannot exceed the maker's."""
    tx.actor.require("identity.manage")
    _check_may_give(tx.actor, grants)
    key, prefix = new_api_key()
    key_id = new_id()
    await tx.run(
        store.INSERT_KEY,
        id=key_id,
        name=name,
        prefix=prefix,
        secret_hash=hash_of(key),
        grants=sorted(set(grants)),
        created_by=tx.actor.user_id,
        created_at=now,
        expires_at=now + life if life else None,
    )
    await audit.write(
        tx,
        action="api_key.added",
        subject_kind="api_key",
        subject_id=key_id,
        now=now,
        after={"name": name, "grants": sorted(set(grants))},
    )
    return (await store.list_keys(tx, key_id))[0], key


async def list_api_keys(tx: Tx) -> list[ApiKey]:
    tx.actor.require("identity.read")
    return await store.list_keys(tx)


async def revoke_api_key(tx: Tx, key_id: UUID, *, now: datetime) -> None:
    tx.actor.require("identity.manage")
    if not await store.list_keys(tx, key_id):
        raise NotFound("There is no such key.")
    await tx.run(store.REVOKE_KEY, id=key_id, now=now)
    await audit.write(
        tx, action="api_key.revoked", subject_kind="api_key", subject_id=key_id, now=now
    )


async def list_views(tx: Tx, page: str) -> list[SavedView]:
    """A page's saved views: one's own and those shared with everybody; none for who is nobody."""
    if tx.actor.user_id is None:
        return []
    return await store.list_views(tx, page, tx.actor.user_id)


async def save_view(
    tx: Tx, *, page: str, name: str, query: str, is_shared: bool, now: datetime
) -> SavedView:
    """Keep a list's state under a name. Refuses the forty-first of a page (TooManyViews)."""
    if tx.actor.user_id is None:
        raise Forbidden("Views belong to people.", permission="person")
    held: int = await tx.value(store.COUNT_VIEWS, page=page, user_id=tx.actor.user_id)
    if held >= VIEWS_MAX:
        raise TooManyViews(f"You have {VIEWS_MAX} views here. Remove one first.", field="name")
    view = SavedView(
        id=new_id(),
        user_id=tx.actor.user_id,
        page=page,
        name=name.strip(),
        query=query,
        is_shared=is_shared,
    )
    await tx.run(
        store.INSERT_VIEW,
        id=view.id,
        user_id=view.user_id,
        page=page,
        name=view.name,
        asked=query,
        is_shared=is_shared,
        created_at=now,
    )
    return view


async def remove_view(tx: Tx, view_id: UUID) -> None:
    """One's own; a shared one also by whoever manages people."""
    removed = await tx.run(
        store.DELETE_VIEW,
        id=view_id,
        user_id=tx.actor.user_id,
        may_manage=tx.actor.may("identity.manage"),
    )
    if not removed:
        raise NotFound("There is no such view of yours.")
