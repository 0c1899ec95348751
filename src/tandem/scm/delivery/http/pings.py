"""Where positions come in: batches, a WebSocket, and the forms that existing phone apps speak.

OsmAnd's tracking form (https://osmand.net/docs/user/plugins/trip-recording#required-parameters) is
also what Traccar Client sends, from version 9 on as JSON; OwnTracks' HTTP mode posts JSON
(https://owntracks.org/booklet/tech/json/). Their apps know no bearer token: OsmAnd's goes in `id`,
OwnTracks' is the password of HTTP Basic.
"""

import base64
import binascii
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, WebSocket, get, post, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import JSONBody

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Invalid, Unauthenticated, Unavailable
from tandem.kernel.http import PUBLIC, Acting, Given, Store, limited, refusals, unaudited
from tandem.kernel.limits import Limit
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.fleet import DEVICE_MARK, KnownDevice
from tandem.scm.delivery.domain.pings import BATCH_MAX, Instant, Ping, Reason
from tandem.scm.delivery.http.live import Live
from tandem.scm.delivery.http.trackers import from_osmand, from_owntracks, from_traccar
from tandem.scm.delivery.service.fleet import browser_of
from tandem.scm.delivery.service.positions import Reasons, Upload

PINGS_LIMIT = Limit(name="pings", count=60_000, seconds=60)
VERDICTS_MAX = 100
"""Larger batches are answered with counts."""
FRAME_BYTES_MAX = 256 * 1024


class Batch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`sent_at` is what the device's clock shows on sending: it makes its times exact."""

    pings: Annotated[list[Ping], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]
    sent_at: Instant | None = None


class Received(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`rejected` counts per reason; `reasons` has one entry per ping, null where it is believed,
    for batches up to a hundred. Duplicates were stored before and are not stored again."""

    accepted: int
    rejected: dict[Reason, int]
    reasons: list[Reason | None] | None = None


class TraccarReport(msgspec.Struct, kw_only=True):
    """As Traccar Client posts it; the rest of what it says is of no use here."""

    device_id: str
    location: dict[str, Any]


class PingsController(Controller):
    path = "/v1/driver"
    tags = ("driver",)

    @post(
        "/pings",
        opt={**limited(PINGS_LIMIT), **unaudited("positions, kept by driver; thousands a second")},
        status_code=200,
        responses=refusals(Forbidden),
    )
    async def take_pings(
        self,
        data: JSONBody[Batch],
        actor: Acting,
        request: Request[Any, Any, Any],
        database: Store,
        resources: Given,
    ) -> Received:
        """Store up to 500 positions. When this is answered they are on disk."""
        live = resources.get(Live)
        device = await _device_of(live, database, actor, request.headers.get("authorization", ""))
        return _received(await _take(live, database, device, data))

    @get(
        "/osmand",
        opt={**PUBLIC, **limited(PINGS_LIMIT)},
        responses=refusals(Unauthenticated, Invalid),
    )
    async def take_osmand(
        self, request: Request[Any, Any, Any], database: Store, resources: Given
    ) -> Received:
        """One position as OsmAnd and Traccar Client send it, in the query."""
        return await _take_form(request, dict(request.query_params), database, resources.get(Live))

    @post(
        "/osmand",
        opt={**PUBLIC, **limited(PINGS_LIMIT)},
        status_code=200,
        responses=refusals(Unauthenticated, Invalid),
    )
    async def take_osmand_form(
        self, request: Request[Any, Any, Any], database: Store, resources: Given
    ) -> Received:
        """The same, posted: in the query, as a form, or as the JSON of Traccar Client since 9."""
        if request.headers.get("content-type", "").startswith("application/json"):
            return await _take_json(request, database, resources.get(Live))
        form = {str(name): str(value) for name, value in (await request.form()).items()}
        given = {**request.query_params, **form}
        return await _take_form(request, given, database, resources.get(Live))

    @post(
        "/owntracks",
        opt={**PUBLIC, **limited(PINGS_LIMIT)},
        status_code=200,
        responses=refusals(Unauthenticated, Invalid),
    )
    async def take_owntracks(
        self,
        data: JSONBody[dict[str, Any]],
        request: Request[Any, Any, Any],
        database: Store,
        resources: Given,
    ) -> list[str]:
        """OwnTracks' JSON. Only locations are kept; everything else is answered and forgotten."""
        live = resources.get(Live)
        device = await _known(live, database, _basic_password(request))
        if data.get("_type") == "location":
            batch = Batch(pings=[from_owntracks(data)])
            await _take(live, database, device, batch)
        return []

    @websocket("/stream", opt={**PUBLIC, **limited(PINGS_LIMIT)})
    async def stream(
        self, socket: WebSocket[Any, Any, Any], database: Store, resources: Given
    ) -> None:
        """Batches as text or binary frames, each answered with what became of it.

        The token comes in the Authorization header or as the first frame `{"token": "tdd_…"}`.
        Close codes: 4401 unknown token, 4400 a frame that is no batch, 4413 a frame too large.
        """
        await socket.accept()
        try:
            await _serve(socket, database, resources.get(Live))
        except WebSocketDisconnect:
            return


async def _serve(socket: WebSocket[Any, Any, Any], database: Database, live: Live) -> None:
    header = socket.headers.get("authorization", "")
    token = header.partition(" ")[2].strip() if header else ""
    if not token:
        first = await _frame(socket, dict[str, Any])
        token = str(first.get("token", "")) if first else ""
    device = await live.devices.find(database, token)
    if device is None:
        await socket.close(code=4401, reason="unknown token")
        return
    await socket.send_text('{"ready":true}')
    while (batch := await _frame(socket, Batch)) is not None:
        try:
            answer = msgspec.json.encode(_received(await _take(live, database, device, batch)))
        except Unavailable as refusal:
            answer = msgspec.json.encode(refusal.problem())
        await socket.send_text(answer.decode())


async def _frame(socket: WebSocket[Any, Any, Any], kind: type[Any]) -> Any:
    """The next frame; None after closing the socket over one that is not what it should be."""
    text = await socket.receive_text()
    if len(text) > FRAME_BYTES_MAX:
        await socket.close(code=4413, reason="frame too large")
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as reason:
        await socket.close(code=4400, reason=str(reason)[:100])
        return None


async def _take(live: Live, database: Database, device: KnownDevice, batch: Batch) -> Reasons:
    upload = Upload(
        device_id=device.device_id,
        driver_id=device.driver_id,
        pings=batch.pings,
        sent_at=batch.sent_at,
    )
    return await live.intake.submit(database, device.org_id, upload)


def _received(reasons: Reasons) -> Received:
    rejected: dict[Reason, int] = {}
    for reason in reasons:
        if reason is not None:
            rejected[reason] = rejected.get(reason, 0) + 1
    return Received(
        accepted=len(reasons) - sum(rejected.values()),
        rejected=rejected,
        reasons=reasons if len(reasons) <= VERDICTS_MAX else None,
    )


async def _device_of(live: Live, database: Database, actor: Actor, header: str) -> KnownDevice:
    """The device behind a bearer token, or the browser of a person linked to a driver."""
    token = header.partition(" ")[2].strip()
    if token.startswith(DEVICE_MARK):
        return await _known(live, database, token)
    async with database.transaction(actor) as tx:
        driver = await service.current_driver(tx)
        device = await browser_of(tx, driver.id, now=database.clock.now())
    return KnownDevice(
        org_id=actor.org_id,
        device_id=device.id,
        driver_id=driver.id,
        driver_name=driver.name,
    )


async def _known(live: Live, database: Database, token: str) -> KnownDevice:
    found = await live.devices.find(database, token)
    if found is None:
        raise Unauthenticated("This device is unknown or was revoked.")
    return found


async def _take_json(request: Request[Any, Any, Any], database: Database, live: Live) -> Received:
    try:
        given = msgspec.json.decode(await request.body(), type=TraccarReport)
    except msgspec.MsgspecError as reason:
        raise Invalid(f"This is no report of Traccar Client: {reason}.") from reason
    device = await _known(live, database, given.device_id)
    ping = from_traccar(given.location, database.clock.now())
    return _received(await _take(live, database, device, Batch(pings=[ping])))


async def _take_form(
    request: Request[Any, Any, Any], given: dict[str, Any], database: Database, live: Live
) -> Received:
    token = str(given.get("id") or given.get("deviceid") or "")
    device = await _known(live, database, token)
    ping = from_osmand(given, database.clock.now())
    return _received(await _take(live, database, device, Batch(pings=[ping])))


def _basic_password(request: Request[Any, Any, Any]) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
