"""Opening and ending sessions. Signing in happens before an organisation is known."""

import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity import passwords
from tandem.crm.identity.domain import (
    SESSION_LIFE,
    WrongCredentials,
    hash_of,
    normal_email,
)
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
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
    logins = await people_store.find_logins(database, normal_email(email))
    for login in logins:
        if await passwords.is_password(password, login.password_hash):
            return await _open_session(database, login, address, user_agent, now)
    if not logins:
        await passwords.is_password(password, None)
    raise WrongCredentials("This e-mail address and password do not belong together.")


async def _open_session(
    database: Database, login: people_store.Login, address: str, user_agent: str, now: datetime
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    session = SignedIn(
        token=token, org_id=login.org_id, user_id=login.user_id, expires_at=now + SESSION_LIFE
    )
    async with database.transaction(Actor.system(login.org_id)) as tx:
        await tx.run(
            sessions_store.INSERT_SESSION,
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
    await tx.run(sessions_store.REVOKE_SESSION, token_hash=hash_of(token), now=now)
