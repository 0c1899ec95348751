"""Identity over HTTP: sign in and out, who am I, people, API keys, the company."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    ApiKey,
    Email,
    EmailTaken,
    Organisation,
    PersonName,
    Role,
    User,
    WeakPassword,
    WrongCredentials,
)
from tandem.crm.identity.sessions import COOKIE, SIGN_IN_LIMIT, session_cookie
from tandem.kernel.errors import Forbidden, NotFound, StaleVersion
from tandem.kernel.http import (
    PUBLIC,
    Acting,
    IfMatch,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    limited,
    refusals,
)
from tandem.kernel.http.access import client_address

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Grant = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$", max_length=64)]


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


class NewUser(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email
    name: PersonName
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    role_key: Annotated[str, msgspec.Meta(max_length=64)]


class NewApiKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: PersonName
    grants: Annotated[list[Grant], msgspec.Meta(min_length=1, max_length=100)]
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class MadeApiKey(msgspec.Struct, kw_only=True):
    """`key` is shown this once."""

    key: str
    api_key: ApiKey


class CompanyChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Text
    time_zone: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$", max_length=64)
    ]


class IdentityController(Controller):
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

    @get("/company")
    async def get_company(self, tx: Transaction) -> Response[Organisation]:
        """The organisation this credential belongs to."""
        found = await service.get_organisation(tx)
        return Response(found, headers=etag(found.version))

    @put("/company", responses=refusals(Forbidden, StaleVersion))
    async def update_company(
        self, data: JSONBody[CompanyChange], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[Organisation]:
        """Change the company's name or time zone."""
        check_if_match(if_match, (await service.get_organisation(tx)).version)
        changed = await service.update_organisation(
            tx, name=data.name, time_zone=data.time_zone, now=now
        )
        return Response(changed, headers=etag(changed.version))

    @get("/roles", responses=refusals(Forbidden))
    async def list_roles(self, tx: Transaction) -> list[Role]:
        """Roles and the permissions each one carries."""
        return await service.list_roles(tx)

    @get("/users", responses=refusals(Forbidden))
    async def list_users(self, tx: Transaction) -> list[User]:
        """People who may sign in, at most 500."""
        return await service.list_users(tx)

    @post("/users", responses=refusals(Forbidden, EmailTaken, WeakPassword))
    async def add_user(self, data: JSONBody[NewUser], tx: Transaction, now: Now) -> User:
        """Add a person with a first password."""
        return await service.add_user(
            tx,
            email=data.email,
            name=data.name,
            password=data.password,
            role_key=data.role_key,
            now=now,
        )

    @get("/api-keys", responses=refusals(Forbidden))
    async def list_api_keys(self, tx: Transaction) -> list[ApiKey]:
        """Keys without their secrets, newest first, at most 500."""
        return await service.list_api_keys(tx)

    @post("/api-keys", responses=refusals(Forbidden))
    async def add_api_key(self, data: JSONBody[NewApiKey], tx: Transaction, now: Now) -> MadeApiKey:
        """Make a key; it cannot do more than its maker."""
        life = timedelta(days=data.expires_in_days) if data.expires_in_days else None
        made, key = await service.add_api_key(
            tx, name=data.name, grants=list(data.grants), life=life, now=now
        )
        return MadeApiKey(key=key, api_key=made)

    @delete("/api-keys/{key_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def revoke_api_key(self, key_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Revoke a key; it stops working within a second."""
        await service.revoke_api_key(tx, key_id, now=now)
