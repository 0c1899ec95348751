"""Follow a parcel: by its link, or by its number and the recipient's phone."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.flows import complaints_public
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Gone, NotFound, Refusal
from tandem.kernel.http import PUBLIC, Now, Store, limited
from tandem.kernel.limits import Limit
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.service.tracking import TokenUnknown
from tandem.scm.support.domain.public import PublicHead
from tandem.web.company import Company, find_company
from tandem.web.public.complaints import STATE_WORDS
from tandem.web.public.journey import TITLES, journey_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
LOOK_UP_LIMIT = Limit(name="track_look_up", count=10, seconds=60)
RESEND_LIMIT = Limit(name="door_code_resend", count=6, seconds=60)


class TrackingPages(Controller):
    path = "/track"
    include_in_schema = False

    @get("/", opt=PUBLIC)
    async def show_look_up(self, request: AnyRequest, number: FromQuery[str] = "") -> Response[Any]:
        return _look_up_page(request, number=number[:60])

    @post("/", opt={**PUBLIC, **limited(LOOK_UP_LIMIT)}, status_code=200)
    async def look_up(self, request: AnyRequest, database: Store) -> Response[Any]:
        form = await request.form()
        number = str(form.get("number", ""))[:60].replace("\x00", "")
        phone = str(form.get("phone", ""))[:30].replace("\x00", "")
        try:
            token = await delivery.look_up(database, number=number, phone=phone)
        except TokenUnknown as refusal:
            return _look_up_page(request, number=number, phone=phone, refusal=refusal)
        return redirect(request, f"/track/{token}")

    @get("/{token:str}", opt=PUBLIC)
    async def show(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        return await _tracking_page(request, database, token, now)

    @post("/{token:str}/door-code", opt={**PUBLIC, **limited(RESEND_LIMIT)}, status_code=200)
    async def resend_code(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        """Works as a plain form: the answer is the page with a note."""
        try:
            await delivery.resend_door_code(database, token)
        except TokenUnknown:
            raise
        except Refusal as refusal:
            return await _tracking_page(request, database, token, now, refusal=refusal)
        return await _tracking_page(request, database, token, now, note="The code is on its way.")


async def _tracking_page(
    request: AnyRequest,
    database: Database,
    token: str,
    now: Any,
    *,
    refusal: Refusal | None = None,
    note: str = "",
) -> Response[Any]:
    try:
        watched = await delivery.watch(database, token)
    except TokenUnknown as unknown:
        return _look_up_page(request, refusal=unknown)
    except Gone:
        return page(request, "public/gone.html", status=410, company=None)
    tracking = watched.tracking
    return page(
        request,
        "public/track.html",
        has_map=True,
        token=token,
        now=now,
        tracking=tracking,
        journey=journey_of(tracking),
        scene=msgspec.json.encode(tracking).decode().replace("<", "\\u003c"),
        company=await _company(database, watched.org_id),
        complaints=await _complaints(database, token, now),
        complaint_words=STATE_WORDS,
        parcel_words=TITLES,
        refusal=refusal,
        note=note,
    )


async def _company(database: Database, org_id: UUID) -> Company:
    async with database.transaction(Actor.public(org_id)) as tx:
        return await find_company(tx)


async def _complaints(database: Database, token: str, now: datetime) -> list[PublicHead] | None:
    """What was complained about with this order; None where its link no longer takes complaints."""
    try:
        found = await complaints_public.find_tracking_token(database, token, now)
    except (Gone, NotFound):
        return None
    async with database.transaction(complaints_public.buyer(found.org_id)) as tx:
        return await complaints_public.list_public(tx, found)


def _look_up_page(
    request: AnyRequest, *, number: str = "", phone: str = "", refusal: Refusal | None = None
) -> Response[Any]:
    return page(
        request,
        "public/track_look_up.html",
        status=refusal.status if refusal else 200,
        number=number,
        phone=phone,
        refusal=refusal,
        company=None,
    )
