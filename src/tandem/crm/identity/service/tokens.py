"""Access and refresh tokens: a person's session for a program. RFC 9700 s.4.14 on rotation."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.sessions import SESSION_IDLE, Visitor
from tandem.crm.identity.service import notices, signing_in
from tandem.crm.identity.service.sessions import list_companies, new_token, open_session, person_of
from tandem.crm.identity.store import sessions as sessions_store
from tandem.crm.identity.store import tokens as tokens_store
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound, Unauthenticated

ACCESS_MARK, REFRESH_MARK = "tda", "tdr"
ACCESS_LIFE = timedelta(minutes=15)
GRACE = timedelta(seconds=10)
"""A client that asks twice at once is refused the second time and keeps what the first got."""


class TokenGone(Unauthenticated):
    """Unknown, used, ended: one answer."""

    code = "token_gone"


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once, kept as hashes. `expires_in` is in seconds and the access token's."""

    access_token: str
    refresh_token: str
    expires_in: int = int(ACCESS_LIFE.total_seconds())
    token_type: str = "Bearer"  # noqa: S105  the RFC's word


async def open_tokens(tx: Tx, *, name: str, visitor: Visitor, now: datetime) -> Tokens:
    """A session for a program of one's own, in this company. Asks for a fresh proof.

    It stands among one's sessions under `name` and ends like any of them.
    """
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    here = [one for one in await list_companies(tx) if one.company_id == tx.actor.org_id]
    if not here:
        raise NotFound("You are not a member of this company.")
    program = msgspec.structs.replace(visitor, user_agent=name, old_token="")
    async with tx.installation() as own:
        opened = await open_session(
            own,
            person_id=person_id,
            membership=here[0],
            method="tokens",
            visitor=program,
            now=now,
            has_two_factors=tx.actor.has_two_factors,
        )
        return await _issue(own, opened.session_id, None, now)


async def refresh(database: Database, *, token: str, now: datetime) -> Tokens:
    """New tokens for a refresh token, once. The same one again ends the whole family.

    Who holds an old one stole it, or was stolen from: nobody can tell, so both are out, and the
    owner is told. TokenGone for all of that.
    """
    token_hash = hash_of(token)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        session_id: UUID | None = await own.value(
            tokens_store.USE_REFRESH,
            token_hash=token_hash,
            idle_since=now - SESSION_IDLE,
            now=now,
        )
        if session_id:
            await own.run(sessions_store.TOUCH_SESSION, id=session_id, now=now)
            return await _issue(own, session_id, token_hash, now)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        await _look_for_theft(own, token_hash, now)
    raise TokenGone("This refresh token is not good any more. Sign in once more.")


async def _look_for_theft(own: Tx, token_hash: bytes, now: datetime) -> None:
    found = await tokens_store.find_refresh(own, token_hash)
    if found is None or found.used_at is None or found.revoked_at is not None:
        return
    if now - found.used_at <= GRACE and not found.is_child_used:
        return
    await sessions_store.revoke(own, session_id=found.session_id, now=now)
    await notices.notify(
        own,
        found.person_id,
        "A token of yours was used twice, so its session has ended: somebody may have copied it.",
    )


async def _issue(own: Tx, session_id: UUID, parent: bytes | None, now: datetime) -> Tokens:
    made = Tokens(
        access_token=f"{ACCESS_MARK}_{secrets.token_urlsafe(32)}",
        refresh_token=f"{REFRESH_MARK}_{secrets.token_urlsafe(32)}",
    )
    if parent is None:
        # Nobody holds the token that the session was opened with.
        await own.run(tokens_store.TAKE_TOKEN_AWAY, id=session_id, token_hash=hash_of(new_token()))
    await own.run(
        tokens_store.INSERT_ACCESS,
        token_hash=hash_of(made.access_token),
        session_id=session_id,
        expires_at=now + ACCESS_LIFE,
    )
    await own.run(
        tokens_store.INSERT_REFRESH,
        token_hash=hash_of(made.refresh_token),
        session_id=session_id,
        parent_hash=parent,
        now=now,
    )
    return made
