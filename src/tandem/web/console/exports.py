"""Files of numbers: asked for from a tile's menu, made, taken along, forgotten after some days."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from tandem.crm.analytics.domain.asking import Ask, DrillAsk
from tandem.crm.analytics.domain.exports import ExportDraft
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.crm.analytics.service import exports
from tandem.flows.http.exports import file_of
from tandem.flows.reports.exporting import ask_export
from tandem.kernel.blobs import Blobs
from tandem.kernel.errors import Invalid
from tandem.kernel.http import Acting, Given, Now, Store, Transaction
from tandem.web.console.forms import read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
SHOWN = 50
TONES: Mapping[str, str] = {
    "waiting": "quiet",
    "running": "info",
    "done": "good",
    "failed": "bad",
    "expired": "quiet",
}


class ExportsPage(Controller):
    path = "/exports"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, tx: Transaction, cursor: FromQuery[str] = ""
    ) -> Response[Any]:
        found = await exports.list_exports(tx, limit=SHOWN, cursor=cursor or None)
        return page(
            request,
            "console/exports.html",
            items=found.items,
            next=found.next,
            tones=TONES,
            is_busy=any(one.state in ("waiting", "running") for one in found.items),
        )

    @post()
    async def ask(
        self, request: AnyRequest, tx: Transaction, now: Now, resources: Given
    ) -> Response[Any]:
        """A short file goes to the asker at once; a long one stands in the list until then."""
        tx.actor.require("analytics.read")
        form = await read_form(request)
        draft = _draft(form)
        made = await ask_export(tx, resources.get(Blobs), draft, now=now)
        if made.state == "done":
            return redirect(request, f"/exports/{made.id}/file")
        return redirect(request, "/exports", toast=f"{made.title} is being made.")

    @get("/{export_id:uuid}")
    async def show_one(
        self, request: AnyRequest, export_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        """Where a letter leads to: the one file, for whom it was made."""
        found = await exports.get_export(tx, export_id)
        return page(
            request,
            "console/exports.html",
            items=[found],
            next=None,
            tones=TONES,
            is_busy=False,
        )

    @get("/{export_id:uuid}/file")
    async def download(
        self, export_id: FromPath[UUID], actor: Acting, database: Store, now: Now, resources: Given
    ) -> Stream:
        async with database.transaction(actor) as tx:
            found, names = await exports.parts_of(tx, export_id, now=now)
        return file_of(database, actor, resources, found, names)


def draft_of(
    title: str,
    *,
    query: Ask | None = None,
    rows: DrillAsk | None = None,
    funnel: FunnelAsk | None = None,
    retention: RetentionAsk | None = None,
) -> str:
    """What a menu's form carries: what is on the screen, of the moment that it is of."""
    draft = ExportDraft(
        title=title[:120], query=query, rows=rows, funnel=funnel, retention=retention
    )
    return msgspec.json.encode(draft).decode()


def _draft(form: Mapping[str, str]) -> ExportDraft:
    try:
        draft = msgspec.json.decode(form.get("draft", ""), type=ExportDraft)
        return msgspec.convert(
            {**msgspec.to_builtins(draft), "file": form.get("file", draft.file)}, ExportDraft
        )
    except msgspec.MsgspecError as reason:
        raise Invalid("This does not name numbers to take along.", field="draft") from reason
