"""Saying something to somebody, once; and looking at what was said."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.notifications import store
from tandem.crm.notifications.domain.attempts import Attempt
from tandem.crm.notifications.domain.messages import (
    DEAD,
    SERVICE,
    Channel,
    Lane,
    Message,
    MessageMissing,
    State,
    check_retry,
)
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.templates import TEMPLATES
from tandem.crm.notifications.domain.texts import one_line
from tandem.crm.notifications.service.planning import messages_of, put, wake
from tandem.crm.notifications.service.templates import say
from tandem.crm.notifications.store import ledger
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import IllegalMove
from tandem.kernel.pages import Page, decode_cursor, page_of

SENDER_NAME_LENGTH_MAX = 70
REPLAYED_MAX = 1_000


async def send(
    tx: Tx,
    *,
    template: str,
    order_id: UUID | None,
    email: str | None,
    phone: str | None,
    parameters: dict[str, str],
    dedupe: str,
    now: datetime,
    is_secret: bool = False,
    not_after: datetime | None = None,
    customer_id: UUID | None = None,
    locale: str = "",
) -> list[UUID]:
    """Queue a message by every channel the template has and the recipient too.

    Commits with the caller's change and leaves afterwards. The same `dedupe` again, or a recipient
    without address, sends nothing. `parameters` name at least the `company`. A secret goes before
    everything else and is erased once it has left; after `not_after` it is not sent any more.
    """
    tx.actor.require("notifications.send")
    addresses = {Channel.EMAIL: email, Channel.SMS: phone}
    outgoing = []
    for channel in sorted(TEMPLATES[template].channels):
        recipient = addresses[channel]
        if not recipient:
            continue
        words = await say(tx, template, channel, parameters, locale=locale)
        outgoing.append(
            Outgoing(
                dedupe=dedupe,
                channel=channel,
                kind=template,
                purpose=SERVICE,
                customer_id=customer_id,
                recipient=recipient,
                lane=Lane.OTP if is_secret else Lane.TRANSACTIONAL,
                sender_name=one_line(parameters["company"], SENDER_NAME_LENGTH_MAX),
                subject=words.subject,
                text=words.text,
                html=words.html,
                not_after=not_after,
                order_id=order_id,
                is_secret=is_secret,
            )
        )
    done = await put(tx, outgoing, now=now)
    return [message_id for message_id, waits in done if waits]


async def get_message(tx: Tx, message_id: UUID) -> Message:
    tx.actor.require("notifications.read")
    found = await store.find(tx, message_id)
    if found is None:
        raise MessageMissing("There is no such message.")
    return found


async def list_attempts(tx: Tx, message_id: UUID) -> list[Attempt]:
    tx.actor.require("notifications.read")
    return await store.list_attempts(tx, message_id)


async def list_messages(
    tx: Tx,
    *,
    limit: int,
    cursor: str | None,
    order_id: UUID | None = None,
    state: State | None = None,
    channel: Channel | None = None,
    template: str | None = None,
    customer_id: UUID | None = None,
    feed: str | None = None,
) -> Page[Message]:
    """Newest first; all of a company, an order, a customer or a stream."""
    tx.actor.require("notifications.read")
    if order_id is None and (customer_id is not None or feed is not None):
        return await messages_of(
            tx,
            limit=limit,
            cursor=cursor,
            customer_id=customer_id,
            feed=feed,
            states=[state] if state else None,
            channel=channel,
            kind=template,
        )
    after = decode_cursor(cursor, UUID) if cursor else [None]
    found = await store.list_messages(
        tx,
        order_id=order_id,
        state=state,
        channel=channel,
        template=template,
        after_id=after[0],
        count=limit + 1,
    )
    return page_of(found, limit, lambda message: (message.id,))


async def replay(
    tx: Tx, state: State, *, feed: str | None = None, kind: str | None = None, now: datetime
) -> int:
    """Put what gave up back into the queue, up to a thousand, oldest first; how many.

    Of unanswered ones some may reach their recipient twice: whoever asks for it knows.
    """
    tx.actor.require("notifications.retry")
    if state not in DEAD:
        raise IllegalMove("Message", state, State.QUEUED, sorted(DEAD))
    again = await ledger.replay(tx, state, feed=feed, kind=kind, count=REPLAYED_MAX, now=now)
    await audit.write(
        tx,
        action="notifications.replay",
        subject_kind="message",
        subject_id=tx.actor.org_id,
        after={"state": str(state), "feed": feed, "kind": kind, "count": sum(again.values())},
        now=now,
    )
    for lane in again:
        await wake(tx, lane)
    return sum(again.values())


async def retry(tx: Tx, message_id: UUID, *, now: datetime) -> Message:
    """Send a failed or unanswered message once more, with a fresh set of tries.

    An unanswered one may reach its recipient twice; an e-mail keeps its Message-ID, so that mail
    programs show one. Refuses with IllegalMove and SecretGone.
    """
    tx.actor.require("notifications.retry")
    before = await store.lock(tx, message_id)
    if before is None:
        raise MessageMissing("There is no such message.")
    check_retry(before)
    after = msgspec.structs.replace(
        before,
        state=State.QUEUED,
        attempts=0,
        outages=0,
        due_at=now,
        look_ups=0,
        error="",
        reason="",
        receipt="",
    )
    await store.settle(tx, after, is_erased=False, now=now)
    await audit.write(
        tx,
        action="notifications.retry",
        subject_kind="message",
        subject_id=message_id,
        before={"state": before.state},
        after={"state": after.state},
        now=now,
    )
    await wake(tx, after.lane)
    return after
