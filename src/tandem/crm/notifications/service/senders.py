"""Which installation sends for this database, so that a copy of it keeps still."""

from datetime import datetime

from tandem.crm.notifications.domain.sender import refusal
from tandem.crm.notifications.gateways.port import Site
from tandem.crm.notifications.store import sender as store
from tandem.kernel.actor import INSTALLATION
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work


def place_of(work: Work) -> str:
    """Where this installation is: its address, or its folder when only this machine reaches it."""
    site = work.get(Site)
    return site.place or site.base_url


async def sending_refused(tx: Tx, place: str, *, now: datetime) -> str:
    """For who is about to send: why nothing may leave from here, in a sentence; empty when this is
    the one that sends, which the first to ask becomes."""
    sender = await store.sender(tx, place, now)
    assert sender is not None, "who is about to send has become the sender"
    return refusal(sender, place)


async def standing(tx: Tx, place: str) -> str:
    """The same for who merely looks. Empty too where nobody has sent yet."""
    sender = await store.sender(tx, place, None)
    return refusal(sender, place) if sender else ""


async def take_over(tx: Tx, place: str, *, now: datetime) -> bool:
    """Send from here on; wherever it was sent from before keeps still. False when it was here. For
    the command line, which works for the installation itself."""
    assert tx.actor.org_id == INSTALLATION, "who sends is a matter of the installation"
    sender = await store.sender(tx, place, None)
    if sender is not None and not sender.differences(place):
        return False
    await store.take_over(tx, place, now)
    return True
