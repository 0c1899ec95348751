"""The audit log over HTTP: newest first, filtered, and as a file."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from tandem.crm.identity.service import auditing
from tandem.crm.identity.service.auditing import Format
from tandem.kernel.audit import Asked, Entry, Head
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Acting,
    Cursor,
    LimitParameter,
    Now,
    Store,
    Transaction,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole

Action = Annotated[str | None, QueryParameter(max_length=100, pattern=whole(r"[a-z_.]*"))]
Address = Annotated[str | None, QueryParameter(max_length=64, pattern=whole(r"[0-9a-fA-F.:]*"))]
YEAR_FIRST, YEAR_LAST = 1900, 9000
MEDIA = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


class AuditController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/audit-events", responses=refusals(Forbidden, Invalid))
    async def list_audit_events(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        actor_id: FromQuery[UUID | None] = None,
        subject_id: FromQuery[UUID | None] = None,
        action: Action = None,
        address: Address = None,
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
    ) -> Page[Entry]:
        """Who did what, newest first. `action` is a whole one, or a service's name for all of its.

        Rows are never changed; each carries a hash over itself and the row before it.
        """
        asked = _asked(actor_id, subject_id, action, address, since, until)
        return await auditing.list_audit(tx, asked, limit=limit, cursor=cursor)

    @get("/audit-events/head", responses=refusals(Forbidden))
    async def audit_head(self, tx: Transaction) -> Head:
        """The newest row's place and hash. Keep it elsewhere to be able to show what was not
        changed."""
        return await auditing.audit_head(tx)

    @get("/audit-events/export", media_type="text/csv", responses=refusals(Forbidden, Invalid))
    async def export_audit_events(
        self,
        database: Store,
        actor: Acting,
        now: Now,
        form: Annotated[Format, QueryParameter(name="format")] = "csv",
        actor_id: FromQuery[UUID | None] = None,
        subject_id: FromQuery[UUID | None] = None,
        action: Action = None,
        address: Address = None,
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
    ) -> Stream:
        """The same as a file: CSV that no spreadsheet takes for formulas, or a JSON line a row."""
        asked = _asked(actor_id, subject_id, action, address, since, until)
        rows = await auditing.export_audit(database, actor, asked, form, now=now)
        return Stream(
            rows,
            media_type=MEDIA[form],
            headers={"content-disposition": f'attachment; filename="audit.{form}"'},
        )


def _asked(
    actor_id: UUID | None,
    subject_id: UUID | None,
    action: str | None,
    address: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Asked:
    for name, at in (("since", since), ("until", until)):
        if at is not None and at.tzinfo is None:
            raise Invalid("Give the time with its offset, as 2026-11-22T10:00:00Z.", field=name)
        if at is not None and not YEAR_FIRST <= at.year <= YEAR_LAST:
            raise Invalid("There is nothing that far away.", field=name)
    return Asked(
        actor_id=actor_id,
        subject_id=subject_id,
        action=action or None,
        address=address or None,
        since=since,
        until=until,
    )
