"""Static files: hashed names, compressed once at build time, cached for a year."""

import functools
import hashlib
import mimetypes
from importlib.resources import files
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from tandem.kernel.errors import NotFound
from tandem.kernel.http import PUBLIC

ROOT = files("tandem.web").joinpath("static")
YEAR = "public, max-age=31536000, immutable"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


@functools.cache
def _vendor() -> dict[str, str]:
    manifest = ROOT.joinpath("vendor", "manifest.json")
    assert manifest.is_file(), "the browser's files are not built: run bin/setup"
    return msgspec.json.decode(manifest.read_bytes(), type=dict[str, str])


def asset_url(name: str) -> str:
    """The address of a built file (`htmx.js`) or of one of ours (`js/palette.js`)."""
    if "/" not in name:
        return f"/static/vendor/{_vendor()[name]}"
    return f"/static/{name}?v={_hash(name)}"


@functools.cache
def _hash(name: str) -> str:
    return hashlib.sha256(ROOT.joinpath(*name.split("/")).read_bytes()).hexdigest()[:10]


@functools.cache
def _read(path: str) -> bytes | None:
    parts = path.strip("/").split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return None
    found = ROOT.joinpath(*parts)
    return found.read_bytes() if found.is_file() else None


@get(
    "/static/{path:path}",
    opt={**PUBLIC, "static": True},
    include_in_schema=False,
    sync_to_thread=False,
)
def static_file(path: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file of the product, in the best encoding the browser takes and the build made."""
    name = str(path).lstrip("/")
    body = _read(name)
    if body is None:
        raise NotFound("There is no such file.")
    headers = {
        "cache-control": YEAR,
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    accepted = request.headers.get("accept-encoding", "")
    for encoding, suffix in ENCODINGS:
        if encoding in accepted and (packed := _read(name + suffix)) is not None:
            body, headers["content-encoding"] = packed, encoding
            break
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Response(body, media_type=media_type, headers=headers)
