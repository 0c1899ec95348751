"""Shipments: find, read, label, scan, cancel, hand over, call back."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post, put
from litestar.datastructures import ResponseHeader
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    Acting,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.http.documents import PDF, pdf
from tandem.kernel.http.fields import shows_all
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.kernel.patterns import whole
from tandem.kernel.references import ReferenceTaken
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.shipments import (
    PARCELS_MAX,
    Awb,
    Code,
    LabelNotReady,
    Manifest,
    NewParcel,
    PromiseRevision,
    Reason,
    Scan,
    Shipment,
)
from tandem.scm.shipping.domain.statuses import ScanStatus, Status
from tandem.scm.shipping.gateways.printer import print_label

INLINE = [ResponseHeader(name="Content-Disposition", description="inline", value="inline")]

NumberFilter = Annotated[str, QueryParameter(max_length=64, pattern=PRINTABLE)]
CarrierFilter = Annotated[str, QueryParameter(max_length=32, pattern=whole("[a-z_]*"))]
SomeReason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]


class NewScan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`occurred_at` is now where it is left out; `code` is the carrier's own word."""

    status: ScanStatus
    occurred_at: datetime | None = None
    code: Code = ""
    reason: Reason = ""
    location: Reason = ""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class WithReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: SomeReason


class CarrierNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    awb: Awb


class Parcels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    parcels: Annotated[list[NewParcel], msgspec.Meta(min_length=1, max_length=PARCELS_MAX)]


class NewPromise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    promised_on: date
    cause: SomeReason


class NewManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    shipment_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=200)]


class ShipmentController(Controller):
    path = "/v1/shipments"
    tags = ("shipping",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_shipments(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        status: FromQuery[list[Status] | None] = None,
        order_id: FromQuery[UUID | None] = None,
        carrier: CarrierFilter = "",
        number: NumberFilter = "",
        promised_from: FromQuery[date | None] = None,
        promised_to: FromQuery[date | None] = None,
    ) -> Page[Shipment]:
        """Newest first; `number` is the shipment's, its order's or the carrier's."""
        return await service.list_shipments(
            tx,
            statuses=status or (),
            order_id=order_id,
            carrier=carrier,
            number=number,
            promised_from=promised_from,
            promised_to=promised_to,
            limit=limit,
            cursor=cursor,
        )

    @get("/{shipment_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_shipment(
        self, shipment_id: FromPath[UUID], tx: Transaction
    ) -> Response[Shipment]:
        return _answer(await service.get_shipment(tx, shipment_id))

    @get("/{shipment_id:uuid}/events", responses=refusals(Forbidden, NotFound))
    async def list_events(self, shipment_id: FromPath[UUID], tx: Transaction) -> Page[Scan]:
        """Every scan, as it happened; 1,000 at most."""
        return Page(items=await service.list_scans(tx, shipment_id))

    @get("/{shipment_id:uuid}/promise-revisions", responses=refusals(Forbidden, NotFound))
    async def list_revisions(
        self, shipment_id: FromPath[UUID], tx: Transaction
    ) -> Page[PromiseRevision]:
        """The first promise, and whatever moved it."""
        return Page(items=await service.list_revisions(tx, shipment_id))

    @get(
        "/{shipment_id:uuid}/label",
        media_type=PDF,
        opt=shows_all("shipment"),
        response_headers=INLINE,
        responses=refusals(Forbidden, NotFound, LabelNotReady),
    )
    async def get_label(
        self,
        shipment_id: FromPath[UUID],
        database: Store,
        actor: Acting,
        request: Request[Any, Any, Any],
    ) -> Response[bytes]:
        """A 4 × 6 inch PDF, one page a parcel: set in type after the transaction has ended."""
        base_url = request.app.state.settings.base_url
        async with database.transaction(actor) as tx:
            sheet = await service.get_label(tx, shipment_id, base_url=base_url)
        return pdf(await print_label(sheet), name=sheet.number)

    @post("/{shipment_id:uuid}/scans", responses=refusals(Forbidden, NotFound, Invalid))
    async def record_scan(
        self, shipment_id: FromPath[UUID], data: JSONBody[NewScan], tx: Transaction, now: Now
    ) -> Shipment:
        """Report what happened to a parcel. Late and repeated reports are welcome."""
        return await service.record_scan(
            tx,
            shipment_id=shipment_id,
            status=data.status,
            occurred_at=data.occurred_at or now,
            now=now,
            code=data.code,
            reason=data.reason,
            location=data.location,
            latitude=data.latitude,
            longitude=data.longitude,
            source="api",
        )

    @post("/{shipment_id:uuid}/cancellation", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def cancel_shipment(
        self, shipment_id: FromPath[UUID], data: JSONBody[WithReason], tx: Transaction, now: Now
    ) -> Shipment:
        """Cancel before hand-over. On a manifest it is too late; on its way call it back."""
        return await service.cancel_shipment(
            tx, shipment_id=shipment_id, reason=data.reason, now=now
        )

    @post("/{shipment_id:uuid}/return", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def call_back(
        self, shipment_id: FromPath[UUID], data: JSONBody[WithReason], tx: Transaction, now: Now
    ) -> Shipment:
        """Start the return to origin of goods that have left."""
        return await service.call_back(tx, shipment_id=shipment_id, reason=data.reason, now=now)

    @put(
        "/{shipment_id:uuid}/awb",
        responses=refusals(Forbidden, NotFound, StaleVersion, ReferenceTaken, service.ShipmentOver),
    )
    async def set_awb(
        self,
        shipment_id: FromPath[UUID],
        data: JSONBody[CarrierNumber],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Shipment]:
        """The carrier's number, typed in. A shipment that waited for it is ready."""
        shipment = await service.lock_shipment(tx, shipment_id)
        check_if_match(if_match, shipment.version)
        return _answer(await service.set_awb(tx, shipment, data.awb, now=now))

    @put(
        "/{shipment_id:uuid}/parcels",
        responses=refusals(Forbidden, NotFound, StaleVersion, IllegalMove),
    )
    async def set_parcels(
        self,
        shipment_id: FromPath[UUID],
        data: JSONBody[Parcels],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Shipment]:
        """How the goods are packed: weights and sizes, while they are still here."""
        shipment = await service.lock_shipment(tx, shipment_id)
        check_if_match(if_match, shipment.version)
        return _answer(await service.set_parcels(tx, shipment, data.parcels, now=now))

    @post(
        "/{shipment_id:uuid}/promise-revisions",
        responses=refusals(Forbidden, NotFound, StaleVersion, Invalid, service.ShipmentOver),
    )
    async def revise_promise(
        self,
        shipment_id: FromPath[UUID],
        data: JSONBody[NewPromise],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Shipment]:
        """Promise another day, with its cause. The first promise is kept for ever."""
        shipment = await service.lock_shipment(tx, shipment_id)
        check_if_match(if_match, shipment.version)
        revised = await service.revise_promise(
            tx, shipment, promised_on=data.promised_on, cause=data.cause, now=now
        )
        return _answer(revised)


class ManifestController(Controller):
    path = "/v1/manifests"
    tags = ("shipping",)

    @post("/", responses=refusals(Forbidden, NotFound, IllegalMove, service.OtherCarrier))
    async def hand_over(self, data: JSONBody[NewManifest], tx: Transaction, now: Now) -> Manifest:
        """Hand ready shipments of one carrier over; none of them can be cancelled any more."""
        return await service.hand_over(tx, data.shipment_ids, now=now)

    @get("/{manifest_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_manifest(self, manifest_id: FromPath[UUID], tx: Transaction) -> Manifest:
        return await service.get_manifest(tx, manifest_id)


def _answer(shipment: Shipment) -> Response[Shipment]:
    return Response(shipment, headers=etag(shipment.version))
