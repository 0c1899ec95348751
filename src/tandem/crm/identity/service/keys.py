"""API keys: made, listed, replaced, revoked; and from a key to who it acts as."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.keys import (
    OVERLAP_MAX,
    USED_GRAIN,
    ApiKey,
    KeyForbidden,
    OpenKey,
    actor_of_key,
    check_networks,
    hash_of,
    in_common,
    is_within,
    new_api_key,
)
from tandem.crm.identity.service.granting import check_may_give
from tandem.crm.identity.store import keys as keys_store
from tandem.crm.identity.store import roles as roles_store
from tandem.kernel import audit
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Conflict, Invalid, NotFound, TooManyRequests, Unauthenticated
from tandem.kernel.ids import new_id
from tandem.kernel.limits import Limit, Limiter


async def add_api_key(
    tx: Tx,
    *,
    name: str,
    grants: Sequence[str],
    now: datetime,
    life: timedelta | None = None,
    networks: Sequence[str] = (),
    per_minute: int | None = None,
    is_client: bool = False,
) -> tuple[ApiKey, str]:
    """(the key's row, the key itself, shown this once).

    Grants cannot exceed the maker's, now or later: what the maker loses, the key loses with them.
    """
    check_may_handle_keys(tx.actor, "identity.manage")
    tx.actor.require_fresh(now)
    check_may_give(tx.actor, grants)
    if not grants:
        raise Invalid("Name at least one permission.", field="grants")
    made = ApiKey(
        id=new_id(),
        name=name,
        prefix="",
        grants=sorted(set(grants)),
        created_at=now,
        expires_at=now + life if life else None,
        revoked_at=None,
        last_used_at=None,
        networks=check_networks(networks),
        per_minute=per_minute,
        is_client=is_client,
        created_by=tx.actor.user_id,
    )
    return await _keep(tx, made, action="api_key.added", now=now)


async def _keep(tx: Tx, made: ApiKey, *, action: str, now: datetime) -> tuple[ApiKey, str]:
    key, prefix = new_api_key()
    made = msgspec.structs.replace(made, prefix=prefix)
    await keys_store.add_key(tx, made, hash_of(key))
    await audit.write(
        tx,
        action=action,
        subject_kind="api_key",
        subject_id=made.id,
        now=now,
        after={
            "name": made.name,
            "prefix": prefix,
            "grants": made.grants,
            "networks": made.networks,
            "per_minute": made.per_minute,
            "expires_at": made.expires_at,
        },
    )
    return made, key


async def list_api_keys(tx: Tx) -> list[ApiKey]:
    check_may_handle_keys(tx.actor, "identity.read")
    return await keys_store.list_keys(tx)


async def rotate_api_key(
    tx: Tx, key_id: UUID, *, overlap: timedelta, now: datetime
) -> tuple[ApiKey, str]:
    """A fresh key on the same terms; the old one goes on for `overlap`, so that nothing stops.

    Whoever replaces a key becomes its maker, and must be able to give what it has.
    """
    check_may_handle_keys(tx.actor, "identity.manage")
    tx.actor.require_fresh(now)
    if not timedelta(0) <= overlap <= OVERLAP_MAX:
        raise Invalid(f"At most {OVERLAP_MAX.days} days.", field="overlap_hours")
    await tx.value(keys_store.LOCK_KEY, id=key_id)
    old = await _get(tx, key_id)
    if await tx.value(keys_store.IS_REPLACED, id=key_id):
        raise Conflict("This key was replaced already; replace its successor.")
    if old.revoked_at or (old.expires_at and old.expires_at <= now):
        raise Conflict("This key has ended already; make a new one.")
    check_may_give(tx.actor, old.grants)
    await tx.run(keys_store.END_KEY, id=key_id, at=now + overlap)
    made = msgspec.structs.replace(
        old,
        id=new_id(),
        created_at=now,
        expires_at=now + (old.expires_at - old.created_at) if old.expires_at else None,
        last_used_at=None,
        created_by=tx.actor.user_id,
        replaces_id=key_id,
    )
    return await _keep(tx, made, action="api_key.rotated", now=now)


async def revoke_api_key(tx: Tx, key_id: UUID, *, now: datetime) -> None:
    check_may_handle_keys(tx.actor, "identity.manage")
    await _get(tx, key_id)
    await tx.run(keys_store.REVOKE_KEY, id=key_id, now=now)
    await audit.write(
        tx, action="api_key.revoked", subject_kind="api_key", subject_id=key_id, now=now
    )


async def _get(tx: Tx, key_id: UUID) -> ApiKey:
    found = await keys_store.list_keys(tx, key_id)
    if not found:
        raise NotFound("There is no such key.")
    return found[0]


def check_may_handle_keys(actor: Actor, permission: str) -> None:
    """People only: a key that leaked must not be able to make itself a successor."""
    if actor.kind == Kind.API_KEY or actor.impersonator is not None:
        raise KeyForbidden("Keys are for people to make and to see.", permission=permission)
    actor.require(permission)


async def actor_of_credential(
    database: Database, secret_hash: bytes, *, is_token: bool = False
) -> Actor | None:
    """Whom a key or an access token acts as; none when it is unknown, expired or empty."""
    now = database.clock.now()
    find = keys_store.find_token if is_token else keys_store.find_key
    found = await find(database, secret_hash, now)
    if found is None or found.is_client:
        return None
    if found.last_used_at is None or now - found.last_used_at > USED_GRAIN:
        async with database.transaction(Actor.system(found.org_id)) as tx:
            await tx.run(keys_store.TOUCH_KEY, id=found.key_id, now=now)
    return actor_of_key(found)


async def key_as_actor(tx: Tx, key_id: UUID, *, asked_with: Sequence[str], now: datetime) -> Actor:
    """What a key may at this moment, for work that goes on after its request, and never more than
    it was `asked_with`. Refuses one that has ended, and one of whose grants nothing is left."""
    made = await _get(tx, key_id)
    if made.revoked_at is not None or (made.expires_at is not None and made.expires_at <= now):
        raise NotFound("This key has ended.")
    access = await roles_store.access_of(tx, made.created_by, now) if made.created_by else None
    found = actor_of_key(
        OpenKey(
            org_id=tx.actor.org_id,
            key_id=made.id,
            name=made.name,
            grants=in_common(made.grants, asked_with),
            maker_id=made.created_by,
            access=access,
            networks=made.networks,
            per_minute=made.per_minute,
            is_client=made.is_client,
            last_used_at=made.last_used_at,
            expires_at=made.expires_at,
        )
    )
    if found is None or not found.grants:
        raise NotFound("This key may nothing any more.")
    return found


def check_terms(actor: Actor, address: str, limiter: Limiter) -> None:
    """The key's own networks and limit, asked for each request."""
    terms = actor.terms
    if terms is None:
        return
    if not is_within(address, terms.networks):
        raise Unauthenticated("This API key is unknown, expired or revoked.")
    if terms.per_minute is not None:
        limit = Limit(name=f"key_{terms.per_minute}", count=terms.per_minute, seconds=60)
        verdict = limiter.take(limit, str(actor.user_id))
        if not verdict.is_allowed:
            refusal = TooManyRequests(
                f"This API key's own limit is used up. Try again in {verdict.reset_seconds} s.",
                retry_after_seconds=verdict.reset_seconds,
            )
            refusal.headers = verdict.headers()
            raise refusal
