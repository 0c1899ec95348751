"""Who carries a company's messages: added, changed, tested, removed. No answer holds a secret."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.notifications.domain.providers import (
    Kind,
    NewProvider,
    NoStandIn,
    Provider,
    ProviderChange,
    ProviderMissing,
    ProviderNameTaken,
    TooManyProviders,
)
from tandem.crm.notifications.service import providers as service
from tandem.kernel.errors import Forbidden, Invalid, StaleVersion
from tandem.kernel.http import (
    Acting,
    Given,
    IfMatch,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    refusals,
    unaudited,
)
from tandem.kernel.jobs import Work


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """`config` without secrets. `health` is off, keys_refused, resting, troubled, good or unused.

    While it rests (`closed_because` is trouble, keys or busy) nothing leaves by it until
    `closed_until`.
    """

    id: UUID
    name: str
    channel: str
    kind: Kind
    config: dict[str, str]
    rank: int
    weight: int
    is_active: bool
    is_stand_in: bool
    health: str
    failures: int
    closed_because: str
    closed_until: datetime | None
    last_error: str
    last_error_at: datetime | None
    last_taken_at: datetime | None
    version: int
    created_at: datetime


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is empty when it answers and takes our keys."""

    is_good: bool
    reason: str


class ProvidersController(Controller):
    path = "/v1/providers"
    tags = ("notifications",)

    @get(responses=refusals(Forbidden))
    async def list_providers(self, tx: Transaction, now: Now) -> list[ProviderView]:
        """By channel, in the order they are asked; without any the installation carries."""
        return [view(one, now) for one in await service.list_providers(tx)]

    @post(
        responses=refusals(Forbidden, Invalid, ProviderNameTaken, TooManyProviders, NoStandIn),
    )
    async def add_provider(
        self, data: JSONBody[NewProvider], tx: Transaction, resources: Given, now: Now
    ) -> ProviderView:
        """`values` hold what the kind needs (see the guide); secrets are sealed."""
        added = await service.add_provider(tx, resources, data, now=now)
        return view(added, now)

    @get("/{provider_id:uuid}", responses=refusals(Forbidden, ProviderMissing))
    async def get_provider(
        self, provider_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[ProviderView]:
        """One provider, and how it does."""
        found = await service.get_provider(tx, provider_id)
        return Response(view(found, now), headers=etag(found.version))

    @put(
        "/{provider_id:uuid}",
        responses=refusals(Forbidden, ProviderMissing, Invalid, ProviderNameTaken, StaleVersion),
    )
    async def change_provider(
        self,
        provider_id: FromPath[UUID],
        data: JSONBody[ProviderChange],
        tx: Transaction,
        resources: Given,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[ProviderView]:
        """Change it; a secret that is left out stays. One that rests begins anew."""
        tx.actor.require("notifications.configure")
        check_if_match(if_match, (await service.get_provider(tx, provider_id)).version)
        changed = await service.change_provider(tx, resources, provider_id, data, now=now)
        return Response(view(changed, now), headers=etag(changed.version))

    @delete("/{provider_id:uuid}", status_code=204, responses=refusals(Forbidden, ProviderMissing))
    async def remove_provider(self, provider_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Nothing leaves by it any more, and its reports are not heard."""
        await service.remove_provider(tx, provider_id, now=now)

    @post(
        "/{provider_id:uuid}/test",
        status_code=200,
        opt=unaudited("asks the provider, changes nothing but how it does"),
        responses=refusals(Forbidden, ProviderMissing),
    )
    async def test_provider(
        self, provider_id: FromPath[UUID], actor: Acting, database: Store, resources: Given
    ) -> TestResult:
        """Ask whether it answers and takes our keys, sending nothing to anybody."""
        actor.require("notifications.configure")
        work = Work(database, resources, actor.org_id)
        reason = await service.test_provider(work, provider_id)
        return TestResult(is_good=not reason, reason=reason)


def view(provider: Provider, now: datetime) -> ProviderView:
    shown = {
        name: getattr(provider, name) for name in ProviderView.__struct_fields__ if name != "health"
    }
    return ProviderView(**shown, health=provider.health(now))
