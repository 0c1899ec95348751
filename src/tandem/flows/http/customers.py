"""Merging and erasing people over HTTP: both reach every service's records."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerMerged
from tandem.crm.customers.domain.erasing import Erasure, ErasureOver, ErasureWaits, NewErasure
from tandem.crm.customers.domain.merging import (
    Merge,
    MergeImpossible,
    MergePreview,
    Pair,
    UndoImpossible,
)
from tandem.flows import erase as erasing
from tandem.flows import merge as merging
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    LimitParameter,
    Now,
    Transaction,
    refusals,
)
from tandem.kernel.http.fields import ABOUT_PEOPLE, shows_all
from tandem.kernel.pages import Page


class Two(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything of the loser becomes the survivor's."""

    survivor_id: UUID
    loser_id: UUID


class MergeController(Controller):
    path = "/v1"
    tags = ("customers",)

    @get("/customer-duplicates", responses=refusals(Forbidden, Invalid))
    async def scan_duplicates(
        self, tx: Transaction, limit: LimitParameter = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[Pair]:
        """Pairs who may be one person, and what they share."""
        return await customers.scan_duplicates(tx, limit=limit, cursor=cursor)

    @post("/customer-duplicates/dismissals", responses=refusals(Forbidden, NotFound))
    async def say_not_same(self, data: JSONBody[Two], tx: Transaction, now: Now) -> None:
        """Say that the two are two people: the pair does not come again."""
        await customers.say_not_same(tx, data.survivor_id, data.loser_id, now=now)

    @post(
        "/customer-merges/preview",
        status_code=200,
        responses=refusals(Forbidden, NotFound, CustomerMerged, MergeImpossible),
    )
    async def preview_merge(self, data: JSONBody[Two], tx: Transaction) -> MergePreview:
        """What would come of it. Writes nothing."""
        return await customers.preview_merge(tx, data.survivor_id, data.loser_id)

    @post(
        "/customer-merges",
        responses=refusals(Forbidden, NotFound, CustomerMerged, MergeImpossible),
    )
    async def merge(self, data: JSONBody[Two], tx: Transaction, now: Now) -> Merge:
        """Make one of two, in every service at once. Can be undone for 90 days."""
        return await merging.merge(tx, data.survivor_id, data.loser_id, now=now)

    @get("/customer-merges", responses=refusals(Forbidden))
    async def list_merges(
        self, tx: Transaction, customer_id: FromQuery[UUID | None] = None
    ) -> list[Merge]:
        """The newest hundred."""
        return await customers.list_merges(tx, customer_id)

    @post(
        "/customer-merges/{merge_id:uuid}/undo",
        responses=refusals(Forbidden, NotFound, UndoImpossible),
    )
    async def undo_merge(self, merge_id: FromPath[UUID], tx: Transaction, now: Now) -> Merge:
        """Part them again: what the loser brought goes back, what came since stays."""
        return await merging.undo(tx, merge_id, now=now)


class ErasureController(Controller):
    path = "/v1"
    tags = ("customers",)

    @post(
        "/customers/{customer_id:uuid}/erasure",
        responses=refusals(Forbidden, NotFound, ErasureWaits),
    )
    async def request_erasure(
        self, customer_id: FromPath[UUID], data: JSONBody[NewErasure], tx: Transaction, now: Now
    ) -> Erasure:
        """Announce an erasure: due after 48 hours, or at once where the person asked for it."""
        return await customers.request_erasure(tx, customer_id, data, now=now)

    @get("/erasures", responses=refusals(Forbidden))
    async def list_erasures(self, tx: Transaction) -> list[Erasure]:
        """The newest 200, with their certificates."""
        return await customers.list_erasures(tx)

    @get("/erasures/{erasure_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_erasure(self, erasure_id: FromPath[UUID], tx: Transaction) -> Erasure:
        return await customers.get_erasure(tx, erasure_id)

    @post(
        "/erasures/{erasure_id:uuid}/cancellation",
        responses=refusals(Forbidden, NotFound, ErasureOver),
    )
    async def cancel_erasure(
        self, erasure_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Erasure:
        """Call off one that waits."""
        return await customers.cancel_erasure(tx, erasure_id, now=now)

    @get(
        "/customers/{customer_id:uuid}/personal-data",
        opt=shows_all(*ABOUT_PEOPLE),
        responses=refusals(Forbidden, NotFound),
    )
    async def export_person(self, customer_id: FromPath[UUID], tx: Transaction) -> dict[str, Any]:
        """Everything the suite knows of somebody, by service."""
        return await erasing.export(tx, customer_id)
