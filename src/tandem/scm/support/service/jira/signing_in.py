"""From a connection to a signed-in client, with OAuth's tokens kept fresh; and what an answer or a
trouble says about the connection."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work
from tandem.scm.support.domain.jira_connection import Connection, Kind, Secrets, State
from tandem.scm.support.domain.jira_link import FAILURES_MAX, block_for
from tandem.scm.support.gateways.jira.port import (
    Access,
    Jira,
    JiraDoor,
    Trouble,
    TroubleKind,
)
from tandem.scm.support.store import jira_connections as store

FRESH = timedelta(minutes=2)
"""A token that ends sooner is renewed before it is used."""
REFRESHING = timedelta(seconds=60)
NOTED = timedelta(seconds=60)


async def sign_in(work: Work, connection_id: UUID) -> tuple[Connection, Jira] | Trouble:
    """A network call where a token has to be renewed: never with a transaction open."""
    async with work.transaction() as tx:
        connection = await store.find(tx, connection_id)
        assert connection is not None, "connections are not deleted"
        secrets = await store.read_secrets(tx, connection_id)
    if connection.kind is Kind.CLOUD_OAUTH and _is_stale(secrets, work.now()):
        renewed = await _renew(work, connection, secrets)
        if isinstance(renewed, Trouble):
            return renewed
        secrets = renewed
    return connection, work.get(JiraDoor).open(_access(connection, secrets))


def _is_stale(secrets: Secrets, now: datetime) -> bool:
    return secrets.access_expires_at is None or secrets.access_expires_at - now < FRESH


async def _renew(work: Work, connection: Connection, secrets: Secrets) -> Secrets | Trouble:
    """One at a time, and the new pair is kept before it is used: each refresh token works once."""
    now = work.now()
    async with work.transaction() as tx:
        if not await store.claim_refresh(tx, connection.id, now=now, until=now + REFRESHING):
            return Trouble(
                kind=TroubleKind.LATER, detail="The token is being renewed.", retry_after_seconds=2
            )
    tokens = await work.get(JiraDoor).refresh(
        connection.token_url,
        client_id=secrets.client_id,
        client_secret=secrets.client_secret,
        refresh_token=secrets.refresh_token,
    )
    if isinstance(tokens, Trouble):
        if tokens.kind in {TroubleKind.LATER, TroubleKind.UNKNOWN}:
            return msgspec.structs.replace(tokens, kind=TroubleKind.LATER)
        return msgspec.structs.replace(tokens, kind=TroubleKind.UNAUTHORIZED)
    renewed = msgspec.structs.replace(
        secrets,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        access_expires_at=now + timedelta(seconds=tokens.expires_seconds),
    )
    async with work.transaction() as tx:
        await store.save_secrets(tx, connection.id, renewed)
    return renewed


def _access(connection: Connection, secrets: Secrets) -> Access:
    match connection.kind:
        case Kind.CLOUD_TOKEN:
            basic = (connection.email, secrets.token)
            return Access(kind=connection.kind, base_url=connection.api_url, basic=basic)
        case Kind.CLOUD_OAUTH:
            bearer = secrets.access_token
        case Kind.DATA_CENTER:
            bearer = secrets.token
    return Access(kind=connection.kind, base_url=connection.api_url, bearer=bearer)


async def note_answer(tx: Tx, connection_id: UUID, *, now: datetime) -> None:
    """It answers: the breaker closes. Written once a minute at most."""
    await store.note_answer(tx, connection_id, now=now, before=now - NOTED)


async def note_trouble(
    tx: Tx, connection: Connection, trouble: Trouble, *, now: datetime
) -> datetime | None:
    """Until when nobody calls this site: what it asked for, or longer and longer after troubles in
    a row. None where the trouble says nothing about the site."""
    match trouble.kind:
        case TroubleKind.UNAUTHORIZED:
            await store.set_state(
                tx, connection.id, State.UNAUTHORIZED, reason=trouble.detail[:500], now=now
            )
            return now + block_for(FAILURES_MAX)
        case TroubleKind.LATER | TroubleKind.UNKNOWN:
            return await _put_off(tx, connection, trouble, now)
    return None


async def _put_off(
    tx: Tx, connection: Connection, trouble: Trouble, now: datetime
) -> datetime | None:
    if trouble.is_about_issue:
        return now + timedelta(seconds=trouble.retry_after_seconds or 1)
    wait = block_for(connection.failures + 1)
    if trouble.retry_after_seconds is not None:
        wait = max(timedelta(seconds=trouble.retry_after_seconds), timedelta(seconds=1))
    is_open = trouble.retry_after_seconds is not None or connection.failures + 1 >= FAILURES_MAX
    await store.note_trouble(
        tx, connection.id, reason=trouble.detail[:500], until=now + wait if is_open else None
    )
    return now + wait
