"""Accounts: the list, one of them with its people, adding and changing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.accounts import (
    Account,
    AccountChange,
    NewAccount,
    NewMembership,
    PossibleDuplicateAccount,
)
from tandem.crm.notifications.service import following
from tandem.flows.bulk.accounts import ACCOUNTS
from tandem.kernel.bulk import MANY_MAX
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.ids import parse_id
from tandem.web.console.bulk import Find, act_on, colleagues_of, counted, read_bulk
from tandem.web.console.changes import changes_of
from tandem.web.console.custom_fields import custom_values, live_fields, read_custom_inputs
from tandem.web.console.customer_records import kept_of
from tandem.web.console.customers import suggest_customers
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.lists import Column, listing, read_state, state_of
from tandem.web.console.views import views_of
from tandem.web.errors import send_back
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="name", label="Account", is_lead=True, sorts=("name",)),
    Column(key="number", label="Number"),
    Column(key="domain", label="Domain"),
    Column(key="industry", label="Industry"),
    Column(key="gstin", label="GSTIN"),
    Column(key="since", label="Since"),
)
VIEWS = (("All", ""),)
WORDS: Mapping[str, str] = {"name": "Give the account's name.", "role": "Give the role."}


class AccountsPage(Controller):
    path = "/accounts"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS)
        found = await customers.list_accounts(
            tx, text=state.search[:100], limit=state.limit, cursor=state.cursor
        )
        views = await views_of(tx, state, VIEWS)
        return page(
            request,
            "console/accounts.html",
            listing=listing(state, found, views),
            colleagues=await colleagues_of(tx),
        )

    @get("/bulk")
    async def count(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """How many the list has in all, for those who take them all."""
        return counted(await _find(tx)(request.query_params, MANY_MAX + 1))

    @post("/bulk")
    async def bulk(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """One act on the selected accounts."""
        tx.actor.require("customers.write")
        form = await read_bulk(request)
        return await act_on(request, tx, ACCOUNTS, form, find=_find(tx), now=now)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("customers.write")
        return await _form(request, tx, values={})

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            given = await _values(tx, form)
            given["allow_duplicate"] = form.get("allow_duplicate") == "true"
            account = await customers.add_account(tx, convert(given, NewAccount, WORDS), now=now)
        except Refusal as refusal:
            alike = refusal.facts if isinstance(refusal, PossibleDuplicateAccount) else {}
            return await _form(
                request,
                tx,
                values=form,
                problem=problem_of(refusal, form),
                alike=alike.get("candidates"),
            )
        to = f"/accounts/{account.id}"
        return redirect(request, to, toast=f"{account.name} is added.", link=to)


class AccountPage(Controller):
    path = "/accounts/{account_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, account_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        account = await customers.get_account(tx, account_id)
        look_for = request.query_params.get("person", "")[:100]
        return page(
            request,
            "console/account.html",
            account=account,
            parent=await customers.get_account(tx, account.parent_id)
            if account.parent_id
            else None,
            children=await customers.list_children(tx, account_id),
            members=await customers.list_members(tx, account_id),
            look_for=look_for,
            people=await suggest_customers(tx, look_for, 8),
            kept=await kept_of(tx, "account", account_id),
            changes=await changes_of(tx, "account", account_id),
            is_followed=await following.is_following(tx, "account", account_id),
            fields=await live_fields(tx, "account"),
        )

    @get("/edit")
    async def edit(
        self, request: AnyRequest, account_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("customers.write")
        account = await customers.get_account(tx, account_id)
        return await _form(request, tx, values=_values_of(account), account=account)

    @post("/edit")
    async def change(
        self, request: AnyRequest, account_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        account = await customers.lock_account(tx, account_id)
        try:
            check_if_match(form.get("version"), account.version)
            change = convert(await _values(tx, form), AccountChange, WORDS)
            await customers.change_account(tx, account, change, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _form(request, tx, values=form, account=account, problem=problem)
        to = f"/accounts/{account_id}"
        return redirect(request, to, toast=f"{form.get('name')} is saved.", link=to)

    @post("/contacts")
    async def join(
        self, request: AnyRequest, account_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        to = f"/accounts/{account_id}"
        given = {
            "customer_id": form.get("customer_id", ""),
            "role": form.get("role") or "Contact",
            "is_primary": form.get("is_primary") == "true",
        }
        try:
            new = convert(given, NewMembership, WORDS)
            await customers.join_account(tx, account_id, new, now=now)
        except Refusal as refusal:
            return send_back(request, to, refusal)
        return redirect(request, to, toast="They belong to the account now.")

    @post("/contacts/{customer_id:uuid}/removal")
    async def leave(
        self,
        request: AnyRequest,
        account_id: FromPath[UUID],
        customer_id: FromPath[UUID],
        tx: Transaction,
    ) -> Response[Any]:
        form = await read_form(request)
        await customers.leave_account(tx, account_id, customer_id, role=form.get("role") or None)
        return redirect(request, f"/accounts/{account_id}", toast="The role is ended.")


def _find(tx: Tx) -> Find:
    async def find(asked: Mapping[str, str], limit: int) -> list[UUID]:
        state = state_of("/accounts", asked, COLUMNS)
        return await customers.ids_of_accounts(tx, text=state.search[:100], limit=limit)

    return find


async def _values(tx: Tx, form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": form.get("name", ""),
        "domain": form.get("domain") or None,
        "gstin": form.get("gstin") or None,
        "industry": form.get("industry", ""),
        "parent_id": await _parent(tx, form.get("parent", "")),
        "custom": read_custom_inputs(form, await live_fields(tx, "account")),
    }


async def _parent(tx: Tx, text: str) -> UUID | None:
    """By number, as in A-10001, or by id."""
    if not text:
        return None
    if found := parse_id(text):
        return found
    page_of_them = await customers.list_accounts(tx, text=text, limit=1)
    return page_of_them.items[0].id if page_of_them.items else UUID(int=0)


def _values_of(account: Account) -> dict[str, str]:
    return {
        "name": account.name,
        "domain": account.domain or "",
        "gstin": account.gstin or "",
        "industry": account.industry,
        "parent": str(account.parent_id or ""),
        "version": str(account.version),
        **custom_values(account.custom),
    }


async def _form(
    request: AnyRequest,
    tx: Tx,
    *,
    values: Mapping[str, str],
    account: Account | None = None,
    problem: Problem = NO_PROBLEM,
    alike: list[dict[str, Any]] | None = None,
) -> Response[Any]:
    return page(
        request,
        "console/account_form.html",
        status=problem.status,
        values=values,
        account=account,
        problem=problem,
        alike=alike or [],
        fields=await live_fields(tx, "account"),
    )
