"""The order in which it happened."""

from datetime import datetime
from uuid import UUID

from tandem.app.demo import buying, selling, writing
from tandem.app.demo.days import Days
from tandem.kernel.db import Database


async def tell_story(database: Database, org_id: UUID, user_id: UUID, *, today: datetime) -> None:
    """Tell it once. A process that dies on the way leaves the days told so far."""
    days = Days(database, org_id, user_id, today)
    await selling.open_shop(days)
    await writing.begin(days)
    await selling.meet_people(days)
    await buying.deliver_orders(days)
    await selling.work_deals(days)
    await writing.send_campaign(days)
    await buying.take_orders(days)
