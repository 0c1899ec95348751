"""Saved views of lists: personal or everybody's, beside the ready-made ones."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Controller, Request, Response, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import read_form
from tandem.web.console.lists import ListState, View
from tandem.web.rendering import redirect

AnyRequest = Request[Any, Any, Any]
LISTS = frozenset(
    {
        "orders",
        "products",
        "stock",
        "customers",
        "shipments",
        "invoices",
        "payments",
        "payments/links",
        "payments/settlements",
        "messages",
        "complaints",
        "leads",
        "deals/list",
    }
)
Counting = Callable[[str], Awaitable[int | None]]


async def views_of(
    tx: Tx,
    state: ListState,
    ready_made: Sequence[tuple[str, str]],
    count: Counting | None = None,
) -> list[View]:
    """Ready-made views, then the saved ones. `count` answers how many rows a query has."""
    saved = await identity.list_views(tx, state.path.strip("/"))
    named = [View(name=name, query=query) for name, query in ready_made]
    named += [
        View(
            name=each.name,
            query=each.query,
            id=str(each.id),
            is_shared=each.is_shared,
            is_mine=each.user_id == tx.actor.user_id,
        )
        for each in saved
    ]
    return [
        View(
            name=view.name,
            query=view.query,
            id=view.id,
            is_shared=view.is_shared,
            is_mine=view.is_mine,
            is_current=_same(view.query, state.query),
            count=await count(view.query) if count else None,
        )
        for view in named
    ]


def _same(one: str, other: str) -> bool:
    """The order of an address's parts says nothing."""
    return sorted(parse_qsl(one)) == sorted(parse_qsl(other))


class ViewsController(Controller):
    path = "/console/views"
    include_in_schema = False

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        list_, query = form.get("page", ""), form.get("query", "")[:1000]
        if list_ not in LISTS:
            raise NotFound("There is no such list.")
        name = form.get("name", "")[:60]
        if not name:
            raise Invalid("Give the view a name.", field="name")
        shared = form.get("is_shared") == "true"
        view = await identity.save_view(
            tx, page=list_, name=name, query=query, is_shared=shared, now=now
        )
        to = f"/{list_}?{query}" if query else f"/{list_}"
        return redirect(request, to, toast=f"The view “{view.name}” is saved.")

    @post("/{view_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, view_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        form = await read_form(request)
        await identity.remove_view(tx, view_id)
        list_ = form.get("page", "")
        to = f"/{list_}" if list_ in LISTS else "/"
        return redirect(request, to, toast="The view is removed.")
