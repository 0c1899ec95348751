"""My security: password, authenticator app, passkeys, sessions; proving anew; another company."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.codes import WrongCode
from tandem.crm.identity.domain.devices import device_words
from tandem.crm.identity.service import factors, passkeys, sso
from tandem.crm.identity.sessions import cookies_of, session_cookie, visitor_of
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Acting, Now, Store, Transaction
from tandem.kernel.http.access import WITHOUT_FACTOR
from tandem.web.console.forms import NO_PROBLEM, Problem, read_form
from tandem.web.rendering import page, redirect
from tandem.web.signing_in import inside

AnyRequest = Request[Any, Any, Any]
HERE = "/security"


class SecurityPage(Controller):
    path = HERE
    include_in_schema = False
    opt = WITHOUT_FACTOR

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _show(request, tx, now)

    @post("/password")
    async def change_password(
        self, request: AnyRequest, actor: Acting, database: Store, now: Now
    ) -> Response[Any]:
        form = await request.form()
        old, new = str(form.get("old", ""))[:256], str(form.get("new", ""))[:257]
        try:
            await factors.change_password(
                database, actor, old=old, new=new, visitor=visitor_of(request), now=now
            )
        except Refusal as refusal:
            field = {"password": "new"}.get(refusal.field or "", refusal.field or "")
            field = "old" if isinstance(refusal, factors.WrongPassword) else field
            problem = Problem(detail=refusal.detail, field=field, form="password")
            return await _again(request, database, actor, problem, now, refusal.status)
        return redirect(request, HERE, toast="Your password is changed. Other sessions have ended.")

    @post("/app", status_code=200)
    async def begin_app(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The QR code is on this answer and on no other page."""
        begun = await factors.begin_time_code(tx, now=now)
        return page(
            request, "security/app.html", begun=begun, picture=_qr(begun.address), problem=""
        )

    @post("/app/confirmation", status_code=200)
    async def confirm_app(
        self, request: AnyRequest, actor: Acting, database: Store, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            async with database.transaction(actor) as tx:
                codes = await factors.confirm_time_code(tx, code=form.get("code", ""), now=now)
        except WrongCode as refusal:
            async with database.transaction(actor) as tx:
                begun = await factors.begun_time_code(tx)
            return page(
                request,
                "security/app.html",
                status=422,
                begun=begun,
                picture=_qr(begun.address),
                problem=refusal.detail,
            )
        return page(request, "security/codes.html", codes=codes)

    @post("/app/removal")
    async def remove_app(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        await factors.remove_time_code(tx, now=now)
        return redirect(request, HERE, toast="You sign in without the app from now on.")

    @post("/recovery-codes", status_code=200)
    async def renew_codes(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return page(
            request,
            "security/codes.html",
            codes=await factors.renew_recovery_codes(tx, now=now),
        )

    @post("/passkeys/{passkey_id:uuid}/removal")
    async def remove_passkey(
        self, request: AnyRequest, passkey_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await passkeys.remove_passkey(tx, passkey_id, now=now)
        return redirect(request, HERE, toast="The passkey no longer signs in.")

    @post("/sessions/{session_id:uuid}/end")
    async def end_session(
        self, request: AnyRequest, session_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await identity.revoke_session(tx, session_id, now=now)
        return redirect(request, HERE, toast="That session has ended.")

    @post("/sessions/others-end")
    async def end_others(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        ended = await identity.revoke_other_sessions(tx, now=now)
        return redirect(request, HERE, toast=f"{ended} other sessions have ended.")

    @get("/confirm")
    async def ask(
        self,
        request: AnyRequest,
        tx: Transaction,
        next: FromQuery[str] = HERE,  # noqa: A002
    ) -> Response[Any]:
        """Before a sensitive act: prove anew that it is you."""
        return await _ask(request, tx, inside(next))

    @post("/confirm", status_code=200)
    async def confirm(
        self, request: AnyRequest, actor: Acting, database: Store, now: Now
    ) -> Response[Any]:
        form = await request.form()
        to, visitor = inside(str(form.get("next", HERE))), visitor_of(request)
        try:
            token = await factors.step_up(
                database,
                actor,
                password=str(form.get("password", ""))[:256],
                code=str(form.get("code", ""))[:64],
                visitor=visitor,
                now=now,
            )
        except factors.SignInAgain:
            return redirect(request, f"/sign-in?next={to}")
        except Refusal as refusal:
            async with database.transaction(actor) as tx:
                return await _ask(request, tx, to, refusal)
        answer = redirect(request, to)
        answer.cookies += cookies_of(request, token, visitor)
        return answer


class CompaniesPage(Controller):
    """Going from one company to another of the same person."""

    path = "/companies"
    include_in_schema = False
    opt = WITHOUT_FACTOR

    @get("/menu")
    async def menu(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """The other companies, for the menu in the header; nothing when there are none."""
        return page(
            request,
            "security/companies.html",
            companies=[
                one
                for one in await identity.list_companies(tx)
                if one.company_id != tx.actor.org_id
            ],
        )

    @post("/{company_id:uuid}/entry")
    async def enter(
        self, request: AnyRequest, company_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        opened = await identity.switch_company(tx, company_id, visitor=visitor_of(request), now=now)
        answer = redirect(request, "/")
        base_url = request.app.state.settings.base_url
        answer.cookies.append(session_cookie(opened.token, base_url))
        return answer


async def _ask(
    request: AnyRequest, tx: Tx, to: str, refusal: Refusal | None = None
) -> Response[Any]:
    held = await factors.read_factors(tx)
    keys = await passkeys.list_passkeys(tx)
    return page(
        request,
        "door/confirm.html",
        status=refusal.status if refusal and refusal.status != 401 else 422 if refusal else 200,
        next=to,
        asks_code=held.has_time_code or bool(keys),
        has_passkeys=bool(keys),
        door=await sso.own_door(tx),
        refusal=refusal,
    )


async def _again(
    request: AnyRequest,
    database: Database,
    actor: Actor,
    problem: Problem,
    now: Any,
    status: int,
) -> Response[Any]:
    async with database.transaction(actor) as tx:
        return await _show(request, tx, now, problem, 422 if status == 401 else status)


async def _show(
    request: AnyRequest, tx: Tx, now: Any, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    companies = {one.company_id: one.company_name for one in await identity.list_companies(tx)}
    return page(
        request,
        "security/page.html",
        status=status,
        held=await factors.read_factors(tx),
        keys=await passkeys.list_passkeys(tx),
        sessions=await identity.list_sessions(tx, now=now),
        companies=companies,
        device=device_words,
        problem=problem,
    )


def _qr(address: str) -> Markup:
    """Drawn here: the secret goes to no other service."""
    import segno

    drawn = segno.make(address, error="m", boost_error=False)
    return Markup(drawn.svg_inline(scale=4, border=3, light="#fff", dark="#000"))  # noqa: S704
