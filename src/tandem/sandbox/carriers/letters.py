"""What the vendors took, and where each one reports to."""

import secrets
import sqlite3
from email import message_from_bytes, policy

import msgspec

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.mailbox import messages
from tandem.sandbox.mailbox.messages import Kind, NewMessage
from tandem.sandbox.store import Store

KEPT_MAX = 20_000

DDL = """
create table if not exists carrier_letter (
    vendor    text not null,
    id        text not null,
    ours      text not null,
    recipient text not null,
    primary key (vendor, id)
);
create table if not exists carrier_hook (
    vendor text primary key,
    url    text not null,
    secret text not null
);
create table if not exists carrier_talk (
    phone text primary key,
    at    real not null
);
"""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """`ours` is what the sender calls it, as far as the vendor was told."""

    vendor: str
    id: str
    ours: str
    recipient: str


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` signs, where the vendor's secret is the customer's own (WhatsApp's app secret)."""

    vendor: str
    url: str
    secret: str = ""


def new_id(vendor: str) -> str:
    match vendor:
        case "ses":
            return f"0100{secrets.token_hex(14)}-{secrets.token_hex(4)}-000000"
        case "mailgun":
            return f"{secrets.token_hex(12)}@sandbox.mailgun.localhost"
        case "whatsapp":
            return f"wamid.{secrets.token_hex(20).upper()}"
        case _:
            return secrets.token_hex(12)


def keep_letter(deps: Dependencies, letter: Letter) -> None:
    with deps.store.transaction():
        row_id = deps.store.insert(
            "insert into carrier_letter (vendor, id, ours, recipient) values (?, ?, ?, ?)",
            (letter.vendor, letter.id, letter.ours, letter.recipient),
        )
        deps.store.run("delete from carrier_letter where rowid <= ?", (row_id - KEPT_MAX,))


def find_letter(store: Store, vendor: str, *, recipient: str, letter_id: str) -> Letter | None:
    """By its id, else the newest to the recipient."""
    row = store.row(
        """select vendor, id, ours, recipient from carrier_letter
            where vendor = :vendor and (:id = '' or id = :id)
              and (:recipient = '' or recipient = :recipient)
            order by rowid desc limit 1""",
        {"vendor": vendor, "id": letter_id, "recipient": recipient},
    )
    return Letter(**{name: row[name] for name in Letter.__struct_fields__}) if row else None


def set_hook(store: Store, hook: Hook) -> None:
    store.run(
        "insert or replace into carrier_hook (vendor, url, secret) values (?, ?, ?)",
        (hook.vendor, hook.url, hook.secret),
    )


def find_hook(store: Store, vendor: str) -> Hook | None:
    row: sqlite3.Row | None = store.row(
        "select vendor, url, secret from carrier_hook where vendor = ?", (vendor,)
    )
    return Hook(vendor=row["vendor"], url=row["url"], secret=row["secret"]) if row else None


def put_raw_mail(deps: Dependencies, *, raw: bytes, recipient: str, provider_id: str) -> str:
    """Into the mailbox; the name that the sender gave it (its Message-ID without the domain)."""
    parsed = message_from_bytes(raw, policy=policy.default)
    plain, rich = parsed.get_body(("plain",)), parsed.get_body(("html",))
    messages.insert(
        deps.store,
        NewMessage(
            kind=Kind.EMAIL,
            sender=str(parsed.get("from", "")),
            to=[recipient],
            subject=str(parsed.get("subject", "")),
            text=str(plain.get_content()) if plain else "",
            html=str(rich.get_content()) if rich else None,
            headers=[(name, str(value)) for name, value in parsed.items()],
            raw=raw,
            provider_id=provider_id,
            received_at=deps.clock.now(),
        ),
    )
    return str(parsed.get("message-id", "")).strip("<>").partition("@")[0]


def put_mail(
    deps: Dependencies,
    *,
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    html: str | None,
    headers: list[tuple[str, str]],
    provider_id: str,
) -> None:
    messages.insert(
        deps.store,
        NewMessage(
            kind=Kind.EMAIL,
            sender=sender,
            to=[recipient],
            subject=subject,
            text=text,
            html=html,
            headers=headers,
            raw=text.encode(),
            provider_id=provider_id,
            received_at=deps.clock.now(),
        ),
    )


def put_text(deps: Dependencies, *, sender: str, phone: str, text: str, provider_id: str) -> None:
    messages.insert(
        deps.store,
        NewMessage(
            kind=Kind.SMS,
            sender=sender,
            to=[phone],
            text=text,
            raw=text.encode(),
            provider_id=provider_id,
            received_at=deps.clock.now(),
        ),
    )
