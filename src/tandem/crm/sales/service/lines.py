"""A deal's lines, and the amount that follows them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.lines import AmountSource, Line, worth_of
from tandem.crm.sales.domain.opportunities import NotOpen, Opportunity, check_entry
from tandem.crm.sales.domain.permissions import WRITE
from tandem.crm.sales.domain.pipelines import Kind
from tandem.crm.sales.service.opportunities import get_opportunity, tell_amount
from tandem.crm.sales.service.pipelines import get_pipeline
from tandem.crm.sales.service.standing import tell_standing
from tandem.crm.sales.store import lines as store
from tandem.crm.sales.store import opportunities
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.fields import check_shown


async def list_lines(tx: Tx, opportunity_id: UUID) -> list[Line]:
    """Refuses with NotFound a deal that is not within the reader's reach."""
    await get_opportunity(tx, opportunity_id)
    return await store.list_of_deal(tx, opportunity_id)


async def save_lines(
    tx: Tx,
    opportunity_id: UUID,
    lines: Sequence[Line],
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Opportunity:
    """The deal's lines as they shall be; its amount becomes what they come to without tax.

    Without lines the amount stays as it is and is somebody's word again. Refuses a closed deal,
    what `is_current` refuses of its version, and whoever may not see what it is worth.
    """
    check_shown(tx.actor, "opportunity.amount_minor")
    await get_opportunity(tx, opportunity_id)
    deal = await opportunities.lock(tx, opportunity_id)
    assert deal, "opportunities are never deleted"
    tx.actor.require_with(WRITE, deal)
    if is_current is not None:
        is_current(deal.version)
    if deal.status is not Kind.OPEN:
        raise NotOpen("It is closed. Reopen it first.")
    before = await store.list_of_deal(tx, opportunity_id)
    await store.replace_of_deal(tx, opportunity_id, lines)
    after = msgspec.structs.replace(
        deal,
        amount_minor=worth_of(lines) if lines else deal.amount_minor,
        amount_source=AmountSource.LINES if lines else AmountSource.MANUAL,
    )
    stages = (await get_pipeline(tx, deal.pipeline_id)).stages
    check_entry(after, next(one for one in stages if one.id == deal.stage_id), stages)
    await opportunities.save(tx, after)
    await audit.write(
        tx,
        action="sales.deal_lines_changed",
        subject_kind="opportunity",
        subject_id=opportunity_id,
        now=now,
        before=_noted(deal, before),
        after=_noted(after, lines),
    )
    if (after.amount_minor, after.amount_source) != (deal.amount_minor, deal.amount_source):
        await tell_amount(tx, after)
    return await tell_standing(tx, await get_opportunity(tx, opportunity_id))


def _noted(deal: Opportunity, lines: Sequence[Line]) -> dict[str, object]:
    return {
        "amount_minor": deal.amount_minor,
        "amount_source": deal.amount_source,
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "discount_minor": line.discount_minor,
            }
            for line in lines
        ],
    }
