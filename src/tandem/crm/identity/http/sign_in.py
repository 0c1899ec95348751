"""How a company's people come in, over HTTP: their provider, and what is asked of everybody."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import JSONBody

from tandem.contracts.address import PRINTABLE
from tandem.crm.identity.domain.sso import (
    Domain,
    DomainNotProved,
    DomainTaken,
    Provider,
    ProviderWrong,
)
from tandem.crm.identity.service import domains, policy, sso
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion, Unavailable
from tandem.kernel.http import (
    Acting,
    Given,
    IfMatch,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    limited,
    refusals,
)
from tandem.kernel.limits import Limit
from tandem.kernel.names import Names

CHECK_LIMIT = Limit(name="domain_checks", count=10, seconds=60)
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]


class ProviderChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`issuer` is what its discovery document is found under. The secret is never shown again."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PRINTABLE)]
    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=PRINTABLE)]
    client_id: Line
    client_secret: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=PRINTABLE)]
    domains: Annotated[list[Domain], msgspec.Meta(min_length=1, max_length=sso.DOMAINS_MAX)]
    expects: sso.Expected = msgspec.field(default_factory=sso.Expected)


class Enforcement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who enforces names somebody who may still come in with a password."""

    is_enforced: bool
    spare_user_id: UUID | None = None


class SignInPolicy(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    requires_second_factor: bool


class SignInController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/sign-in-provider", responses=refusals(Forbidden, NotFound))
    async def get_provider(self, tx: Transaction) -> Response[Provider]:
        """The company's OpenID provider, without its secret."""
        provider = await sso.find_provider(tx)
        if provider is None:
            raise NotFound("There is no provider yet.")
        return Response(provider, headers=etag(provider.version))

    @put(
        "/sign-in-provider",
        responses=refusals(Forbidden, ProviderWrong, StaleVersion, Invalid),
    )
    async def save_provider(
        self,
        data: JSONBody[ProviderChange],
        actor: Acting,
        database: Store,
        resources: Given,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Provider]:
        """Set it up. The provider is asked who it is first; test it on the page, then enforce it.

        Another issuer's subjects are other people: changing it forgets who was linked.
        """
        actor.require("identity.settings")
        actor.require_fresh(now)
        metadata = await resources.get(sso.OpenIdGateway).discover(data.issuer)
        async with database.transaction(actor) as tx:
            before = await sso.find_provider(tx)
            check_if_match(if_match, before.version if before else 0)
            provider = await sso.save_provider(
                tx,
                metadata,
                name=data.name,
                client_id=data.client_id,
                client_secret=data.client_secret,
                domains=data.domains,
                expects=data.expects,
                now=now,
            )
        return Response(provider, headers=etag(provider.version))

    @post(
        "/sign-in-provider/domain-checks",
        status_code=200,
        opt=limited(CHECK_LIMIT),
        responses=refusals(Forbidden, NotFound, DomainTaken, Unavailable),
    )
    async def check_domains(
        self, actor: Acting, database: Store, resources: Given, now: Now
    ) -> Provider:
        """Look for the TXT record of each claimed domain: only what is shown to be the company's
        finds, links and locks anybody. It is looked at once a day besides."""
        return await domains.check(database, resources.get(Names), actor, now=now)

    @delete("/sign-in-provider", responses=refusals(Forbidden, NotFound))
    async def remove_provider(self, tx: Transaction, now: Now) -> None:
        """People sign in with what is their own again."""
        await sso.remove_provider(tx, now=now)

    @put(
        "/sign-in-provider/enforcement",
        responses=refusals(Forbidden, NotFound, sso.NotTested, DomainNotProved, Invalid),
    )
    async def enforce(self, data: JSONBody[Enforcement], tx: Transaction, now: Now) -> Provider:
        """Whether this company is entered through its provider only."""
        return await sso.enforce(
            tx, is_enforced=data.is_enforced, spare_user_id=data.spare_user_id, now=now
        )

    @get("/sign-in-policy", responses=refusals(Forbidden))
    async def get_policy(self, tx: Transaction) -> SignInPolicy:
        """What is asked of everybody who comes in."""
        return SignInPolicy(requires_second_factor=await policy.requires_second_factor(tx))

    @put("/sign-in-policy", responses=refusals(Forbidden, Invalid))
    async def save_policy(
        self, data: JSONBody[SignInPolicy], tx: Transaction, now: Now
    ) -> SignInPolicy:
        """From the next second on, whoever lacks a second factor may only set one up."""
        await policy.require_second_factor(tx, is_required=data.requires_second_factor, now=now)
        return data
