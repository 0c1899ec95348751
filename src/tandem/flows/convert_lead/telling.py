"""That somebody was a lead once stands on their timeline."""

from datetime import datetime

from tandem.contracts.sales import LeadConverted
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.timeline import NewActivity
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe


@subscribe(LeadConverted, "sales.customers_timeline")
async def lead_converted(tx: Tx, event: LeadConverted, now: datetime) -> None:
    if event.customer_id is None:
        return
    await customers.record_activity(
        tx,
        NewActivity(
            kind="lead_converted",
            dedupe=f"lead_converted:{event.conversion_id}",
            occurred_at=now,
            customer_id=event.customer_id,
            facts={
                "number": event.number,
                "lead_id": str(event.lead_id),
                "conversion_id": str(event.conversion_id),
            },
        ),
    )
