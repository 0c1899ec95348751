"""Consents and suppressed addresses over HTTP; the public yes of a double opt-in."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.customers import service
from tandem.crm.customers.domain import EmailWrong, PhoneWrong
from tandem.crm.customers.domain.consents import (
    Address,
    Channel,
    Consent,
    ConsentAnswered,
    ConsentAsk,
    ConsentEvent,
    MayContact,
    NewConsent,
    NewSuppression,
    Standing,
    Suppression,
)
from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, Gone, NotFound
from tandem.kernel.http import PUBLIC, Now, Store, Transaction, refusals


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Send the person this address; nothing else makes the consent stand."""

    confirm_path: str


class AddressNamed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    channel: Channel
    address: Address


class Found(msgspec.Struct, frozen=True, kw_only=True):
    suppression: Suppression | None


class ConsentController(Controller):
    path = "/v1/customers/{customer_id:uuid}"
    tags = ("customers",)

    @get("/consents", responses=refusals(Forbidden, NotFound))
    async def list_consents(self, customer_id: FromPath[UUID], tx: Transaction) -> list[Consent]:
        """What stands now, per purpose and channel."""
        return await service.list_consents(tx, customer_id)

    @post("/consents", responses=refusals(Forbidden, NotFound))
    async def record_consent(
        self,
        request: Request[Any, Any, Any],
        customer_id: FromPath[UUID],
        data: JSONBody[NewConsent],
        tx: Transaction,
        now: Now,
    ) -> list[Consent]:
        """Write a consent given or withdrawn into the ledger."""
        address = request.client.host if request.client else ""
        return await service.record_consent(tx, customer_id, data, now=now, ip=address)

    @get("/consent-events", responses=refusals(Forbidden, NotFound))
    async def list_consent_events(
        self, customer_id: FromPath[UUID], tx: Transaction
    ) -> list[ConsentEvent]:
        """The ledger, newest first."""
        return await service.list_consent_events(tx, customer_id)

    @post("/consent-requests", responses=refusals(Forbidden, NotFound))
    async def ask_consent(
        self, customer_id: FromPath[UUID], data: JSONBody[ConsentAsk], tx: Transaction, now: Now
    ) -> Asked:
        """Begin a double opt-in."""
        token = await service.ask_consent(tx, customer_id, data, now=now)
        return Asked(confirm_path=f"/consent/{token}")


class SuppressionController(Controller):
    path = "/v1"
    tags = ("customers",)

    @post("/suppressions", responses=refusals(Forbidden, EmailWrong, PhoneWrong))
    async def suppress(self, data: JSONBody[NewSuppression], tx: Transaction, now: Now) -> Found:
        """Nobody writes to this address any more."""
        await service.suppress(tx, data, now=now)
        found = await service.find_suppression(tx, data.channel, data.address)
        return Found(suppression=found)

    @post("/suppressions/search", status_code=200, responses=refusals(Forbidden, EmailWrong))
    async def find_suppression(self, data: JSONBody[AddressNamed], tx: Transaction) -> Found:
        """Addresses are kept as hashes: ask for one to learn of it."""
        return Found(suppression=await service.find_suppression(tx, data.channel, data.address))

    @post("/suppressions/release", responses=refusals(Forbidden, NotFound, EmailWrong))
    async def release(self, data: JSONBody[AddressNamed], tx: Transaction, now: Now) -> Found:
        """Take one back; not one that was erased, or that the law demands."""
        await service.release(tx, data.channel, data.address, now=now)
        return Found(suppression=None)

    @post("/contact-checks", status_code=200, responses=refusals(Forbidden, EmailWrong))
    async def may_contact(self, data: JSONBody[MayContact], tx: Transaction) -> Standing:
        """May this address be written to for this purpose, and if not, why."""
        tx.actor.require("customers.read")
        return (await service.may_contact(tx, [data]))[0]


class PublicConsentController(Controller):
    path = "/v1/public/consents"
    tags = ("public",)
    opt = PUBLIC

    @post("/{token:str}", responses=refusals(NotFound, Gone, ConsentAnswered))
    async def confirm_consent(
        self, request: Request[Any, Any, Any], token: FromPath[str], database: Store, now: Now
    ) -> Consent:
        """The person's own yes. Never by GET: mail scanners follow links."""
        held = await tokens.find(database, token)
        if held is None or held.kind != service.CONSENT_LINK:
            raise NotFound("There is no such link.")
        if not held.is_live(now):
            raise Gone("This link is no longer in use. Ask for a new one.")
        address = request.client.host if request.client else ""
        async with database.transaction(Actor.public(held.org_id)) as tx:
            return await service.confirm_consent(tx, held.entity_id, now=now, ip=address)
