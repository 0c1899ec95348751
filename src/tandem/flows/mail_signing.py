"""Letters from a company's own domain carry its signature: marketing keeps the keys, notifications
signs with them whatever leaves by SMTP. Providers with an API sign for themselves."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.mail_keys import MailKey, NewMailKey
from tandem.crm.marketing.domain.permissions import CONFIGURE
from tandem.crm.notifications.domain.dkim import SigningKey, new_pair, read_key
from tandem.crm.notifications.service.signing import signs_with
from tandem.kernel.db import Tx


async def add_mail_key(tx: Tx, domain_id: UUID, new: NewMailKey, *, now: datetime) -> MailKey:
    """A new key for a domain, by a selector of its own. It signs once its record is seen."""
    tx.actor.require(CONFIGURE)
    pair = await asyncio.to_thread(new_pair, new.algorithm)
    return await marketing.add_key(
        tx, domain_id, new, public=pair.public, private=pair.private, now=now
    )


async def keys_of(tx: Tx) -> Sequence[SigningKey]:
    return [read_key(*one) for one in await marketing.open_keys(tx)]


signs_with(keys_of)
