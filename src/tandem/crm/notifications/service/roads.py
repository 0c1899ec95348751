"""By whom a batch may leave: asked once for many messages, and anew after any trouble."""

import asyncio
import time

import msgspec

from tandem.crm.notifications.domain.dkim import Signing
from tandem.crm.notifications.domain.messages import Channel
from tandem.crm.notifications.domain.providers import Provider
from tandem.crm.notifications.gateways.carriers import Way
from tandem.crm.notifications.service.providers import way_of
from tandem.crm.notifications.service.signing import keys_in_force
from tandem.crm.notifications.store import providers as store
from tandem.kernel.jobs import Work

KNOWN_SECONDS = 1.0
"""How long a batch goes on with what it knows: a provider that was changed, or that another worker
found to be down, is known no later than this."""


class Road(msgspec.Struct, frozen=True, kw_only=True):
    provider: Provider
    way: Way


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The company's own providers of a channel, none where the installation's way is taken; and
    the keys that its e-mails are signed with."""

    active: tuple[Road, ...]
    signing: Signing
    until: float


class Roads:
    """Of one batch. One of its messages asks, the others wait for what it learns."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[Channel, Known] = {}
        self._asking = asyncio.Lock()

    async def known(self, channel: Channel) -> Known:
        async with self._asking:
            known = self._known.get(channel)
            if known is None or time.monotonic() >= known.until:
                known = self._known[channel] = await self._learn(channel)
            return known

    def forget(self) -> None:
        """Somebody was not as they were known: the next message asks anew."""
        self._known.clear()

    async def _learn(self, channel: Channel) -> Known:
        async with self._work.transaction() as tx:
            found = await store.list_active(tx, channel)
            roads = [Road(provider=one, way=await way_of(tx, one)) for one in found]
            is_mail = channel is Channel.EMAIL
            signing = await keys_in_force(tx, now=self._work.now()) if is_mail else {}
        return Known(active=tuple(roads), signing=signing, until=time.monotonic() + KNOWN_SECONDS)
