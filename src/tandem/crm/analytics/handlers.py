"""Every event that is counted is noted once; the next digest counts it."""

from collections.abc import Sequence
from datetime import datetime

from tandem.crm.analytics.domain.folds import FOLLOWED
from tandem.crm.analytics.store import facts
from tandem.kernel.db import Tx
from tandem.kernel.events import Told, follow


@follow(FOLLOWED, "analytics.intake")
async def take(tx: Tx, told: Sequence[Told], _: datetime) -> None:
    await facts.take(tx, [(one.id, one.key) for one in told])
