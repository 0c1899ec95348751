"""Inlets over HTTP: the address that advertisers and mailboxes send to, and what came by it."""

import functools
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.contracts.contacts import EmailWrong, PhoneWrong
from tandem.crm.sales.domain.inlets import (
    BODY_MAX,
    Arrival,
    ArrivalSettled,
    Facts,
    Inlet,
    InletDraft,
    InletTaken,
    State,
    Unreadable,
)
from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.service import inlets
from tandem.flows import lead_inlets as flow
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion, TooLarge
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    PUBLIC,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    limited,
    refusals,
)
from tandem.kernel.limits import Limit
from tandem.kernel.pages import Page

SENDING_LIMIT = Limit(name="lead_inlet", count=600, seconds=60)
"""An advertiser's leads all come from a few addresses."""
AnyRequest = Request[Any, Any, Any]


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The same for whoever it is, and whether or not it could be taken in."""

    id: UUID


class Mended(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lead's fields as they should have been; without any, as they were read."""

    facts: Facts | None = None


class PublicInletController(Controller):
    path = "/v1/public/lead-inlets"
    tags = ("public",)

    @post(
        "/{token:str}",
        opt={**PUBLIC, "cross_site": True, **limited(SENDING_LIMIT)},
        status_code=202,
        request_max_body_size=BODY_MAX,
        responses=refusals(NotFound, Unreadable, TooLarge),
    )
    async def receive(
        self, token: FromPath[Annotated[str, msgspec.Meta(max_length=80)]], request: AnyRequest,
        database: Store, now: Now,
    ) -> Received:  # fmt: skip
        """One lead of an advertiser as JSON, or one mail as it came (message/rfc822), as the inlet
        is. Whatever its media type says: advertisers differ."""
        body = await request.body()
        return Received(id=await flow.receive(database, token, body, now=now))


class InletController(Controller):
    path = "/v1/lead-inlets"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_inlets(self, tx: Transaction, now: Now) -> list[Inlet]:
        """By name; `token` only for who may configure."""
        return await inlets.list_inlets(tx, now=now)

    @post("/", responses=refusals(Forbidden, Invalid, InletTaken))
    async def add_inlet(
        self, data: JSONBody[InletDraft], tx: Transaction, now: Now
    ) -> Response[Inlet]:
        """Whatever is sent to `/v1/public/lead-inlets/{token}` becomes a lead."""
        made = await flow.add_inlet(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{inlet_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_inlet(
        self, inlet_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Inlet]:
        found = await inlets.get_inlet(tx, inlet_id, now=now)
        return Response(found, headers=etag(found.version))

    @put(
        "/{inlet_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, InletTaken, StaleVersion),
    )
    async def change_inlet(
        self,
        inlet_id: FromPath[UUID],
        data: JSONBody[InletDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Inlet]:
        """The inlet as it shall be; its kind and its address stay."""
        seen = functools.partial(check_if_match, if_match)
        changed = await flow.change_inlet(tx, inlet_id, data, is_current=seen, now=now)
        return Response(changed, headers=etag(changed.version))

    @get("/{inlet_id:uuid}/arrivals", responses=refusals(Forbidden, Invalid))
    async def list_arrivals(
        self,
        inlet_id: FromPath[UUID],
        tx: Transaction,
        status: FromQuery[State | None] = None,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Arrival]:
        """What came, the newest first. What failed is kept as it came for 90 days."""
        return await inlets.list_arrivals(tx, inlet_id, state=status, limit=limit, cursor=cursor)

    @post(
        "/{inlet_id:uuid}/arrivals/{arrival_id:uuid}/lead",
        responses=refusals(Forbidden, NotFound, Invalid, EmailWrong, PhoneWrong, ArrivalSettled),
    )
    async def take_again(
        self,
        inlet_id: FromPath[UUID],
        arrival_id: FromPath[UUID],
        data: JSONBody[Mended],
        tx: Transaction,
        now: Now,
    ) -> Lead:
        """Take in what failed, mended if need be."""
        found = await flow.take_again(tx, inlet_id, arrival_id, data.facts, now=now)
        return found.lead

    @post(
        "/{inlet_id:uuid}/arrivals/{arrival_id:uuid}/dismissal",
        status_code=204,
        responses=refusals(Forbidden, NotFound, ArrivalSettled),
    )
    async def dismiss(
        self, inlet_id: FromPath[UUID], arrival_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Nobody needs it: what was sent is forgotten."""
        await inlets.dismiss(tx, inlet_id, arrival_id, now=now)
