"""API keys: made, shown once, replaced with an overlap, revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]


class ApiKeysPage(Controller):
    path = "/settings/api-keys"
    include_in_schema = False

    @get()
    async def keys(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _keys(request, tx)

    @post(status_code=200)
    async def add_key(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The key itself is on this answer and on no other page."""
        form = await read_form(request)
        try:
            key = await _make(tx, form, now)
        except Refusal as refusal:
            return await _keys(
                request, tx, problem_of(refusal, form, form="key"), status=refusal.status
            )
        return await _keys(request, tx, made=key)

    @post("/{key_id:uuid}/rotation", status_code=200)
    async def rotate_key(
        self, request: AnyRequest, key_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """The fresh key is on this answer; the old one goes on for a day."""
        try:
            _, key = await identity.rotate_api_key(tx, key_id, overlap=timedelta(hours=24), now=now)
        except Refusal as refusal:
            return await _keys(request, tx, problem_of(refusal, {}), status=refusal.status)
        return await _keys(request, tx, made=key)

    @post("/{key_id:uuid}/revocation")
    async def revoke_key(
        self, request: AnyRequest, key_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await identity.revoke_api_key(tx, key_id, now=now)
        return redirect(request, "/settings/api-keys", toast="The key no longer works.")


async def _make(tx: Tx, form: dict[str, str], now: Any) -> str:
    if not form.get("name"):
        raise Invalid("Give the key a name.", field="name")
    grants = form.get("grants", "").replace(",", " ").split()
    if not grants:
        raise Invalid("Name at least one permission.", field="grants")
    days, per_minute = form.get("days", ""), form.get("per_minute", "")
    life = timedelta(days=whole_of(days, field="days", least=1, most=3650)) if days else None
    limit = None
    if per_minute:
        limit = whole_of(per_minute, field="per_minute", least=1, most=30_000)
    _, key = await identity.add_api_key(
        tx,
        name=form["name"][:100],
        grants=grants[:100],
        networks=form.get("networks", "").replace(",", " ").split()[:20],
        per_minute=limit,
        is_client=form.get("is_client") == "true",
        now=now,
        life=life,
    )
    return key


async def _keys(
    request: AnyRequest,
    tx: Tx,
    problem: Problem = NO_PROBLEM,
    *,
    made: str = "",
    status: int = 200,
) -> Response[Any]:
    keys = await identity.list_api_keys(tx)
    makers = {}
    if tx.actor.may("identity.read"):
        makers = {person.id: person.name for person in await identity.list_users(tx)}
    return page(
        request,
        "console/settings/keys.html",
        status=status,
        keys=keys,
        makers=makers,
        made=made,
        problem=problem,
    )
