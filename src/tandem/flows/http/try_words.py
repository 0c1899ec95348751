"""A test message to oneself over HTTP."""

from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody

from tandem.crm.notifications.domain.template_versions import TemplateMissing, TemplateWrong
from tandem.crm.notifications.service import templates
from tandem.flows import try_words
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class TestAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`customer_id`: whose facts it shows; without one, the variables' examples."""

    version_id: UUID
    customer_id: UUID | None = None


class TestSent(msgspec.Struct, frozen=True, kw_only=True):
    sent_to: str


class TryWordsController(Controller):
    path = "/v1/notification-template-tests"
    tags = ("notifications",)

    @post("/", responses=refusals(Forbidden, Invalid, TemplateMissing, TemplateWrong, NotFound))
    async def send_test(self, data: JSONBody[TestAsk], tx: Transaction, now: Now) -> TestSent:
        """Send a version of an e-mail to yourself, filled in."""
        tx.actor.require("notifications.templates")
        version = await templates.get_version(tx, data.version_id)
        if version.channel != "email":
            raise Invalid("Only e-mails can be tried: nobody's telephone is known here.")
        sent_to = await try_words.send_to_oneself(
            tx,
            templates.content_of(version),
            channel=version.channel,
            customer_id=data.customer_id,
            now=now,
        )
        return TestSent(sent_to=sent_to)
