"""Addresses for events, and what became of each message."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.webhooks import service
from tandem.crm.webhooks.domain import (
    Endpoint,
    EndpointInUse,
    Message,
    State,
    TooManyEndpoints,
    TopicUnknown,
)
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.guard import AddressRefused, Guard
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    Given,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole

Url = Annotated[str, msgspec.Meta(min_length=10, max_length=2000)]
Topic = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z_]+\.[a-z_]+\.v[0-9]+"), max_length=100)]
Topics = Annotated[list[Topic], msgspec.Meta(max_length=200)]
Description = Annotated[str, msgspec.Meta(max_length=200, pattern=whole(r"[^\x00-\x1f]*"))]
SECRET_ANSWER = {"secret_answer": True}


class NewEndpoint(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Without topics it is only called by campaigns."""

    url: Url
    topics: Topics = []
    description: Description = ""


class EndpointChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    url: Url
    topics: Topics
    description: Description = ""
    is_active: bool = True


class MadeEndpoint(msgspec.Struct, kw_only=True):
    """`secret` is shown this once; verify with it as Standard Webhooks says."""

    endpoint: Endpoint
    secret: str


class FreshSecret(msgspec.Struct, kw_only=True):
    secret: str


class WebhookController(Controller):
    path = "/v1"
    tags = ("webhooks",)

    @get("/webhook-topics", responses=refusals(Forbidden))
    async def list_topics(self, tx: Transaction) -> list[str]:
        """Everything that can be subscribed to."""
        tx.actor.require("webhooks.read")
        return service.known_topics()

    @get("/webhook-endpoints", responses=refusals(Forbidden))
    async def list_endpoints(self, tx: Transaction) -> list[Endpoint]:
        """Where events go."""
        return await service.list_endpoints(tx)

    @post(
        "/webhook-endpoints",
        opt=SECRET_ANSWER,
        responses=refusals(Forbidden, AddressRefused, TopicUnknown, TooManyEndpoints),
    )
    async def add_endpoint(
        self, data: JSONBody[NewEndpoint], tx: Transaction, now: Now, resources: Given
    ) -> MadeEndpoint:
        """Have events sent to a public https address, signed as Standard Webhooks has it."""
        made, secret = await service.add_endpoint(
            tx,
            resources.get(Guard),
            url=data.url,
            description=data.description,
            topics=data.topics,
            now=now,
        )
        return MadeEndpoint(endpoint=made, secret=secret)

    @put(
        "/webhook-endpoints/{endpoint_id:uuid}",
        responses=refusals(Forbidden, NotFound, AddressRefused, TopicUnknown, StaleVersion),
    )
    async def change_endpoint(
        self,
        endpoint_id: FromPath[UUID],
        data: JSONBody[EndpointChange],
        tx: Transaction,
        now: Now,
        resources: Given,
        if_match: IfMatch = None,
    ) -> Response[Endpoint]:
        """Another address or other topics; an address that was given up begins anew."""
        tx.actor.require("webhooks.manage")
        check_if_match(if_match, (await service.get_endpoint(tx, endpoint_id)).version)
        changed = await service.change_endpoint(
            tx,
            resources.get(Guard),
            endpoint_id,
            url=data.url,
            description=data.description,
            topics=data.topics,
            is_active=data.is_active,
            now=now,
        )
        return Response(changed, headers=etag(changed.version))

    @delete(
        "/webhook-endpoints/{endpoint_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound, EndpointInUse),
    )
    async def remove_endpoint(self, endpoint_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Send nothing there any more; what waits is dropped. Refused while a campaign calls it,
        or a journey tells it alone."""
        await service.remove_endpoint(tx, endpoint_id, now=now)

    @post(
        "/webhook-endpoints/{endpoint_id:uuid}/secret",
        opt=SECRET_ANSWER,
        responses=refusals(Forbidden, NotFound),
    )
    async def rotate_secret(
        self, endpoint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> FreshSecret:
        """A fresh secret; the old one signs beside it for a day."""
        return FreshSecret(secret=await service.rotate_secret(tx, endpoint_id, now=now))

    @post("/webhook-endpoints/{endpoint_id:uuid}/test", responses=refusals(Forbidden, NotFound))
    async def send_test(self, endpoint_id: FromPath[UUID], tx: Transaction, now: Now) -> Message:
        """Send a message of the topic `webhooks.test.v1`."""
        return await service.send_test(tx, endpoint_id, now=now)

    @get(
        "/webhook-endpoints/{endpoint_id:uuid}/messages",
        responses=refusals(Forbidden, NotFound, Invalid),
    )
    async def list_messages(
        self,
        endpoint_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        status: FromQuery[State | None] = None,
    ) -> Page[Message]:
        """What was sent there and what became of it, newest first; kept for 30 days."""
        return await service.list_messages(
            tx, endpoint_id, limit=limit, cursor=cursor, state=status
        )

    @post("/webhook-messages/{message_id:uuid}/redelivery", responses=refusals(Forbidden, NotFound))
    async def send_again(self, message_id: FromPath[UUID], tx: Transaction, now: Now) -> Message:
        """The same message with the same id once more."""
        return await service.send_again(tx, message_id, now=now)
