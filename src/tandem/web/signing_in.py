"""Signing in in all its forms, and signing out."""

from typing import Any
from urllib.parse import quote

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import WeakPassword
from tandem.crm.identity.domain.sessions import HalfSignedIn, SignedIn, Visitor
from tandem.crm.identity.domain.sso import SsoNeeded
from tandem.crm.identity.service import factors, mailed
from tandem.crm.identity.sessions import (
    COOKIE,
    HALF,
    SIGN_IN_LIMIT,
    cookie_name,
    cookies_of,
    guarded_cookie,
    half_cookie,
    held_cookie,
    visitor_of,
)
from tandem.kernel.errors import Refusal
from tandem.kernel.http import PUBLIC, Now, Store, Transaction, limited
from tandem.kernel.http.access import WITHOUT_FACTOR
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/"
PUNCTUATION = "!#$%&'()*+,/:;=?@[]~"
RESET = "tandem_reset"
DOOR = {**PUBLIC, **limited(SIGN_IN_LIMIT), "door": True}
CLEAR = '"cache", "storage"'
"""Not the cookies: the session's is taken back by name, the browser stays known to its owner."""


class SigningIn(Controller):
    include_in_schema = False

    @get("/sign-in", opt=PUBLIC)
    async def show(self, request: AnyRequest, next: FromQuery[str] = HOME) -> Response[Any]:  # noqa: A002
        return page(request, "door/sign_in.html", next=inside(next), email="", refusal=None)

    @post("/sign-in", opt=DOOR, status_code=200)
    async def sign_in(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        form = await request.form()
        email, password = str(form.get("email", "")), str(form.get("password", ""))
        to, visitor = inside(str(form.get("next", HOME))), visitor_of(request)
        try:
            outcome = await identity.sign_in(
                database, email=clean(email), password=password[:256], visitor=visitor, now=now
            )
        except SsoNeeded as needed:
            return onward(request, f"/sso/{needed.facts['provider_id']}?next={quote(to)}")
        except Refusal as refusal:
            return page(
                request,
                "door/sign_in.html",
                status=refusal.status,
                next=to,
                email=email,
                refusal=refusal,
            )
        return let_in(request, outcome, visitor, to)

    @get("/sign-in/second-factor", opt=PUBLIC)
    async def ask_factor(self, request: AnyRequest, next: FromQuery[str] = HOME) -> Response[Any]:  # noqa: A002
        return page(request, "door/second_factor.html", next=inside(next), refusal=None)

    @post("/sign-in/second-factor", opt=DOOR, status_code=200)
    async def second_factor(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        form = await request.form()
        to, visitor = inside(str(form.get("next", HOME))), visitor_of(request)
        try:
            outcome = await factors.second_factor(
                database,
                token=held_cookie(request, HALF),
                code=str(form.get("code", ""))[:64],
                visitor=visitor,
                now=now,
            )
        except factors.SignInAgain as refusal:
            return page(
                request, "door/sign_in.html", status=401, next=to, email="", refusal=refusal
            )
        except Refusal as refusal:
            return page(
                request,
                "door/second_factor.html",
                status=refusal.status,
                next=to,
                refusal=refusal,
            )
        return let_in(request, outcome, visitor, to)

    @get("/sign-in/code", opt=PUBLIC)
    async def show_code(self, request: AnyRequest, next: FromQuery[str] = HOME) -> Response[Any]:  # noqa: A002
        return page(
            request, "door/code.html", next=inside(next), email="", is_sent=False, refusal=None
        )

    @post("/sign-in/code", opt=DOOR, status_code=200)
    async def send_code(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        form = await request.form()
        email, to = str(form.get("email", "")), inside(str(form.get("next", HOME)))
        shown: dict[str, Any] = {"next": to, "email": email}
        try:
            token = await mailed.ask_for_code(
                database, email=clean(email), visitor=visitor_of(request), now=now
            )
        except Refusal as refusal:
            return page(
                request,
                "door/code.html",
                status=refusal.status,
                is_sent=False,
                refusal=refusal,
                **shown,
            )
        answer = page(request, "door/code.html", is_sent=True, refusal=None, **shown)
        answer.cookies.append(half_cookie(request, token))
        return answer

    @post("/sign-in/code/entry", opt=DOOR, status_code=200)
    async def enter_code(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        form = await request.form()
        email, to = str(form.get("email", "")), inside(str(form.get("next", HOME)))
        visitor = visitor_of(request)
        try:
            outcome = await mailed.enter_with_code(
                database,
                token=held_cookie(request, HALF),
                code=str(form.get("code", ""))[:64],
                visitor=visitor,
                now=now,
            )
        except Refusal as refusal:
            return page(
                request,
                "door/code.html",
                status=refusal.status,
                next=to,
                email=email,
                is_sent=True,
                refusal=refusal,
            )
        return let_in(request, outcome, visitor, to)

    @post("/sign-out", status_code=200, opt=WITHOUT_FACTOR)
    async def sign_out(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[None]:
        if token := held_cookie(request, COOKIE):
            await identity.sign_out(tx, token=token, now=now)
            request.app.state.authenticator.forget(token)
        answer = redirect(request, "/sign-in")
        answer.headers["clear-site-data"] = CLEAR
        answer.delete_cookie(cookie_name(request.app.state.settings.base_url))
        return answer


class Forgetting(Controller):
    """Forgot, and the mailed link. The token goes from the address into a cookie at once: no
    history, no referrer and no screenshot has it."""

    include_in_schema = False

    @get("/forgot", opt=PUBLIC)
    async def show(self, request: AnyRequest) -> Response[Any]:
        return page(request, "door/forgot.html", email="", is_sent=False, refusal=None)

    @post("/forgot", opt=DOOR, status_code=200)
    async def send(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        email = str((await request.form()).get("email", ""))
        try:
            await mailed.ask_for_reset(
                database, email=clean(email), visitor=visitor_of(request), now=now
            )
        except Refusal as refusal:
            return page(
                request,
                "door/forgot.html",
                status=refusal.status,
                email=email,
                is_sent=False,
                refusal=refusal,
            )
        return page(request, "door/forgot.html", email=email, is_sent=True, refusal=None)

    @get("/reset/{token:str}", opt=PUBLIC)
    async def arrive(self, request: AnyRequest, token: FromPath[str]) -> Response[None]:
        answer = redirect(request, "/reset")
        base_url = request.app.state.settings.base_url
        answer.cookies.append(guarded_cookie(RESET, token[:100], base_url, max_age=1800))
        answer.headers["referrer-policy"] = "no-referrer"
        return answer

    @get("/reset", opt=PUBLIC)
    async def choose(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        token = held_cookie(request, RESET)
        try:
            email = await mailed.read_reset(database, token=token, now=now)
        except mailed.LinkGone as gone:
            return page(
                request, "door/forgot.html", status=410, email="", is_sent=False, refusal=gone
            )
        return page(request, "door/reset.html", email=email, refusal=None)

    @post("/reset", opt=DOOR, status_code=200)
    async def reset(self, request: AnyRequest, database: Store, now: Now) -> Response[Any]:
        token = held_cookie(request, RESET)
        password = str((await request.form()).get("password", ""))
        try:
            await mailed.reset_password(database, token=token, password=password[:257], now=now)
        except WeakPassword as weak:
            email = await mailed.read_reset(database, token=token, now=now)
            return page(request, "door/reset.html", status=422, email=email, refusal=weak)
        except Refusal as refusal:
            return page(
                request,
                "door/forgot.html",
                status=refusal.status,
                email="",
                is_sent=False,
                refusal=refusal,
            )
        answer = page(request, "door/reset_done.html")
        base_url = request.app.state.settings.base_url
        answer.cookies.append(guarded_cookie(RESET, "", base_url, max_age=0))
        return answer


def let_in(
    request: AnyRequest, outcome: SignedIn | HalfSignedIn, visitor: Visitor, to: str
) -> Response[None]:
    """On to where they wanted to go, or to the second factor first."""
    if isinstance(outcome, HalfSignedIn):
        answer = redirect(request, f"/sign-in/second-factor?next={quote(to)}")
        answer.cookies.append(half_cookie(request, outcome.token))
        return answer
    answer = redirect(request, to)
    answer.cookies += cookies_of(request, outcome.token, visitor)
    return answer


def onward(request: AnyRequest, to: str) -> Response[Any]:
    """On to another site after a form: browsers hold `form-action` against redirects too, so this
    is a page of ours that leads on by itself."""
    return page(request, "door/onward.html", to=to)


def clean(email: str) -> str:
    """An address as far as it could be one; the database takes no NUL."""
    return email[:254].replace("\x00", "")


def inside(to: str) -> str:
    """Only addresses of this site; never `//elsewhere`, a scheme or a header's end. What a header
    cannot hold is escaped, as browsers do it themselves."""
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return quote(to[:500], safe=PUNCTUATION) if is_ours else HOME
