"""The page behind a double opt-in's link: what is asked, and a button to say yes."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import ConsentAnswered, ConsentRequest
from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.http import PUBLIC, Now, Store
from tandem.web.company import find_company
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]


class ConsentPages(Controller):
    path = "/consent"
    include_in_schema = False
    opt = PUBLIC

    @get("/{token:str}")
    async def show(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        """Looking agrees to nothing: mail scanners follow links."""
        return await _page(request, database, token, now, says_yes=False)

    @post("/{token:str}", status_code=200)
    async def confirm(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        return await _page(request, database, token, now, says_yes=True)


async def _page(
    request: AnyRequest, database: Database, token: str, now: Any, *, says_yes: bool
) -> Response[Any]:
    held = await tokens.find(database, token)
    if held is None or held.kind != customers.CONSENT_LINK or not held.is_live(now):
        return _shown(request, state="ended", status=410 if held else 404)
    address = request.client.host if request.client else ""
    async with database.transaction(Actor.public(held.org_id)) as tx:
        company = await find_company(tx)
        asked = await customers.get_request(tx, held.entity_id)
        state = "asked" if asked.confirmed_at is None else "agreed"
        if says_yes:
            try:
                await customers.confirm_consent(tx, held.entity_id, now=now, ip=address)
                state = "agreed"
            except ConsentAnswered:
                state = "answered"
    return _shown(request, state=state, asked=asked, company=company)


def _shown(
    request: AnyRequest,
    *,
    state: str,
    asked: ConsentRequest | None = None,
    company: Any = None,
    status: int = 200,
) -> Response[Any]:
    return page(
        request, "public/consent.html", status=status, state=state, asked=asked, company=company
    )
