"""Settlements over HTTP: what went to the bank, for what, and what does not fit."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Acting,
    Cursor,
    LimitParameter,
    Now,
    Store,
    Transaction,
    etag,
    refusals,
)
from tandem.kernel.http.fields import shows_all
from tandem.kernel.pages import Page
from tandem.scm.payments import service
from tandem.scm.payments.domain import (
    AlreadyDecided,
    RowKind,
    Settlement,
    SettlementDecision,
    SettlementException,
    SettlementExceptionKind,
    SettlementRow,
    SettlementStatus,
)
from tandem.scm.payments.http.instants import Instant, instant

Search = Annotated[str | None, QueryParameter(max_length=64, pattern=PRINTABLE)]


class SettlementResolution(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is done about it, and why: the note is for whoever audits the books."""

    decision: SettlementDecision
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=FILLED)]


class Asked(msgspec.Struct, kw_only=True):
    status: str = "asked"


class SettlementsController(Controller):
    path = "/v1/settlements"
    tags = ("payments",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_settlements(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        status: FromQuery[SettlementStatus | None] = None,
        is_balanced: FromQuery[bool | None] = None,
        since: Instant = None,
        until: Instant = None,
        search: Search = None,
    ) -> Page[Settlement]:
        """Newest first. `search` is a UTR or the gateway's settlement id, exactly."""
        wanted = service.SettlementFilter(
            status=status,
            is_balanced=is_balanced,
            since=instant(since, "since"),
            until=instant(until, "until"),
            search=search or None,
        )
        return await service.list_settlements(tx, wanted, limit=limit, cursor=cursor)

    @post("/import", status_code=202, responses=refusals(Forbidden))
    async def import_settlements(self, tx: Transaction) -> Asked:
        """Ask the gateway now instead of at the next hour. Re-fetching changes nothing twice."""
        await service.request_settlements(tx)
        return Asked()

    @get("/{settlement_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_settlement(
        self, settlement_id: FromPath[UUID], tx: Transaction
    ) -> Response[Settlement]:
        """One settlement with its sums."""
        found = await service.get_settlement(tx, settlement_id)
        return Response(found, headers=etag(found.version))

    @get("/{settlement_id:uuid}/rows", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_rows(
        self,
        settlement_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        kind: FromQuery[RowKind | None] = None,
    ) -> Page[SettlementRow]:
        """What it was for, in the order in which it happened."""
        return await service.list_settlement_rows(
            tx, settlement_id, kind=kind, limit=limit, cursor=cursor
        )

    @get(
        "/{settlement_id:uuid}/export",
        media_type="text/csv",
        opt=shows_all("payment"),
        responses=refusals(Forbidden, NotFound),
    )
    async def export(self, settlement_id: FromPath[UUID], database: Store, actor: Acting) -> Stream:
        """Its rows as CSV, amounts in major units."""
        async with database.transaction(actor) as tx:
            found = await service.get_settlement(tx, settlement_id)
        return Stream(
            service.export_settlement(database, actor, settlement_id),
            media_type="text/csv",
            headers={"content-disposition": f'attachment; filename="settlement-{found.id}.csv"'},
        )


class SettlementExceptionsController(Controller):
    path = "/v1/settlement-exceptions"
    tags = ("payments",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_exceptions(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        is_open: FromQuery[bool | None] = None,
        kind: FromQuery[SettlementExceptionKind | None] = None,
        settlement_id: FromQuery[UUID | None] = None,
    ) -> Page[SettlementException]:
        """Newest first, open and resolved unless one of both is asked for."""
        return await service.list_settlement_exceptions(
            tx,
            is_open=is_open,
            kind=kind,
            settlement_id=settlement_id,
            limit=limit,
            cursor=cursor,
        )

    @post(
        "/{exception_id:uuid}/resolution",
        status_code=200,
        responses=refusals(Forbidden, NotFound, AlreadyDecided),
    )
    async def resolve(
        self,
        exception_id: FromPath[UUID],
        data: JSONBody[SettlementResolution],
        tx: Transaction,
        now: Now,
    ) -> SettlementException:
        """Decide. The same decision again is answered as it stands."""
        return await service.resolve_settlement_exception(
            tx, exception_id, decision=data.decision, note=data.note, now=now
        )
