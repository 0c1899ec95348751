"""The company's monthly statement of what it sold."""

import re
from calendar import monthrange
from datetime import date
from typing import Any

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.invoicing.domain.gstr1 import Month, ReturnIncomplete, gstr1
from tandem.scm.invoicing.service.selling import get_seller
from tandem.scm.invoicing.store import returns as store

NAMED_MAX = 50_000
"""Documents times rates. The portal's own tool takes 19,000 lines at once."""

_PERIOD = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])")


async def monthly_return(tx: Tx, period: str) -> dict[str, Any]:
    """FORM GSTR-1 of a month (`2026-11`), by the days documents were issued on.

    Refuses ReturnIncomplete when a document has no place in it, and a month too large to be told at
    once.
    """
    tx.actor.require_everywhere("invoicing.read")
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise Invalid("A period is a month: 2026-11.", field="period")
    first = date(int(found[1]), int(found[2]), 1)
    days = {"first": first, "last": first.replace(day=monthrange(first.year, first.month)[1])}
    seller = await get_seller(tx)
    if odd := await store.list_odd(tx, **days):
        raise ReturnIncomplete(
            "In another currency than rupees, or to a zone's buyer without GSTIN: "
            f"{', '.join(odd)}. Declare these by hand.",
            numbers=odd,
        )
    named = await store.list_named(tx, **days, count=NAMED_MAX + 1)
    if len(named) > NAMED_MAX:
        raise Invalid(f"More than {NAMED_MAX} rows to name in this month.", field="period")
    month = Month(
        gstin=seller.gstin,
        period=first,
        named=named,
        consumers=await store.list_consumers(tx, **days),
        untaxed=await store.list_untaxed(tx, **days),
        goods=await store.list_goods(tx, **days),
        issued=await store.list_issued(tx, **days),
    )
    return gstr1(month)
