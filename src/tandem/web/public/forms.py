"""A form's own page, the script that puts it into another site's page, and the mailed link."""

from typing import Any

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.forms import FormField, Input
from tandem.crm.sales.domain.proofs import COUNT
from tandem.crm.sales.service import forms, submissions
from tandem.flows import lead_forms
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import NotFound
from tandem.kernel.http import PUBLIC, Now, Store
from tandem.web.company import find_company
from tandem.web.framing import framed
from tandem.web.rendering import page, render

AnyRequest = Request[Any, Any, Any]
TYPES = {Input.EMAIL: "email", Input.PHONE: "tel", Input.DATE: "date"}
MODES = {Input.EMAIL: "email", Input.PHONE: "tel", Input.NUMBER: "decimal"}


class FormPages(Controller):
    path = "/f"
    include_in_schema = False
    opt = PUBLIC

    @get("/{slug:str}")
    async def show(
        self, request: AnyRequest, slug: FromPath[str], database: Store
    ) -> Response[Any]:
        """In a frame only where the form's own list of sites says so."""
        try:
            found = await forms.find_address(database, slug)
            async with database.transaction(Actor.public(found.org_id)) as tx:
                form = await forms.open_form(tx, found.id)
                company = await find_company(tx)
        except NotFound as unknown:
            return page(
                request,
                "public/link_unknown.html",
                status=unknown.status,
                refusal=unknown,
                company=None,
            )
        answer = page(
            request,
            "public/form.html",
            form=form,
            company=company,
            count=COUNT,
            is_embedded="embedded" in request.query_params,
            type_of=_type_of,
            mode_of=_mode_of,
        )
        return framed(answer, form.allowed_origins)

    @get("/{slug:str}/embed.js")
    async def script(
        self, request: AnyRequest, slug: FromPath[str], database: Store
    ) -> Response[str]:
        """Put `<script src=…/f/<slug>/embed.js async></script>` where the form shall stand."""
        await forms.find_address(database, slug)
        return Response(
            render("public/embed.js", address=f"{_origin(request)}/f/{slug}"),
            media_type=MediaType.TEXT,
            headers={
                "content-type": "text/javascript; charset=utf-8",
                "cache-control": "public, max-age=3600",
                "cross-origin-resource-policy": "cross-origin",
            },
        )


class FormConfirmations(Controller):
    path = "/f/confirm/{token:str}"
    include_in_schema = False
    opt = PUBLIC

    @get()
    async def show(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        """Looking confirms nothing: mail scanners follow links."""
        return await _confirmation(request, database, token, now, says_yes=False)

    @post(status_code=200)
    async def confirm(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        return await _confirmation(request, database, token, now, says_yes=True)


async def _confirmation(
    request: AnyRequest, database: Database, token: str, now: Any, *, says_yes: bool
) -> Response[Any]:
    held = await lead_forms.find_confirmation(database, token)
    if held is None or not held.is_live(now):
        status = 410 if held else 404
        return page(request, "public/form_confirm.html", status=status, state="ended", company=None)
    async with database.transaction(Actor.public(held.org_id)) as tx:
        company = await find_company(tx)
        if says_yes:
            await submissions.confirm(tx, held.entity_id, now=now)
        found = await submissions.find_submission(tx, held.entity_id)
    is_over = says_yes or found is None or found.confirmed_at is not None
    state = "confirmed" if is_over else "asked"
    return page(request, "public/form_confirm.html", state=state, company=company)


def _type_of(field: FormField) -> str:
    return TYPES.get(field.input, "text")


def _mode_of(field: FormField) -> str:
    return MODES.get(field.input, "text")


def _origin(request: AnyRequest) -> str:
    base: str = request.app.state.settings.base_url
    return base.rstrip("/")
