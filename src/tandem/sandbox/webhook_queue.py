"""The webhook queue's SQL. Times are the machine's own seconds: retries do not follow the clock
that people move."""

import sqlite3
import time

import msgspec

from tandem.sandbox.store import Store

DUE_MAX = 50
KEPT_MAX = 5_000
"""Finished deliveries beyond these are forgotten, oldest first."""

DDL = """
create table if not exists webhook_delivery (
    id           integer primary key,
    provider     text not null,
    url          text not null,
    event        text not null,
    event_id     text not null,
    content_type text not null,
    body         blob not null,
    secret       text not null,
    old_secret   text,
    state        text not null default 'queued'
                 check (state in ('queued', 'delivered', 'failed', 'dropped')),
    attempts     integer not null default 0,
    due_at       real not null,
    queued_at    real not null,
    finished_at  real,
    status       integer,
    error        text,
    fault        text
);
create index if not exists webhook_delivery_due on webhook_delivery (due_at) where state = 'queued';
create table if not exists webhook_endpoint (
    provider    text not null,
    url         text not null,
    is_disabled integer not null default 0,
    primary key (provider, url)
);
"""

COLUMNS = """id, provider, url, event, event_id, content_type, body, secret, old_secret, state,
             attempts, due_at, queued_at, finished_at, status, error, fault"""

DUE = f"""
select {COLUMNS}
  from webhook_delivery
 where state = 'queued' and due_at <= :now
   and not exists (select 1 from webhook_endpoint as endpoint
                    where endpoint.provider = webhook_delivery.provider
                      and endpoint.url = webhook_delivery.url and endpoint.is_disabled)
 order by due_at, id
 limit :limit
"""

NEXT_DUE = """
select min(due_at) as due_at
  from webhook_delivery
 where state = 'queued'
   and not exists (select 1 from webhook_endpoint as endpoint
                    where endpoint.provider = webhook_delivery.provider
                      and endpoint.url = webhook_delivery.url and endpoint.is_disabled)
"""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint. `attempts` counts answers and silences so far,
    `status` is the last HTTP status, `fault` the last fault it met."""

    id: int
    provider: str
    url: str
    event: str
    event_id: str
    content_type: str
    body: bytes
    secret: str
    old_secret: str | None
    state: str
    attempts: int
    due_at: float
    queued_at: float
    finished_at: float | None
    status: int | None
    error: str | None
    fault: str | None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    provider: str
    url: str
    is_disabled: bool


def insert(
    store: Store,
    *,
    provider: str,
    url: str,
    event: str,
    event_id: str,
    content_type: str,
    body: bytes,
    secret: str,
    old_secret: str | None,
    due_at: float,
) -> int:
    with store.transaction():
        store.run(
            "insert or ignore into webhook_endpoint (provider, url) values (?, ?)", (provider, url)
        )
        delivery_id = store.insert(
            """insert into webhook_delivery (provider, url, event, event_id, content_type, body,
                                             secret, old_secret, due_at, queued_at)
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                provider,
                url,
                event,
                event_id,
                content_type,
                body,
                secret,
                old_secret,
                due_at,
                time.time(),
            ),
        )
        forget_old(store, delivery_id)
    return delivery_id


def forget_old(store: Store, newest: int) -> None:
    store.run(
        "delete from webhook_delivery where id <= ? and state <> 'queued'", (newest - KEPT_MAX,)
    )


def list_due(store: Store, *, now: float) -> list[Delivery]:
    return [_delivery(row) for row in store.rows(DUE, {"now": now, "limit": DUE_MAX})]


def next_due_at(store: Store) -> float | None:
    row = store.row(NEXT_DUE)
    assert row is not None, "an aggregate always answers one row"
    due_at: float | None = row["due_at"]
    return due_at


def list_deliveries(store: Store, *, provider: str | None, limit: int) -> list[Delivery]:
    rows = store.rows(
        f"""select {COLUMNS} from webhook_delivery
             where :provider is null or provider = :provider
             order by id desc limit :limit""",
        {"provider": provider, "limit": limit},
    )
    return [_delivery(row) for row in rows]


def finish(
    store: Store,
    delivery_id: int,
    *,
    state: str,
    status: int | None = None,
    error: str | None = None,
    fault: str | None = None,
) -> None:
    store.run(
        """update webhook_delivery
              set state = :state, status = :status, error = :error,
                  fault = coalesce(:fault, fault), finished_at = :now,
                  attempts = attempts + (:state <> 'dropped')
            where id = :id""",
        {
            "id": delivery_id,
            "state": state,
            "status": status,
            "error": error,
            "fault": fault,
            "now": time.time(),
        },
    )


def retry(
    store: Store,
    delivery_id: int,
    *,
    due_at: float,
    status: int | None,
    error: str | None,
    fault: str | None,
) -> None:
    store.run(
        """update webhook_delivery
              set due_at = ?, status = ?, error = ?, fault = coalesce(?, fault),
                  attempts = attempts + 1
            where id = ?""",
        (due_at, status, error, fault, delivery_id),
    )


def hold_back(store: Store, delivery_id: int, *, due_at: float, fault: str) -> None:
    store.run(
        "update webhook_delivery set due_at = ?, fault = ? where id = ?",
        (due_at, fault, delivery_id),
    )


def requeue(store: Store, delivery_id: int, *, due_at: float) -> bool:
    changed = store.run(
        """update webhook_delivery
              set state = 'queued', attempts = 0, due_at = ?, finished_at = null
            where id = ? and state <> 'queued'""",
        (due_at, delivery_id),
    )
    return changed == 1


def list_endpoints(store: Store) -> list[Endpoint]:
    rows = store.rows("select provider, url, is_disabled from webhook_endpoint order by 1, 2")
    return [
        Endpoint(provider=row["provider"], url=row["url"], is_disabled=bool(row["is_disabled"]))
        for row in rows
    ]


def disable(store: Store, *, provider: str, url: str) -> None:
    store.run(
        "update webhook_endpoint set is_disabled = 1 where provider = ? and url = ?",
        (provider, url),
    )


def enable(store: Store, *, provider: str, url: str) -> None:
    store.run(
        "update webhook_endpoint set is_disabled = 0 where provider = ? and url = ?",
        (provider, url),
    )


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__struct_fields__})
