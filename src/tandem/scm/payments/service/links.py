"""Asking for what is due by a link or a QR code, and the steps of the jobs behind it."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.payments import PaymentLinkClosed, PaymentLinkReady
from tandem.kernel import audit, jobs, references
from tandem.kernel.db import Tx
from tandem.kernel.errors import IllegalMove, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.money import in_figures
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.kernel.references import Reference
from tandem.scm.payments.domain import (
    LEASE,
    REMIND_GAP,
    REMINDERS_MAX,
    GatewayLink,
    LinkCustomer,
    LinkKind,
    LinkLive,
    LinkStatus,
    Mode,
    NothingToPay,
    PaymentLink,
    RemindedEnough,
    lifetime,
    next_link_check,
    next_try,
)
from tandem.scm.payments.store import intents, links, payments
from tandem.scm.payments.store.links import LinkFilter

BATCH = 20


async def open_link(
    tx: Tx,
    *,
    order: OrderSnapshot,
    kind: LinkKind,
    now: datetime,
    amount_minor: int | None = None,
    accepts_partial: bool = False,
    lives: timedelta | None = None,
) -> PaymentLink:
    """Ask for what is due of a locked order, or a part of it; a job makes it at the gateway.

    The same asked again answers the live one. Refuses NothingToPay where nothing is due, or less
    than was asked for, or while the order's pay page is open; LinkLive where another is live.
    """
    tx.actor.require("payments.request")
    paid = await payments.totals(tx, order.id)
    spoken_for = paid.authorized_minor + paid.captured_minor
    due = order.total_minor - spoken_for
    amount = due if amount_minor is None else amount_minor
    if amount <= 0 or amount > due:
        due_text = in_figures(max(due, 0), order.currency)
        raise NothingToPay(f"Of this order {due_text} is due.", field="amount_minor")
    if await intents.find_live(tx, order.id):
        raise NothingToPay("This order is waiting on its pay page. Send that one.")
    live = await links.find_live(tx, order.id)
    if live is not None:
        if (live.kind, live.amount_minor) == (kind, amount):
            return live
        raise LinkLive(f"{live.reference} is live for this order. Cancel it first.")
    count = await links.count_of_order(tx, order.id)
    link = PaymentLink(
        id=new_id(),
        kind=kind,
        order_id=order.id,
        order_number=order.number,
        reference=f"{order.number[:24]}-L{count + 1}",
        amount_minor=amount,
        currency=order.currency,
        order_total_minor=order.total_minor,
        accepts_partial=accepts_partial and kind is LinkKind.LINK,
        status=LinkStatus.REQUESTED,
        customer=LinkCustomer(
            name=order.customer_name, email=order.customer_email, contact=order.customer_phone
        ),
        created_at=now,
        expires_at=now + lifetime(kind, lives),
    )
    await links.insert(tx, link)
    await _enqueue(tx, link.id)
    return link


async def get_link(tx: Tx, link_id: UUID) -> PaymentLink:
    tx.actor.require("payments.read")
    return _found(await links.find(tx, link_id))


async def list_links(
    tx: Tx, wanted: LinkFilter, *, limit: int, cursor: str | None
) -> Page[PaymentLink]:
    """Newest first."""
    tx.actor.require("payments.read")
    before = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await links.list_page(tx, wanted, before=before, count=limit + 1)
    return page_of(rows, limit, lambda row: (row.created_at, row.id))


async def cancel_link(tx: Tx, link_id: UUID, *, now: datetime) -> PaymentLink:
    """Take it back; it may still be paid until the gateway has agreed. A cancelled one is answered
    as it is. Refuses IllegalMove once it is paid or over."""
    tx.actor.require("payments.request")
    link = _found(await links.lock(tx, link_id))
    if link.status in {LinkStatus.CANCELLED, LinkStatus.CLOSING}:
        return link
    if not link.is_live:
        raise IllegalMove("Payment link", link.status, LinkStatus.CANCELLED, [])
    await _close(tx, link, now=now)
    await audit.write(
        tx, action="payments.cancel_link", subject_kind="payment_link", subject_id=link.id, now=now
    )
    return _found(await links.find(tx, link_id))


async def close_links(tx: Tx, *, order_id: UUID, now: datetime) -> None:
    """The order is over: nobody is to pay for it any more."""
    live = await links.find_live(tx, order_id)
    if live is not None and live.status is not LinkStatus.CLOSING:
        await _close(tx, live, now=now)


async def remind(tx: Tx, link_id: UUID, *, now: datetime) -> PaymentLink:
    """Let the gateway send the link again. Refuses IllegalMove unless it is open, and
    RemindedEnough within the hour or after ten times."""
    tx.actor.require("payments.request")
    link = _found(await links.lock(tx, link_id))
    if link.status is not LinkStatus.OPEN or link.kind is not LinkKind.LINK:
        raise IllegalMove("Payment link", link.status, "reminded", [])
    is_soon = link.reminded_at is not None and now - link.reminded_at < REMIND_GAP
    if is_soon or link.reminders >= REMINDERS_MAX:
        raise RemindedEnough("They were reminded within the hour, or ten times already.")
    await links.note_reminded(tx, link.id, now=now)
    await jobs.enqueue(tx, "payments.remind_link", dedupe=str(link.id), link_id=link.id)
    return _found(await links.find(tx, link_id))


async def check_link_soon(tx: Tx, *, provider: str, provider_link_id: str, now: datetime) -> None:
    """The gateway told of it: ask what happened. Nothing for a link that is not ours."""
    link = await links.find_by_provider(tx, provider=provider, provider_link_id=provider_link_id)
    if link is not None:
        await links.put_off(tx, link.id, due_at=now)
        await _enqueue(tx, link.id)


async def claim_link(tx: Tx, link_id: UUID, *, now: datetime) -> PaymentLink | None:
    """Take it for one call. None when nothing is due, or another worker has it."""
    return await links.claim(tx, link_id, now=now, leased_until=now + LEASE)


async def record_link(
    tx: Tx, link: PaymentLink, made: GatewayLink, *, provider: str, mode: Mode, now: datetime
) -> None:
    """It exists at the gateway: it can be paid."""
    due_at = next_link_check(tries=0, expires_at=link.expires_at, now=now)
    recorded = await links.record_open(
        tx,
        link.id,
        provider=provider,
        mode=mode,
        provider_link_id=made.provider_link_id,
        url=made.url,
        due_at=due_at,
        now=now,
    )
    if not recorded:
        return
    await references.add(
        tx,
        Reference(
            system=provider,
            kind="link",
            external_id=made.provider_link_id,
            entity_kind="payment_link",
            entity_id=link.id,
            order_id=link.order_id,
        ),
    )
    await tx.publish(
        PaymentLinkReady(
            order_id=link.order_id,
            link_id=link.id,
            kind=link.kind,
            url=made.url,
            amount_minor=link.amount_minor,
            currency=link.currency,
        )
    )


async def record_link_status(tx: Tx, link_id: UUID, told: LinkStatus, *, now: datetime) -> None:
    """What the gateway says of it, after its payments were applied. Paid is only what adds up."""
    link = _found(await links.lock(tx, link_id))
    due_at = next_link_check(tries=link.tries, expires_at=link.expires_at, now=now)
    if told in {LinkStatus.EXPIRED, LinkStatus.CANCELLED} and link.is_live:
        await links.move(tx, link.id, status=told, closed_at=now, due_at=due_at)
        await _tell_closed(tx, link, told)
    else:
        await links.put_off(tx, link.id, due_at=None if _is_settled(link) else due_at)


async def record_link_trouble(tx: Tx, link: PaymentLink, *, trouble: str, now: datetime) -> None:
    await links.put_off(tx, link.id, due_at=next_try(tries=link.tries, now=now), error=trouble)


async def record_link_refusal(tx: Tx, link: PaymentLink, *, detail: str, now: datetime) -> None:
    """The gateway will not have it."""
    await links.move(
        tx, link.id, status=LinkStatus.REFUSED, closed_at=now, due_at=None, error=detail
    )
    await _tell_closed(tx, link, LinkStatus.REFUSED)


async def list_due_links(tx: Tx, *, provider: str, mode: Mode, now: datetime) -> list[UUID]:
    return await links.list_due(tx, provider=provider, mode=mode, now=now, count=BATCH)


def _found(link: PaymentLink | None) -> PaymentLink:
    if link is None:
        raise NotFound("There is no such payment link.")
    return link


def _is_settled(link: PaymentLink) -> bool:
    return link.status in {LinkStatus.PAID, LinkStatus.REFUSED}


async def _close(tx: Tx, link: PaymentLink, *, now: datetime) -> None:
    """One the gateway may know of is closed there; one it was never asked for is over at once."""
    if link.status is LinkStatus.REQUESTED:
        status = LinkStatus.CANCELLED
        await links.move(tx, link.id, status=status, closed_at=now, due_at=None)
        await _tell_closed(tx, link, status)
        return
    if link.status is LinkStatus.OPENING:
        raise IllegalMove("Payment link", link.status, LinkStatus.CANCELLED, [LinkStatus.OPEN])
    await links.move(tx, link.id, status=LinkStatus.CLOSING, closed_at=None, due_at=now)
    await _enqueue(tx, link.id)


async def _tell_closed(tx: Tx, link: PaymentLink, status: LinkStatus) -> None:
    await tx.publish(
        PaymentLinkClosed(order_id=link.order_id, link_id=link.id, outcome=str(status))
    )


async def _enqueue(tx: Tx, link_id: UUID) -> None:
    await jobs.enqueue(tx, "payments.work_on_link", dedupe=str(link_id), link_id=link_id)
