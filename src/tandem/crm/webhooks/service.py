"""Where a company's events go: chosen, signed, forwarded in order, tried again, looked at."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.webhooks import WebhookEndpointDisabled
from tandem.crm.webhooks import store
from tandem.crm.webhooks.domain import (
    DISABLED_AFTER,
    ENDPOINTS_MAX,
    FAILED,
    GONE,
    OVERLAP,
    SECRET,
    TEST_TOPIC,
    Call,
    Due,
    Endpoint,
    EndpointInUse,
    Keys,
    Message,
    State,
    TooManyEndpoints,
    TopicUnknown,
    gap_after,
    new_secret,
    sign,
)
from tandem.kernel import audit, secrets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.events import Told, topics
from tandem.kernel.guard import Guard
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

SUBSCRIBER = "webhooks.forward"


def known_topics() -> list[str]:
    """Everything that may be sent out; the kernel's own events stay inside."""
    return sorted(topic for topic in topics() if not topic.startswith("kernel."))


def check_may_choose(actor: Actor) -> None:
    """Events carry whole records: whoever sees only some of them, or not every field, may not."""
    actor.require("webhooks.manage")
    if actor.standing is not None or actor.hidden:
        raise Forbidden(
            "Events carry all records with all fields, and you do not see all of them.",
            permission="webhooks.manage",
        )


Users = Callable[[Tx, Endpoint], Awaitable[list[str]]]
_users: list[Users] = []
NAMED_MAX = 5


def uses_endpoints(users: Users) -> Users:
    """Whoever counts on addresses says here which of its own count on one, by name."""
    _users.append(users)
    return users


async def list_endpoints(tx: Tx) -> list[Endpoint]:
    tx.actor.require("webhooks.read")
    return await store.list_endpoints(tx)


async def get_endpoint(tx: Tx, endpoint_id: UUID) -> Endpoint:
    tx.actor.require("webhooks.read")
    return await _get(tx, endpoint_id)


async def add_endpoint(
    tx: Tx, guard: Guard, *, url: str, description: str, topics: Sequence[str], now: datetime
) -> tuple[Endpoint, str]:
    """(the address, the secret its messages are signed with, shown this once)."""
    check_may_choose(tx.actor)
    if len(await store.list_endpoints(tx)) >= ENDPOINTS_MAX:
        raise TooManyEndpoints(f"At most {ENDPOINTS_MAX} addresses.")
    await guard.check(url)
    endpoint_id, secret = new_id(), new_secret()
    await tx.run(
        store.INSERT_ENDPOINT,
        id=endpoint_id,
        url=url,
        description=description,
        topics=_checked(topics),
        secret=_sealed(tx, endpoint_id, secret),
        created_by=tx.actor.user_id,
        now=now,
    )
    await _tap(tx)
    made = await _get(tx, endpoint_id)
    await _note(tx, "webhooks.endpoint_added", endpoint_id, now, after=_told_of(made))
    return made, secret


async def change_endpoint(
    tx: Tx,
    guard: Guard,
    endpoint_id: UUID,
    *,
    url: str,
    description: str,
    topics: Sequence[str],
    is_active: bool,
    now: datetime,
) -> Endpoint:
    """Saving an address that was given up for its failures begins anew."""
    check_may_choose(tx.actor)
    before = await _get(tx, endpoint_id)
    await guard.check(url)
    await tx.run(
        store.UPDATE_ENDPOINT,
        id=endpoint_id,
        url=url,
        description=description,
        topics=_checked(topics),
        is_active=is_active,
        now=now,
    )
    await _tap(tx)
    after = await _get(tx, endpoint_id)
    await _note(
        tx, "webhooks.endpoint_changed", endpoint_id, now, _told_of(before), _told_of(after)
    )
    return after


async def remove_endpoint(tx: Tx, endpoint_id: UUID, *, now: datetime) -> None:
    """With its messages, waiting ones too. Raises EndpointInUse, naming who counts on it."""
    tx.actor.require("webhooks.manage")
    before = await _get(tx, endpoint_id)
    users = [one for asked in _users for one in await asked(tx.with_all_grants(), before)]
    if users:
        more = f" and {len(users) - NAMED_MAX} more" if len(users) > NAMED_MAX else ""
        raise EndpointInUse(
            f"It is used by {', '.join(users[:NAMED_MAX])}{more}. Let them call another one first.",
            users=users,
        )
    await tx.run(store.DELETE_ENDPOINT, id=endpoint_id)
    await _tap(tx)
    await _note(tx, "webhooks.endpoint_removed", endpoint_id, now, before=_told_of(before))


async def rotate_secret(tx: Tx, endpoint_id: UUID, *, now: datetime) -> str:
    """A fresh secret; the old one signs beside it for a day."""
    tx.actor.require("webhooks.manage")
    await _get(tx, endpoint_id)
    secret = new_secret()
    await tx.run(
        store.SET_SECRET,
        id=endpoint_id,
        secret=_sealed(tx, endpoint_id, secret),
        until=now + OVERLAP,
    )
    await _note(tx, "webhooks.secret_changed", endpoint_id, now)
    return secret


async def send_test(tx: Tx, endpoint_id: UUID, *, now: datetime) -> Message:
    """A message of its own kind, behind whatever waits already."""
    tx.actor.require("webhooks.manage")
    await _get(tx, endpoint_id)
    message_id = new_id()
    await tx.run(
        store.INSERT_ONE,
        id=message_id,
        endpoint_id=endpoint_id,
        event_id=message_id,
        topic=TEST_TOPIC,
        body=_body(TEST_TOPIC, now, {"message": "It works."}),
        now=now,
    )
    await tx.run(store.WAKE, id=endpoint_id, now=now)
    return await get_message(tx, message_id)


async def get_message(tx: Tx, message_id: UUID) -> Message:
    tx.actor.require("webhooks.read")
    found = await store.get_message(tx, message_id)
    if found is None:
        raise NotFound("There is no such message.")
    return found


async def list_messages(
    tx: Tx, endpoint_id: UUID, *, limit: int, cursor: str | None = None, state: State | None = None
) -> Page[Message]:
    """Newest first."""
    await get_endpoint(tx, endpoint_id)
    before = decode_cursor(cursor, int)[0] if cursor else None
    rows = await tx.many(
        store.LIST_MESSAGES,
        Message,
        endpoint_id=endpoint_id,
        state=state,
        before_seq=before if before is None or 0 < before < 2**63 else 0,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda message: (message.seq,))


async def send_again(tx: Tx, message_id: UUID, *, now: datetime) -> Message:
    """The same message with the same id, at its old place in the order."""
    tx.actor.require("webhooks.manage")
    found = await get_message(tx, message_id)
    await tx.run(store.SEND_AGAIN, id=message_id)
    await tx.run(store.WAKE, id=found.endpoint_id, now=now)
    await _note(tx, "webhooks.sent_again", found.endpoint_id, now, after={"message": message_id})
    return await get_message(tx, message_id)


async def forward(tx: Tx, told: Told, now: datetime) -> None:
    """Keep a message for each address that wants this topic."""
    await tx.run(
        store.INSERT_MESSAGES,
        event_id=told.id,
        topic=told.topic,
        body=_body(told.topic, told.occurred_at, told.payload),
        now=now,
    )


async def record(
    tx: Tx, due: Due, *, status: int | None, error: str, duration_ms: int, now: datetime
) -> None:
    """What became of a try. 2xx is taken, 410 means never again, all else is tried later."""
    is_sent = status is not None and 200 <= status < 300
    gap = gap_after(due.attempts + 1)
    is_over = is_sent or gap is None
    failing_since = None if is_sent else due.failing_since or now
    is_gone = status == 410
    is_given_up = failing_since is not None and now - failing_since >= DISABLED_AFTER
    reason = GONE if is_gone else FAILED if is_given_up else ""
    await tx.run(
        store.RECORD_MESSAGE,
        id=due.message_id,
        state="sent" if is_sent else "failed" if is_over else "waiting",
        status=status,
        error=error,
        done_at=now if is_over else None,
    )
    await tx.run(
        store.RECORD_ENDPOINT,
        id=due.endpoint_id,
        due_at=now if is_over or gap is None else now + gap,
        failing_since=failing_since,
        is_active=not reason,
        disabled_reason=reason,
    )
    await tx.run(
        store.RECORD_ATTEMPT,
        id=new_id(),
        message_id=due.message_id,
        at=now,
        status=status,
        error=error,
        duration_ms=duration_ms,
    )
    if reason:
        await _tell_disabled(tx, due.endpoint_id, due.url, reason)


async def give_up_silent(tx: Tx, *, now: datetime) -> None:
    """Also where no message waits any more that could be tried."""
    found = await tx.records(store.GIVE_UP, before=now - DISABLED_AFTER, reason=FAILED)
    for row in found:
        await _tell_disabled(tx, row["id"], row["url"], FAILED)


async def _tell_disabled(tx: Tx, endpoint_id: UUID, url: str, reason: str) -> None:
    await _tap(tx)
    await tx.publish(WebhookEndpointDisabled(endpoint_id=endpoint_id, url=url, reason=reason))


async def sign_call(
    tx: Tx, endpoint_id: UUID, call_id: UUID, body: str, *, now: datetime
) -> Call | None:
    """A request of its own to an address, beside its events; None while it is switched off.

    `call_id` is what the receiver tells tries of one call by. Raises NotFound.
    """
    tx.actor.require("webhooks.read")
    keys = await store.keys(tx, endpoint_id)
    if keys is None:
        await _get(tx, endpoint_id)
        return None
    signing = secrets_of(tx.actor.org_id, endpoint_id, keys, now)
    return Call(url=keys.url, headers=sign(signing, call_id, now, body))


async def note_gone(tx: Tx, endpoint_id: UUID) -> None:
    """It answered a call with 410: nothing is sent there until somebody saves it anew."""
    url = await store.disable(tx, endpoint_id, GONE)
    if url is not None:
        await _tell_disabled(tx, endpoint_id, url, GONE)


def secrets_of(org_id: UUID, endpoint_id: UUID, keys: Keys, now: datetime) -> list[str]:
    """The newest first; the one before it while it still signs."""
    sealed = [keys.secret]
    if keys.previous_secret and keys.previous_until and now < keys.previous_until:
        sealed.append(keys.previous_secret)
    return [
        secrets.unseal(one, org_id=org_id, purpose=SECRET, subject=str(endpoint_id)).decode()
        for one in sealed
    ]


def _sealed(tx: Tx, endpoint_id: UUID, secret: str) -> bytes:
    return secrets.seal(
        secret.encode(), org_id=tx.actor.org_id, purpose=SECRET, subject=str(endpoint_id)
    )


def _body(topic: str, at: datetime, data: object) -> str:
    return msgspec.json.encode({"type": topic, "timestamp": at, "data": data}).decode()


def _checked(asked: Sequence[str]) -> list[str]:
    known = set(known_topics())
    for topic in asked:
        if topic not in known:
            raise TopicUnknown(f"There is no topic {topic[:100]!r}.", field="topics")
    return sorted(set(asked))


async def _tap(tx: Tx) -> None:
    await tx.run(store.CLEAR_TAPS, subscriber=SUBSCRIBER)
    await tx.run(store.SET_TAPS, subscriber=SUBSCRIBER)


async def _get(tx: Tx, endpoint_id: UUID) -> Endpoint:
    found = await store.list_endpoints(tx, endpoint_id)
    if not found:
        raise NotFound("There is no such address.")
    return found[0]


def _told_of(endpoint: Endpoint) -> dict[str, object]:
    return {
        "url": endpoint.url,
        "topics": endpoint.topics,
        "is_active": endpoint.is_active,
    }


async def _note(
    tx: Tx,
    action: str,
    endpoint_id: UUID,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="webhook_endpoint",
        subject_id=endpoint_id,
        now=now,
        before=before,
        after=after,
    )
