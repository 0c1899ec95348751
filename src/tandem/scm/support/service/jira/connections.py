"""Connections to Jira: made, proven, mapped, paused."""

import secrets as random
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import audit, references
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.references import Reference
from tandem.scm.support.domain.jira_connection import (
    CONNECTIONS_MAX,
    OAUTH_API,
    OAUTH_TOKEN,
    Connection,
    ConnectionWrong,
    Kind,
    Mapping,
    NewConnection,
    Policy,
    Secrets,
    State,
    TooManyConnections,
    check_connection,
    check_mappings,
)
from tandem.scm.support.store import jira_connections as store

SYSTEM = "jira"
CONNECTION = "connection"
WEBHOOK_SECRET_BYTES = 24


async def add_connection(tx: Tx, given: NewConnection, *, now: datetime) -> Connection:
    """A draft, to be proven by asking the site. Refuses a taken name, and secrets left out."""
    tx.actor.require("support.connect")
    check_connection(given)
    if len(await store.list_all(tx)) >= CONNECTIONS_MAX:
        raise TooManyConnections(f"There can be {CONNECTIONS_MAX} connections.")
    connection = Connection(
        id=new_id(),
        name=given.name,
        kind=given.kind,
        site_url=given.site_url.rstrip("/"),
        api_url=_api_url(given),
        token_url=given.token_url or OAUTH_TOKEN,
        email=given.email,
        state=State.DRAFT,
        account_id="",
        account_name="",
        policy=Policy(),
        mappings=[],
        failures=0,
        blocked_until=None,
        blocked_reason="",
        last_answer_at=None,
        reconciled_at=None,
        version=1,
        created_at=now,
    )
    if not await store.insert(tx, connection, _secrets_of(given), now=now):
        raise ConnectionWrong("There is a connection of this name.", field="name")
    reference = Reference(
        system=SYSTEM,
        kind=CONNECTION,
        external_id=str(connection.id),
        entity_kind="jira_connection",
        entity_id=connection.id,
    )
    await references.add(tx, reference)
    await _audit(tx, "support.connect_jira", connection, now)
    return connection


async def replace_secrets(
    tx: Tx, connection_id: UUID, given: NewConnection, *, now: datetime
) -> Connection:
    """Other credentials for the same site; what waited goes on once they are proven."""
    tx.actor.require("support.connect")
    check_connection(given)
    connection = await lock_connection(tx, connection_id)
    if given.kind is not connection.kind:
        raise ConnectionWrong("The kind of a connection stays. Make another one.", field="kind")
    before = await store.read_secrets(tx, connection_id)
    after = msgspec.structs.replace(
        _secrets_of(given),
        webhook_secret=before.webhook_secret,
        webhook_secret_previous=before.webhook_secret_previous,
    )
    await store.save_secrets(tx, connection_id, after)
    await _audit(tx, "support.change_jira_credentials", connection, now)
    return connection


async def list_connections(tx: Tx) -> list[Connection]:
    tx.actor.require("support.connect")
    return await store.list_all(tx)


async def get_connection(tx: Tx, connection_id: UUID) -> Connection:
    tx.actor.require("support.connect")
    return _there(await store.find(tx, connection_id))


async def find_active(tx: Tx) -> Connection | None:
    return await store.find_active(tx)


async def lock_connection(tx: Tx, connection_id: UUID) -> Connection:
    return _there(await store.lock(tx, connection_id))


async def save_mappings(
    tx: Tx,
    connection_id: UUID,
    mappings: Sequence[Mapping],
    *,
    policy: Policy,
    now: datetime,
) -> Connection:
    """Replace both whole. What the site says about them was asked before (`problems`)."""
    tx.actor.require("support.connect")
    check_mappings(mappings)
    before = await lock_connection(tx, connection_id)
    after = msgspec.structs.replace(before, mappings=list(mappings), policy=policy)
    await store.save(tx, after, now=now)
    await _audit(tx, "support.map_jira", after, now)
    return await get_connection(tx, connection_id)


async def set_state(tx: Tx, connection_id: UUID, state: State, *, now: datetime) -> Connection:
    """Activate or pause. One connection is active at a time, and needs its usual mapping."""
    tx.actor.require("support.connect")
    before = await lock_connection(tx, connection_id)
    if state is State.ACTIVE:
        if before.mapping_of("") is None:
            raise ConnectionWrong("Map the usual project first.", field="mappings")
        if not before.account_id:
            raise ConnectionWrong("Test the connection first.", field="state")
        other = await store.find_active(tx)
        if other is not None and other.id != connection_id:
            raise Conflict(f"Pause {other.name} first: complaints go to one site at a time.")
    after = msgspec.structs.replace(
        before, state=state, failures=0, blocked_until=None, blocked_reason=""
    )
    await store.save(tx, after, now=now)
    await _audit(tx, f"support.jira_{state}", after, now)
    return await get_connection(tx, connection_id)


async def read_webhook_secret(tx: Tx, connection_id: UUID) -> str:
    """What the site signs its webhooks with, for who sets them up by hand."""
    tx.actor.require("support.connect")
    return (await store.read_secrets(tx, connection_id)).webhook_secret


async def rotate_webhook_secret(tx: Tx, connection_id: UUID, *, now: datetime) -> str:
    """A new one; the previous one is taken until the next change."""
    tx.actor.require("support.connect")
    connection = await lock_connection(tx, connection_id)
    before = await store.read_secrets(tx, connection_id)
    after = msgspec.structs.replace(
        before,
        webhook_secret=random.token_urlsafe(WEBHOOK_SECRET_BYTES),
        webhook_secret_previous=before.webhook_secret,
    )
    await store.save_secrets(tx, connection_id, after)
    await _audit(tx, "support.change_jira_webhook_secret", connection, now)
    return after.webhook_secret


def _api_url(given: NewConnection) -> str:
    if given.kind is Kind.CLOUD_OAUTH:
        return f"{(given.api_url or OAUTH_API).rstrip('/')}/{given.cloud_id}"
    return (given.api_url or given.site_url).rstrip("/")


def _secrets_of(given: NewConnection) -> Secrets:
    return Secrets(
        token=given.token,
        client_id=given.client_id,
        client_secret=given.client_secret,
        refresh_token=given.refresh_token,
        webhook_secret=random.token_urlsafe(WEBHOOK_SECRET_BYTES),
    )


def _there(connection: Connection | None) -> Connection:
    if connection is None:
        raise NotFound("There is no such connection.")
    return connection


async def _audit(tx: Tx, action: str, connection: Connection, now: datetime) -> None:
    """Without a secret in it."""
    await audit.write(
        tx,
        action=action,
        subject_kind="jira_connection",
        subject_id=connection.id,
        now=now,
        after={
            "name": connection.name,
            "site": connection.site_url,
            "state": str(connection.state),
        },
    )
