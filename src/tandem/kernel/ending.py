"""What a transaction writes last: its events, its audit rows, the answer that it keeps.

Nothing in the transaction reads them, so they wait and go out together: one round trip instead of
one each, and none of it between the taking of a lock that others wait for and the commit.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from uuid_utils.compat import uuid7

from tandem.kernel.actor import Actor
from tandem.kernel.events import Event, subscribers_of
from tandem.kernel.queries import Query

WAITING_MAX = 500
"""So many events and calls wait at most: a transaction may tell of a hundred thousand rows."""

INSERT_EVENTS = Query(
    """
    insert into kernel.event
           (org_id, id, topic, key, payload, occurred_at, actor_kind, actor_id, actor_label)
    select :org_id, id, topic, key, payload::jsonb, :told_at::timestamptz, actor_kind, actor_id,
           actor_label
      from unnest(:ids::uuid[], :topics::text[], :keys::text[], :payloads::text[],
                  :actor_kinds::text[], :actor_ids::uuid[], :actor_labels::text[])
           with ordinality
           as told (id, topic, key, payload, actor_kind, actor_id, actor_label, place)
     order by place
    """
)

INSERT_DELIVERIES = Query(
    """
    insert into kernel.delivery (org_id, event_id, subscriber, key)
    select :org_id, event_id, subscriber, key
      from (
        select event_id, subscriber, key, place
          from unnest(:event_ids::uuid[], :subscribers::text[], :delivery_keys::text[])
               with ordinality as due (event_id, subscriber, key, place)
        union all
        select told.id, tap.subscriber, told.key, told.place
          from unnest(:ids::uuid[], :topics::text[], :keys::text[])
               with ordinality as told (id, topic, key, place)
          join kernel.event_tap tap on tap.org_id = :org_id and tap.topic = told.topic
      ) as due
     order by place
    """
)


class Expects(msgspec.Struct, frozen=True):
    """How many rows a write touches, and what is raised when it touches others."""

    count: int
    otherwise: Callable[[], Exception]

    def check(self, count: int) -> None:
        if count != self.count:
            raise self.otherwise()


class Write(msgspec.Struct):
    query: Query
    params: dict[str, Any]
    expects: Expects | None = None

    def takes(self, query: Query, params: dict[str, Any]) -> bool:
        """May another call of the same query come along, its lists behind these?"""
        if self.query is not query:
            return False
        single = [name for name, value in params.items() if not isinstance(value, list)]
        return len(single) < len(params) and all(
            self.params[name] == params[name] for name in single
        )

    def add(self, params: dict[str, Any]) -> None:
        for name, value in params.items():
            if isinstance(value, list):
                self.params[name].extend(value)


class Ending:
    """The writes that wait, in the order in which they came, and the events."""

    __slots__ = ("_calls", "_events", "_writes")

    def __init__(self) -> None:
        self.clear()

    def __bool__(self) -> bool:
        return bool(self._writes or self._events)

    @property
    def is_full(self) -> bool:
        return len(self._events) + self._calls >= WAITING_MAX

    def add(self, query: Query, params: dict[str, Any], expects: Expects | None) -> None:
        self._calls += 1
        for waiting in self._writes:
            if expects is None and waiting.takes(query, params):
                waiting.add(params)
                return
        kept = {name: [*it] if isinstance(it, list) else it for name, it in params.items()}
        self._writes.append(Write(query, kept, expects))

    def tell(self, actor: Actor, events: Sequence[Event]) -> None:
        self._events += [(actor, event) for event in events]

    def clear(self) -> None:
        self._calls = 0
        self._writes: list[Write] = []
        self._events: list[tuple[Actor, Event]] = []

    def take(self, told_at: datetime) -> tuple[str, list[Any], list[Expects | None]]:
        """One statement for all that waits, whose row has each write's count of rows touched."""
        writes = [*self._writes, *self._told(told_at)]
        self.clear()
        sql = _joined(tuple(write.query for write in writes))
        values = [write.params[name] for write in writes for name in write.query.names]
        return sql, values, [write.expects for write in writes]

    def _told(self, told_at: datetime) -> list[Write]:
        if not self._events:
            return []
        actors, events = zip(*self._events, strict=True)
        ids = [uuid7() for _ in events]
        told = {
            "org_id": actors[0].org_id,
            "ids": ids,
            "topics": [event.topic for event in events],
            "keys": [event.key() for event in events],
        }
        due = [
            (event_id, name, key)
            for event_id, topic, key in zip(ids, told["topics"], told["keys"], strict=True)
            for name in subscribers_of(topic)
        ]
        said = {
            "payloads": [msgspec.json.encode(event).decode() for event in events],
            "told_at": told_at,
            "actor_kinds": [actor.kind for actor in actors],
            "actor_ids": [actor.user_id for actor in actors],
            "actor_labels": [actor.label for actor in actors],
        }
        owed = {
            "event_ids": [event_id for event_id, _, _ in due],
            "subscribers": [name for _, name, _ in due],
            "delivery_keys": [key for _, _, key in due],
        }
        return [Write(INSERT_EVENTS, told | said), Write(INSERT_DELIVERIES, told | owed)]


_JOINED: dict[tuple[Query, ...], str] = {}


def _joined(queries: tuple[Query, ...]) -> str:
    """`with w0 as (…), w1 as (…) select` how many rows each touched.

    There are few combinations, so their texts are kept, and each connection keeps their plans.
    """
    known = _JOINED.get(queries)
    if known is None:
        parts, first = [], 1
        for place, query in enumerate(queries):
            parts.append(f"w{place} as ({query.sql_from(first)} returning 1)")
            first += len(query.names)
        counts = ", ".join(f"(select count(*) from w{place})" for place in range(len(queries)))
        known = _JOINED[queries] = f"with {', '.join(parts)} select {counts}"
    return known
