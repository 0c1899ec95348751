"""Files of numbers over HTTP."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from tandem.crm.analytics.domain.asking import QueryTooSlow, TooManyQueries
from tandem.crm.analytics.domain.exports import (
    Export,
    ExportDraft,
    ExportGone,
    ExportNotReady,
    TooManyExports,
    filename,
)
from tandem.crm.analytics.service import exports
from tandem.flows.reports.exporting import ask_export
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Acting,
    Cursor,
    Given,
    LimitParameter,
    Now,
    Store,
    Transaction,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.kernel.resources import Resources
from tandem.kernel.rules import RuleWrong

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "zip": "application/zip",
}


class ExportsController(Controller):
    path = "/v1/exports"
    tags = ("analytics",)

    @post(
        status_code=201,
        responses=refusals(
            Forbidden, Invalid, RuleWrong, NotFound, QueryTooSlow, TooManyQueries, TooManyExports
        ),
    )
    async def ask_export(
        self, data: JSONBody[ExportDraft], tx: Transaction, now: Now, resources: Given
    ) -> Response[Export]:
        """A file of what the asker may see. `done` at once where it is short; a long one is made in
        the background and `running` until it is."""
        made = await ask_export(tx, resources.get(Blobs), data, now=now)
        return Response(made, status_code=201)

    @get(responses=refusals(Forbidden))
    async def list_exports(
        self, tx: Transaction, limit: LimitParameter = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[Export]:
        """One's own, newest first."""
        return await exports.list_exports(tx, limit=limit, cursor=cursor)

    @get("/{export_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_export(self, export_id: FromPath[UUID], tx: Transaction) -> Export:
        """How far it is."""
        return await exports.get_export(tx, export_id)

    @get(
        "/{export_id:uuid}/file",
        media_type="application/octet-stream",
        responses=refusals(Forbidden, NotFound, ExportNotReady, ExportGone),
    )
    async def download(
        self, export_id: FromPath[UUID], actor: Acting, database: Store, now: Now, resources: Given
    ) -> Stream:
        """The file itself: for who asked for it alone, until it expires."""
        async with database.transaction(actor) as tx:
            found, names = await exports.parts_of(tx, export_id, now=now)
        return file_of(database, actor, resources, found, names)


def file_of(
    database: Database, actor: Actor, resources: Resources, found: Export, names: Sequence[str]
) -> Stream:
    """Part after part: memory stays flat."""
    return Stream(
        _parts(database, actor, resources.get(Blobs), names),
        media_type=MEDIA[found.suffix],
        headers={
            "content-disposition": f'attachment; filename="{filename(found)}"',
            "content-length": str(found.size_bytes),
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox",
            "cache-control": "private, no-store",
        },
    )


async def _parts(
    database: Database, actor: Actor, blobs: Blobs, names: Sequence[str]
) -> AsyncIterator[bytes]:
    for name in names:
        async with database.transaction(actor) as tx:
            piece = await blobs.get_passing(tx, name)
        yield piece
