"""The stand-in's tables. Times are Unix seconds of the sandbox's clock."""

import json
import secrets
import sqlite3
import string
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.store import Store

DDL = """
create table if not exists razorpay_order (
    seq integer primary key, id text unique not null, amount integer not null,
    currency text not null, receipt text, notes text not null,
    status text not null default 'created' check (status in ('created', 'attempted', 'paid')),
    attempts integer not null default 0, is_auto_captured integer not null default 0,
    created_at integer not null
);
create index if not exists razorpay_order_receipt on razorpay_order (receipt);
create table if not exists razorpay_payment (
    seq integer primary key, id text unique not null,
    order_id text references razorpay_order (id), amount integer not null, currency text not null,
    status text not null
        check (status in ('created', 'authorized', 'captured', 'refunded', 'failed')),
    method text not null, captured integer not null default 0, details text not null default '{}',
    email text, contact text, fee integer, tax integer, error text not null default '{}',
    created_at integer not null, authorized_at integer, late_at integer
);
create index if not exists razorpay_payment_order on razorpay_payment (order_id);
create table if not exists razorpay_refund (
    seq integer primary key, id text unique not null,
    payment_id text not null references razorpay_payment (id), amount integer not null,
    currency text not null, notes text not null, receipt text,
    status text not null check (status in ('pending', 'processed', 'failed')),
    speed text not null, created_at integer not null, settles_at real
);
create index if not exists razorpay_refund_payment on razorpay_refund (payment_id);
create table if not exists razorpay_idempotency (
    key text primary key, payment_id text not null, request text not null, refund_id text
);
create index if not exists razorpay_payment_captured
    on razorpay_payment (authorized_at) where captured = 1;
create table if not exists razorpay_settlement (
    seq integer primary key, id text unique not null, amount integer not null, utr text not null,
    status text not null default 'processed', created_at integer not null
);
create index if not exists razorpay_settlement_made on razorpay_settlement (created_at);
create table if not exists razorpay_settled (
    seq integer primary key, settlement_id text references razorpay_settlement (id),
    entity_id text not null, type text not null, amount integer not null, credit integer not null,
    debit integer not null, fee integer not null, tax integer not null
);
create index if not exists razorpay_settled_entity on razorpay_settled (entity_id);
create index if not exists razorpay_settled_settlement on razorpay_settled (settlement_id, seq);
create table if not exists razorpay_link (
    seq integer primary key, id text unique not null, kind text not null, request text not null,
    amount integer not null, currency text not null, reference text, notes text not null,
    status text not null, close_reason text, expires_at integer, created_at integer not null
);
create index if not exists razorpay_link_reference on razorpay_link (reference);
create table if not exists razorpay_link_payment (
    payment_id text primary key references razorpay_payment (id),
    link_id text not null references razorpay_link (id)
);
create table if not exists razorpay_link_notice (
    seq integer primary key, link_id text not null, medium text not null
);
create table if not exists razorpay_adjustment (
    seq integer primary key, id text unique not null, amount integer not null,
    description text not null, created_at integer not null
);
create table if not exists razorpay_dispute (
    seq integer primary key, id text unique not null,
    payment_id text not null references razorpay_payment (id), amount integer not null,
    currency text not null, amount_deducted integer not null default 0, reason_code text not null,
    phase text not null, respond_by integer not null, status text not null default 'open',
    adjustment_id text, created_at integer not null
);
create table if not exists razorpay_evidence (
    dispute_id text primary key references razorpay_dispute (id), content text not null
);
create table if not exists razorpay_document (
    seq integer primary key, id text unique not null, purpose text not null, name text not null,
    mime_type text not null, size integer not null, created_at integer not null
);
create index if not exists razorpay_dispute_adjustment on razorpay_dispute (adjustment_id);
create table if not exists razorpay_account (
    id integer primary key check (id = 1), webhook_url text, webhook_secret text not null,
    old_webhook_secret text, is_auto_capturing integer not null default 0,
    has_unique_receipts integer not null default 0
);
"""

TABLES = frozenset(
    {
        "razorpay_order",
        "razorpay_payment",
        "razorpay_refund",
        "razorpay_settlement",
        "razorpay_adjustment",
        "razorpay_dispute",
        "razorpay_document",
        "razorpay_link",
    }
)
ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """`pay_` and 14 letters and digits, as the vendor's."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(14))}"


def now_seconds(deps: Dependencies) -> int:
    return int(deps.clock.now().timestamp())


def find(store: Store, table: str, entity_id: str) -> sqlite3.Row | None:
    assert table in TABLES, table
    return store.row(f"select * from {table} where id = ?", (entity_id,))


def refunded(store: Store, payment_id: str) -> int:
    """Given back or on its way back."""
    row = store.row(
        """select coalesce(sum(amount), 0) as amount from razorpay_refund
            where payment_id = ? and status <> 'failed'""",
        (payment_id,),
    )
    assert row is not None, "an aggregate always answers one row"
    return int(row["amount"])


def notes_of(row: Mapping[str, Any] | sqlite3.Row) -> Any:
    """An object, and `[]` when it is empty: the vendor's PHP shows."""
    return json.loads(row["notes"]) or []
