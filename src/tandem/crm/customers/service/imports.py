"""Customers from a file, for kernel.imports: whom a row means, and the way back."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.contracts.customers import ImportFailed
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.sheets import ALIASES, FIELDS, KEPT_BY
from tandem.crm.customers.service.import_rows import take_chunk
from tandem.crm.customers.store import custom_fields, people
from tandem.crm.customers.store import imports as store
from tandem.kernel.db import Tx
from tandem.kernel.imports import Chunk, Done, ImportJob, Kind, OwnField, Row


class CustomerImports(Kind):
    name = things = "customers"
    permission = "customers.import"
    job = "customers.run_import"
    fields = FIELDS
    kept_by = KEPT_BY
    aliases = ALIASES
    chunk = 500

    async def own_fields(self, tx: Tx) -> list[OwnField]:
        own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
        return [OwnField(field.key, field.label) for field in own]

    async def take(self, tx: Tx, job: ImportJob, chunk: Chunk, *, now: datetime) -> Done:
        own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
        return await take_chunk(tx, job, chunk, own, now=now)

    async def give_back(self, tx: Tx, rows: Sequence[Row], *, now: datetime) -> set[int]:
        """Whom it added goes, whom it changed is as before."""
        written = [(row.record_id, row.version or 0) for row in rows if row.record_id]
        untouched = await store.untouched(
            tx, [one for one, _ in written], [version for _, version in written]
        )
        made = [row.record_id for row in rows if row.status == "created"]
        await people.delete(tx, [one for one in made if one in untouched and one])
        for row in rows:
            if row.status == "updated" and row.record_id in untouched and row.before:
                await people.update(tx, msgspec.convert(row.before, Customer), now)
        return {row.row_no for row in rows if row.record_id in untouched}

    def failed(self, job: ImportJob, said: str) -> ImportFailed:
        return ImportFailed(job_id=job.id, filename=job.filename, reason=said, user_id=job.added_by)


IMPORTS = CustomerImports()
