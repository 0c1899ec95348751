"""The promise for a batch of purchases, and the settings it is computed from."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.shipping import Promise, PromiseAsk
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.scm.shipping.domain import promise as engine
from tandem.scm.shipping.domain.configuration import (
    Configuration,
    Origin,
    check_configuration,
    rules_of,
)
from tandem.scm.shipping.domain.coverage import coverage_of
from tandem.scm.shipping.domain.promise import Rules
from tandem.scm.shipping.domain.zones import Zone, zone_between
from tandem.scm.shipping.store import settings as store

REMEMBERED_MAX = 1000
UNSAVED = UUID(int=0)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation's settings, ready for use. `version` 0 are the usual ones, never saved."""

    version: int
    stamp: UUID
    configuration: Configuration
    rules: list[Rules]

    def zone(self, postal_code: str, country: str, origin: int = 0) -> Zone:
        address = self.configuration.origins[origin].address
        return zone_between(
            address.postal_code if address and address.country == "IN" else None,
            postal_code,
            country=country,
            overrides=self.configuration.zone_overrides,
        )

    def place_of(self, location_id: UUID | None) -> int:
        """Which origin serves an inventory location; the first where none says so."""
        for place, origin in enumerate(self.configuration.origins):
            if location_id is not None and origin.location_id == location_id:
                return place
        return 0

    def origin(self, place: int) -> Origin:
        return self.configuration.origins[place]


_remembered: OrderedDict[UUID, Plan] = OrderedDict()


async def promise(tx: Tx, asks: Sequence[PromiseAsk], *, now: datetime) -> list[Promise]:
    """The promised day of each purchase, in order; one query whatever their number.

    Asks no permission of its own: whoever may place an order is told when it comes.
    """
    plan = await plan_of(tx)
    rules = plan.rules[0]
    promises = [
        engine.promise(rules, plan.zone(ask.postal_code, ask.country), ask.purchased_at)
        for ask in asks
    ]
    lines = plan.configuration.coverage
    if not lines:
        return promises
    there = [coverage_of(lines, ask.postal_code, ask.country) for ask in asks]
    return [
        msgspec.structs.replace(promise, prepaid=line.prepaid, cod=line.cod)
        for promise, line in zip(promises, there, strict=True)
    ]


async def plan_of(tx: Tx) -> Plan:
    """The settings as this transaction sees them; the document travels only when it is new here."""
    org_id = tx.actor.org_id
    held = _remembered.get(org_id)
    stored = await store.read_newer(tx, held.stamp if held else UNSAVED)
    if stored is None:
        return USUAL
    if stored.document is None:
        assert held, "only a stamp that is remembered is answered without its document"
        return held
    plan = _prepare(stored.document, stored.version, stored.stamp)
    _remembered[org_id] = plan
    _remembered.move_to_end(org_id)
    if len(_remembered) > REMEMBERED_MAX:
        _remembered.popitem(last=False)
    return plan


def _prepare(configuration: Configuration, version: int, stamp: UUID) -> Plan:
    return Plan(
        version=version,
        stamp=stamp,
        configuration=configuration,
        rules=[rules_of(configuration, origin) for origin in configuration.origins],
    )


USUAL = _prepare(Configuration(), 0, UNSAVED)


async def get_settings(tx: Tx) -> Plan:
    tx.actor.require("shipping.read")
    return await plan_of(tx)


async def lock_settings(tx: Tx) -> int:
    """The version to be changed; nobody else changes it before this transaction ends."""
    tx.actor.require("shipping.configure")
    return await store.lock_version(tx)


async def save_settings(tx: Tx, configuration: Configuration, *, now: datetime) -> Plan:
    """Replace the settings whole. Promises made before stay as they were made.

    Refuses unknown time zones and places, a calendar without a working day, a PIN outside its
    state, and a floor that would promise later buyers an earlier day.
    """
    tx.actor.require("shipping.configure")
    check_configuration(configuration)
    before = await plan_of(tx)
    await store.save(tx, configuration, now)
    after = await plan_of(tx)
    old, new = msgspec.to_builtins(before.configuration), msgspec.to_builtins(configuration)
    changed = [field for field in new if new[field] != old[field]]
    await audit.write(
        tx,
        action="shipping.configure",
        subject_kind="shipping_settings",
        subject_id=tx.actor.org_id,
        now=now,
        before={field: old[field] for field in changed},
        after={field: new[field] for field in changed},
    )
    return after


async def seed_demo(tx: Tx, address: Address, now: datetime) -> None:
    """The usual settings, with this address as the place goods leave from; what is set stays."""
    if (await plan_of(tx)).version == 0:
        origin = Origin(name=address.name, address=address)
        await save_settings(tx, Configuration(origins=[origin]), now=now)
