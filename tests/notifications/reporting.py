"""Messages that a provider has, and the vendor who reports on them."""

import base64
import json
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec

from tandem.crm.notifications.domain.messages import Channel, State
from tandem.crm.notifications.domain.providers import Kind, Provider
from tandem.crm.notifications.gateways.port import Registered
from tandem.crm.notifications.service import providers
from tandem.kernel.db import Query
from tandem.kernel.outbox import drain
from tandem.sandbox.carriers import signing
from tandem.sandbox.carriers.events import body_of
from tandem.sandbox.carriers.letters import Letter
from tandem.sandbox.webhook_queue import Delivery
from tests.notifications.givens import BASE, EMAIL, Post
from tests.notifications.test_carrying import add, carry, queued

RECEIPTS = Query("select what, state from notifications.receipt where org_id = :org_id order by id")
KEYS: dict[Kind, dict[str, str]] = {
    Kind.SENDGRID: {"verification_key": signing.sendgrid_public_key()},
    Kind.MAILGUN: {"signing_key": signing.MAILGUN_KEY},
    Kind.SES: {"topic_arn": signing.TOPIC},
}
MAIL = [Kind.SENDGRID, Kind.MAILGUN, Kind.POSTMARK, Kind.SES]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the ledger that a provider has, and how the vendor would tell of it."""

    post: Post
    provider: Provider
    message_id: UUID
    letter: Letter
    callback_secret: str

    @property
    def path(self) -> str:
        ids = f"{self.post.work.org_id}/{self.provider.id}"
        return f"/v1/provider-callbacks/{self.provider.kind}/{ids}"

    def body(self, event: str) -> bytes:
        body = body_of(self.provider.kind, self.letter, event)
        match self.provider.kind:
            case Kind.MAILGUN:
                return signing.mailgun(signing.MAILGUN_KEY, json.loads(body))
            case Kind.SES:
                base_url = self.post.sandbox.settings.base_url
                return signing.sns_notification(body, base_url=base_url)
            case Kind.MSG91:
                return urlencode({"data": body.decode()}).encode()
            case _:
                return body

    def headers(self, body: bytes, *, is_forged: bool = False) -> dict[str, str]:
        bad = "not-" if is_forged else ""
        match self.provider.kind:
            case Kind.SENDGRID:
                return dict(signing.sendgrid(_delivery(body), f"{bad}x"))
            case Kind.WHATSAPP:
                return dict(signing.whatsapp(_delivery(body), f"{bad}sandbox"))
            case Kind.POSTMARK:
                pair = f"tandem:{bad}{self.callback_secret}".encode()
                return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case _:
                return {}

    async def tell(
        self, vendor: httpx.AsyncClient, event: str, *, body: bytes | None = None
    ) -> int:
        content = self.body(event) if body is None else body
        query = f"?key={self.callback_secret}" if self.provider.kind is Kind.MSG91 else ""
        answer = await vendor.post(
            self.path + query, content=content, headers=self.headers(content)
        )
        await drain(self.post.work.database)
        return answer.status_code

    async def state(self) -> tuple[State, str]:
        message = await self.post.read(self.message_id)
        return message.state, message.receipt


async def sent(post: Post, kind: Kind, *, recipient: str = EMAIL) -> Sent:
    provider = await add(post, kind, values=KEYS.get(kind, {}))
    if provider.channel == "email":
        (message_id,) = await post.queue(email=recipient, dedupe=str(uuid4()))
        await post.carry(message_id)
    else:
        message_id = await _text(post, provider)
    message = await post.read(message_id)
    assert message.state is State.SENT and message.provider_message_id
    async with post.work.transaction() as tx:
        secret = await providers.read_callback_secret(tx, provider.id)
    ours = "" if kind is Kind.MSG91 else str(message_id)
    letter = Letter(
        vendor=kind, id=message.provider_message_id, ours=ours, recipient=message.recipient
    )
    return Sent(
        post=post, provider=provider, message_id=message_id, letter=letter, callback_secret=secret
    )


SETTLE = Query(
    """
    update notifications.message
       set state = 'sent', handed_over_at = :now, provider_message_id = :theirs
     where org_id = :org_id and id = :id
    """
)


async def _text(post: Post, provider: Provider) -> UUID:
    """By hand: a registered text's way through the ledger is told elsewhere."""
    message = await queued(post, Channel.SMS)
    registered = Registered(template_id="1", name="flow", variables=())
    carried = await carry(post, message, registered=registered)
    async with post.work.transaction() as tx:
        await tx.run(SETTLE, id=message.id, now=post.work.now(), theirs=carried.provider_message_id)
    return message.id


async def receipts(post: Post) -> list[tuple[str, str]]:
    async with post.work.transaction() as tx:
        return [(row["what"], row["state"]) for row in await tx.records(RECEIPTS)]


async def sent_chat(post: Post) -> Sent:
    """WhatsApp's reports name our id, so that any message it carried will do."""
    provider = await add(post, Kind.WHATSAPP)
    message = await queued(post, Channel.SMS)
    chat = msgspec.structs.replace(message, channel=Channel.WHATSAPP)
    registered = Registered(template_id="1", name="hello", variables=())
    carried = await carry(post, chat, registered=registered)
    async with post.work.transaction() as tx:
        await tx.run(SETTLE, id=message.id, now=post.work.now(), theirs=carried.provider_message_id)
        secret = await providers.read_callback_secret(tx, provider.id)
    letter = Letter(
        vendor="whatsapp",
        id=carried.provider_message_id,
        ours=str(message.id),
        recipient=message.recipient,
    )
    return Sent(
        post=post,
        provider=provider,
        message_id=message.id,
        letter=letter,
        callback_secret=secret,
    )


def _delivery(body: bytes) -> Delivery:
    blank = dict.fromkeys(Delivery.__struct_fields__)
    return Delivery(**{**blank, "body": body, "url": BASE})  # type: ignore[arg-type]  # the rest is not read
