"""What notifications do when others tell."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.notifications import (
    MessageBounced,
    MessageEvent,
    MessageFailed,
    MessageSkipped,
)
from tandem.crm.notifications.domain import SMS_PROVIDER
from tandem.crm.notifications.domain.inbox_names import read_inbox_name
from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.domain.reports import READ, Report
from tandem.crm.notifications.domain.reports.twilio import read_twilio
from tandem.crm.notifications.service import fallbacks, providers, reports
from tandem.kernel import inbox
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe, subscribe_many
from tandem.kernel.inbox import WebhookKept


@subscribe(WebhookKept, "notifications.apply_receipt")
async def apply_receipt(tx: Tx, event: WebhookKept, now: datetime) -> None:
    """A report of the installation's own text gateway; its subject is our message's id."""
    if event.provider != SMS_PROVIDER:
        return
    kept = await inbox.get(tx, event.webhook_id)
    for told in read_twilio(kept.body):
        if isinstance(told, Report):
            await reports.apply_own_report(tx, UUID(event.subject), told, now=now)


@subscribe_many(MessageFailed, "notifications.fall_back_failed")
async def fall_back_failed(tx: Tx, events: Sequence[MessageFailed], now: datetime) -> None:
    await _fall_back(tx, events, now)


@subscribe_many(MessageBounced, "notifications.fall_back_bounced")
async def fall_back_bounced(tx: Tx, events: Sequence[MessageBounced], now: datetime) -> None:
    await _fall_back(tx, events, now)


@subscribe_many(MessageSkipped, "notifications.fall_back_skipped")
async def fall_back_skipped(tx: Tx, events: Sequence[MessageSkipped], now: datetime) -> None:
    await _fall_back(tx, events, now)


async def _fall_back(tx: Tx, events: Sequence[MessageEvent], now: datetime) -> None:
    """Whoever stands by for a message of no stream need not wait its time."""
    await fallbacks.hurry(tx, [one.message_id for one in events if not one.feed], now=now)


@subscribe(WebhookKept, "notifications.read_reports")
async def read_reports(tx: Tx, event: WebhookKept, now: datetime) -> None:
    """What a company's own provider told: item by item, whatever is wrong with another one."""
    named = read_inbox_name(event.provider)
    if named is None:
        return
    kind, provider_id = named
    kept = await inbox.get(tx, event.webhook_id)
    if kind is Kind.SMTP:
        way = await providers.find_way(tx, provider_id)
        if way is not None:
            secret = way.secrets[providers.CALLBACK_SECRET]
            await reports.take_returned(tx, provider_id, kept.body, secret=secret, now=now)
        return
    for told in READ[kind](kept.body):
        if event.subject and isinstance(told, Report):
            told = msgspec.structs.replace(told, message_id=UUID(event.subject))
        await reports.take(tx, provider_id, told, now=now)
