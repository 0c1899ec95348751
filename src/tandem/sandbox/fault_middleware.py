"""HTTP faults, applied to a stand-in before or after its handler, which never knows."""

import asyncio
import json
from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tandem.sandbox.faults import HTTP_KINDS, Fault, Faults, Target
from tandem.sandbox.http_protocol import HANG_UP

SILENCE_SECONDS = 30.0
SLOW_SECONDS = 3.0
SLOW_PIECES = 10
HTML_502 = (
    b"<html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center></body></html>"
)


class FaultMiddleware(ASGIMiddleware):
    """Silences end after `seconds`, when the connection is cut without an answer."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        faults: Faults = scope["litestar_app"].state.deps.faults
        target = _target(faults, scope["path"])
        fault = target and _take(faults, target, scope["path"])
        if not target or not fault:
            await next_app(scope, receive, send)
            return
        match fault.kind:
            case "timeout_before":
                await _fall_silent(scope, receive, fault)
            case "timeout_after":
                await next_app(scope, receive, _swallow)
                await _fall_silent(scope, receive, fault)
            case "slow":
                await next_app(scope, receive, _dribble(send, fault))
            case "html_502":
                await _answer(send, 502, b"text/html", HTML_502)
            case status:
                body = json.dumps(target.error_body(int(status))).encode()
                await _answer(send, int(status), b"application/json", body, fault)


def _take(faults: Faults, target: Target, path: str) -> Fault | None:
    return faults.take(target.name, path.removeprefix(target.prefix or ""), HTTP_KINDS)


def _target(faults: Faults, path: str) -> Target | None:
    for target in faults.targets.values():
        if target.prefix and (path == target.prefix or path.startswith(f"{target.prefix}/")):
            return target
    return None


async def _swallow(_: Message) -> None:
    """The answer of a handler whose caller will never hear it."""


async def _fall_silent(scope: Scope, receive: Receive, fault: Fault) -> None:
    seconds = SILENCE_SECONDS if fault.seconds is None else fault.seconds
    try:
        async with asyncio.timeout(seconds):
            await _until_disconnected(receive)
    except TimeoutError:
        _hang_up(scope)
        await _until_disconnected(receive)


def _hang_up(scope: Scope) -> None:
    extensions: Any = scope["extensions"]
    extensions[HANG_UP]["call"]()


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _dribble(send: Send, fault: Fault) -> Send:
    """Pass the answer on in pieces, spread over the fault's seconds."""
    seconds = SLOW_SECONDS if fault.seconds is None else fault.seconds

    async def send_slowly(message: Message) -> None:
        if message["type"] != "http.response.body" or not message["body"]:
            await send(message)
            return
        body = message["body"]
        size = -(-len(body) // SLOW_PIECES)
        for start in range(0, len(body), size):
            await asyncio.sleep(seconds / SLOW_PIECES)
            await send(
                {
                    "type": "http.response.body",
                    "body": body[start : start + size],
                    "more_body": start + size < len(body) or message["more_body"],
                }
            )

    return send_slowly


async def _answer(
    send: Send, status: int, media_type: bytes, body: bytes, fault: Fault | None = None
) -> None:
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    if status in {429, 503}:
        wait = 1 if fault is None or fault.seconds is None else round(fault.seconds)
        headers.append((b"retry-after", str(wait).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
