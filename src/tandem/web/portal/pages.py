"""My orders: sign in with a code, see what was bought, follow it, take the invoice along."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery

from tandem.crm.identity.domain.buyers import Buyer
from tandem.crm.identity.domain.codes import WrongCode
from tandem.crm.identity.service import buyers
from tandem.flows import portal
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.http import PUBLIC, Now, Store, limited
from tandem.kernel.http.access import client_address
from tandem.kernel.limits import Limit
from tandem.web.company import Company, find_company
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
COOKIE, BROWSER = "tandem_buyer", "tandem_buyer_code"
CODE_LIMIT = Limit(name="buyer_code", count=6, seconds=60)
TRY_LIMIT = Limit(name="buyer_try", count=20, seconds=60)
CONTACT_LENGTH_MAX = 254


class PortalPages(Controller):
    path = "/account"
    include_in_schema = False

    @get("/", opt=PUBLIC)
    async def mine(
        self, request: AnyRequest, database: Store, now: Now, cursor: FromQuery[str | None] = None
    ) -> Response[Any]:
        buyer = await _buyer(request, database, now)
        if buyer is None:
            return page(request, "portal/signed_out.html", status=401, company=None)
        async with database.transaction(portal.acting(buyer)) as tx:
            found = await portal.list_own(tx, buyer, cursor=cursor)
            company = await find_company(tx)
        return page(
            request, "portal/orders.html", orders=found.items, next=found.next, company=company
        )

    @get("/orders/{order_id:uuid}", opt=PUBLIC)
    async def order(
        self, request: AnyRequest, order_id: FromPath[UUID], database: Store, now: Now
    ) -> Response[Any]:
        buyer = await _buyer(request, database, now)
        if buyer is None:
            return page(request, "portal/signed_out.html", status=401, company=None)
        async with database.transaction(portal.acting(buyer)) as tx:
            order, token, sent, has_invoice = await portal.get_own(tx, buyer, order_id)
            company = await find_company(tx)
        return page(
            request,
            "portal/order.html",
            order=order,
            token=token,
            shipments=sent,
            has_invoice=has_invoice,
            company=company,
        )

    @get("/at/{slug:str}", opt=PUBLIC)
    async def door(
        self, request: AnyRequest, slug: FromPath[str], database: Store
    ) -> Response[Any]:
        await buyers.find_company(database, slug)
        return page(request, "portal/sign_in.html", slug=slug, company=await _at(database, slug))

    @post("/at/{slug:str}", opt={**PUBLIC, **limited(CODE_LIMIT)}, status_code=200)
    async def ask(
        self, request: AnyRequest, slug: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        """The same answer whether or not anybody has this address."""
        form = await request.form()
        contact = str(form.get("contact", "")).replace("\x00", "").strip()[:CONTACT_LENGTH_MAX]
        token = await buyers.ask_for_code(database, slug, contact=contact, now=now)
        answer = page(
            request,
            "portal/code.html",
            slug=slug,
            contact=contact,
            refusal=None,
            company=await _at(database, slug),
        )
        life = int(buyers.CODE_LIFE.total_seconds())
        answer.cookies.append(_cookie(request, BROWSER, token, life))
        return answer

    @post("/at/{slug:str}/code", opt={**PUBLIC, **limited(TRY_LIMIT)}, status_code=200)
    async def enter(
        self, request: AnyRequest, slug: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        form = await request.form()
        try:
            session = await buyers.sign_in(
                database,
                request.cookies.get(_name(request, BROWSER), ""),
                str(form.get("code", ""))[:20],
                address=client_address(request.scope),
                now=now,
            )
        except WrongCode as refusal:
            return page(
                request,
                "portal/code.html",
                status=refusal.status,
                slug=slug,
                contact="",
                refusal=refusal,
                company=await _at(database, slug),
            )
        answer = redirect(request, "/account")
        life = int(buyers.SESSION_LIFE.total_seconds())
        answer.cookies.append(_cookie(request, COOKIE, session, life))
        answer.cookies.append(_cookie(request, BROWSER, "", 0))
        return answer

    @post("/sign-out", opt=PUBLIC)
    async def leave(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        await buyers.sign_out(database, request.cookies.get(_name(request, COOKIE), ""), now=now)
        answer = redirect(request, "/account")
        answer.cookies.append(_cookie(request, COOKIE, "", 0))
        answer.headers["clear-site-data"] = '"cache"'
        return answer


async def _buyer(request: AnyRequest, database: Database, now: Any) -> Buyer | None:
    return await buyers.buyer_of(database, request.cookies.get(_name(request, COOKIE), ""), now=now)


async def _at(database: Database, slug: str) -> Company:
    """Under the name that buyers know it by, if it gave one."""
    found = await buyers.find_company(database, slug)
    async with database.transaction(Actor.public(found.org_id)) as tx:
        return await find_company(tx)


def _name(request: AnyRequest, name: str) -> str:
    """`__Host-` over TLS: no subdomain and no plain connection can plant one."""
    is_tls = str(request.app.state.settings.base_url).startswith("https://")
    return f"__Host-{name}" if is_tls else name


def _cookie(request: AnyRequest, name: str, value: str, life: int) -> Cookie:
    named = _name(request, name)
    return Cookie(
        key=named,
        value=value,
        path="/",
        httponly=True,
        samesite="lax",
        secure=named.startswith("__Host-"),
        max_age=life,
    )
