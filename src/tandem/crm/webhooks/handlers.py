"""Every event that somebody wants forwarded, whatever it is about."""

from datetime import datetime

from tandem.crm.webhooks import service
from tandem.kernel.db import Tx
from tandem.kernel.events import Told, tap


@tap(service.SUBSCRIBER)
async def forward(tx: Tx, told: Told, now: datetime) -> None:
    await service.forward(tx, told, now)
