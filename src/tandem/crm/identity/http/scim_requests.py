"""What SCIM's routes (`scim`) do, in the words of its library. Loaded by the first request."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import msgspec
from litestar import Response
from pydantic import ValidationError
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    Error,
    ETag,
    Filter,
    InvalidSyntaxException,
    ListResponse,
    Meta,
    Patch,
    PatchOp,
    Resource,
    ResourceType,
    Schema,
    SCIMException,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
)

from tandem.crm.identity.domain.directory import PERMISSION
from tandem.crm.identity.domain.scim import ScimGroup, ScimUser
from tandem.crm.identity.http.scim import Answer, AnyRequest, RefusedInScim
from tandem.crm.identity.service import scim, scim_groups
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound, Refusal

MEDIA_TYPE = "application/scim+json"
COUNT_MAX = 200
KINDS: Sequence[type[Resource[Any]]] = (ScimUser, ScimGroup)
R = TypeVar("R", bound=Resource[Any])
P = ParamSpec("P")


def _answer(thing: Any, status: int = 200, **dumping: Any) -> Answer:
    body = thing.model_dump_json(**dumping).encode()
    headers = {}
    meta = getattr(thing, "meta", None)
    if status == 201 and meta is not None and meta.location:
        headers["location"] = str(meta.location)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def refused(refusal: Refusal) -> Answer:
    return _answer(Error(status=refusal.status, detail=refusal.detail), refusal.status)


def _in_scim(request: Callable[P, Awaitable[Answer]]) -> Callable[P, Awaitable[Answer]]:
    """What the library raises becomes its own answer, by a name that the routes know."""

    @wraps(request)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return await request(*args, **kwargs)
        except SCIMException as reason:
            error = reason.to_error()
            raise RefusedInScim(_answer(error, int(error.status or 400))) from reason
        except ValidationError as reason:
            error = Error.from_validation_error(dict(reason.errors()[0]))
            raise RefusedInScim(_answer(error, int(error.status or 400))) from reason

    return answered


@_in_scim
async def config(request: AnyRequest, tx: Tx) -> Answer:
    tx.actor.require(PERMISSION)
    return _answer(_config(request), scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


@_in_scim
async def resource_types(request: AnyRequest, tx: Tx) -> Answer:
    tx.actor.require(PERMISSION)
    return _listed(ResourceType, _types(request))


@_in_scim
async def resource_type(request: AnyRequest, name: str, tx: Tx) -> Answer:
    tx.actor.require(PERMISSION)
    return _answer(_named(_types(request), name), scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


@_in_scim
async def schemas(request: AnyRequest, tx: Tx) -> Answer:
    tx.actor.require(PERMISSION)
    return _listed(Schema, _schemas(request))


@_in_scim
async def schema(request: AnyRequest, name: str, tx: Tx) -> Answer:
    tx.actor.require(PERMISSION)
    return _answer(_named(_schemas(request), name), scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


@_in_scim
async def users(request: AnyRequest, tx: Tx) -> Answer:
    asked = SearchRequest[ScimUser].model_validate(dict(request.query_params))
    return _found(ScimUser, await scim.list_users(tx, _base(request)), asked)


@_in_scim
async def search_users(request: AnyRequest, tx: Tx) -> Answer:
    asked = SearchRequest[ScimUser].model_validate(
        await _body(request), scim_ctx=Context.SEARCH_REQUEST
    )
    return _found(ScimUser, await scim.list_users(tx, _base(request)), asked)


@_in_scim
async def add_user(request: AnyRequest, tx: Tx, now: datetime) -> Answer:
    user = ScimUser.model_validate(await _body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    made = await scim.add_user(tx, user, _base(request), now=now)
    return _answer(made, 201, scim_ctx=Context.RESOURCE_CREATION_RESPONSE)


@_in_scim
async def user(request: AnyRequest, user_id: str, tx: Tx) -> Answer:
    found = await scim.get_user(tx, _id(user_id), _base(request))
    return _one(request, found)


@_in_scim
async def replace_user(request: AnyRequest, user_id: str, tx: Tx, now: datetime) -> Answer:
    before = await scim.get_user(tx, _id(user_id), _base(request))
    user = ScimUser.model_validate(
        await _body(request), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST
    )
    user.replace(before)
    changed = await scim.change_user(tx, _id(user_id), user, _base(request), now=now)
    return _answer(changed, scim_ctx=Context.RESOURCE_REPLACEMENT_RESPONSE)


@_in_scim
async def patch_user(request: AnyRequest, user_id: str, tx: Tx, now: datetime) -> Answer:
    user = await scim.get_user(tx, _id(user_id), _base(request))
    change = PatchOp[ScimUser].model_validate(
        await _body(request), scim_ctx=Context.RESOURCE_PATCH_REQUEST
    )
    change.patch(user)
    changed = await scim.change_user(tx, _id(user_id), user, _base(request), now=now)
    return _answer(changed, scim_ctx=Context.RESOURCE_PATCH_RESPONSE)


@_in_scim
async def groups(request: AnyRequest, tx: Tx) -> Answer:
    asked = SearchRequest[ScimGroup].model_validate(dict(request.query_params))
    return _found(ScimGroup, await scim_groups.list_groups(tx, _base(request)), asked)


@_in_scim
async def search_groups(request: AnyRequest, tx: Tx) -> Answer:
    asked = SearchRequest[ScimGroup].model_validate(
        await _body(request), scim_ctx=Context.SEARCH_REQUEST
    )
    return _found(ScimGroup, await scim_groups.list_groups(tx, _base(request)), asked)


@_in_scim
async def search(request: AnyRequest, tx: Tx) -> Answer:
    asked = SearchRequest[ScimUser | ScimGroup].model_validate(
        await _body(request), scim_ctx=Context.SEARCH_REQUEST
    )
    both: list[Any] = [
        *await scim.list_users(tx, _base(request)),
        *await scim_groups.list_groups(tx, _base(request)),
    ]
    return _found(ScimUser | ScimGroup, both, asked)  # type: ignore[arg-type]


@_in_scim
async def add_group(request: AnyRequest, tx: Tx, now: datetime) -> Answer:
    group = ScimGroup.model_validate(
        await _body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST
    )
    made = await scim_groups.keep_group(tx, group, _base(request), now=now)
    return _answer(made, 201, scim_ctx=Context.RESOURCE_CREATION_RESPONSE)


@_in_scim
async def group(request: AnyRequest, group_id: str, tx: Tx) -> Answer:
    return _one(request, await scim_groups.get_group(tx, _id(group_id), _base(request)))


@_in_scim
async def replace_group(request: AnyRequest, group_id: str, tx: Tx, now: datetime) -> Answer:
    before = await scim_groups.get_group(tx, _id(group_id), _base(request))
    group = ScimGroup.model_validate(
        await _body(request), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST
    )
    group.replace(before)
    changed = await scim_groups.keep_group(
        tx, group, _base(request), now=now, group_id=_id(group_id)
    )
    return _answer(changed, scim_ctx=Context.RESOURCE_REPLACEMENT_RESPONSE)


@_in_scim
async def patch_group(request: AnyRequest, group_id: str, tx: Tx, now: datetime) -> Answer:
    group = await scim_groups.get_group(tx, _id(group_id), _base(request))
    change = PatchOp[ScimGroup].model_validate(
        await _body(request), scim_ctx=Context.RESOURCE_PATCH_REQUEST
    )
    change.patch(group)
    changed = await scim_groups.keep_group(
        tx, group, _base(request), now=now, group_id=_id(group_id)
    )
    return _answer(changed, scim_ctx=Context.RESOURCE_PATCH_RESPONSE)


async def remove_user(user_id: str, tx: Tx, now: datetime) -> None:
    await scim.remove_user(tx, _id(user_id), now=now)


async def remove_group(group_id: str, tx: Tx, now: datetime) -> None:
    await scim_groups.remove_group(tx, _id(group_id), now=now)


async def _body(request: AnyRequest) -> Any:
    try:
        content = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as reason:
        raise InvalidSyntaxException(detail="The body is no JSON.") from reason
    if not isinstance(content, dict) or "\\u0000" in msgspec.json.encode(content).decode():
        raise InvalidSyntaxException(detail="The body is no JSON object that can be kept.")
    return content


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as reason:
        raise NotFound("There is no such resource.") from reason


def _base(request: AnyRequest) -> str:
    return str(request.app.state.settings.base_url).rstrip("/")


def _one(request: AnyRequest, thing: Resource[Any]) -> Answer:
    asked = SearchRequest[type(thing)].model_validate(dict(request.query_params))  # type: ignore[misc]
    return _answer(thing, scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked)


def _found(kind: type[R], things: list[R], asked: SearchRequest[R]) -> Answer:
    """Filtered, sorted, and one page of it; `startIndex` counts from 1."""
    matching = [thing for thing in things if asked.filter is None or asked.filter.match(thing)]
    if asked.sort_by is not None:
        matching = asked.sort(matching)
    first = asked.start_index_0 or 0
    count = min(COUNT_MAX if asked.count is None else asked.count, COUNT_MAX)
    shown = matching[first : first + count]
    listed = ListResponse[kind](  # type: ignore[valid-type]
        total_results=len(matching),
        start_index=first + 1,
        items_per_page=len(shown),
        resources=shown or None,
    )
    return _answer(listed, scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked)


def _listed(kind: type[R], things: list[R]) -> Answer:
    listed = ListResponse[kind](  # type: ignore[valid-type]
        total_results=len(things), start_index=1, items_per_page=len(things), resources=things
    )
    return _answer(listed, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def _named(things: list[R], name: str) -> R:
    for thing in things:
        if thing.id == name:
            return thing
    raise NotFound("There is no such resource.")


def _types(request: AnyRequest) -> list[ResourceType]:
    return [
        _placed(request, "ResourceTypes", ResourceType.from_resource(kind), "ResourceType")
        for kind in KINDS
    ]


def _schemas(request: AnyRequest) -> list[Schema]:
    shown: list[Callable[[], Schema]] = [kind.to_schema for kind in KINDS]
    return [_placed(request, "Schemas", make(), "Schema") for make in shown]


def _placed(request: AnyRequest, folder: str, thing: R, kind: str) -> R:
    thing.meta = Meta(resource_type=kind, location=f"{_base(request)}/scim/v2/{folder}/{thing.id}")
    return thing


def _config(request: AnyRequest) -> ServiceProviderConfig:
    made = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=COUNT_MAX),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=False),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API key",
                description="An API key with the permission identity.scim, as a bearer token.",
                primary=True,
            )
        ],
    )
    made.meta = _placed(request, "ServiceProviderConfig", made, "ServiceProviderConfig").meta
    assert made.meta is not None, "just placed"
    made.meta.location = f"{_base(request)}/scim/v2/ServiceProviderConfig"
    return made
