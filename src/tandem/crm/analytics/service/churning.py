"""The report on a file of people who left and who stayed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tandem.crm.analytics.domain.churn.report import ChurnReport, churn_report
from tandem.crm.analytics.domain.permissions import READ
from tandem.kernel.actor import Actor
from tandem.kernel.limits import Limit

FEW = Limit(name="churn_reports", count=30, seconds=60)
"""Each works a processor for some seconds."""
AT_ONCE = 1
"""Of one process: more at a time would only take turns with everybody else's requests."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="churn")


async def report_on(
    actor: Actor, content: bytes, *, target: str = "", positive: str = ""
) -> ChurnReport:
    """In a thread, since it takes seconds; no transaction is open meanwhile. Refuses with Invalid,
    and the field at fault, what nothing can be learned from."""
    actor.require(READ)
    made = partial(churn_report, content, target=target.strip(), positive=positive.strip())
    return await asyncio.get_running_loop().run_in_executor(_threads, made)
