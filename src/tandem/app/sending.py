"""Which installation sends for this database: what `tandem sending` and `tandem doctor` say."""

from tandem.app.settings import Settings
from tandem.crm.notifications.service import senders
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database


async def standing(settings: Settings) -> str:
    """Why nothing leaves from here, in a sentence; empty where this installation sends."""
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=1)
    try:
        async with database.transaction(Actor.system(INSTALLATION)) as tx:
            return await senders.standing(tx, settings.place)
    finally:
        await database.close()


async def take_over(settings: Settings) -> bool:
    """Send from here on, and nowhere else; False when this installation did so already."""
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=1)
    try:
        async with database.transaction(Actor.system(INSTALLATION)) as tx:
            return await senders.take_over(tx, settings.place, now=clock.now())
    finally:
        await database.close()
