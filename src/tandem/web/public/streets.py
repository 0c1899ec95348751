"""The streets that maps draw where no other map is configured, as one cached file."""

import gzip
import hashlib
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get

from tandem.kernel.errors import NotFound
from tandem.kernel.http import PUBLIC, Given
from tandem.web.maps import StreetMap

AnyRequest = Request[Any, Any, Any]
ADDRESS = "/map/city.json"
CACHED = "public, max-age=86400"


class StreetsController(Controller):
    include_in_schema = False

    @get(ADDRESS, opt={**PUBLIC, "static": True}, sync_to_thread=True)
    def city(self, request: AnyRequest, resources: Given) -> Response[bytes]:
        packed, mark = _packed(resources.get(StreetMap))
        headers = {"cache-control": CACHED, "etag": mark, "content-encoding": "gzip"}
        if request.headers.get("if-none-match") == mark:
            return Response(b"", status_code=304, headers=headers)
        return Response(packed, media_type="application/json", headers=headers)


_made: dict[int, tuple[bytes, str]] = {}


def _packed(streets: StreetMap) -> tuple[bytes, str]:
    """Compressed once a process; every browser takes gzip."""
    held = _made.get(id(streets))
    if held is None:
        found = streets.to_map()
        if found is None:
            raise NotFound("No demo streets here: connect a map provider.")
        body = gzip.compress(msgspec.json.encode(found), 9, mtime=0)
        held = _made[id(streets)] = body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return held
