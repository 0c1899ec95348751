"""OAuth 2 for integrators: client credentials (RFC 6749), revocation (7009), introspection (7662).

A client is an API key that is no bearer itself: its prefix is the client's id, the whole key the
secret. What it gets are opaque tokens of a quarter of an hour that die with the key.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.crm.identity.domain.keys import (
    TOKEN_LIFE,
    OpenKey,
    actor_of_key,
    hash_of,
    in_common,
    is_well_formed,
    is_within,
    new_access_token,
)
from tandem.crm.identity.store import keys as keys_store
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id

FORGET_AFTER = TOKEN_LIFE


class OauthError(Exception):
    """An error in the words of RFC 6749, 5.2; `error` is one of its codes."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6749, 5.1. `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105  the RFC's word


async def client_of(
    database: Database, client_id: str, client_secret: str, *, address: str, now: datetime
) -> OpenKey:
    """One answer for an unknown client, a wrong secret and a foreign network."""
    wrong = OauthError("invalid_client", "The client or its secret is not known.")
    if not is_well_formed(client_secret) or client_secret.rpartition("_")[0] != client_id:
        raise wrong
    found = await keys_store.find_key(database, hash_of(client_secret), now)
    if found is None or not found.is_client or not is_within(address, found.networks):
        raise wrong
    return found


async def grant(
    database: Database, client: OpenKey, scopes: Sequence[str], *, now: datetime
) -> Granted:
    """A fresh token for `scopes`, or for all that the client may. Refuses more than that."""
    acting = actor_of_key(client)
    held = in_common(client.grants, sorted(acting.grants)) if acting else []
    if not held:
        raise OauthError("unauthorized_client", "The client has no permission left.")
    wanted = sorted(set(scopes)) or client.grants
    for scope in wanted:
        if not _covers(client.grants, scope):
            raise OauthError("invalid_scope", "The client does not have all of these scopes.")
    token = new_access_token()
    async with database.transaction(Actor.system(client.org_id, client.name)) as tx:
        await tx.run(keys_store.FORGET_TOKENS, key_id=client.key_id, now=now - FORGET_AFTER)
        await tx.run(
            keys_store.INSERT_TOKEN,
            id=new_id(),
            key_id=client.key_id,
            token_hash=hash_of(token),
            grants=list(wanted),
            created_at=now,
            expires_at=now + TOKEN_LIFE,
        )
        await tx.run(keys_store.TOUCH_KEY, id=client.key_id, now=now)
    return Granted(
        access_token=token, expires_in=int(TOKEN_LIFE.total_seconds()), scope=" ".join(wanted)
    )


def _covers(held: Sequence[str], scope: str) -> bool:
    return in_common([scope], held) == [scope]


async def revoke(database: Database, client: OpenKey, token: str, *, now: datetime) -> None:
    """A token of this client stops within a second; any other is left alone, and nobody is told."""
    async with database.transaction(Actor.system(client.org_id, client.name)) as tx:
        await tx.run(
            keys_store.REVOKE_TOKEN, key_id=client.key_id, token_hash=hash_of(token), now=now
        )


async def introspect(
    database: Database, client: OpenKey, client_id: str, token: str, *, now: datetime
) -> dict[str, object]:
    """`active` and what the token may; another client's tokens look like no tokens."""
    found = None
    if is_well_formed(token):
        found = await keys_store.find_token(database, hash_of(token), now)
    if found is None or found.key_id != client.key_id or actor_of_key(found) is None:
        return {"active": False}
    assert found.expires_at is not None, "a token always ends"
    return {
        "active": True,
        "scope": " ".join(found.grants),
        "client_id": client_id,
        "token_type": "Bearer",
        "exp": int(found.expires_at.timestamp()),
        "sub": str(found.key_id),
    }
