"""Sending domains over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.marketing import service
from tandem.crm.marketing.domain.senders import (
    AddressInUse,
    AddressTaken,
    DomainTaken,
    NewAddress,
    NewDomain,
    SendingDomain,
)
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class SendingDomainsController(Controller):
    path = "/v1/sending-domains"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden))
    async def list_domains(self, tx: Transaction) -> list[SendingDomain]:
        """With their addresses and what their records said the last time."""
        return await service.list_domains(tx)

    @post("/", responses=refusals(Forbidden, Invalid, DomainTaken))
    async def add_domain(
        self, data: JSONBody[NewDomain], tx: Transaction, now: Now
    ) -> SendingDomain:
        """Claim a domain. Put `challenge` into a TXT record at `_tandem.` before it."""
        return await service.add_domain(tx, data, now=now)

    @get("/{domain_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_domain(self, domain_id: FromPath[UUID], tx: Transaction) -> SendingDomain:
        return await service.get_domain(tx, domain_id)

    @delete("/{domain_id:uuid}", responses=refusals(Forbidden, NotFound, AddressInUse))
    async def remove_domain(self, domain_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        await service.remove_domain(tx, domain_id, now=now)

    @post("/{domain_id:uuid}/checks", status_code=202, responses=refusals(Forbidden, NotFound))
    async def check(self, domain_id: FromPath[UUID], tx: Transaction, now: Now) -> SendingDomain:
        """Look at its records; the answer is there some seconds later."""
        return await service.ask_check(tx, domain_id, now=now)

    @post(
        "/{domain_id:uuid}/addresses",
        responses=refusals(Forbidden, NotFound, Invalid, AddressTaken),
    )
    async def add_address(
        self, domain_id: FromPath[UUID], data: JSONBody[NewAddress], tx: Transaction, now: Now
    ) -> SendingDomain:
        """Campaigns can leave from it once the domain is proven."""
        return await service.add_address(tx, domain_id, data, now=now)


class FromAddressesController(Controller):
    path = "/v1/from-addresses"
    tags = ("marketing",)

    @delete("/{address_id:uuid}", responses=refusals(Forbidden, NotFound, AddressInUse))
    async def remove_address(self, address_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        await service.remove_address(tx, address_id, now=now)
