"""Disputes nobody told of: a webhook may be lost, and a bank's days run all the same."""

import asyncio

import structlog

from tandem.kernel.jobs import Work, every
from tandem.scm.payments import service
from tandem.scm.payments.domain import CALL_SECONDS_MAX
from tandem.scm.payments.gateways.port import GatewayRefused, PaymentGateway
from tandem.scm.payments.jobs.calls import NO_DECISION

log = structlog.get_logger()


@every(3600, "payments.watch_disputes")
async def watch_disputes(work: Work) -> None:
    """Ask how the latest disputes stand. Those of others who share the account are passed by."""
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        if not await service.has_payments(tx, provider=gateway.provider, mode=gateway.mode):
            return
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            facts = await gateway.list_disputes(seen_at=work.now())
    except (GatewayRefused, *NO_DECISION) as trouble:
        log.warning("disputes_not_fetched", error=f"{type(trouble).__name__}: {trouble}"[:500])
        return
    async with work.transaction() as tx:
        ours = await service.payments_among(
            tx, provider=gateway.provider, ids=[fact.provider_payment_id for fact in facts]
        )
    for fact in facts:
        if fact.provider_payment_id in ours:
            async with work.transaction() as tx:
                await service.apply_fact(tx, fact, now=work.now())
