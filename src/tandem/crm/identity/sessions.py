"""From a request's cookie or key to an actor: one look-up, remembered for one second."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.types import Scope

from tandem.crm.identity.domain import (
    KEY_MARK,
    SEEN_GRAIN,
    SESSION_IDLE,
    SESSION_LIFE,
    Visitor,
    hash_of,
)
from tandem.crm.identity.domain.access import actor_of
from tandem.crm.identity.domain.impersonating import PERMISSION as IMPERSONATE
from tandem.crm.identity.domain.impersonating import seen_through
from tandem.crm.identity.domain.keys import TOKEN_MARK, is_well_formed
from tandem.crm.identity.service.keys import actor_of_credential, check_terms
from tandem.crm.identity.service.signing_in import HALF_LIFE
from tandem.crm.identity.service.tokens import ACCESS_MARK
from tandem.crm.identity.store import sessions as sessions_store
from tandem.crm.identity.store.guarding import BROWSER_LIFE
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Unauthenticated
from tandem.kernel.http.access import client_address
from tandem.kernel.limits import Limit, Limiter

COOKIE = "tandem_session"
BROWSER = "tandem_browser"
HALF = "tandem_half"
SIGN_IN_LIMIT = Limit(name="sign_in", count=20, seconds=60)
REMEMBERED_SECONDS = 1.0
REMEMBERED_MAX = 10_000

Find = Callable[[bytes], Awaitable[Actor | None]]


def cookie_name(base_url: str, name: str = COOKIE) -> str:
    """Over TLS `__Host-`: no subdomain, no plain connection can plant one (RFC 6265bis, 4.1.3)."""
    return f"__Host-{name}" if base_url.startswith("https://") else name


def guarded_cookie(name: str, value: str, base_url: str, *, max_age: int) -> Cookie:
    """HttpOnly and SameSite=Lax always; Secure wherever people reach us over TLS."""
    return Cookie(
        key=cookie_name(base_url, name),
        value=value,
        path="/",
        httponly=True,
        samesite="lax",
        secure=base_url.startswith("https://"),
        max_age=max_age,
    )


def session_cookie(token: str, base_url: str) -> Cookie:
    return guarded_cookie(COOKIE, token, base_url, max_age=int(SESSION_LIFE.total_seconds()))


def visitor_of(request: Request[Any, Any, Any]) -> Visitor:
    """Where a sign-in comes from, the session it replaces, and which browser it is."""
    return Visitor(
        address=client_address(request.scope),
        user_agent=request.headers.get("user-agent", ""),
        old_token=held_cookie(request, COOKIE),
        device=held_cookie(request, BROWSER)[:100] or secrets.token_urlsafe(24),
    )


def held_cookie(request: Request[Any, Any, Any], name: str) -> str:
    return request.cookies.get(cookie_name(request.app.state.settings.base_url, name), "")


def cookies_of(request: Request[Any, Any, Any], token: str, visitor: Visitor) -> list[Cookie]:
    """After signing in: the session, the browser known from now on, and nothing half done."""
    base_url = request.app.state.settings.base_url
    browser_life = int(BROWSER_LIFE.total_seconds())
    return [
        session_cookie(token, base_url),
        guarded_cookie(BROWSER, visitor.device, base_url, max_age=browser_life),
        guarded_cookie(HALF, "", base_url, max_age=0),
    ]


def half_cookie(request: Request[Any, Any, Any], token: str) -> Cookie:
    """What ties the next step of a sign-in to this browser."""
    life = int(HALF_LIFE.total_seconds())
    return guarded_cookie(HALF, token, request.app.state.settings.base_url, max_age=life)


class Sessions:
    """The `Authenticator` of the web process.

    A revoked session or key stops working within a second, the time an answer is remembered.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._cookie = cookie_name(state.settings.base_url)
        self._seen: OrderedDict[tuple[Find, bytes], tuple[float, Actor]] = OrderedDict()
        self._limiter = Limiter()

    async def actor_of(self, scope: Scope) -> Actor | None:
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        header = connection.headers.get("authorization", "")
        if header:
            scheme, _, credential = header.partition(" ")
            if scheme.lower() != "bearer" or not credential:
                return None
            return await self._of_bearer(credential.strip(), client_address(scope))
        token = connection.cookies.get(self._cookie)
        if not token:
            return None
        return await self._remembered(token, self._of_session)

    async def _of_bearer(self, credential: str, address: str) -> Actor | None:
        mark = credential.partition("_")[0]
        if mark in {KEY_MARK, TOKEN_MARK}:
            find = self._of_key if mark == KEY_MARK else self._of_token
            actor = None
            if is_well_formed(credential):
                actor = await self._remembered(credential, find)
        elif mark == ACCESS_MARK:
            actor = await self._remembered(credential, self._of_access)
        else:
            # Whoever knows the devices remembers them.
            actor = await self._of_device(hash_of(credential))
        if actor is None:
            raise Unauthenticated("This API key is unknown, expired or revoked.")
        check_terms(actor, address, self._limiter)
        return actor

    async def _remembered(self, credential: str, find: Find) -> Actor | None:
        """By what it was shown as too: a key is no cookie, where nobody asks for its terms."""
        secret_hash = hash_of(credential)
        key = find, secret_hash
        at = time.monotonic()
        if (held := self._seen.get(key)) and at - held[0] < REMEMBERED_SECONDS:
            return held[1]
        actor = await find(secret_hash)
        if actor is not None:
            self._seen[key] = (at, actor)
            self._seen.move_to_end(key)
            if len(self._seen) > REMEMBERED_MAX:
                self._seen.popitem(last=False)
        else:
            self._seen.pop(key, None)
        return actor

    async def _of_access(self, token_hash: bytes) -> Actor | None:
        """A program's token is never fresh: there is nobody to ask."""
        actor = await self._of_session(token_hash, is_access=True)
        return msgspec.structs.replace(actor, proved_at=None) if actor else None

    async def _of_session(self, token_hash: bytes, *, is_access: bool = False) -> Actor | None:
        database: Database = self._state.database
        now = database.clock.now()
        found = await sessions_store.find_session(database, token_hash, now, is_access=is_access)
        if found is None or now - found.last_seen_at > SESSION_IDLE:
            return None
        if now - found.last_seen_at > SEEN_GRAIN:
            async with database.transaction(Actor.system(INSTALLATION)) as door:
                await door.run(sessions_store.TOUCH_SESSION, id=found.session_id, now=now)
        own = actor_of(
            found.access,
            org_id=found.org_id,
            user_id=found.user_id,
            label=found.name,
            person_id=found.person_id,
            session_id=found.session_id,
            proved_at=found.proved_at,
            has_two_factors=found.has_two_factors,
            lacks_factor=found.lacks_factor,
        )
        if found.seen is not None and own.may(IMPERSONATE):
            return seen_through(own, found.access, found.seen)
        return own

    async def _of_key(self, secret_hash: bytes) -> Actor | None:
        return await actor_of_credential(self._state.database, secret_hash)

    async def _of_token(self, secret_hash: bytes) -> Actor | None:
        return await actor_of_credential(self._state.database, secret_hash, is_token=True)

    async def _of_device(self, token_hash: bytes) -> Actor | None:
        return await self._state.find_device(self._state.database, token_hash)  # type: ignore[no-any-return]

    def forget_request(self, request: Request[Any, Any, Any]) -> None:
        """What this browser's session may has changed: look anew."""
        if token := request.cookies.get(self._cookie):
            self.forget(token)

    def forget(self, token: str) -> None:
        self._seen.pop((self._of_session, hash_of(token)), None)
