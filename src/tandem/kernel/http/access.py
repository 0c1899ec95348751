"""Who is asking, how often, and from where: the three questions before any route runs."""

from typing import Any, Protocol

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tandem.kernel.actor import Actor, FactorNeeded
from tandem.kernel.errors import Forbidden, TooManyRequests, Unauthenticated
from tandem.kernel.limits import Limit, Limiter, Verdict

PUBLIC: dict[str, Any] = {"public": True}
"""Route `opt` for pages and calls that need no sign-in."""

API_LIMIT = Limit(name="api", count=30_000, seconds=60)
PUBLIC_LIMIT = Limit(name="public", count=600, seconds=60)
MISSES_LIMIT = Limit(name="misses", count=30, seconds=60)
"""Unknown tokens and numbers per address: generous to people, hopeless for guessing 128 bits."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


WITHOUT_FACTOR: dict[str, Any] = {"without_factor": True}
"""Route `opt` for what somebody may do who has still to set up the second factor asked for."""


def limited(limit: Limit) -> dict[str, Any]:
    """Route `opt` for a stricter limit than the general one."""
    return {"limit": limit}


class Authenticator(Protocol):
    async def actor_of(self, scope: Scope) -> Actor | None:
        """The actor behind a session cookie or an API key; None when neither is there.

        Raises Unauthenticated for a credential that is there and no longer good.
        """


class Access(ASGIMiddleware):
    """Puts `state.actor` in place, refuses cross-site writes and callers over their limit.

    The application's state holds its `authenticator` and its `limiter`.
    """

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        opt = scope["route_handler"].opt
        is_public = bool(opt.get("public"))
        if opt.get("static"):
            return await next_app(scope, receive, send)
        held = scope["litestar_app"].state
        limiter: Limiter = held.limiter
        actor: Actor | None = await held.authenticator.actor_of(scope)
        scope.setdefault("state", {})["actor"] = actor
        if actor is None and not is_public:
            raise Unauthenticated("Sign in, or send `Authorization: Bearer <API key>`.")
        if actor and actor.lacks_factor and not (is_public or opt.get("without_factor")):
            raise FactorNeeded("Your company asks for a second factor. Set one up first.")
        _check_same_site(scope)
        address = client_address(scope)
        who = str(actor.user_id) if actor and actor.user_id else address
        if is_public:
            _check(limiter.peek(MISSES_LIMIT, address))
        general = PUBLIC_LIMIT if actor is None else API_LIMIT
        verdict = limiter.take(opt.get("limit") or general, who)
        _check(verdict)
        misses_of = address if is_public else None
        return await next_app(scope, receive, _watching(send, verdict, limiter, misses_of))


def _check(verdict: Verdict) -> None:
    if not verdict.is_allowed:
        refusal = TooManyRequests(
            f"Too many requests. Try again in {verdict.reset_seconds} s.",
            retry_after_seconds=verdict.reset_seconds,
        )
        refusal.headers = verdict.headers()
        raise refusal


def _watching(send: Send, verdict: Verdict, limiter: Limiter, misses_of: str | None) -> Send:
    added = [(name.encode(), value.encode()) for name, value in sorted(verdict.headers().items())]

    async def watch(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = with_guards([*message.get("headers", []), *added])
            if misses_of is not None and message["status"] == 404:
                limiter.take(MISSES_LIMIT, misses_of)
        await send(message)

    return watch


GUARDS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
}
"""For every answer that does not say otherwise; pages and files say otherwise."""


def with_guards(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    return headers + [(name, value) for name, value in GUARDS.items() if name not in given]


def client_address(scope: Scope) -> str:
    """The peer as the server saw it; forwarded headers count only from configured proxies."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _check_same_site(scope: Scope) -> None:
    """A browser says where a request comes from; writes with our cookie must come from our pages.

    Requests without a cookie (API keys, webhooks) carry no ambient authority and are let through,
    except at the door: nobody is signed in from another site to an account that is not theirs.
    """
    if scope["type"] != ScopeType.HTTP or scope["method"] in SAFE_METHODS:
        return
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
    origin = headers.get(b"origin", b"").decode("latin-1")
    is_door = bool(site or origin) and scope["route_handler"].opt.get("door")
    if (b"cookie" not in headers and not is_door) or b"authorization" in headers:
        return
    if site in {"same-origin", "none"}:
        return
    host = headers.get(b"host", b"").decode("latin-1")
    if site or not origin or origin.partition("://")[2] != host:
        if scope["route_handler"].opt.get("cross_site"):
            return
        raise Forbidden("This request came from another site.", permission="same_origin")
