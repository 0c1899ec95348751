"""One transaction per request, committed before a byte of the answer leaves; idempotency inside it.

With `Idempotency-Key` the key's row is written first in that same transaction: a second request
with the key waits on the first one's commit and then gets its answer (draft-ietf-httpapi-
idempotency-key-header). Answers of 400 and above are rolled back and not remembered, so a corrected
retry with the same key and body is free to succeed.
"""

from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tandem.kernel import secrets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Lookup, Query, Tx, begin, commit, rollback
from tandem.kernel.errors import Conflict, TooLarge
from tandem.kernel.http import fields, noting
from tandem.kernel.http.content import check_content
from tandem.kernel.http.standing_in import StandingIn, check_stand_in
from tandem.kernel.idempotency import (
    KEPT_FOR,
    Answer,
    check_key,
    check_same_request,
    fingerprint,
)
from tandem.kernel.ids import new_id

BODY_MAX = 25 * 1024 * 1024
FORBIDDEN = 403
SECRET_ANSWER = "kernel.idempotent_answer"  # noqa: S105  a purpose, no secret


WAIT_TURN = Query(
    "select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text || :what::text, 53))"
)

CLAIM_KEY = Query(
    """
    insert into kernel.idempotency as held
           (org_id, key, fingerprint, status, media_type, body, created_at)
    values (:org_id, :key, :fingerprint, 0, '', '', :now)
        on conflict (org_id, key) do update
       set fingerprint = excluded.fingerprint, status = 0, created_at = excluded.created_at
     where held.created_at < :expired_before
    """
)

READ_KEY = Query(
    """
    select fingerprint, status, media_type, body
      from kernel.idempotency
     where org_id = :org_id and key = :key
    """
)

KEEP_ANSWER = Query(
    """
    update kernel.idempotency
       set status = :status, media_type = :media_type, body = :body
     where org_id = :org_id and key = :key
    """
)


class Unit:
    """The request's transaction, opened by the first who needs it."""

    def __init__(
        self, database: Database, actor: Actor | None, waits_for: str | None = None
    ) -> None:
        self._database = database
        self._actor = actor
        self._waits_for = waits_for
        self._connection: Any = None
        self._is_reading = False
        self.tx: Tx | None = None
        self.is_kept = False
        self.is_replay = False

    async def open(self) -> Tx:
        assert not self._is_reading, "a route asks for selects or for a transaction, not for both"
        if self.tx is None:
            assert self._actor, "a route that reads rows needs an actor, or names its own"
            self._connection = await self._database.pool.acquire()
            await begin(self._connection, self._actor.org_id)
            self.tx = Tx(self._connection, self._actor, self._database.clock.now())
            if self._waits_for is not None:
                await self.tx.records(WAIT_TURN, what=self._waits_for)
        return self.tx

    async def read(self) -> Tx:
        """For a route of selects alone. A request that opened its transaction reads in that."""
        if self.tx is not None:
            return self.tx
        assert self._actor, "a route that reads rows needs an actor, or names its own"
        self._connection = await self._database.pool.acquire()
        self._is_reading = await self._connection.look_as(self._actor.org_id)
        if not self._is_reading:
            await begin(self._connection, self._actor.org_id)
        self.tx = Lookup(self._connection, self._actor, self._database.clock.now())
        return self.tx

    async def close(self, *, is_good: bool) -> None:
        connection, self._connection = self._connection, None
        tx, self.tx = self.tx, None
        if connection is None:
            return
        try:
            if self._is_reading:
                pass
            elif is_good and tx is not None:
                await commit(connection, tx)
            else:
                await rollback(connection)
        finally:
            await self._database.pool.release(connection)


class UnitOfWork(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        state: Any = scope["state"]
        database = scope["litestar_app"].state.database
        request_id = new_id().hex
        actor = state["actor"] = noting.with_origin(state.get("actor"), scope, request_id)
        unit = Unit(database, actor, _changed(scope, actor))
        state["unit"] = unit
        check_content(scope)
        if actor is not None and (actor.hidden or actor.read_only):
            receive, send = await fields.guard(scope, receive, send, actor)
        if _is_form(scope, actor):
            # However slowly a form or a file comes: nobody waits for it, nor does a connection.
            receive = _replaying(*await _read(receive), receive)
        held = _Held(unit, send, request_id)
        is_good = False
        try:
            check_stand_in(actor, scope)
            key = _idempotency_key(scope)
            if key is None:
                await next_app(scope, receive, held.send)
            else:
                await _once(scope, receive, held, next_app, key)
            if held.status < 400 and unit.tx is not None and not unit.is_replay:
                await noting.note_change(unit.tx, scope)
            is_good = held.status < 400 or unit.is_kept
            is_apart = unit.tx is None
        except StandingIn:
            await noting.note_refusal(database, actor, scope)
            raise
        finally:
            await unit.close(is_good=is_good)
        if held.status == FORBIDDEN:
            await noting.note_refusal(database, actor, scope)
        elif held.status < 400 and is_apart and actor is not None:
            await noting.note_apart(database, actor, scope)
        await held.flush()


class _Held:
    """Holds the answer back while a transaction is open; lets streams without one pass."""

    def __init__(self, unit: Unit, send: Send, request_id: str) -> None:
        self._unit = unit
        self._send = send
        self._request_id = (b"x-request-id", request_id.encode())
        self._messages: list[Message] = []
        self._is_passing = False
        self.status = 500

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", []), self._request_id]
            self._is_passing = self._unit.tx is None
        if self._is_passing:
            await self._send(message)
        else:
            self._messages.append(message)

    async def flush(self) -> None:
        for message in self._messages:
            await self._send(message)

    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self._messages)  # type: ignore[misc]

    def media_type(self) -> str:
        start: Any = self._messages[0]
        headers = {name.lower(): value for name, value in start.get("headers", [])}
        return str(headers.get(b"content-type", b"application/json").decode("latin-1"))


def _is_form(scope: Any, actor: Actor | None) -> bool:
    """Sent from a page by somebody who signed in."""
    is_page = scope["method"] == "POST" and not scope["path"].startswith("/v1/")
    return is_page and actor is not None and actor.user_id is not None


def _changed(scope: Any, actor: Actor | None) -> str | None:
    """Which record the request changes: by its id, or else its path. Those who change the same one
    take turns, so that of two who saw the same version the second is told that it is stale."""
    is_form = _is_form(scope, actor)
    if not is_form and scope["method"] not in {"PUT", "PATCH"}:
        return None
    named = next(iter(scope["path_params"].values()), None)
    if named is None and is_form and not scope["path"].startswith("/settings"):
        return None
    return scope["path"] if named is None else str(named)


def _idempotency_key(scope: Any) -> str | None:
    if scope["method"] != "POST" or scope["route_handler"].opt.get("idempotency") == "own":
        return None
    if scope["state"].get("actor") is None:
        return None
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            return check_key(value.decode("latin-1"))
    return None


async def _once(scope: Any, receive: Receive, held: _Held, next_app: ASGIApp, key: str) -> None:
    unit: Unit = scope["state"]["unit"]
    body, is_whole = await _read(receive)
    tx = await unit.open()
    asked = fingerprint(tx.actor, scope["method"], scope["path"], body)
    now = tx.started_at
    claimed = await tx.run(
        CLAIM_KEY, key=key, fingerprint=asked, now=now, expired_before=now - KEPT_FOR
    )
    if not claimed:
        answer = Answer(**dict((await tx.records(READ_KEY, key=key))[0]))
        check_same_request(answer.fingerprint, asked)
        unit.is_replay = True
        return await _replay(_opened(scope, tx, key, answer), held.send)
    await next_app(scope, _replaying(body, is_whole, receive), held.send)
    # A refusal that keeps its changes (a counted wrong try) is an answer like any other.
    if held.status < 400 or unit.is_kept:
        await tx.later(
            KEEP_ANSWER,
            key=key,
            status=held.status,
            media_type=held.media_type(),
            body=_closed(scope, tx, key, held.body()),
        )
    return None


def _closed(scope: Any, tx: Tx, key: str, body: bytes) -> bytes:
    """An answer that shows a secret this once waits for its repetition sealed."""
    if not scope["route_handler"].opt.get("secret_answer"):
        return body
    return secrets.seal(body, org_id=tx.actor.org_id, purpose=SECRET_ANSWER, subject=key)


def _opened(scope: Any, tx: Tx, key: str, answer: Answer) -> Answer:
    if not scope["route_handler"].opt.get("secret_answer"):
        return answer
    try:
        body = secrets.unseal(
            answer.body, org_id=tx.actor.org_id, purpose=SECRET_ANSWER, subject=key
        )
    except secrets.CannotOpen as reason:
        raise Conflict("This answer can no longer be shown. Use a new Idempotency-Key.") from reason
    return msgspec.structs.replace(answer, body=body)


async def _replay(answer: Answer, send: Send) -> None:
    headers = [
        (b"content-type", answer.media_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
        (b"idempotency-replayed", b"true"),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _read(receive: Receive) -> tuple[bytes, bool]:
    """The body, and whether it came to its end."""
    body, more = bytearray(), True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body), False
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise TooLarge(f"A body may have {BODY_MAX // 1024 // 1024} MiB at most.")
        more = message.get("more_body", False)
    return bytes(body), True


def _replaying(body: bytes, is_whole: bool, receive: Receive) -> Receive:
    """What was read, once more: of a body that broke off, nobody may take the rest for nothing."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": not is_whole}

    return again
