"""One act on many records over HTTP: asked for, followed, taken back."""

from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.segments import SegmentStatic
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.leads import LeadFilters, StatusKind
from tandem.crm.sales.domain.opportunities import Filters as DealFilters
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.domain.pipelines import Kind as DealStatus
from tandem.crm.sales.service import leads
from tandem.flows.bulk import KINDS
from tandem.flows.bulk.accounts import ACCOUNTS, AccountAct
from tandem.flows.bulk.complaints import COMPLAINTS, ComplaintAct
from tandem.flows.bulk.customers import CUSTOMERS, CustomerAct
from tandem.flows.bulk.deals import DEALS, DealAct
from tandem.flows.bulk.leads import LEADS, LeadAct
from tandem.flows.bulk.orders import ORDERS, OrderAct
from tandem.kernel import bulk
from tandem.kernel.bulk import MANY_MAX, Act, BulkBusy, BulkJob, BulkRow, Kind, Outcome, TooMany
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Cursor, LimitParameter, Now, Transaction, refusals
from tandem.kernel.http.fields import check_asked
from tandem.kernel.pages import LIMIT_DEFAULT, Page

Ids = Annotated[list[UUID], msgspec.Meta(max_length=MANY_MAX)]
Words = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*$")]
Word = Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00]*$")]
Score = Annotated[int, msgspec.Meta(ge=-100_000, le=100_000)]
REFUSALS = refusals(Forbidden, NotFound, Invalid, TooMany, SegmentStatic) | {
    202: ResponseSpec(BulkJob, description="They are many: a job goes through them.")
}


class LeadsMatching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As the list of leads is narrowed."""

    kind: StatusKind | None = None
    status_id: UUID | None = None
    owner_id: UUID | None = None
    unowned: bool = False
    team_id: UUID | None = None
    territory_id: UUID | None = None
    customer_id: UUID | None = None
    form_id: UUID | None = None
    campaign_id: UUID | None = None
    source: Word | None = None
    tag: Word | None = None
    score_min: Score | None = None
    q: Words | None = None

    async def find(self, tx: Tx, limit: int) -> list[UUID]:
        given = msgspec.structs.asdict(self)
        words, is_unowned = escaped(given.pop("q")), given.pop("unowned")
        filters = LeadFilters(words=words, is_unowned=is_unowned, **given)
        return await leads.ids_of_leads(tx, filters, limit=limit)


class DealsMatching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As the list of opportunities is narrowed."""

    status: DealStatus | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    customer_id: UUID | None = None
    owner_id: UUID | None = None
    q: Words | None = None

    async def find(self, tx: Tx, limit: int) -> list[UUID]:
        given = msgspec.structs.asdict(self)
        words = escaped(given.pop("q"))
        return await sales.ids_of_opportunities(tx, DealFilters(words=words, **given), limit=limit)


class CustomersMatching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As the list of customers is narrowed."""

    search: Words = ""

    async def find(self, tx: Tx, limit: int) -> list[UUID]:
        return await customers.ids_of_customers(tx, text=self.search, limit=limit)


class AccountsMatching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As the list of accounts is narrowed."""

    search: Words = ""

    async def find(self, tx: Tx, limit: int) -> list[UUID]:
        return await customers.ids_of_accounts(tx, text=self.search, limit=limit)


class LeadsAsked(LeadAct, frozen=True, kw_only=True):
    """An act for the leads named by `ids`, or for all that are `matching`, 10,000 at most."""

    ids: Ids = msgspec.field(default_factory=list)
    matching: LeadsMatching | None = None


class DealsAsked(DealAct, frozen=True, kw_only=True):
    """An act for the opportunities named by `ids`, or for all `matching`, 10,000 at most."""

    ids: Ids = msgspec.field(default_factory=list)
    matching: DealsMatching | None = None


class CustomersAsked(CustomerAct, frozen=True, kw_only=True):
    """An act for the customers named by `ids`, or for all `matching`, 10,000 at most."""

    ids: Ids = msgspec.field(default_factory=list)
    matching: CustomersMatching | None = None


class AccountsAsked(AccountAct, frozen=True, kw_only=True):
    """An act for the accounts named by `ids`, or for all `matching`, 10,000 at most."""

    ids: Ids = msgspec.field(default_factory=list)
    matching: AccountsMatching | None = None


class OrdersAsked(OrderAct, frozen=True, kw_only=True):
    """An act for the orders named by `ids`."""

    ids: Ids


class ComplaintsAsked(ComplaintAct, frozen=True, kw_only=True):
    """An act for the complaints named by `ids`."""

    ids: Ids


class Matching(Protocol):
    async def find(self, tx: Tx, limit: int) -> list[UUID]: ...


class BulkController(Controller):
    """201 with all of it done; 202 where there are more than 200, which a job goes through."""

    path = "/v1"

    @post("/leads/bulk", tags=["sales"], responses=REFUSALS)
    async def leads(
        self, data: JSONBody[LeadsAsked], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Give many leads to somebody, move them, give them up, tag them. Each as by hand: what one
        refuses is told with it, and the others go on."""
        return await _begin(tx, LEADS, data, data.ids, data.matching, now)

    @post("/opportunities/bulk", tags=["sales"], responses=REFUSALS)
    async def opportunities(
        self, data: JSONBody[DealsAsked], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Give many opportunities to somebody, move them to a stage, or lose them."""
        return await _begin(tx, DEALS, data, data.ids, data.matching, now)

    @post("/customers/bulk", tags=["customers"], responses=REFUSALS)
    async def customers(
        self, data: JSONBody[CustomersAsked], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Give many customers to somebody, tag them, put them on a list or take them off."""
        return await _begin(tx, CUSTOMERS, data, data.ids, data.matching, now)

    @post("/accounts/bulk", tags=["customers"], responses=REFUSALS)
    async def accounts(
        self, data: JSONBody[AccountsAsked], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Give many accounts to somebody, or tag them."""
        return await _begin(tx, ACCOUNTS, data, data.ids, data.matching, now)

    @post("/orders/bulk", tags=["orders"], responses=REFUSALS)
    async def orders(
        self, data: JSONBody[OrdersAsked], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Hold many orders, or let them go."""
        return await _begin(tx, ORDERS, data, data.ids, None, now)

    @post("/complaints/bulk", tags=["support"], responses=REFUSALS)
    async def complaints(
        self, data: JSONBody[ComplaintsAsked], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Acknowledge many complaints, or give them to somebody."""
        return await _begin(tx, COMPLAINTS, data, data.ids, None, now)


class BulkJobsController(Controller):
    """What the caller asked for themselves; kept for a week."""

    path = "/v1/bulk-jobs"
    tags = ("bulk",)

    @get("/")
    async def list_jobs(
        self, tx: Transaction, limit: LimitParameter = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[BulkJob]:
        """The newest first."""
        return await bulk.list_jobs(tx, limit=limit, cursor=cursor)

    @get("/{job_id:uuid}", responses=refusals(NotFound))
    async def get_job(self, job_id: FromPath[UUID], tx: Transaction) -> BulkJob:
        """How far it is: `changed`, `same` and `refused` of `total`."""
        return await bulk.get_job(tx, job_id)

    @get("/{job_id:uuid}/rows", responses=refusals(NotFound))
    async def list_rows(
        self,
        job_id: FromPath[UUID],
        tx: Transaction,
        status: FromQuery[Outcome | None] = None,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[BulkRow]:
        """What became of each record, and why one was refused or kept."""
        statuses = [status] if status else []
        return await bulk.list_rows(tx, job_id, statuses, limit=limit, cursor=cursor)

    @post("/{job_id:uuid}/undo", responses=refusals(Forbidden, NotFound, BulkBusy))
    async def take_back(
        self, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[BulkJob]:
        """Each record as it was, where nobody changed the same since."""
        kind = KINDS[(await bulk.get_job(tx, job_id)).kind]
        return _answer(await bulk.take_back(tx, kind, job_id, now=now))


async def _begin(
    tx: Tx, kind: Kind[Any], data: Act, ids: list[UUID], matching: Matching | None, now: datetime
) -> Response[BulkJob]:
    given = {name: getattr(data, name) for name in kind.act_type.__struct_fields__}
    act = kind.act_type(**given)
    await kind.check(tx, act)
    if matching is not None and ids:
        raise Invalid("Name them, or say what they match, not both.", field="matching")
    if matching is not None:
        _check_asked(tx, kind.name, matching)
        ids = await matching.find(tx, MANY_MAX + 1)
        if not ids:
            raise Invalid(f"No {kind.one} matches this.", field="matching")
        if len(ids) > MANY_MAX:
            raise TooMany(f"More than {MANY_MAX:,} match: narrow them down.", field="matching")
    return _answer(await bulk.begin(tx, kind, act, ids, now=now))


def _check_asked(tx: Tx, resource: str, matching: Matching) -> None:
    for name, value in msgspec.to_builtins(matching).items():
        if value is not None and value is not False and value != "":
            check_asked(tx.actor, resource, name, field=f"matching.{name}")


def _answer(job: BulkJob) -> Response[BulkJob]:
    if not job.is_busy:
        return Response(job, status_code=201)
    return Response(job, status_code=202, headers={"location": f"/v1/bulk-jobs/{job.id}"})
