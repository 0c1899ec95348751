"""The edge's part in field rules: hidden fields are no part of an answer, no filter and no sort,
and neither hidden nor read-only ones are written. Only for actors who have such rules.

Which fields an answer has is read from the route's own types; a page or a file says it itself,
`opt=shows("customer")`.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from litestar import Response
from litestar.types import Message, Receive, Send
from msgspec import inspect

from tandem.kernel.actor import Actor
from tandem.kernel.errors import TooLarge
from tandem.kernel.fields import FieldKept, check_whole, ruled, shape_of, strip

BODY_MAX = 25 * 1024 * 1024
RANGES = ("_from", "_to", "_before", "_after", "_min", "_max")
WRITES = frozenset({"POST", "PUT", "PATCH"})
FREE = frozenset({"custom", "payload"})
"""Mappings whose keys are somebody's own words, not fields of ours."""


def shows(*resources: str) -> dict[str, Any]:
    """Route `opt`: whose fields a page or a file shows that has no type to tell it by."""
    return {"shows": frozenset(resources)}


ABOUT_PEOPLE = (
    "customer", "lead", "opportunity", "quote", "order", "invoice", "payment", "shipment",
    "delivery", "complaint", "message",
)  # fmt: skip
"""What a file with all that is known of somebody is made of."""


def shows_all(*resources: str) -> dict[str, Any]:
    """Route `opt` for a document that is refused to who may not see all of it: a PDF, a label."""
    return {**shows(*resources), "shows_all": frozenset(resources)}


def loose_names(opt: Mapping[str, Any], hidden: frozenset[str]) -> frozenset[str]:
    """The names of the hidden fields of what a page shows; a form calls `price_minor` price."""
    resources = opt.get("shows", ())
    parts = [rule.partition(".") for rule in hidden]
    names = {name for resource, _, name in parts if resource in resources}
    return frozenset(names | {name.removesuffix("_minor") for name in names})


async def guard(scope: Any, receive: Receive, send: Send, actor: Actor) -> tuple[Receive, Send]:
    """What the route may receive and send on behalf of this actor. Raises FieldKept."""
    handler: Any = scope["route_handler"]
    shown = resources_of(handler)
    for resource in handler.opt.get("shows_all", ()):
        check_whole(actor, resource)
    _check_question(scope, shown, actor)
    if scope["method"] in WRITES and _is_json(scope["headers"]):
        body = await _read(receive)
        _check_body(body, shown, actor)
        receive = _again(body, receive)
    return receive, _concealing(send, handler, actor) if actor.hidden else send


def resources_of(handler: Any) -> frozenset[str]:
    """The resources that appear in the route's answer, at any depth."""
    found: set[str] = set(handler.opt.get("shows", ()))
    _collect(_shape(handler.parsed_fn_signature.return_type.annotation), found, set())
    return frozenset(found)


def _check_question(scope: Any, shown: frozenset[str], actor: Actor) -> None:
    for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
        asked = {name}
        if name in {"sort", "fields", "group_by"}:
            asked |= {part.strip().lstrip("-+") for part in value.split(",")}
        for resource in shown:
            for each in asked:
                check_asked(actor, resource, each, field=name)


def check_asked(actor: Actor, resource: str, asked: str, *, field: str) -> None:
    """Refuses to ask by a field that is hidden: the answer would tell what is in it."""
    for name in {asked, *(asked.removesuffix(end) for end in RANGES)}:
        if actor.hides(resource, name) or actor.hides(resource, f"{name}_minor"):
            raise FieldKept("A field that is hidden from you cannot be asked for.", field=field)


def _check_body(body: bytes, shown: frozenset[str], actor: Actor) -> None:
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # the route says what is wrong with it
    kept = actor.hidden | actor.read_only
    for place, name in _named(given):
        if any(f"{resource}.{name}" in kept for resource in shown):
            raise FieldKept("You may not change this field.", field=place)


def _named(given: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each field of a body at any depth: (where it is, its name)."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            here = f"{place}.{name}" if place else str(name)
            yield here, str(name)
            if name not in FREE:
                yield from _named(value, here)
    elif isinstance(given, list):
        for number, value in enumerate(given):
            yield from _named(value, f"{place}[{number}]")


def _concealing(send: Send, handler: Any, actor: Actor) -> Send:
    shape = _shape(handler.parsed_fn_signature.return_type.annotation)
    start: Any = None
    parts: list[bytes] = []

    async def conceal(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            if message["status"] < 300 and _is_json(message.get("headers", [])):
                start = message
                return
        elif start is not None:
            found: Any = message
            parts.append(found.get("body", b""))
            if found.get("more_body"):
                return
            body = _without(b"".join(parts), shape, actor.hidden)
            start["headers"] = [
                (name, str(len(body)).encode() if name.lower() == b"content-length" else value)
                for name, value in start["headers"]
            ]
            await send(start)
            await send({"type": "http.response.body", "body": body, "more_body": False})
            return
        await send(message)

    return conceal


def _without(body: bytes, shape: Any, hidden: frozenset[str]) -> bytes:
    try:
        tree = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    strip(tree, shape, hidden)
    return msgspec.json.encode(tree)


def _collect(shape: Any, found: set[str], seen: set[type]) -> None:
    if isinstance(shape, inspect.StructType):
        if shape.cls in seen:
            return
        seen.add(shape.cls)
        if not getattr(shape.cls, "is_detail", False):
            found.update(
                rule.partition(".")[0] for rules in ruled(shape.cls).values() for rule in rules
            )
        for field in shape.fields:
            _collect(field.type, found, seen)
    for name in ("types", "item_type", "value_type"):
        inner = getattr(shape, name, None)
        for one in inner if isinstance(inner, tuple) else (inner,):
            if one is not None:
                _collect(one, found, seen)


@cache
def _shape(annotation: Any) -> Any:
    """`Response[Page[Customer]]` is a page of customers; what is no data has no shape."""
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Response):
        [annotation] = get_args(annotation)
    return shape_of(annotation)


def _is_json(headers: Any) -> bool:
    given = {bytes(name).lower(): bytes(value) for name, value in headers}
    return b"json" in (given.get(b"content-type", b"").strip() or b"application/json").lower()


async def _read(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise TooLarge(f"A body may have {BODY_MAX // 1024 // 1024} MiB at most.")
        more = message.get("more_body", False)
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Callable[[], Awaitable[Any]]:
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
