"""The report on a file of people who left and who stayed."""

import asyncio

from tandem.crm.analytics.domain.churn.report import ChurnReport, churn_report
from tandem.crm.analytics.domain.permissions import READ
from tandem.kernel.actor import Actor


async def report_on(
    actor: Actor, content: bytes, *, target: str = "", positive: str = ""
) -> ChurnReport:
    """In a thread, since it takes seconds; no transaction is open meanwhile. Refuses with Invalid,
    and the field at fault, what nothing can be learned from."""
    actor.require(READ)
    return await asyncio.to_thread(
        churn_report, content, target=target.strip(), positive=positive.strip()
    )
