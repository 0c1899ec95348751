"""Messages over HTTP: what was said, what became of it, once more; and the gateway's reports."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.crm.notifications import service
from tandem.crm.notifications.domain import SMS_PROVIDER
from tandem.crm.notifications.domain.attempts import Attempt
from tandem.crm.notifications.domain.messages import (
    Channel,
    Lane,
    Message,
    MessageMissing,
    SecretGone,
    State,
    Step,
)
from tandem.crm.notifications.domain.texts import segments
from tandem.crm.notifications.gateways.port import Site, Texter
from tandem.kernel import inbox as receipts
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, TooLarge, Unauthenticated
from tandem.kernel.http import (
    PUBLIC,
    Cursor,
    Given,
    LimitParameter,
    Now,
    Store,
    Transaction,
    limited,
    refusals,
)
from tandem.kernel.limits import Limit
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.kernel.patterns import whole

StateFilter = Annotated[State | None, QueryParameter(name="state")]
"""Not called `state` in the route: Litestar keeps that name for the application's own."""
FeedFilter = Annotated[str | None, QueryParameter(pattern=whole("[A-Za-z0-9_:.-]{1,120}"))]
TemplateFilter = Annotated[str | None, QueryParameter(pattern=whole("[a-z_]{1,60}"))]

REPORT_BYTES_MAX = 16 * 1024
REPORTS_LIMIT = Limit(name="text_reports", count=6_000, seconds=60)
"""All reports come from a few addresses: a busy evening must not run into the limit."""


class MessageHead(msgspec.Struct, frozen=True, kw_only=True):
    """A message without its words. `reason` is a word for why it is held or was skipped; `error`
    says it in a sentence. `folded` counts those that this one stands for."""

    resource: ClassVar[str] = "message"

    id: UUID
    channel: Channel
    template: str
    order_id: UUID | None
    recipient: str
    subject: str
    state: State
    receipt: str
    reason: str
    purpose: str
    lane: Lane
    feed: str
    customer_id: UUID | None
    folded: int
    attempts: int
    due_at: datetime
    error: str
    provider_message_id: str | None
    created_at: datetime
    updated_at: datetime


class MessageView(MessageHead, frozen=True, kw_only=True):
    """`text` and `html` stay empty for a secret, also before it has left. `segments` counts the
    parts a text message travels in. `trace` is what each rule of the send policy said the last
    time, at `decided_at` where it was let through."""

    is_secret: bool
    segments: int
    text: str
    html: str
    history: list[Attempt]
    trace: list[Step]
    decided_at: datetime | None


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`unknown` ones may reach somebody twice."""

    state: Literal["failed", "unknown"] = "failed"
    feed: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_:.-]{1,120}"))] | None = None
    template: Annotated[str, msgspec.Meta(pattern=whole("[a-z0-9_]{1,60}"))] | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    count: int


class MessagesController(Controller):
    path = "/v1"
    tags = ("notifications",)

    @get("/messages", responses=refusals(Forbidden, Invalid))
    async def list_messages(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        order_id: FromQuery[UUID | None] = None,
        channel: FromQuery[Channel | None] = None,
        template: TemplateFilter = None,
        wanted: StateFilter = None,
        customer_id: FromQuery[UUID | None] = None,
        feed: FeedFilter = None,
    ) -> Page[MessageHead]:
        """Every message, newest first: of the company, an order, a customer or a stream."""
        page = await service.list_messages(
            tx,
            limit=limit,
            cursor=cursor,
            order_id=order_id,
            state=wanted,
            channel=channel,
            template=template,
            customer_id=customer_id,
            feed=feed,
        )
        return Page(items=[_head(message) for message in page.items], next=page.next)

    @get("/messages/{message_id:uuid}", responses=refusals(Forbidden, MessageMissing))
    async def get_message(
        self, message_id: FromPath[UUID], tx: Transaction, resources: Given
    ) -> MessageView:
        """One message with its words and every try."""
        message = await service.get_message(tx, message_id)
        history = await service.list_attempts(tx, message_id)
        return _view(message.with_links_to(resources.get(Site).base_url), history)

    @post(
        "/messages/{message_id:uuid}/retry",
        status_code=200,
        responses=refusals(Forbidden, MessageMissing, IllegalMove, SecretGone),
    )
    async def retry(self, message_id: FromPath[UUID], tx: Transaction, now: Now) -> MessageHead:
        """Send a failed or unanswered message once more."""
        return _head(await service.retry(tx, message_id, now=now))

    @post("/messages/replays", status_code=200, responses=refusals(Forbidden, IllegalMove))
    async def replay(self, data: JSONBody[Replay], tx: Transaction, now: Now) -> Replayed:
        """Send what gave up once more, up to a thousand at a time."""
        count = await service.replay(
            tx, State(data.state), feed=data.feed, kind=data.template, now=now
        )
        return Replayed(count=count)


class TextReportsController(Controller):
    path = "/v1/provider-callbacks"
    tags = ("notifications",)

    @post(
        "/sms/{org_id:uuid}/{message_id:uuid}",
        status_code=204,
        opt={**PUBLIC, "cross_site": True, **limited(REPORTS_LIMIT)},
        request_max_body_size=REPORT_BYTES_MAX,
        responses=refusals(Unauthenticated, TooLarge),
    )
    async def take_report(
        self,
        org_id: FromPath[UUID],
        message_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        database: Store,
        resources: Given,
        now: Now,
    ) -> None:
        """A text gateway's delivery report, signed over this address and its form (Twilio)."""
        body = await request.body()
        signature = request.headers.get("x-twilio-signature", "")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if not resources.get(Texter).is_signed(request.url.path, form, signature):
            raise Unauthenticated("This report is not signed by the gateway.")
        async with database.transaction(Actor.system(org_id, "Text gateway")) as tx:
            await receipts.keep(
                tx,
                provider=SMS_PROVIDER,
                delivery_id=_delivery_id(form),
                subject=str(message_id),
                body=body,
                headers={},
                now=now,
            )


def _delivery_id(form: dict[str, str]) -> str:
    return f"{form.get('MessageSid', '')}:{form.get('MessageStatus', '')}"[:200]


def _head(message: Message) -> MessageHead:
    return MessageHead(**{name: getattr(message, name) for name in MessageHead.__struct_fields__})


def _view(message: Message, history: list[Attempt]) -> MessageView:
    fields = {name: getattr(message, name) for name in MessageHead.__struct_fields__}
    return MessageView(
        **fields,
        is_secret=message.is_secret,
        segments=segments(message.text) if message.channel is Channel.SMS else 0,
        text="" if message.is_secret else message.text,
        html="" if message.is_secret else message.html,
        history=history,
        trace=message.trace,
        decided_at=message.decided_at,
    )
