"""What sales has to do with files of leads: whom a row means, and taking a lead back.

How a row is read: see `flows.lead_imports`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadWithdrawn
from tandem.crm.sales.domain.leads import Lead, LeadAlike
from tandem.crm.sales.domain.permissions import IMPORT
from tandem.crm.sales.store import known_leads, leads
from tandem.crm.sales.store import lead_imports as store
from tandem.kernel.db import Tx

WRITTEN = (
    "name", "company_name", "job_title", "email", "phone", "website", "city", "country",
    "description", "source", "status_id", "lost_reason", "tags", "custom",
)  # fmt: skip
"""What people write of a lead; whose it is and what it scores follows by itself."""


async def holders(tx: Tx, key: str, values: Sequence[str]) -> dict[str, UUID]:
    """Which lead each e-mail, phone or number belongs to; as many as are known."""
    tx.actor.require(IMPORT)
    return await store.holders(tx, key, values) if key and values else {}


async def known_as(tx: Tx, email: str | None, phone: str | None) -> Lead | None:
    """Whoever has this e-mail or this phone already."""
    keys = [(kind, value) for kind, value in (("email", email), ("phone", phone)) if value]
    held = await leads.holders(tx, keys)
    found = held.get("email") or held.get("phone")
    return await leads.find(tx, found) if found else None


async def named_each(tx: Tx, names: Mapping[int, str]) -> dict[int, list[LeadAlike]]:
    """Who is a lead under each row's name, however it is spelled; rows nobody has are left out."""
    tx.actor.require(IMPORT)
    return await known_leads.named_each(tx, names)


async def get_many(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Lead]:
    """Locked, whatever became of them; those that are gone are left out."""
    tx.actor.require(IMPORT)
    return {lead.id: lead for lead in await leads.lock_many(tx, ids)}


async def withdraw(tx: Tx, found: Sequence[Lead]) -> set[UUID]:
    """Take leads away whole that nobody did anything with; which went."""
    tx.actor.require(IMPORT)
    gone = await store.withdraw(tx, [lead.id for lead in found])
    await tx.publish(
        *(
            LeadWithdrawn(lead_id=lead.id, number=lead.number, customer_id=lead.customer_id)
            for lead in found
            if lead.id in gone
        )
    )
    return gone


def written(lead: Lead) -> dict[str, Any]:
    """As JSON keeps it."""
    kept: dict[str, Any] = msgspec.to_builtins({name: getattr(lead, name) for name in WRITTEN})
    return kept


def changed(before: Lead, after: Lead) -> dict[str, dict[str, Any]]:
    """What an import changed of a lead: as it was, and as it left it."""
    was, now = written(before), written(after)
    names = [name for name in WRITTEN if was[name] != now[name]]
    return {
        "before": {name: was[name] for name in names},
        "after": {name: now[name] for name in names},
    }


def is_as_left(lead: Lead, after: Mapping[str, Any]) -> bool:
    now = written(lead)
    return all(now.get(name) == value for name, value in after.items())
