"""The sign-in page and signing out."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromQuery

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import WrongCredentials
from tandem.crm.identity.sessions import SIGN_IN_LIMIT, cookie_name, session_cookie, visitor_of
from tandem.kernel.http import PUBLIC, Now, Store, Transaction, limited
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/"


class SigningIn(Controller):
    include_in_schema = False

    @get("/sign-in", opt=PUBLIC)
    async def show(self, request: AnyRequest, next: FromQuery[str] = HOME) -> Response[str]:  # noqa: A002
        return page(request, "sign_in.html", next=_inside(next), email="", refusal=None)

    @post("/sign-in", opt={**PUBLIC, **limited(SIGN_IN_LIMIT)}, status_code=200)
    async def sign_in(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        form = await request.form()
        email, password = str(form.get("email", "")), str(form.get("password", ""))
        to = _inside(str(form.get("next", HOME)))
        try:
            opened = await identity.sign_in(
                database,
                email=email[:254],
                password=password[:256],
                visitor=visitor_of(request),
                now=now,
            )
        except WrongCredentials as refusal:
            return page(request, "sign_in.html", status=401, next=to, email=email, refusal=refusal)
        answer = redirect(request, to)
        answer.cookies.append(session_cookie(opened.token, request.app.state.settings.base_url))
        return answer

    @post("/sign-out", status_code=200)
    async def sign_out(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[None]:
        name = cookie_name(request.app.state.settings.base_url)
        if token := request.cookies.get(name):
            await identity.sign_out(tx, token=token, now=now)
            request.app.state.authenticator.forget(token)
        answer = redirect(request, "/sign-in")
        answer.headers["clear-site-data"] = '"cache", "cookies", "storage"'
        answer.delete_cookie(name)
        return answer


def _inside(to: str) -> str:
    """Only addresses of this site; never `//elsewhere` or a scheme."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else HOME
