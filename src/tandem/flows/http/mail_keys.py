"""Keys that sign mail from a company's own domains, over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.mail_keys import MailKey, NewMailKey, TooManyMailKeys
from tandem.flows import mail_signing
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class DomainKeysController(Controller):
    path = "/v1/sending-domains/{domain_id:uuid}/mail-keys"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden, NotFound))
    async def list_keys(self, domain_id: FromPath[UUID], tx: Transaction) -> list[MailKey]:
        """Each with its record. The private half is never told."""
        await marketing.get_domain(tx, domain_id)
        return await marketing.list_keys(tx, domain_id)

    @post("/", responses=refusals(Forbidden, NotFound, TooManyMailKeys))
    async def add_key(
        self, domain_id: FromPath[UUID], data: JSONBody[NewMailKey], tx: Transaction, now: Now
    ) -> MailKey:
        """Put `record` at `name`; once it is seen there, mail from the domain is signed with it,
        and the key before it rests."""
        return await mail_signing.add_mail_key(tx, domain_id, data, now=now)


class MailKeysController(Controller):
    path = "/v1/mail-keys"
    tags = ("marketing",)

    @delete("/{key_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_key(self, key_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Nothing is signed with it any more."""
        await marketing.remove_key(tx, key_id, now=now)
