"""Erase a person from the whole suite, certify it, or hand out everything known of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.erasing import Erasure
from tandem.flows.customer_holders import HOLDERS, Erased, Person
from tandem.kernel import blobs, bulk, imports
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, every
from tandem.scm.orders.service import people as orders

KEPT_BY_LAW = (
    {
        "what": "invoices and credit notes",
        "why": "CGST Act s.36: kept for 72 months after the annual return is due",
    },
    {
        "what": "audit log and event log",
        "why": "proof of what was done and by whom; append-only, not used for contact",
    },
    {"what": "consent ledger", "why": "proof of consent and its withdrawal (DPDP Act s.6(10))"},
    {
        "what": "proofs of delivery",
        "why": "that goods and money changed hands, for as long as claims may be made "
        "(Limitation Act 1963: three years); append-only",
    },
    {
        "what": "answers to repeated calls of the API",
        "why": "kept so that nothing happens twice; they forget themselves within 24 hours",
    },
    {
        "what": "events forwarded to your own systems",
        "why": "kept to be sent again; they forget themselves within 30 days",
    },
)


async def carry_out(tx: Tx, erasure_id: UUID, *, now: datetime) -> Erasure:
    """Erase in every service at once, in one transaction, and issue the certificate.

    What is still to be delivered, paid or answered is held and named; ask again when it is over.
    """
    erasure = await customers.lock_erasure(tx, erasure_id)
    trusted = tx.with_all_grants()
    order_ids = await orders.list_ids_of(trusted, erasure.customer_id)
    gone = await customers.erase_person(trusted, erasure.customer_id, cause_id=erasure.id, now=now)
    person = Person(
        customer_id=erasure.customer_id,
        erasure_id=erasure.id,
        order_ids=order_ids,
        emails=gone.emails,
        phones=gone.phones,
    )
    records = [*gone.ids, *order_ids]
    for holder in HOLDERS.values():
        if holder.find:
            records += await holder.find(trusted, person)
    person = msgspec.structs.replace(person, record_ids=records)
    services: dict[str, Any] = {"customers": {"erased": gone.counts}}
    for holder in HOLDERS.values():
        if holder.erase:
            done = await holder.erase(trusted, person, now)
            services[holder.name] = msgspec.to_builtins(done)
    addresses = [*gone.emails, *gone.phones]
    rows = await imports.forget(trusted, records, addresses)
    services["imports"] = msgspec.to_builtins(Erased(erased=rows))
    rows = await bulk.forget_records(trusted, records)
    services["bulk"] = msgspec.to_builtins(Erased(erased=rows))
    certificate = {
        "erasure_id": str(erasure.id),
        "customer_id": str(erasure.customer_id),
        "ids": [str(one) for one in gone.ids],
        "requested_at": erasure.requested_at.isoformat(),
        "done_at": now.isoformat(),
        "services": services,
        "addresses_suppressed": len(gone.emails) + len(gone.phones),
        "suppressed": gone.hashes,
        "files_discarded": await blobs.count_discarded(trusted, erasure.id),
        "kept": list(KEPT_BY_LAW),
    }
    return await customers.certify(trusted, erasure, certificate, now=now)


async def export(tx: Tx, customer_id: UUID) -> dict[str, Any]:
    """Everything the suite knows of somebody, by service: what the person may ask to see."""
    tx.actor.require("customers.erase")
    found = await customers.export_person(tx, customer_id)
    trusted = tx.with_all_grants()
    person = Person(
        customer_id=customer_id,
        order_ids=await orders.list_ids_of(trusted, customer_id),
        emails=[one["value"] for one in found["customer"]["emails"]],
        phones=[one["value"] for one in found["customer"]["phones"]],
    )
    for holder in HOLDERS.values():
        if holder.export:
            found[holder.name] = msgspec.to_builtins(await holder.export(trusted, person))
    return found


@every(60, "customers.carry_out_erasures")
async def carry_out_due(work: Work) -> None:
    """Each in a transaction of its own, so that one cannot hold up the others."""
    async with work.transaction() as tx:
        due = await customers.due_erasures(tx, work.now())
    for erasure_id in due:
        async with work.transaction() as tx:
            await carry_out(tx, erasure_id, now=work.now())
