"""Sign in, sign out, who am I."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.params import JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    Email,
    WrongCredentials,
)
from tandem.crm.identity.sessions import COOKIE, SIGN_IN_LIMIT, session_cookie
from tandem.kernel.http import (
    PUBLIC,
    Acting,
    Now,
    Store,
    Transaction,
    limited,
    refusals,
)
from tandem.kernel.http.access import client_address


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
            address=client_address(request.scope),
            user_agent=request.headers.get("user-agent", ""),
            now=now,
        )
        body = Session(user_id=opened.user_id, org_id=opened.org_id, expires_at=opened.expires_at)
        base_url = request.app.state.settings.base_url
        return Response(body, status_code=201, cookies=[session_cookie(opened.token, base_url)])

    @delete("/sessions/current", status_code=204)
    async def sign_out(
        self, request: Request[Any, Any, Any], tx: Transaction, now: Now
    ) -> Response[None]:
        """End this session. An API key has none to end."""
        if token := request.cookies.get(COOKIE):
            await service.sign_out(tx, token=token, now=now)
        answer: Response[None] = Response(None, status_code=204)
        answer.delete_cookie(COOKIE)
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
