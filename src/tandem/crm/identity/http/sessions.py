"""Sign in, sign out, who am I."""

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
from tandem.crm.identity.sessions import (
    SIGN_IN_LIMIT,
    cookie_name,
    session_cookie,
    visitor_of,
)
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


class Credentials(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Session(msgspec.Struct, kw_only=True):
    user_id: UUID
    org_id: UUID
    expires_at: datetime


class Me(msgspec.Struct, kw_only=True):
    org_id: UUID
    user_id: UUID | None
    kind: str
    label: str
    grants: list[str]


class Destination(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    company_id: UUID


CLEAR = {"clear-site-data": '"cache", "cookies", "storage"'}
"""A shared machine keeps nothing (W3C Clear Site Data)."""


def _with_session(request: Request[Any, Any, Any], opened: SignedIn) -> Response[Session]:
    body = Session(user_id=opened.user_id, org_id=opened.org_id, expires_at=opened.expires_at)
    cookie = session_cookie(opened.token, request.app.state.settings.base_url)
    return Response(body, status_code=201, cookies=[cookie])


class SessionController(Controller):
    path = "/v1"
    tags = ("identity",)

    @post(
        "/sessions",
        opt={**PUBLIC, **limited(SIGN_IN_LIMIT)},
        responses=refusals(WrongCredentials),
    )
    async def sign_in(
        self,
        data: JSONBody[Credentials],
        request: Request[Any, Any, Any],
        database: Store,
        now: Now,
    ) -> Response[Session]:
        """Sign in with e-mail and password; the session comes as a cookie."""
        opened = await service.sign_in(
            database,
            email=data.email,
            password=data.password,
            visitor=visitor_of(request),
            now=now,
        )
        return _with_session(request, opened)

    @delete("/sessions/current", status_code=204)
    async def sign_out(
        self, request: Request[Any, Any, Any], tx: Transaction, now: Now
    ) -> Response[None]:
        """End this session. An API key has none to end."""
        name = cookie_name(request.app.state.settings.base_url)
        if token := request.cookies.get(name):
            await service.sign_out(tx, token=token, now=now)
            request.app.state.authenticator.forget(token)
        answer: Response[None] = Response(None, status_code=204, headers=CLEAR)
        answer.delete_cookie(name)
        return answer

    @get("/me/sessions", responses=refusals(Forbidden))
    async def list_sessions(self, tx: Transaction, now: Now) -> list[OpenSession]:
        """Where you are signed in, the latest seen first, at most 200."""
        return await service.list_sessions(tx, now=now)

    @delete("/me/sessions/{session_id:uuid}", status_code=204, responses=refusals(NotFound))
    async def revoke_session(self, session_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """End one of your sessions; it stops working within a second."""
        await service.revoke_session(tx, session_id, now=now)

    @delete("/me/sessions", status_code=204, responses=refusals(Forbidden))
    async def revoke_other_sessions(self, tx: Transaction, now: Now) -> None:
        """End all of your sessions but this one."""
        await service.revoke_other_sessions(tx, now=now)

    @get("/me/companies")
    async def list_companies(self, tx: Transaction) -> list[Membership]:
        """The companies you may enter, by name."""
        return await service.list_companies(tx)

    @post("/me/company", responses=refusals(Forbidden, NotFound), opt={"idempotency": "own"})
    async def switch_company(
        self,
        data: JSONBody[Destination],
        request: Request[Any, Any, Any],
        tx: Transaction,
        now: Now,
    ) -> Response[Session]:
        """Go to another company of yours: a new session there, and this one ends."""
        opened = await service.switch_company(
            tx, data.company_id, visitor=visitor_of(request), now=now
        )
        return _with_session(request, opened)

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
