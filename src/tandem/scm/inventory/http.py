"""Inventory over HTTP: locations, shelves, the ledger and its audit."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE, Address
from tandem.kernel.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
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
from tandem.kernel.http.instants import aware
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole
from tandem.scm.inventory import service
from tandem.scm.inventory.domain import (
    Audit,
    Entry,
    Location,
    LocationCodeTaken,
    LocationKind,
    Shelf,
)

Code = Annotated[
    str, msgspec.Meta(pattern=whole(r"[A-Z0-9][A-Z0-9-]{0,19}"), max_length=20, examples=["BLR"])
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]
Priority = Annotated[int, msgspec.Meta(ge=0, le=10_000)]

SkuFilter = Annotated[str | None, QueryParameter(max_length=64, pattern=PRINTABLE)]
CodeFilter = Annotated[str | None, QueryParameter(max_length=20, pattern=PRINTABLE)]
AsOf = Annotated[
    datetime | None, QueryParameter(description="RFC 3339, with offset: what lay there then.")
]


class NewLocation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Orders take from the lowest priority number first."""

    code: Code
    name: Name
    kind: LocationKind = "warehouse"
    priority: Priority = 100
    address: Address | None = None


class LocationChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields left out stay as they are."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    kind: LocationKind | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    address: Address | msgspec.UnsetType | None = msgspec.UNSET
    is_active: bool | msgspec.UnsetType = msgspec.UNSET


class LevelChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reorder_point: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class InventoryController(Controller):
    path = "/v1"
    tags = ("inventory",)

    @get("/locations", responses=refusals(Forbidden))
    async def list_locations(self, tx: Transaction) -> Page[Location]:
        """Every location, at most 1,000, by priority."""
        return Page(items=await service.list_locations(tx))

    @post("/locations", responses=refusals(Forbidden, LocationCodeTaken, Invalid))
    async def add_location(
        self, data: JSONBody[NewLocation], tx: Transaction, now: Now
    ) -> Response[Location]:
        """Open a place where goods can lie."""
        location = await service.add_location(
            tx,
            code=data.code,
            name=data.name,
            kind=data.kind,
            priority=data.priority,
            address=data.address,
            now=now,
        )
        return Response(location, headers=etag(location.version))

    @patch(
        "/locations/{location_id:uuid}",
        responses=refusals(Forbidden, NotFound, Conflict, StaleVersion, Invalid),
    )
    async def change_location(
        self,
        location_id: FromPath[UUID],
        data: JSONBody[LocationChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Location]:
        """Rename, move, reprioritise or close a location."""
        before = await service.lock_location(tx, location_id)
        check_if_match(if_match, before.version)
        given = {name: value for name, value in _fields(data) if value is not msgspec.UNSET}
        after = msgspec.structs.replace(before, **given)
        changed = await service.change_location(tx, before=before, after=after, now=now)
        return Response(changed, headers=etag(changed.version))

    @get("/stock", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_stock(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        sku: SkuFilter = None,
        location: CodeFilter = None,
        is_low: FromQuery[bool] = False,
        as_of: AsOf = None,
    ) -> Page[Shelf]:
        """What lies where, what of it is promised, and what can be sold; or what lay there then."""
        return await service.list_stock(
            tx,
            sku=sku,
            location_id=await _location_id(tx, location),
            is_low=is_low,
            as_of=aware(as_of, "as_of"),
            limit=limit,
            cursor=cursor,
        )

    @get("/stock/audit", responses=refusals(Forbidden))
    async def audit(self, tx: Transaction) -> Audit:
        """Proof that every count equals the sum of its ledger and of its holds, or where not."""
        return await service.audit(tx)

    @get("/stock-entries", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_entries(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        sku: SkuFilter = None,
        location: CodeFilter = None,
    ) -> Page[Entry]:
        """The ledger: why each count is what it is, newest first."""
        return await service.list_entries(
            tx,
            sku=sku,
            location_id=await _location_id(tx, location),
            limit=limit,
            cursor=cursor,
        )

    @patch(
        "/stock-levels/{variant_id:uuid}/{location_id:uuid}",
        responses=refusals(Forbidden, NotFound, StaleVersion, Invalid),
        status_code=204,
    )
    async def change_level(
        self,
        variant_id: FromPath[UUID],
        location_id: FromPath[UUID],
        data: JSONBody[LevelChange],
        tx: Transaction,
        if_match: IfMatch = None,
    ) -> Response[None]:
        """Set from which count on a variant is low at a location. `If-Match` takes the shelf's
        `version`, as `GET /v1/stock` lists it."""
        version = await service.lock_level(tx, variant_id=variant_id, location_id=location_id)
        check_if_match(if_match, version)
        await service.set_reorder_point(
            tx, variant_id=variant_id, location_id=location_id, reorder_point=data.reorder_point
        )
        return Response(None, status_code=204, headers=etag(version + 1))


async def _location_id(tx: Transaction, code: str | None) -> UUID | None:
    if code is None:
        return None
    found = await service.find_location(tx, code)
    if found is None:
        raise NotFound(f"There is no location {code}.", field="location")
    return found.id


def _fields(change: msgspec.Struct) -> list[tuple[str, object]]:
    return [(name, getattr(change, name)) for name in change.__struct_fields__]
