"""Shipments in a few words, and what was told of them."""

from datetime import datetime
from typing import Any

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.shipments import Shipment

EVENTS = Query(
    "select topic, key, payload from kernel.event where org_id = :org_id and key <> '' order by seq"
)
COUNT = Query("select count(*) from shipping.shipment where org_id = :org_id")
FORGE = Query(
    """
    update shipping.shipment set promised_first_on = promised_first_on + 1 where org_id = :org_id
    """
)


async def told(database: Database, actor: Actor) -> list[dict[str, Any]]:
    async with database.transaction(actor) as tx:
        return [
            {"topic": row["topic"], "key": row["key"], **row["payload"]}
            for row in await tx.records(EVENTS)
            if row["topic"].startswith("shipping.")
        ]


async def ship(
    database: Database, actor: Actor, now: datetime, bought: OrderSnapshot, **options: Any
) -> Shipment:
    async with database.transaction(actor) as tx:
        return await service.create_shipment(
            tx, order=bought, items=options.pop("items", None), now=now, **options
        )
