"""How an opportunity stands, told whole after each change: those who count need not ask back."""

from tandem.contracts.sales import OpportunityStands
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.kernel.db import Tx


async def tell_standing(tx: Tx, deal: Opportunity) -> Opportunity:
    await tx.publish(
        OpportunityStands(
            opportunity_id=deal.id,
            number=deal.number,
            title=deal.title,
            customer_id=deal.customer_id,
            pipeline_id=deal.pipeline_id,
            stage=deal.stage_name,
            status=deal.status,
            amount_minor=deal.amount_minor,
            currency=deal.currency,
            fx_rate=str(deal.fx_rate),
            probability=deal.probability,
            close_on=deal.close_on,
            source=deal.source,
            lost_reason=deal.lost_reason,
            owner_id=deal.owner_id,
        )
    )
    return deal
