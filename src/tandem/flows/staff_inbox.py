"""Telling members of the staff, in their company's time zone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import inbox
from tandem.kernel.db import Tx


async def tell(
    tx: Tx,
    people: Sequence[UUID | None],
    *,
    kind: str,
    title: str,
    link: str,
    dedupe: str,
    now: datetime,
    body: str = "",
) -> None:
    """Under the bell and by mail as each chose, once per `kind` and `dedupe`. Nobody's record is
    told to nobody."""
    known = [one for one in people if one is not None]
    if not known:
        return
    zone = (await identity.get_organisation(tx)).time_zone
    await inbox.tell_staff(
        tx,
        known,
        kind=kind,
        title=title,
        body=body,
        link=link,
        dedupe=f"{kind}:{dedupe}",
        now=now,
        zone=zone,
    )
