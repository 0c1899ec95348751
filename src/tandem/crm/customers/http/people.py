"""Customers over HTTP: find, add with a warning of duplicates, change."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.contracts.india import PostalCodeWrong, StateMismatch
from tandem.crm.customers import service
from tandem.crm.customers.domain import (
    Asked,
    Candidate,
    Customer,
    CustomerChange,
    CustomerMerged,
    EmailWrong,
    GstinWrong,
    NewCustomer,
    PanWrong,
    PhoneWrong,
    PossibleDuplicate,
)
from tandem.crm.customers.domain.accounts import Membership
from tandem.crm.customers.domain.contacts import ContactPoint
from tandem.crm.customers.domain.custom_fields import CustomFieldTaken, CustomFieldWrong
from tandem.crm.customers.domain.records import Owning
from tandem.crm.customers.service import Sort
from tandem.kernel import company, rules
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.field_history import FieldChange
from tandem.kernel.http import (
    COMPUTES,
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
from tandem.kernel.pages import LIMIT_MAX, Page
from tandem.kernel.patterns import whole

SearchText = Annotated[str, QueryParameter(max_length=100, pattern=PRINTABLE)]
WRONG_VALUES = (
    EmailWrong,
    PhoneWrong,
    GstinWrong,
    PanWrong,
    PostalCodeWrong,
    StateMismatch,
    CustomFieldWrong,
    CustomFieldTaken,
)


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rule` as of a segment. `sort`: name, or an own field, as `custom.size` or `-custom.age`."""

    rule: dict[str, Any] | None = None
    sort: Annotated[str, msgspec.Meta(pattern=whole(r"(name|-?custom\.[a-z][a-z0-9_]{0,39})"))] = (
        "name"
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class CustomerController(Controller):
    path = "/v1/customers"
    tags = ("customers",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_customers(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        search: SearchText = "",
        sort: FromQuery[Sort] = "name",
    ) -> Page[Customer]:
        """Customers; `search` looks at name, company, number, GSTIN, phone and e-mail."""
        return await service.list_customers(tx, text=search, sort=sort, limit=limit, cursor=cursor)

    @post("/", responses=refusals(Forbidden, PossibleDuplicate, *WRONG_VALUES))
    async def add_customer(
        self, data: JSONBody[NewCustomer], tx: Transaction, now: Now
    ) -> Response[Customer]:
        """Add a customer. Somebody alike (e-mail, phone, GSTIN, name) is a 409 with the candidates,
        the surest first, unless allowed. A name that many have does not stop it."""
        customer = await service.add_customer(tx, data, now=now)
        return Response(customer, headers=etag(customer.version))

    @post(
        "/search",
        status_code=200,
        responses=refusals(Forbidden, Invalid, rules.RuleWrong, rules.RuleTooSlow),
    )
    async def choose_customers(
        self, data: JSONBody[Search], tx: Transaction, now: Now
    ) -> Page[Customer]:
        """Everybody a rule finds, in an order of the caller's choice."""
        return await service.choose_customers(
            tx,
            data.rule,
            await company.moment_of(tx, now),
            sort=data.sort,
            limit=data.limit,
            cursor=data.cursor,
        )

    @post(
        "/duplicates/search",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, EmailWrong, PhoneWrong, GstinWrong),
    )
    async def find_alike(self, data: JSONBody[Asked], tx: Transaction) -> list[Candidate]:
        """Who may be this person, the surest first: by e-mail, phone, GSTIN and by name, however
        it is spelled."""
        return await service.find_alike(tx, data)

    @get("/{customer_id:uuid}", responses=refusals(Forbidden, NotFound, CustomerMerged))
    async def get_customer(
        self, customer_id: FromPath[UUID], tx: Transaction
    ) -> Response[Customer]:
        customer = await service.get_customer(tx, customer_id)
        return Response(customer, headers=etag(customer.version))

    @patch(
        "/{customer_id:uuid}",
        responses=refusals(Forbidden, NotFound, CustomerMerged, StaleVersion, *WRONG_VALUES),
    )
    async def change_customer(
        self,
        customer_id: FromPath[UUID],
        data: JSONBody[CustomerChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Customer]:
        """Change the fields given; a list given replaces the whole list."""
        customer = await service.lock_customer(tx, customer_id)
        check_if_match(if_match, customer.version)
        changed = await service.change_customer(tx, customer, data, now=now)
        return Response(changed, headers=etag(changed.version))

    @post("/{customer_id:uuid}/ownership", responses=refusals(Forbidden, NotFound))
    async def assign_customer(
        self, customer_id: FromPath[UUID], data: JSONBody[Owning], tx: Transaction, now: Now
    ) -> Customer:
        """Say whose the customer is: a person, a team, a territory."""
        customer = await service.lock_customer(tx, customer_id)
        await service.assign_customer(tx, customer, data, now=now)
        return await service.get_customer(tx, customer_id)

    @get("/{customer_id:uuid}/history", responses=refusals(Forbidden, NotFound, CustomerMerged))
    async def read_history(self, customer_id: FromPath[UUID], tx: Transaction) -> list[FieldChange]:
        """Which fields were changed, from what to what and by whom, the newest first. Of somebody
        erased nothing."""
        return await service.read_history(tx, customer_id)

    @get("/{customer_id:uuid}/contact-points", responses=refusals(Forbidden, NotFound))
    async def list_contact_points(
        self, customer_id: FromPath[UUID], tx: Transaction
    ) -> list[ContactPoint]:
        """Every e-mail and phone: which is the primary one, which cannot be reached, and by which
        channels nobody may write to it."""
        return await service.list_contact_points(tx, customer_id)

    @get("/{customer_id:uuid}/accounts", responses=refusals(Forbidden, NotFound))
    async def list_memberships(
        self, customer_id: FromPath[UUID], tx: Transaction
    ) -> list[Membership]:
        """The accounts they belong to, and in which roles."""
        return await service.list_memberships(tx, customer_id)
