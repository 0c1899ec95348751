"""Consent and erasure from a customer's page, and the certificates."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.customers.domain.erasing import NewErasure
from tandem.flows import erase
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.http.fields import ABOUT_PEOPLE, shows_all
from tandem.web.console.forms import convert, read_form
from tandem.web.errors import send_back
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
WORDS = {
    "purpose": "Small letters and _ only, as in marketing.",
    "source": "Say where they said it: on the phone, in the shop, by letter.",
}


class PrivacyPage(Controller):
    path = "/customers/{customer_id:uuid}"
    include_in_schema = False

    @post("/consents")
    async def record(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        to = f"/customers/{customer_id}"
        given = {
            "purpose": form.get("purpose", "marketing"),
            "channel": form.get("channel", "email"),
            "is_granted": form.get("is_granted") == "true",
            "source": form.get("source", ""),
            "notice_version": form.get("notice_version", ""),
        }
        try:
            new = convert(given, NewConsent, WORDS)
            await customers.record_consent(tx, customer_id, new, now=now)
        except Refusal as refusal:
            return send_back(request, to, refusal)
        return redirect(request, to, toast="It is in the ledger.")

    @post("/erasure")
    async def request_erasure(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        new = NewErasure(
            reason=form.get("reason", "")[:500], is_urgent=form.get("is_urgent") == "true"
        )
        to = f"/customers/{customer_id}"
        try:
            erasure = await customers.request_erasure(tx, customer_id, new, now=now)
            if new.is_urgent:
                await erase.carry_out(tx, erasure.id, now=now)
        except Refusal as refusal:
            return send_back(request, to, refusal)
        said = "They are erased." if new.is_urgent else "The erasure is announced."
        return redirect(request, "/settings/erasures", toast=said)

    @get("/personal-data", opt=shows_all(*ABOUT_PEOPLE))
    async def export(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        found = await erase.export(tx, customer_id)
        return Response(
            msgspec.json.format(msgspec.json.encode(found)),
            media_type="application/json",
            headers={
                "content-disposition": f'attachment; filename="customer-{customer_id}.json"',
                "cache-control": "no-store",
            },
        )


class ErasuresPage(Controller):
    path = "/settings/erasures"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        found = await customers.list_erasures(tx)
        return page(request, "console/settings/erasures.html", erasures=found)

    @post("/{erasure_id:uuid}/cancellation")
    async def cancel(
        self, request: AnyRequest, erasure_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await customers.cancel_erasure(tx, erasure_id, now=now)
        except Refusal as refusal:
            return redirect(request, "/settings/erasures", toast=refusal.detail)
        return redirect(request, "/settings/erasures", toast="The erasure is called off.")
