"""Sign in in all its forms, sign out, who am I, and where else I am signed in."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    Email,
    Membership,
    OpenSession,
    SignedIn,
    WrongCredentials,
)
from tandem.crm.identity.domain.codes import WrongCode
from tandem.crm.identity.domain.guarding import TooManyTries
from tandem.crm.identity.domain.sessions import HalfSignedIn, Visitor
from tandem.crm.identity.domain.sso import SsoNeeded
from tandem.crm.identity.service import factors, mailed
from tandem.crm.identity.service.factors import SignInAgain
from tandem.crm.identity.sessions import (
    HALF,
    SIGN_IN_LIMIT,
    cookie_name,
    cookies_of,
    half_cookie,
    held_cookie,
    visitor_of,
)
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import (
    PUBLIC,
    Acting,
    Now,
    Store,
    Transaction,
    limited,
    refusals,
)
from tandem.kernel.http.access import WITHOUT_FACTOR

AnyRequest = Request[Any, Any, Any]
DOOR = {**PUBLIC, **limited(SIGN_IN_LIMIT), "idempotency": "own", "door": True}
CLEAR = {"clear-site-data": '"cache", "storage"'}
"""A shared machine keeps nothing (W3C Clear Site Data) but that it is known to its owner."""
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Credentials(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Address(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email


class TypedCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Code


class Session(msgspec.Struct, kw_only=True):
    """`needs` names the second factors of which one is still to be shown; then nothing is open."""

    user_id: UUID | None = None
    org_id: UUID | None = None
    expires_at: datetime | None = None
    needs: list[str] = []


class Accepted(msgspec.Struct, kw_only=True):
    detail: str = "If somebody has this address, a mail is on its way."


class Me(msgspec.Struct, kw_only=True):
    org_id: UUID
    user_id: UUID | None
    kind: str
    label: str
    grants: list[str]


class Destination(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    company_id: UUID


def opened(
    request: AnyRequest, outcome: SignedIn | HalfSignedIn, visitor: Visitor
) -> Response[Session]:
    """The session as cookies, or the cookie that ties the second factor to this browser."""
    if isinstance(outcome, HalfSignedIn):
        body = Session(needs=outcome.factors)
        return Response(body, status_code=201, cookies=[half_cookie(request, outcome.token)])
    body = Session(user_id=outcome.user_id, org_id=outcome.org_id, expires_at=outcome.expires_at)
    return Response(body, status_code=201, cookies=cookies_of(request, outcome.token, visitor))


class SessionController(Controller):
    path = "/v1"
    tags = ("identity",)
    opt = WITHOUT_FACTOR

    @post("/sessions", opt=DOOR, responses=refusals(WrongCredentials, SsoNeeded, TooManyTries))
    async def sign_in(
        self, data: JSONBody[Credentials], request: AnyRequest, database: Store, now: Now
    ) -> Response[Session]:
        """Sign in with e-mail and password; the session comes as a cookie.

        With a second factor set up, `needs` names what `/v1/sessions/second-factor` waits for.
        """
        visitor = visitor_of(request)
        outcome = await service.sign_in(
            database, email=data.email, password=data.password, visitor=visitor, now=now
        )
        return opened(request, outcome, visitor)

    @post(
        "/sessions/second-factor",
        opt=DOOR,
        responses=refusals(WrongCode, SignInAgain, TooManyTries),
    )
    async def second_factor(
        self, data: JSONBody[TypedCode], request: AnyRequest, database: Store, now: Now
    ) -> Response[Session]:
        """The code of the app, or a recovery code, in the browser that gave the password."""
        visitor = visitor_of(request)
        outcome = await factors.second_factor(
            database,
            token=held_cookie(request, HALF),
            code=data.code,
            visitor=visitor,
            now=now,
        )
        return opened(request, outcome, visitor)

    @post("/sign-in-codes", status_code=202, opt=DOOR, responses=refusals(TooManyTries))
    async def ask_for_code(
        self, data: JSONBody[Address], request: AnyRequest, database: Store, now: Now
    ) -> Response[Accepted]:
        """Have a code mailed. The answer is the same whether or not anybody has the address."""
        token = await mailed.ask_for_code(
            database, email=data.email, visitor=visitor_of(request), now=now
        )
        return Response(Accepted(), status_code=202, cookies=[half_cookie(request, token)])

    @post("/sessions/code", opt=DOOR, responses=refusals(WrongCode, TooManyTries))
    async def enter_with_code(
        self, data: JSONBody[TypedCode], request: AnyRequest, database: Store, now: Now
    ) -> Response[Session]:
        """Sign in with the mailed code, in the browser that asked for it."""
        visitor = visitor_of(request)
        outcome = await mailed.enter_with_code(
            database,
            token=held_cookie(request, HALF),
            code=data.code,
            visitor=visitor,
            now=now,
        )
        return opened(request, outcome, visitor)

    @delete("/sessions/current", status_code=204)
    async def sign_out(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[None]:
        """End this session. An API key has none to end."""
        name = cookie_name(request.app.state.settings.base_url)
        if token := request.cookies.get(name):
            await service.sign_out(tx, token=token, now=now)
            request.app.state.authenticator.forget(token)
        answer: Response[None] = Response(None, status_code=204, headers=CLEAR)
        answer.delete_cookie(name)
        return answer

    @get("/me")
    async def me(self, actor: Acting) -> Me:
        """Who this credential is, and what it may do."""
        return Me(
            org_id=actor.org_id,
            user_id=actor.user_id,
            kind=actor.kind,
            label=actor.label,
            grants=sorted(actor.grants),
        )

    @get("/me/sessions", responses=refusals(Forbidden))
    async def list_sessions(self, tx: Transaction, now: Now) -> list[OpenSession]:
        """Where you are signed in, the latest seen first, at most 200."""
        return await service.list_sessions(tx, now=now)

    @delete(
        "/me/sessions/{session_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, StepUpNeeded, NotFound),
    )
    async def revoke_session(self, session_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """End one of your sessions; it stops working within a second."""
        await service.revoke_session(tx, session_id, now=now)

    @delete("/me/sessions", status_code=204, responses=refusals(Forbidden, StepUpNeeded))
    async def revoke_other_sessions(self, tx: Transaction, now: Now) -> None:
        """End all of your sessions but this one."""
        await service.revoke_other_sessions(tx, now=now)

    @get("/me/companies")
    async def list_companies(self, tx: Transaction) -> list[Membership]:
        """The companies you may enter, by name."""
        return await service.list_companies(tx)

    @post("/me/company", responses=refusals(Forbidden, NotFound), opt={"idempotency": "own"})
    async def switch_company(
        self, data: JSONBody[Destination], request: AnyRequest, tx: Transaction, now: Now
    ) -> Response[Session]:
        """Go to another company of yours: a new session there, and this one ends."""
        visitor = visitor_of(request)
        outcome = await service.switch_company(tx, data.company_id, visitor=visitor, now=now)
        return opened(request, outcome, visitor)
