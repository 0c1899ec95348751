"""Setting up who carries messages: add, change, test, remove. Secrets go in and never come out."""

import hmac
import secrets as randomness
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.notifications import ProviderSuspended
from tandem.crm.notifications.domain.breakers import Breaker, Reason
from tandem.crm.notifications.domain.providers import (
    CHANNEL_OF,
    PROVIDERS_MAX,
    Carriage,
    Kind,
    NewProvider,
    NoStandIn,
    Provider,
    ProviderChange,
    ProviderMissing,
    ProviderNameTaken,
    TooManyProviders,
    checked_values,
)
from tandem.crm.notifications.gateways.carriers import Carriers, Way
from tandem.crm.notifications.gateways.port import KeysRefused, Refused, Site, TryLater
from tandem.crm.notifications.store import providers as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.guard import AddressRefused
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.outbound import OutcomeUnknown
from tandem.kernel.resources import Resources

CALLBACK_SECRET = "callback_secret"  # noqa: S105  the name of a secret
"""Ours, for providers that do not sign: it stands in the address or the password they call with."""


async def list_providers(tx: Tx) -> list[Provider]:
    tx.actor.require("notifications.read")
    return await store.list_all(tx)


async def get_provider(tx: Tx, provider_id: UUID) -> Provider:
    tx.actor.require("notifications.read")
    return await _get(tx, provider_id)


async def add_provider(
    tx: Tx, resources: Resources, new: NewProvider, *, now: datetime
) -> Provider:
    """Refuses values the kind cannot work with, and addresses inside our own network."""
    tx.actor.require("notifications.configure")
    carriers = resources.get(Carriers)
    if len(await store.list_all(tx)) >= PROVIDERS_MAX:
        raise TooManyProviders(f"A company has at most {PROVIDERS_MAX} providers.")
    if new.is_stand_in and not carriers.has_stand_ins:
        raise NoStandIn("No sandbox runs beside this installation.")
    plain, sealed = checked_values(new.kind, new.values, kept={})
    await _check_address(carriers, new.kind, plain, is_stand_in=new.is_stand_in)
    provider = Provider(
        id=new_id(),
        name=new.name,
        channel=CHANNEL_OF[new.kind],
        kind=new.kind,
        config=plain,
        rank=new.rank,
        weight=new.weight,
        is_active=new.is_active,
        is_stand_in=new.is_stand_in,
        failures=0,
        openings=0,
        closed_because=Reason.NONE,
        closed_until=None,
        last_error="",
        last_error_at=None,
        last_taken_at=None,
        version=1,
        created_at=now,
    )
    ours = {CALLBACK_SECRET: randomness.token_urlsafe(24)}
    if not await store.insert(tx, provider, {**sealed, **ours}, now=now):
        raise ProviderNameTaken("Another provider has this name.", field="name")
    await _note(tx, "notifications.provider_added", provider, now)
    return provider


async def change_provider(
    tx: Tx, resources: Resources, provider_id: UUID, change: ProviderChange, *, now: datetime
) -> Provider:
    """A provider that rests begins anew. Refuses as adding does."""
    tx.actor.require("notifications.configure")
    before = await _lock(tx, provider_id)
    kept = await store.read_secrets(tx, provider_id)
    plain, sealed = checked_values(before.kind, change.values, kept=kept)
    carriers = resources.get(Carriers)
    await _check_address(carriers, before.kind, plain, is_stand_in=before.is_stand_in)
    after = msgspec.structs.replace(
        before,
        name=change.name,
        config=plain,
        rank=change.rank,
        weight=change.weight,
        is_active=change.is_active,
    )
    if not await store.update(tx, after, {**kept, **sealed}, now=now):
        raise ProviderNameTaken("Another provider has this name.", field="name")
    changed = await _get(tx, provider_id)
    await _note(tx, "notifications.provider_changed", changed, now, before=_shown(before))
    return changed


async def remove_provider(tx: Tx, provider_id: UUID, *, now: datetime) -> None:
    """What it has in hand stays as it is; its reports are not heard any more."""
    tx.actor.require("notifications.configure")
    before = await _lock(tx, provider_id)
    await store.delete(tx, provider_id)
    await _note(tx, "notifications.provider_removed", before, now)


async def test_provider(work: Work, provider_id: UUID) -> str:
    """Ask it for real, sending nothing: empty when it answers, else its reason.

    A network call, with no transaction open. An answer opens it again if it rested.
    """
    async with work.transaction() as tx:
        way = await way_of(tx, await _get(tx, provider_id))
    try:
        carrier = await work.get(Carriers).open(way)
        await carrier.check()
    except (Refused, TryLater, OutcomeUnknown, AddressRefused) as reason:
        async with work.transaction() as tx:
            await _note_test(tx, provider_id, reason, now=work.now())
        return str(reason) or type(reason).__name__
    async with work.transaction() as tx:
        await store.set_breaker(tx, provider_id, Breaker(), error="", now=work.now())
    return ""


async def way_of(tx: Tx, provider: Provider) -> Way:
    """Everything a carrier needs, secrets too: for the network, never for an answer."""
    return Way(
        id=provider.id,
        org_id=tx.actor.org_id,
        version=provider.version,
        kind=provider.kind,
        config=provider.config,
        secrets=await store.read_secrets(tx, provider.id),
        is_stand_in=provider.is_stand_in,
    )


async def list_carriages(tx: Tx, message_id: UUID) -> list[Carriage]:
    """Whose hands a message was in, in order; none where the installation carried it."""
    tx.actor.require("notifications.read")
    return await store.list_carriages(tx, message_id)


async def find_way(tx: Tx, provider_id: UUID) -> Way | None:
    """For its reports: an inactive provider still tells of what it carried."""
    found = await store.find(tx, provider_id)
    return await way_of(tx, found) if found is not None else None


def is_callback_secret(way: Way, given: str) -> bool:
    return hmac.compare_digest(way.secrets[CALLBACK_SECRET].encode(), given.encode())


async def read_callback_secret(tx: Tx, provider_id: UUID) -> str:
    """What stands in the address that is given to a provider which does not sign."""
    tx.actor.require("notifications.configure")
    await _get(tx, provider_id)
    return (await store.read_secrets(tx, provider_id))[CALLBACK_SECRET]


def has_stand_ins(resources: Resources) -> bool:
    """Does a sandbox run beside this installation?"""
    return resources.get(Carriers).has_stand_ins


async def callback_of(tx: Tx, resources: Resources, provider_id: UUID) -> str:
    """The address that the provider is given for its reports, with our secret where it does not
    sign; empty for who is told with each message."""
    provider = await get_provider(tx, provider_id)
    secret = await read_callback_secret(tx, provider_id)
    base = resources.get(Site).base_url.rstrip("/")
    path = f"/v1/provider-callbacks/{provider.kind}/{tx.actor.org_id}/{provider_id}"
    match provider.kind:
        case Kind.TWILIO:
            return ""
        case Kind.POSTMARK:
            scheme, _, host = base.partition("://")
            return f"{scheme}://tandem:{secret}@{host}{path}"
        case Kind.MSG91 | Kind.SMTP:
            return f"{base}{path}?key={secret}"
        case _:
            return f"{base}{path}"


async def suspend(tx: Tx, provider: Provider, reason: str) -> None:
    """Tell that keys are refused: until somebody mends them, others carry or nobody does."""
    await tx.publish(
        ProviderSuspended(
            provider_id=provider.id,
            name=provider.name,
            channel=provider.channel,
            kind=provider.kind,
            reason=reason[:300],
        )
    )


async def _note_test(tx: Tx, provider_id: UUID, reason: Exception, *, now: datetime) -> None:
    found = await store.lock(tx, provider_id)
    if found is not None and isinstance(reason, KeysRefused):
        await store.set_breaker(tx, provider_id, found.breaker, error=str(reason), now=now)


async def _check_address(
    carriers: Carriers, kind: Kind, plain: Mapping[str, str], *, is_stand_in: bool
) -> None:
    if kind is not Kind.SMTP or is_stand_in:
        return
    try:
        await carriers.check_server(plain["url"])
    except AddressRefused as reason:
        raise Invalid(
            "Give a public mail server, such as smtp://mail.example.com:587.", field="values.url"
        ) from reason


async def _get(tx: Tx, provider_id: UUID) -> Provider:
    found = await store.find(tx, provider_id)
    if found is None:
        raise ProviderMissing("There is no such provider.")
    return found


async def _lock(tx: Tx, provider_id: UUID) -> Provider:
    found = await store.lock(tx, provider_id)
    if found is None:
        raise ProviderMissing("There is no such provider.")
    return found


def _shown(provider: Provider) -> dict[str, object]:
    return {
        "name": provider.name,
        "kind": provider.kind,
        "config": provider.config,
        "rank": provider.rank,
        "weight": provider.weight,
        "is_active": provider.is_active,
    }


async def _note(
    tx: Tx,
    action: str,
    provider: Provider,
    now: datetime,
    *,
    before: dict[str, object] | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="provider",
        subject_id=provider.id,
        before=before,
        after=_shown(provider),
        now=now,
    )
