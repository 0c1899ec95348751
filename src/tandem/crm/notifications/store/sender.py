"""Which installation sends for this database."""

from datetime import datetime

from tandem.crm.notifications.domain.sender import Sender
from tandem.kernel.db import Query, Tx

SENDER = Query(
    "select * from notifications.sender_of(:place::text, :now::timestamptz)",
    beyond_org="who sends is a fact of the installation, not of a company",
)

TAKE_OVER = Query(
    """
    insert into notifications.sender (org_id, id, cluster, database, place, at)
    select :org_id, gen_random_uuid(), here.cluster, here.database, :place, :now
      from notifications.here() here
    """
)


async def sender(tx: Tx, place: str, now: datetime | None) -> Sender | None:
    """Who sends. The first to ask with a time becomes the sender; without, None where nobody is."""
    return await tx.one_or_none(SENDER, Sender, place=place, now=now)


async def take_over(tx: Tx, place: str, now: datetime) -> None:
    """From now on this installation sends, and the one before does not."""
    await tx.run(TAKE_OVER, place=place, now=now)
