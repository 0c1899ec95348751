"""One act on many leads, deals, customers, accounts, orders or complaints: a kind of each, and the
job that goes through those that are many."""

from typing import Any
from uuid import UUID

from tandem.flows.bulk.accounts import ACCOUNTS
from tandem.flows.bulk.acting import as_asker
from tandem.flows.bulk.complaints import COMPLAINTS
from tandem.flows.bulk.customers import CUSTOMERS
from tandem.flows.bulk.deals import DEALS
from tandem.flows.bulk.leads import LEADS
from tandem.flows.bulk.orders import ORDERS
from tandem.kernel import bulk
from tandem.kernel.jobs import Work, job

KINDS: dict[str, bulk.Kind[Any]] = {
    kind.name: kind for kind in (LEADS, DEALS, CUSTOMERS, ACCOUNTS, ORDERS, COMPLAINTS)
}


@job(bulk.JOB)
async def run_bulk(work: Work, job_id: str) -> None:
    await bulk.run(work, KINDS, UUID(job_id), as_asker)
