"""All of notifications' SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from tandem.crm.notifications.domain.attempts import Attempt
from tandem.crm.notifications.domain.messages import Channel, Lane, Message, State
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

COLUMNS: LiteralString = """
           id, dedupe, channel, template, order_id, recipient, sender_name, subject, text, html,
           is_secret, not_after, state, attempts, due_at, handed_over_at, look_ups,
           provider_message_id, receipt, error, created_at, updated_at, purpose, customer_id, lane,
           feed, template_version_id, parameters, reason, trace, decided_at, outages, folded, domain
"""

GET = Query(f"select {COLUMNS} from notifications.message where org_id = :org_id and id = :id")

LOCK = Query(
    f"""
    select {COLUMNS}
      from notifications.message
     where org_id = :org_id and id = :id
       for update
    """
)

_LISTED = f"""
    select {COLUMNS}
      from notifications.message
     where org_id = :org_id
       and (:state::text is null or state = :state)
       and (:channel::text is null or channel = :channel)
       and (:template::text is null or template = :template)
       and (:after_id::uuid is null or id < :after_id)
"""

LIST = Query(_LISTED + "order by id desc limit :count")
LIST_OF_ORDER = Query(_LISTED + "and order_id = :order_id order by id desc limit :count")
LIST_TROUBLED = Query(
    # Named once more, so that the small index of what needs a person is used.
    _LISTED + "and state in ('failed', 'unknown') order by id desc limit :count"
)
TROUBLED = frozenset({State.FAILED, State.UNKNOWN})

CLAIM = Query(
    f"""
    update notifications.message
       set state = 'sending', attempts = attempts + 1, lease_until = :lease_until,
           handed_over_at = null, updated_at = :now
     where org_id = :org_id and id = :id and state in ('queued', 'held') and due_at <= :now
    returning {COLUMNS}
    """
)

HAND_OVER = Query(
    """
    update notifications.message
       set handed_over_at = :now, updated_at = :now
     where org_id = :org_id and id = :id and state = 'sending' and attempts = :attempts
    """
)

SETTLE = Query(
    """
    update notifications.message
       set state = :state, lease_until = null, due_at = :due_at, error = :error,
           handed_over_at =
               case when :state in ('queued', 'held') then null else handed_over_at end,
           provider_message_id = coalesce(:provider_message_id, provider_message_id),
           receipt = :receipt, look_ups = :look_ups, attempts = :attempts,
           outages = :outages, reason = :reason,
           text = case when :is_erased::boolean then '' else text end,
           html = case when :is_erased::boolean then '' else html end,
           updated_at = :now
     where org_id = :org_id and id = :id
    """
)

LIST_DUE = Query(
    """
    select id
      from notifications.message
     where org_id = :org_id and state in ('queued', 'held') and lane = :lane and due_at <= :now
     order by due_at, id
     limit :count
    """
)

LOCK_ABANDONED = Query(
    f"""
    select {COLUMNS}
      from notifications.message
     where org_id = :org_id and state = 'sending' and lease_until <= :now
     order by id
     limit :count
       for update skip locked
    """
)

LIST_TO_LOOK_UP = Query(
    f"""
    select {COLUMNS}
      from notifications.message
     where org_id = :org_id and state = 'unknown' and channel = 'sms'
       and look_ups < :look_ups_max and updated_at <= :before
     order by updated_at, id
     limit :count
    """
)

KNOWN_PROVIDER_IDS = Query(
    """
    select provider_message_id
      from notifications.message
     where org_id = :org_id and provider_message_id = any(:ids::text[])
    """
)

ADD_ATTEMPT = Query(
    """
    insert into notifications.attempt (org_id, id, message_id, number, outcome, detail, at)
    values (:org_id, :id, :message_id, :number, :outcome, :detail, :at)
    """
)

LIST_ATTEMPTS = Query(
    """
    select number, outcome, detail, at
      from notifications.attempt
     where org_id = :org_id and message_id = :message_id
     order by id
     limit 100
    """
)


async def find(tx: Tx, message_id: UUID) -> Message | None:
    return await tx.one_or_none(GET, Message, id=message_id)


async def lock(tx: Tx, message_id: UUID) -> Message | None:
    return await tx.one_or_none(LOCK, Message, id=message_id)


async def list_messages(
    tx: Tx,
    *,
    order_id: UUID | None,
    state: State | None,
    channel: Channel | None,
    template: str | None,
    after_id: UUID | None,
    count: int,
) -> list[Message]:
    of_order = {"order_id": order_id} if order_id else {}
    query = LIST_TROUBLED if state in TROUBLED and not order_id else LIST
    return await tx.many(
        LIST_OF_ORDER if order_id else query,
        Message,
        **of_order,
        state=state,
        channel=channel,
        template=template,
        after_id=after_id,
        count=count,
    )


async def claim(
    tx: Tx, message_id: UUID, *, now: datetime, lease_until: datetime
) -> Message | None:
    return await tx.one_or_none(CLAIM, Message, id=message_id, now=now, lease_until=lease_until)


async def hand_over(tx: Tx, message: Message, now: datetime) -> bool:
    """False when the lease has gone to somebody else."""
    return bool(await tx.run(HAND_OVER, id=message.id, attempts=message.attempts, now=now))


async def settle(tx: Tx, message: Message, *, is_erased: bool, now: datetime) -> None:
    """Write what has become of a message, and let go of it."""
    await tx.run(
        SETTLE,
        id=message.id,
        state=message.state,
        due_at=message.due_at,
        error=message.error,
        provider_message_id=message.provider_message_id,
        receipt=message.receipt,
        look_ups=message.look_ups,
        attempts=message.attempts,
        outages=message.outages,
        reason=message.reason,
        is_erased=is_erased,
        now=now,
    )


async def list_due(tx: Tx, *, lane: Lane, now: datetime, count: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(LIST_DUE, lane=lane, now=now, count=count)]


async def lock_abandoned(tx: Tx, *, now: datetime, count: int) -> list[Message]:
    return await tx.many(LOCK_ABANDONED, Message, now=now, count=count)


async def list_to_look_up(
    tx: Tx, *, before: datetime, look_ups_max: int, count: int
) -> list[Message]:
    return await tx.many(
        LIST_TO_LOOK_UP, Message, before=before, look_ups_max=look_ups_max, count=count
    )


async def known_provider_ids(tx: Tx, ids: Sequence[str]) -> set[str]:
    rows = await tx.records(KNOWN_PROVIDER_IDS, ids=list(ids))
    return {row["provider_message_id"] for row in rows}


async def add_attempt(
    tx: Tx, message: Message, *, outcome: str, detail: str, now: datetime
) -> None:
    await tx.run(
        ADD_ATTEMPT,
        id=new_id(),
        message_id=message.id,
        number=message.attempts,
        outcome=outcome,
        detail=detail[:500],
        at=now,
    )


async def list_attempts(tx: Tx, message_id: UUID) -> list[Attempt]:
    return await tx.many(LIST_ATTEMPTS, Attempt, message_id=message_id)
