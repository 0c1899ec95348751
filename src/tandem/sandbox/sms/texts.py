"""Texts that were accepted, and what became of them."""

import secrets
import sqlite3
import time
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.mailbox import messages
from tandem.sandbox.mailbox.messages import Kind, NewMessage
from tandem.sandbox.sms.twilio import Draft, count_segments

SENT_AFTER_SECONDS = 0.05
FINISHED_AFTER_SECONDS = 0.3
KEPT_MAX = 5_000
PAGE_DEFAULT = 50
PAGE_MAX = 1_000
API_VERSION = "2010-04-01"
OUTCOMES = {"delivered": None, "undelivered": 30005, "failed": 30008}
"""The last status and its error: 30005 unknown destination handset, 30008 unknown error."""

DDL = """
create table if not exists text (
    sid         text primary key,
    recipient   text not null,
    sender      text,
    service     text,
    body        text not null,
    callback    text,
    outcome     text not null,
    accepted_at real not null,
    received_at text not null
);
"""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """`accepted_at` is the machine's time, in which a text travels; `received_at` the clock's."""

    sid: str
    recipient: str
    sender: str | None
    service: str | None
    body: str
    callback: str | None
    outcome: str
    accepted_at: float
    received_at: datetime

    @property
    def status(self) -> str:
        age = time.time() - self.accepted_at
        if age < SENT_AFTER_SECONDS:
            return "queued"
        return "sent" if age < FINISHED_AFTER_SECONDS else self.outcome


def accept(deps: Dependencies, draft: Draft, *, outcome: str) -> Text:
    """Keep a text, put it in the mailbox and queue its delivery reports, all or nothing."""
    text = Text(
        sid=f"SM{secrets.token_hex(16)}",
        recipient=draft.to,
        sender=draft.sender,
        service=draft.service,
        body=draft.body,
        callback=draft.callback,
        outcome=outcome,
        accepted_at=time.time(),
        received_at=deps.clock.now(),
    )
    with deps.store.transaction():
        _keep(deps, text)
        if text.callback is not None:
            _report(deps, text, "sent", after=SENT_AFTER_SECONDS)
            _report(deps, text, outcome, after=FINISHED_AFTER_SECONDS)
    return text


def find(deps: Dependencies, sid: str) -> Text | None:
    row = deps.store.row(
        """select sid, recipient, sender, service, body, callback, outcome, accepted_at,
                  received_at
             from text where sid = ?""",
        (sid,),
    )
    return _text(row) if row else None


def list_texts(deps: Dependencies, *, to: str | None, limit: int) -> list[Text]:
    """Newest first."""
    rows = deps.store.rows(
        """select sid, recipient, sender, service, body, callback, outcome, accepted_at,
                  received_at
             from text where :to is null or recipient = :to
            order by rowid desc limit :limit""",
        {"to": to, "limit": limit},
    )
    return [_text(row) for row in rows]


def _text(row: sqlite3.Row) -> Text:
    facts: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118 - not a dict
    return Text(**facts | {"received_at": datetime.fromisoformat(row["received_at"])})


def to_json(text: Text, *, account: str, status: str) -> dict[str, Any]:
    """A message resource as Twilio writes it."""
    base = f"/{API_VERSION}/Accounts/{account}/Messages/{text.sid}"
    is_over = status in OUTCOMES
    error = OUTCOMES.get(status)
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": _rfc2822(text.received_at),
        "date_sent": _rfc2822(text.received_at) if is_over else None,
        "date_updated": _rfc2822(text.received_at),
        "direction": "outbound-api",
        "error_code": error,
        "error_message": f"Sandbox outcome {status}" if error else None,
        "from": text.sender,
        "messaging_service_sid": text.service,
        "num_media": "0",
        "num_segments": str(count_segments(text.body)),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": status,
        "subresource_uris": {"media": f"{base}/Media.json"},
        "to": text.recipient,
        "uri": f"{base}.json",
    }


def _keep(deps: Dependencies, text: Text) -> None:
    row_id = deps.store.insert(
        """insert into text (sid, recipient, sender, service, body, callback, outcome, accepted_at,
                             received_at)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            text.sid,
            text.recipient,
            text.sender,
            text.service,
            text.body,
            text.callback,
            text.outcome,
            text.accepted_at,
            text.received_at.isoformat(),
        ),
    )
    deps.store.run("delete from text where rowid <= ?", (row_id - KEPT_MAX,))
    messages.insert(
        deps.store,
        NewMessage(
            kind=Kind.SMS,
            sender=text.sender or text.service or "",
            to=[text.recipient],
            text=text.body,
            raw=text.body.encode(),
            provider_id=text.sid,
            received_at=text.received_at,
        ),
    )


def _report(deps: Dependencies, text: Text, status: str, *, after: float) -> None:
    account = deps.settings.sms_account_sid
    form = {
        "AccountSid": account,
        "ApiVersion": API_VERSION,
        "From": text.sender or "",
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
        "To": text.recipient,
    }
    if error := OUTCOMES.get(status):
        form["ErrorCode"] = str(error)
    assert text.callback is not None, "only texts with a callback are reported"
    deps.webhooks.enqueue(
        "sms",
        url=text.callback,
        event=status,
        event_id=f"{text.sid}.{status}",
        body=urlencode(form).encode(),
        secret=deps.settings.sms_auth_token,
        content_type="application/x-www-form-urlencoded",
        not_before_seconds=after,
    )


def _rfc2822(instant: datetime) -> str:
    return format_datetime(instant)
