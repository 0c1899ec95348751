"""Razorpay's webhooks: check, keep, answer. The work is done later by the worker.

https://razorpay.com/docs/webhooks/validate-test: the signature is over the raw body; any answer but
2xx within five seconds means being sent again for 24 hours, and then being switched off.
"""

import hashlib
from typing import Any
from uuid import UUID

import structlog
from litestar import Controller, Request, post

from tandem.kernel import inbox, jobs, references
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import TooLarge
from tandem.kernel.http import PUBLIC, Given, Now, Store, limited, refusals
from tandem.kernel.http.webhooks import Received, WebhookOperation
from tandem.kernel.limits import Limit
from tandem.scm.payments.domain import BadSignature
from tandem.scm.payments.gateways.port import PaymentGateway
from tandem.scm.payments.gateways.razorpay.webhooks import NotANotice, Notice, read_notice
from tandem.scm.payments.gateways.razorpay.wire import PROVIDER

log = structlog.get_logger()

WEBHOOK_LIMIT = Limit(name="razorpay_webhooks", count=6_000, seconds=60)
"""All of a shop's payments come from a few addresses: a sale must not run into the limit."""

EVENT_ID_LENGTH_MAX = 100


class RazorpayWebhooksController(Controller):
    path = "/v1/webhooks"
    tags = ("payments",)

    @post(
        "/razorpay",
        status_code=200,
        opt={**PUBLIC, "cross_site": True, **limited(WEBHOOK_LIMIT)},
        request_max_body_size=inbox.BODY_MAX,
        operation_class=WebhookOperation,
        responses=refusals(BadSignature, TooLarge),
    )
    async def receive(
        self,
        request: Request[Any, Any, Any],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Received:
        """Take a signed notice. Its `x-razorpay-event-id` counts once, however often it comes."""
        body = await request.body()
        signature = request.headers.get("x-razorpay-signature", "")
        if not resources.get(PaymentGateway).is_genuine_webhook(body, signature):
            raise BadSignature("The signature does not fit this body.")
        try:
            notice = read_notice(body)
        except NotANotice as reason:
            log.warning("webhook_refused", reason=str(reason)[:200])
            raise BadSignature("This is not one of Razorpay's notices.") from reason
        owners = await _owners_of(database, notice)
        if not owners:
            log.warning("webhook_without_owner", notice=notice.event)
        delivery_id = _delivery_id(request.headers.get("x-razorpay-event-id", ""), body)
        for org_id in owners:
            async with database.transaction(Actor.system(org_id, "Razorpay")) as tx:
                await inbox.keep(
                    tx,
                    provider=PROVIDER,
                    delivery_id=delivery_id,
                    subject=notice.subject,
                    body=body,
                    headers={"x-razorpay-event-id": delivery_id},
                    now=now,
                )
        return Received()


def _delivery_id(given: str, body: bytes) -> str:
    """The vendor's own id of the event; the body itself where it sends none."""
    if 1 <= len(given) <= EVENT_ID_LENGTH_MAX and given.isascii() and given.isprintable():
        return given
    return hashlib.sha256(body).hexdigest()


async def _owners_of(database: Database, notice: Notice) -> list[UUID]:
    """Whose it is: by an id we gave out, by the note we left at the gateway, or because there is
    only one organisation here. What is about the gateway account itself concerns all that share
    it. Nobody's is possible: the account may serve other shops too."""
    for kind, external_id in notice.references:
        found = await references.find_org(database, PROVIDER, kind, external_id)
        if found is not None:
            return [found]
    everybody = await jobs.organisations(database)
    if notice.is_about_account:
        return everybody
    if notice.org_id in everybody:
        return [notice.org_id]
    return everybody if len(everybody) == 1 else []
