"""Unsubscribing over HTTP, as mail programs do it (RFC 8058)."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.notifications.domain.opting_out import LinkUnknown
from tandem.flows import opt_out
from tandem.kernel.http import PUBLIC, Now, Store, refusals
from tandem.kernel.http.access import client_address

BODY_BYTES_MAX = 8 * 1024


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True):
    """`purpose` is what ended, by every way it was sent."""

    purpose: str


class UnsubscribeController(Controller):
    path = "/v1/public/unsubscribe"
    tags = ("public",)
    opt = PUBLIC

    @post(
        "/{token:str}",
        status_code=200,
        opt={**PUBLIC, "cross_site": True},
        request_max_body_size=BODY_BYTES_MAX,
        responses=refusals(LinkUnknown),
    )
    async def unsubscribe(
        self, request: Request[Any, Any, Any], token: FromPath[str], database: Store, now: Now
    ) -> Unsubscribed:
        """End what the message was sent for. One request, no questions; again changes nothing."""
        await opt_out.say_no(database, token, now=now, address=client_address(request.scope))
        return Unsubscribed(purpose=opt_out.purpose_of(token))

    @get("/{token:str}", responses=refusals(LinkUnknown))
    async def show(self, token: FromPath[str]) -> Response[None]:
        """A person who opens the address in a browser is led to the page; nothing changes."""
        opt_out.purpose_of(token)
        return Response(None, status_code=303, headers={"location": f"/u/{token}"})
