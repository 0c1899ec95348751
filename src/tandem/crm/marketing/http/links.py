"""The links of messages, as whoever received one follows them."""

import base64
from typing import Any

from litestar import Controller, Request, Response, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from tandem.crm.marketing import service
from tandem.crm.marketing.domain.engagement import Hit, Link
from tandem.crm.marketing.domain.links import CODE, PURPOSE, LinkWrong, in_ascii, read_token
from tandem.kernel import secrets
from tandem.kernel.actor import Actor
from tandem.kernel.http import PUBLIC, Now, Store, limited, refusals
from tandem.kernel.http.access import client_address
from tandem.kernel.limits import Limit

FOLLOWED = Limit(name="links_followed", count=600, seconds=60)
"""Of one address: a whole office behind it may read its mail at nine."""
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
NO_STORE = {"cache-control": "no-store, private", "referrer-policy": "no-referrer"}
OPEN = {**PUBLIC, **limited(FOLLOWED)}
EITHER = [HttpMethod.GET, HttpMethod.HEAD]

AnyRequest = Request[Any, Any, Any]


class LinksController(Controller):
    include_in_schema = False
    path = "/l"
    tags = ("marketing",)

    @route(
        "/{token:str}", http_method=EITHER, status_code=302, responses=refusals(LinkWrong), opt=OPEN
    )
    async def follow(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[None]:
        """To the address that was in the message, and nowhere else."""
        link = await _hit(request, database, token, now)
        if link.kind != "link":
            return Response(None, status_code=204, headers=NO_STORE)
        return Response(None, status_code=302, headers={**NO_STORE, "location": in_ascii(link.url)})


class PicturesController(Controller):
    include_in_schema = False
    path = "/o"
    tags = ("marketing",)

    @route(
        "/{token:str}", http_method=EITHER, status_code=200, responses=refusals(LinkWrong), opt=OPEN
    )
    async def look(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[bytes]:
        """One transparent dot, `{token}.gif`."""
        await _hit(request, database, token.removesuffix(".gif"), now)
        return Response(GIF, media_type="image/gif", headers=NO_STORE)


async def _hit(request: AnyRequest, database: Any, token: str, now: Any) -> Link:
    if CODE.fullmatch(token):
        reference = await service.find_short_link(database, token)
    else:
        reference = read_token(
            token[:200], lambda head, made: secrets.is_signed(head, made, purpose=PURPOSE)
        )
    hit = Hit(
        method=request.method,
        user_agent=request.headers.get("user-agent", "").replace("\x00", "")[:300],
        address=client_address(request.scope),
        at=now,
    )
    async with database.transaction(Actor.public(reference.org_id)) as tx:
        return await service.record_hit(tx, reference, hit)
