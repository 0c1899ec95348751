"""Static files: hashed names, compressed, cached for a year.

What the vendor build made lies there compressed already; our own files are compressed here, once.
"""

import functools
import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from tandem.kernel.errors import NotFound
from tandem.kernel.http import PUBLIC

ROOT = Path(__file__).parent / "static"
YEAR = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"
"""For an address without the right hash: what is behind it may change."""
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
COMPRESSIBLE = frozenset({".css", ".js", ".svg", ".json", ".webmanifest", ".txt"})
WORTH_COMPRESSING = 256
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")


@functools.cache
def _vendor(_: int) -> dict[str, str]:
    manifest = ROOT / "vendor" / "manifest.json"
    return msgspec.json.decode(manifest.read_bytes(), type=dict[str, str])


def vendor() -> dict[str, str]:
    """Built name by plain name; read again when a build replaced it."""
    manifest = ROOT / "vendor" / "manifest.json"
    assert manifest.is_file(), "the browser's files are not built: run bin/setup"
    return _vendor(manifest.stat().st_mtime_ns)


def asset_url(name: str) -> str:
    """The address of a built file (`htmx.js`) or of one of ours (`js/palette.js`)."""
    if "/" not in name:
        return f"/static/vendor/{vendor()[name]}"
    return f"/static/{name}?v={_hash(name)}"


def import_map() -> str:
    """JSON for `<script type="importmap">`: a module's relative import finds the hashed address."""
    scripts = sorted(ROOT.joinpath("js").glob("**/*.js"))
    names = [script.relative_to(ROOT).as_posix() for script in scripts]
    known = {f"/static/{name}": asset_url(name) for name in names}
    bundles = {"charts": asset_url("charts.js"), "ol": asset_url("ol.js")}
    return msgspec.json.encode({"imports": {**known, **bundles}}).decode()


def _hash(name: str) -> str:
    held = _read(name)
    assert held is not None, f"there is no static file {name}"
    return held.hash


class _File(msgspec.Struct, frozen=True):
    content: bytes
    hash: str
    packed: bytes | None


@functools.cache
def _load(path: Path, _: int) -> _File:
    content = path.read_bytes()
    is_worth_it = path.suffix in COMPRESSIBLE and len(content) > WORTH_COMPRESSING
    packed = gzip.compress(content, 9, mtime=0) if is_worth_it else None
    return _File(content, hashlib.sha256(content).hexdigest()[:10], packed)


def _read(name: str) -> _File | None:
    """A file under the root as it is now; a changed one is loaded again."""
    parts = name.strip("/").split("/")
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        return None
    found = ROOT.joinpath(*parts)
    return _load(found, found.stat().st_mtime_ns) if found.is_file() else None


@get(
    "/static/{path:path}",
    opt={**PUBLIC, "static": True},
    include_in_schema=False,
    sync_to_thread=False,
)
def static_file(path: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file of the product, in the best encoding that the browser takes and that we have."""
    name = str(path).lstrip("/")
    held = _read(name)
    if held is None:
        raise NotFound("There is no such file.")
    is_fixed = name.startswith("vendor/") or request.query_params.get("v") == held.hash
    headers = {
        "cache-control": YEAR if is_fixed else ALWAYS_ASK,
        "etag": f'"{held.hash}"',
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers=headers)
    body, encoding = _best(name, held, request.headers.get("accept-encoding", ""))
    if encoding:
        headers["content-encoding"] = encoding
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(body, media_type=media_type, headers=headers)


def _best(name: str, held: _File, accepted: str) -> tuple[bytes, str]:
    for encoding, suffix in ENCODINGS:
        if encoding in accepted and (built := _read(name + suffix)) is not None:
            return built.content, encoding
    if held.packed is not None and "gzip" in accepted:
        return held.packed, "gzip"
    return held.content, ""
