"""Sending domains: claimed, proven by a record, looked at again, and the addresses at them."""

import secrets as chance
from datetime import datetime
from uuid import UUID

from tandem.contracts.marketing import SendingDomainChecked
from tandem.crm.marketing.domain.permissions import CONFIGURE, READ
from tandem.crm.marketing.domain.senders import (
    ADDRESSES_MAX,
    CHALLENGE,
    CHECKED_EVERY,
    DOMAINS_MAX,
    AddressInUse,
    AddressTaken,
    DomainTaken,
    DomainUnproven,
    Found,
    FromAddress,
    NewAddress,
    NewDomain,
    SendingDomain,
)
from tandem.crm.marketing.store import campaigns
from tandem.crm.marketing.store import senders as store
from tandem.kernel import audit, jobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

CHECK = "marketing.check_domain"


async def list_domains(tx: Tx) -> list[SendingDomain]:
    tx.actor.require(READ)
    return await store.list_domains(tx)


async def get_domain(tx: Tx, domain_id: UUID) -> SendingDomain:
    tx.actor.require(READ)
    found = await store.find(tx, domain_id)
    if found is None:
        raise NotFound("There is no such sending domain.")
    return found


async def add_domain(tx: Tx, new: NewDomain, *, now: datetime) -> SendingDomain:
    """Claim a domain; mail leaves from it once its record shows that it is one's own. Two
    companies may claim the same, and only who can write its records proves it."""
    tx.actor.require(CONFIGURE)
    if len(await store.list_domains(tx)) >= DOMAINS_MAX:
        raise Invalid(f"A company has {DOMAINS_MAX} sending domains at most.", field="domain")
    domain_id = new_id()
    is_new = await store.insert(
        tx,
        domain_id=domain_id,
        domain=new.domain,
        dkim_selector=new.dkim_selector,
        challenge=f"{CHALLENGE}{chance.token_urlsafe(24)}",
        now=now,
    )
    if not is_new:
        raise DomainTaken("This domain is on the list already.", field="domain")
    await _note(tx, "marketing.add_domain", domain_id, now, {"domain": new.domain})
    await jobs.enqueue(tx, CHECK, dedupe=str(domain_id), domain_id=str(domain_id))
    return await get_domain(tx, domain_id)


async def ask_check(tx: Tx, domain_id: UUID, *, now: datetime) -> SendingDomain:
    """Have its records looked at; the answer is there some seconds later."""
    tx.actor.require(CONFIGURE)
    found = await get_domain(tx, domain_id)
    await jobs.enqueue(tx, CHECK, dedupe=str(domain_id), domain_id=str(domain_id))
    await _note(tx, "marketing.check_domain", domain_id, now, {"domain": found.domain})
    return found


async def record_check(tx: Tx, domain_id: UUID, found: Found, *, now: datetime) -> None:
    """A domain whose record has gone is nobody's own any more: nothing leaves from it."""
    known = await get_domain(tx, domain_id)
    await store.record(tx, domain_id, found, now)
    await tx.publish(
        SendingDomainChecked(domain_id=domain_id, domain=known.domain, is_verified=found.is_own)
    )


async def due_checks(tx: Tx, now: datetime) -> list[UUID]:
    return await store.due(tx, now - CHECKED_EVERY)


async def remove_domain(tx: Tx, domain_id: UUID, *, now: datetime) -> None:
    tx.actor.require(CONFIGURE)
    found = await get_domain(tx, domain_id)
    for address in found.addresses:
        await _check_unused(tx, address.id)
    await store.delete(tx, domain_id)
    await _note(tx, "marketing.remove_domain", domain_id, now, {"domain": found.domain})


async def add_address(tx: Tx, domain_id: UUID, new: NewAddress, *, now: datetime) -> SendingDomain:
    tx.actor.require(CONFIGURE)
    found = await get_domain(tx, domain_id)
    if len(found.addresses) >= ADDRESSES_MAX:
        raise Invalid(f"A domain has {ADDRESSES_MAX} addresses at most.", field="local_part")
    address_id = new_id()
    is_new = await store.add_address(
        tx,
        address_id=address_id,
        domain_id=domain_id,
        local_part=new.local_part,
        name=new.name,
        now=now,
    )
    if not is_new:
        raise AddressTaken("This address is there already.", field="local_part")
    await _note(
        tx, "marketing.add_address", address_id, now, {"address": new.local_part, "name": new.name}
    )
    return await get_domain(tx, domain_id)


async def remove_address(tx: Tx, address_id: UUID, *, now: datetime) -> None:
    tx.actor.require(CONFIGURE)
    found = await get_address(tx, address_id)
    await _check_unused(tx, address_id)
    await store.delete_address(tx, address_id)
    await _note(tx, "marketing.remove_address", address_id, now, {"address": found.address})


async def get_address(tx: Tx, address_id: UUID) -> FromAddress:
    """Of the own company: another's is not there."""
    tx.actor.require(READ)
    found = await store.find_address(tx, address_id)
    if found is None:
        raise NotFound("There is no such from-address.", field="from_address_id")
    return found


async def check_address(tx: Tx, address_id: UUID) -> FromAddress:
    """Refuses one whose domain nobody has proven."""
    found = await get_address(tx, address_id)
    if not found.is_verified:
        raise DomainUnproven(
            f"{found.address} cannot be used before its domain is proven.",
            field="from_address_id",
        )
    return found


async def _check_unused(tx: Tx, address_id: UUID) -> None:
    if await campaigns.uses_address(tx, address_id):
        raise AddressInUse("A campaign that has not ended leaves from this address.")


async def _note(
    tx: Tx, action: str, subject_id: UUID, now: datetime, after: dict[str, object]
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="sending_domain",
        subject_id=subject_id,
        now=now,
        after=after,
    )
