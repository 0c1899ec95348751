"""Accounts over HTTP, and the people who belong to them."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.crm.customers import service
from tandem.crm.customers.domain import GstinWrong
from tandem.crm.customers.domain.accounts import (
    Account,
    AccountChange,
    AccountCircle,
    Membership,
    NewAccount,
    NewMembership,
    PossibleDuplicateAccount,
)
from tandem.crm.customers.domain.custom_fields import CustomFieldTaken, CustomFieldWrong
from tandem.crm.customers.domain.records import Owning
from tandem.kernel import field_history
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.field_history import FieldChange
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page

SearchText = Annotated[str, QueryParameter(max_length=100, pattern=PRINTABLE)]
RoleText = Annotated[str | None, QueryParameter(max_length=60, pattern=PRINTABLE)]
WRONG_VALUES = (GstinWrong, CustomFieldWrong, CustomFieldTaken, AccountCircle)


class AccountController(Controller):
    path = "/v1/accounts"
    tags = ("customers",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_accounts(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        search: SearchText = "",
    ) -> Page[Account]:
        """By name; `search` is part of the name, or the whole number, domain or GSTIN."""
        return await service.list_accounts(tx, text=search, limit=limit, cursor=cursor)

    @post("/", responses=refusals(Forbidden, NotFound, PossibleDuplicateAccount, *WRONG_VALUES))
    async def add_account(
        self, data: JSONBody[NewAccount], tx: Transaction, now: Now
    ) -> Response[Account]:
        """Add an account. One alike (domain, GSTIN, name) is a 409, unless allowed."""
        account = await service.add_account(tx, data, now=now)
        return Response(account, headers=etag(account.version))

    @get("/{account_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_account(self, account_id: FromPath[UUID], tx: Transaction) -> Response[Account]:
        account = await service.get_account(tx, account_id)
        return Response(account, headers=etag(account.version))

    @patch(
        "/{account_id:uuid}", responses=refusals(Forbidden, NotFound, StaleVersion, *WRONG_VALUES)
    )
    async def change_account(
        self,
        account_id: FromPath[UUID],
        data: JSONBody[AccountChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Account]:
        account = await service.lock_account(tx, account_id)
        check_if_match(if_match, account.version)
        changed = await service.change_account(tx, account, data, now=now)
        return Response(changed, headers=etag(changed.version))

    @get("/{account_id:uuid}/history", responses=refusals(Forbidden, NotFound))
    async def read_history(self, account_id: FromPath[UUID], tx: Transaction) -> list[FieldChange]:
        """Which fields were changed, from what to what and by whom, the newest first."""
        await service.get_account(tx, account_id)
        return await field_history.read(tx, "account", account_id)

    @post("/{account_id:uuid}/ownership", responses=refusals(Forbidden, NotFound))
    async def assign_account(
        self, account_id: FromPath[UUID], data: JSONBody[Owning], tx: Transaction, now: Now
    ) -> Account:
        """Say whose the account is: a person, a team, a territory."""
        await service.assign_account(tx, account_id, data, now=now)
        return await service.get_account(tx, account_id)

    @get("/{account_id:uuid}/contacts", responses=refusals(Forbidden, NotFound))
    async def list_members(self, account_id: FromPath[UUID], tx: Transaction) -> list[Membership]:
        """Who belongs to the account, the primary contact first."""
        return await service.list_members(tx, account_id)

    @post("/{account_id:uuid}/contacts", responses=refusals(Forbidden, NotFound))
    async def join_account(
        self, account_id: FromPath[UUID], data: JSONBody[NewMembership], tx: Transaction, now: Now
    ) -> list[Membership]:
        """Give somebody a role; a new primary contact takes the old one's place."""
        await service.join_account(tx, account_id, data, now=now)
        return await service.list_members(tx, account_id)

    @delete(
        "/{account_id:uuid}/contacts/{customer_id:uuid}", responses=refusals(Forbidden, NotFound)
    )
    async def leave_account(
        self,
        account_id: FromPath[UUID],
        customer_id: FromPath[UUID],
        tx: Transaction,
        role: RoleText = None,
    ) -> None:
        """End one role, or without `role` all of them."""
        await service.leave_account(tx, account_id, customer_id, role=role)
