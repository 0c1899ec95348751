"""A directory that manages the people (SCIM 2.0): its address and token, what its groups give."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.directory import PERMISSION, Settings
from tandem.crm.identity.domain.keys import ApiKey
from tandem.crm.identity.service import auditing, directory
from tandem.kernel.audit import Asked, Entry
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PATH = "/settings/directory"
CHANGES_SHOWN = 10
OVERLAP = timedelta(hours=24)
"""The old token goes on for so long, while the new one is put into the directory."""


class DirectoryPage(Controller):
    path = PATH
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("identity.read")
        return await _page(request, tx, now)

    @post(status_code=200)
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        wanted = Settings(
            default_role_key=form.get("default_role_key", "")[:60],
            allows_administrators=form.get("allows_administrators") == "true",
        )
        try:
            await directory.save_settings(tx, wanted, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="settings")
            return await _page(request, tx, now, problem, status=refusal.status)
        return redirect(request, PATH, toast="What the directory may do is saved.")

    @post("/token", status_code=200)
    async def token(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The token is on this answer and on no other page."""
        try:
            made = await _make(tx, now)
        except Refusal as refusal:
            return await _page(request, tx, now, problem_of(refusal, {}), status=refusal.status)
        return await _page(request, tx, now, made=made)

    @post("/groups/{group_id:uuid}", status_code=200)
    async def map_group(
        self, request: AnyRequest, group_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            await directory.map_group(tx, group_id, form.get("role_key", "")[:60] or None, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="groups")
            return await _page(request, tx, now, problem, status=refusal.status)
        return redirect(request, PATH, toast="The group's role is saved.")


async def _make(tx: Tx, now: datetime) -> str:
    """A first token, or a fresh one in place of the newest."""
    tx.actor.require("identity.manage")
    tokens = _tokens(await identity.list_api_keys(tx), now)
    if tokens:
        _, token = await identity.rotate_api_key(tx, tokens[0].id, overlap=OVERLAP, now=now)
    else:
        _, token = await identity.add_api_key(tx, name="Directory", grants=[PERMISSION], now=now)
    return token


def _tokens(keys: Sequence[ApiKey], now: datetime) -> list[ApiKey]:
    """Keys that a directory may come with, the newest first; none that does anything besides."""
    living = [key for key in keys if not key.revoked_at and not _is_over(key, now)]
    own = [key for key in living if key.grants == [PERMISSION] and not key.is_client]
    return sorted(own, key=lambda key: key.created_at, reverse=True)


def _is_over(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now


async def _page(
    request: AnyRequest,
    tx: Tx,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    *,
    made: str = "",
    status: int = 200,
) -> Response[Any]:
    base_url = str(request.app.state.settings.base_url).rstrip("/")
    return page(
        request,
        "console/settings/directory.html",
        status=status,
        address=f"{base_url}/scim/v2",
        tokens=_tokens(await identity.list_api_keys(tx), now),
        wanted=await directory.get_settings(tx),
        groups=await directory.list_mappings(tx),
        roles=[(role.key, role.name) for role in await identity.list_roles(tx)],
        changes=await _changes(tx),
        made=made,
        problem=problem,
    )


async def _changes(tx: Tx) -> list[Entry]:
    """The last of what the directory did and of what was set for it."""
    if not tx.actor.may(auditing.PERMISSION):
        return []
    found = await auditing.list_audit(tx, Asked(action="scim"), limit=CHANGES_SHOWN)
    return list(found.items)
