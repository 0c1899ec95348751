"""Addresses, messages and tries."""

from uuid import UUID

from tandem.crm.webhooks.domain import Due, Endpoint, Keys, Message
from tandem.kernel.db import Query, Tx

LIST_ENDPOINTS = Query(
    """
    select id, url, description, topics, is_active, disabled_reason, failing_since, created_at,
           version
      from webhooks.endpoint
     where org_id = :org_id and (:id::uuid is null or id = :id)
     order by created_at, id
     limit 100
    """
)

INSERT_ENDPOINT = Query(
    """
    insert into webhooks.endpoint
           (org_id, id, url, description, topics, secret, due_at, created_at, created_by)
    values (:org_id, :id, :url, :description, :topics, :secret, :now, :now, :created_by)
    """
)

UPDATE_ENDPOINT = Query(
    """
    update webhooks.endpoint
       set url = :url, description = :description, topics = :topics, is_active = :is_active,
           disabled_reason = '', failing_since = null, due_at = :now, version = version + 1
     where org_id = :org_id and id = :id
    """
)

DELETE_ENDPOINT = Query("delete from webhooks.endpoint where org_id = :org_id and id = :id")

SET_SECRET = Query(
    """
    update webhooks.endpoint
       set previous_secret = secret, previous_until = :until, secret = :secret,
           version = version + 1
     where org_id = :org_id and id = :id
    """
)

CLEAR_TAPS = Query(
    "delete from kernel.event_tap where org_id = :org_id and subscriber = :subscriber"
)

SET_TAPS = Query(
    """
    insert into kernel.event_tap (org_id, topic, subscriber)
    select distinct e.org_id, topic, :subscriber
      from webhooks.endpoint e, unnest(e.topics) as topic
     where e.org_id = :org_id and e.is_active
    """
)

INSERT_MESSAGES = Query(
    """
    insert into webhooks.message (org_id, id, endpoint_id, event_id, topic, body, created_at)
    select :org_id, gen_random_uuid(), e.id, :event_id, :topic, :body, :now
      from webhooks.endpoint e
     where e.org_id = :org_id and e.is_active and :topic = any (e.topics)
        on conflict (org_id, endpoint_id, event_id) do nothing
    """
)

INSERT_ONE = Query(
    """
    insert into webhooks.message (org_id, id, endpoint_id, event_id, topic, body, created_at)
    values (:org_id, :id, :endpoint_id, :event_id, :topic, :body, :now)
    """
)

DUE_ENDPOINTS = Query(
    """
    select e.id
      from webhooks.endpoint e
     where e.org_id = :org_id and e.is_active and e.due_at <= :now and e.claimed_until <= :now
       and exists (select from webhooks.message m
                    where m.org_id = :org_id and m.endpoint_id = e.id and m.state = 'waiting')
     order by e.due_at, e.id
     limit 50
    """
)

CLAIM = Query(
    """
    update webhooks.endpoint e
       set claimed_until = :until
      from (select m.id, m.endpoint_id, m.body, m.attempts
              from webhooks.message m
             where m.org_id = :org_id and m.endpoint_id = :id and m.state = 'waiting'
             order by m.seq
             limit 1) as next
     where e.org_id = :org_id and e.id = :id and next.endpoint_id = e.id and e.is_active
       and e.claimed_until <= :now and e.due_at <= :now
    returning e.id as endpoint_id, e.url, e.secret::bytea as secret,
              e.previous_secret::bytea as previous_secret, e.previous_until, e.failing_since,
              next.id as message_id, next.body, next.attempts
    """
)

RECORD_MESSAGE = Query(
    """
    update webhooks.message
       set state = :state, attempts = attempts + 1, last_status = :status, last_error = :error,
           done_at = :done_at
     where org_id = :org_id and id = :id and state = 'waiting'
    """
)

RECORD_ENDPOINT = Query(
    """
    update webhooks.endpoint
       set claimed_until = '-infinity', due_at = :due_at, failing_since = :failing_since,
           is_active = :is_active, disabled_reason = :disabled_reason
     where org_id = :org_id and id = :id
    """
)

GIVE_UP = Query(
    """
    update webhooks.endpoint
       set is_active = false, disabled_reason = :reason
     where org_id = :org_id and is_active and failing_since <= :before and claimed_until <= :before
    returning id, url
    """
)

RECORD_ATTEMPT = Query(
    """
    insert into webhooks.attempt (org_id, id, message_id, at, status, error, duration_ms)
    values (:org_id, :id, :message_id, :at, :status, :error, :duration_ms)
    """
)

KEYS = Query(
    """
    select url, secret::bytea as secret, previous_secret::bytea as previous_secret, previous_until
      from webhooks.endpoint
     where org_id = :org_id and id = :id and is_active
    """
)

DISABLE = Query(
    """
    update webhooks.endpoint
       set is_active = false, disabled_reason = :reason
     where org_id = :org_id and id = :id and is_active
    returning url
    """
)

LIST_MESSAGES = Query(
    """
    select id, seq, endpoint_id, topic, state, attempts, last_status, last_error, created_at,
           done_at
      from webhooks.message
     where org_id = :org_id and endpoint_id = :endpoint_id
       and (:state::text is null or state = :state)
       and (:before_seq::bigint is null or seq < :before_seq)
     order by seq desc
     limit :count
    """
)

GET_MESSAGE = Query(
    """
    select id, seq, endpoint_id, topic, state, attempts, last_status, last_error, created_at,
           done_at
      from webhooks.message
     where org_id = :org_id and id = :id
    """
)

SEND_AGAIN = Query(
    """
    update webhooks.message
       set state = 'waiting', attempts = 0, done_at = null
     where org_id = :org_id and id = :id
    """
)

WAKE = Query(
    """
    update webhooks.endpoint set due_at = :now
     where org_id = :org_id and id = :id and due_at > :now
    """
)

FORGET = Query(
    """
    delete from webhooks.message
     where org_id = :org_id and created_at < :before and state <> 'waiting'
    """
)


async def list_endpoints(tx: Tx, endpoint_id: UUID | None = None) -> list[Endpoint]:
    return await tx.many(LIST_ENDPOINTS, Endpoint, id=endpoint_id)


async def claim(tx: Tx, endpoint_id: UUID, *, now: object, until: object) -> Due | None:
    """The next message of this address, for us alone until then."""
    rows = await tx.records(CLAIM, id=endpoint_id, now=now, until=until)
    return Due(**dict(rows[0])) if rows else None


async def keys(tx: Tx, endpoint_id: UUID) -> Keys | None:
    """None where it is switched off, or not there."""
    return await tx.one_or_none(KEYS, Keys, id=endpoint_id)


async def disable(tx: Tx, endpoint_id: UUID, reason: str) -> str | None:
    """Its URL; None where that had been done before."""
    url: str | None = await tx.value(DISABLE, id=endpoint_id, reason=reason)
    return url


async def get_message(tx: Tx, message_id: UUID) -> Message | None:
    return await tx.one_or_none(GET_MESSAGE, Message, id=message_id)
