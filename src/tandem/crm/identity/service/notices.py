"""Telling somebody by mail what happened to their account. The worker looks whom it concerns."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain.devices import device_words
from tandem.crm.identity.domain.guarding import network_of
from tandem.crm.identity.domain.sessions import Visitor
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id

SEND_NOTICE = "tell_person.send_notice"
SEND_WARNING = "tell_person.send_warning"
TRIED_PASSWORDS = (
    "Somebody tried many wrong passwords for your account. They have to wait; you sign in from your"
    " own browser as ever."
)
TRIED_CODES = (
    "Somebody who knows your password tried many wrong codes of your second factor. Choose a new"
    " password now."
)


async def notify(own: Tx, person_id: UUID, what: str, *, occasion: str = "") -> None:
    """Tell the owner by mail, once for each occasion; `what` is a whole sentence."""
    told = occasion or str(new_id())
    await jobs.enqueue(own, SEND_NOTICE, person_id=str(person_id), what=what, occasion=told)


async def warn_of_passwords(own: Tx, address: str, *, now: datetime) -> None:
    """For every address alike, known or not, once a day."""
    await jobs.enqueue(
        own, SEND_WARNING, email=address, what=TRIED_PASSWORDS, occasion=f"tries:{now:%F}"
    )


async def warn_of_codes(own: Tx, person_id: UUID, *, now: datetime) -> None:
    await notify(own, person_id, TRIED_CODES, occasion=f"codes:{person_id}:{now:%F}")


async def tell_of_new_place(own: Tx, person_id: UUID, visitor: Visitor, *, now: datetime) -> None:
    """Who signed in from elsewhere before is told of a browser and network that were never here."""
    here = (network_of(visitor.address), visitor.user_agent[: sessions_store.AGENT_LENGTH])
    places = await own.many(sessions_store.PLACES, sessions_store.Place, person_id=person_id)
    if places and here not in {(network_of(one.address), one.user_agent) for one in places}:
        where = f"{device_words(visitor.user_agent)}, {visitor.address[:60] or 'unknown address'}"
        what = f"Somebody signed in to your account from a new place: {where}."
        await notify(own, person_id, what, occasion=f"place:{person_id}:{now:%F}:{where}"[:150])
