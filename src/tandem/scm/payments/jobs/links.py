"""Links and QR codes at the gateway: made, looked at, closed, and their customers reminded."""

import asyncio
from uuid import UUID

import structlog

from tandem.kernel.jobs import Work, every, job
from tandem.kernel.outbound import OutcomeUnknown
from tandem.scm.payments import service
from tandem.scm.payments.domain import CALL_SECONDS_MAX, GatewayLink, LinkStatus, PaymentLink
from tandem.scm.payments.gateways.port import GatewayRefused, PaymentGateway, TryLater

log = structlog.get_logger()

NO_DECISION = (TryLater, OutcomeUnknown, TimeoutError)


@job("payments.work_on_link")
async def work_on_link(work: Work, link_id: str) -> None:
    """The next call a link needs: to be made, taken back, or asked about."""
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        link = await service.claim_link(tx, UUID(link_id), now=work.now())
    if link is None:
        return
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            if link.provider_link_id is None:
                await _open(work, gateway, link)
            else:
                await _close_and_look(work, gateway, link, link.provider_link_id)
    except GatewayRefused as refused:
        is_new = link.provider_link_id is None
        async with work.transaction() as tx:
            if is_new:
                await service.record_link_refusal(tx, link, detail=refused.detail, now=work.now())
            else:
                await service.record_link_trouble(tx, link, trouble=refused.detail, now=work.now())
    except NO_DECISION as trouble:
        words = f"{type(trouble).__name__}: {trouble}"[:500]
        async with work.transaction() as tx:
            await service.record_link_trouble(tx, link, trouble=words, now=work.now())


async def _open(work: Work, gateway: PaymentGateway, link: PaymentLink) -> None:
    made = await _make_or_find(work, gateway, link)
    async with work.transaction() as tx:
        await service.record_link(
            tx, link, made, provider=gateway.provider, mode=gateway.mode, now=work.now()
        )


async def _make_or_find(work: Work, gateway: PaymentGateway, link: PaymentLink) -> GatewayLink:
    """The first try makes it. Any later one looks first: an earlier call may have made it."""
    if link.tries > 1:
        found = await gateway.links.find(link)
        if found is not None:
            return found
    notes = {
        "org_id": str(work.org_id),
        "order_id": str(link.order_id),
        "link_id": str(link.id),
        "order_number": link.order_number,
    }
    return await gateway.links.open(link, notes=notes)


async def _close_and_look(
    work: Work, gateway: PaymentGateway, link: PaymentLink, provider_link_id: str
) -> None:
    """What was paid before it was closed counts, so it is looked at in any case."""
    if link.status is LinkStatus.CLOSING:
        try:
            await gateway.links.close(link.kind, provider_link_id)
        except GatewayRefused as refused:
            log.info("link_over_already", link=provider_link_id, detail=refused.detail)
    news = await gateway.links.look_at(link.kind, provider_link_id, seen_at=work.now())
    for fact in news.facts:
        async with work.transaction() as tx:
            await service.apply_fact(tx, fact, now=work.now())
    async with work.transaction() as tx:
        await service.record_link_status(tx, link.id, news.status, now=work.now())


@job("payments.remind_link")
async def remind_link(work: Work, link_id: str) -> None:
    """By whatever the customer has. Not tried again: a reminder that is late is none."""
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        link = await service.get_link(tx, UUID(link_id))
    media = [("sms", link.customer.contact), ("email", link.customer.email)]
    for medium, address in media:
        if address and link.provider_link_id:
            try:
                async with asyncio.timeout(CALL_SECONDS_MAX):
                    await gateway.links.remind(link.provider_link_id, medium)
            except (GatewayRefused, *NO_DECISION) as trouble:
                log.warning("link_not_reminded", link=link.provider_link_id, error=str(trouble))


@every(30, "payments.watch_links")
async def watch_links(work: Work) -> None:
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        due = await service.list_due_links(
            tx, provider=gateway.provider, mode=gateway.mode, now=work.now()
        )
    for link_id in due:
        await work_on_link(work, str(link_id))
