"""The page, its service worker and its manifest. None of them knows who drives: the phone does.

The phone is signed in by a bearer token that it keeps in its own database (IndexedDB). There is no
cookie, so that no other site can write in the driver's name, the queue can be sent whenever the
signal is back, and a person who is also signed in to the console stays two people to the server.
"""

from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get

from tandem.kernel.http import PUBLIC
from tandem.scm.delivery.domain.statuses import ABOARD, FAILURES, MOVES, Status
from tandem.scm.delivery.service.reporting import DRIVERS_SAY
from tandem.web.files import ROOT, asset_url
from tandem.web.rendering import page, words

AnyRequest = Request[Any, Any, Any]
PATH = "/driver"
WORKER = Path(__file__).parent / "worker.js"
VENDOR_FILES = ("tabler.css", "icons.svg", "inter.woff2", "inter-rupee.woff2")
OWN_FILES = ("css/app.css", "css/driver.css", "img/favicon.svg")
FRESH = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}


class DriverPage(Controller):
    path = PATH
    include_in_schema = False

    @get(opt=PUBLIC)
    async def show(self, request: AnyRequest) -> Response[Any]:
        return page(request, "driver/page.html", machine=machine())

    @get("/worker.js", opt=PUBLIC, media_type="text/javascript")
    async def worker(self) -> Response[str]:
        """Knows by name every file the page needs: a new version of any is a new worker."""
        files = msgspec.json.encode([PATH, *shell()]).decode()
        text = f"const FILES = {files};\n{WORKER.read_text()}"
        # A worker lives by the policy it came with: this one fetches the page's own files.
        policy = "default-src 'none'; connect-src 'self'"
        headers = {**FRESH, "service-worker-allowed": PATH, "content-security-policy": policy}
        return Response(text, media_type="text/javascript", headers=headers)

    @get("/manifest.webmanifest", opt=PUBLIC)
    async def manifest(self) -> Response[dict[str, Any]]:
        icon = {"src": asset_url("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
        described = {
            "name": "Tandem Driver",
            "short_name": "Driver",
            "start_url": PATH,
            "scope": PATH,
            "display": "standalone",
            "orientation": "portrait",
            "background_color": "#151514",
            "theme_color": "#151514",
            "icons": [icon, {**icon, "purpose": "maskable"}],
        }
        return Response(described, media_type="application/manifest+json", headers=FRESH)


def machine() -> str:
    """The machine of a delivery for a phone without a network: what a driver may say, from where.
    JSON for a data block, without a character that could end it."""
    described = {
        "moves": {
            status: [each for each in Status if each in moves & DRIVERS_SAY]
            for status, moves in MOVES.items()
        },
        "order": list(Status),
        "aboard": sorted(ABOARD),
        "words": {status: words(status) for status in Status},
        "failures": dict(FAILURES),
    }
    return msgspec.json.encode(described).decode().replace("<", "\\u003c")


def shell() -> list[str]:
    """The addresses of everything the page loads."""
    scripts = sorted(ROOT.joinpath("js", "driver").glob("*.js"))
    names = [script.relative_to(ROOT).as_posix() for script in scripts]
    return [asset_url(name) for name in (*VENDOR_FILES, *OWN_FILES, *names)]
