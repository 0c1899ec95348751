"""Connections. Their secrets are one sealed value, written and read here only."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.secrets import seal, unseal
from tandem.scm.support.domain.jira_connection import Connection, Secrets

PURPOSE = "support.jira_connection"

_CONNECTION: LiteralString = """
    select id, name, kind, site_url, api_url, token_url, email, state, account_id, account_name,
           policy, mappings, failures, blocked_until, blocked_reason, last_answer_at,
           reconciled_at, version, created_at
      from support.jira_connection
"""

INSERT = Query(
    """
    insert into support.jira_connection
           (org_id, id, name, kind, site_url, api_url, token_url, email, secrets, state, policy,
            mappings, created_at, updated_at)
    values (:org_id, :id, :name, :kind, :site_url, :api_url, :token_url, :email, :secrets, :state,
            :policy, :mappings, :now, :now)
        on conflict (org_id, name) do nothing
    """
)

LIST = Query(_CONNECTION + "where org_id = :org_id order by created_at, id limit 50")

GET = Query(_CONNECTION + "where org_id = :org_id and id = :id")

LOCK = Query(_CONNECTION + "where org_id = :org_id and id = :id for update")

ACTIVE = Query(
    _CONNECTION + "where org_id = :org_id and state in ('active', 'unauthorized') limit 1"
)

SAVE = Query(
    """
    update support.jira_connection
       set state = :state, account_id = :account_id, account_name = :account_name,
           policy = :policy, mappings = :mappings, failures = :failures,
           blocked_until = :blocked_until, blocked_reason = :blocked_reason,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

NOTE_TROUBLE = Query(
    """
    update support.jira_connection
       set failures = failures + 1, blocked_reason = :reason,
           blocked_until = greatest(blocked_until, :until)
     where org_id = :org_id and id = :id
    returning failures
    """
)

NOTE_ANSWER = Query(
    """
    update support.jira_connection
       set failures = 0, blocked_until = null, blocked_reason = '', last_answer_at = :now
     where org_id = :org_id and id = :id
       and (failures > 0 or last_answer_at is null or last_answer_at < :before)
    """
)

SET_STATE = Query(
    """
    update support.jira_connection
       set state = :state, blocked_reason = :reason, updated_at = :now
     where org_id = :org_id and id = :id and state <> :state
    """
)

NOTE_RECONCILED = Query(
    """
    update support.jira_connection set reconciled_at = :now where org_id = :org_id and id = :id
    """
)

GET_SECRETS = Query(
    "select secrets from support.jira_connection where org_id = :org_id and id = :id"
)

SAVE_SECRETS = Query(
    """
    update support.jira_connection
       set secrets = :secrets, refreshing_until = null
     where org_id = :org_id and id = :id
    """
)

CLAIM_REFRESH = Query(
    """
    update support.jira_connection
       set refreshing_until = :until
     where org_id = :org_id and id = :id
       and (refreshing_until is null or refreshing_until < :now)
    """
)


async def insert(tx: Tx, connection: Connection, secrets: Secrets, *, now: datetime) -> bool:
    """False where the name is taken."""
    added = await tx.run(
        INSERT,
        id=connection.id,
        name=connection.name,
        kind=connection.kind,
        site_url=connection.site_url,
        api_url=connection.api_url,
        token_url=connection.token_url,
        email=connection.email,
        secrets=_sealed(tx, connection.id, secrets),
        state=connection.state,
        policy=msgspec.to_builtins(connection.policy),
        mappings=msgspec.to_builtins(connection.mappings),
        now=now,
    )
    return bool(added)


async def list_all(tx: Tx) -> list[Connection]:
    return await tx.many(LIST, Connection)


async def find(tx: Tx, connection_id: UUID) -> Connection | None:
    return await tx.one_or_none(GET, Connection, id=connection_id)


async def lock(tx: Tx, connection_id: UUID) -> Connection | None:
    return await tx.one_or_none(LOCK, Connection, id=connection_id)


async def find_active(tx: Tx) -> Connection | None:
    """The one that complaints go to, also while its credentials are refused."""
    return await tx.one_or_none(ACTIVE, Connection)


async def save(tx: Tx, connection: Connection, *, now: datetime) -> None:
    """The caller holds its lock."""
    values = {
        name: getattr(connection, name) for name in SAVE.names if name not in {"org_id", "now"}
    }
    values["policy"] = msgspec.to_builtins(connection.policy)
    values["mappings"] = msgspec.to_builtins(connection.mappings)
    await tx.run(SAVE, **values, now=now)


async def note_trouble(tx: Tx, connection_id: UUID, *, reason: str, until: datetime | None) -> int:
    """How many in a row it is now."""
    failures: int = await tx.value(NOTE_TROUBLE, id=connection_id, reason=reason, until=until)
    return failures


async def note_answer(tx: Tx, connection_id: UUID, *, now: datetime, before: datetime) -> None:
    await tx.run(NOTE_ANSWER, id=connection_id, now=now, before=before)


async def set_state(tx: Tx, connection_id: UUID, state: str, *, reason: str, now: datetime) -> bool:
    return bool(await tx.run(SET_STATE, id=connection_id, state=state, reason=reason, now=now))


async def note_reconciled(tx: Tx, connection_id: UUID, *, now: datetime) -> None:
    await tx.run(NOTE_RECONCILED, id=connection_id, now=now)


async def read_secrets(tx: Tx, connection_id: UUID) -> Secrets:
    sealed: bytes = await tx.value(GET_SECRETS, id=connection_id)
    plain = unseal(sealed, org_id=tx.actor.org_id, purpose=PURPOSE, subject=str(connection_id))
    return msgspec.json.decode(plain, type=Secrets)


async def save_secrets(tx: Tx, connection_id: UUID, secrets: Secrets) -> None:
    await tx.run(SAVE_SECRETS, id=connection_id, secrets=_sealed(tx, connection_id, secrets))


async def claim_refresh(tx: Tx, connection_id: UUID, *, now: datetime, until: datetime) -> bool:
    """One at a time: a rotating token works once."""
    return bool(await tx.run(CLAIM_REFRESH, id=connection_id, now=now, until=until))


def _sealed(tx: Tx, connection_id: UUID, secrets: Secrets) -> bytes:
    return seal(
        msgspec.json.encode(secrets),
        org_id=tx.actor.org_id,
        purpose=PURPOSE,
        subject=str(connection_id),
    )
