"""Forms for strangers over HTTP: what a form asks, a puzzle, and sending it.

`POST …/submissions` answers the same, after the same work, whoever somebody says they are.
"""

import ipaddress
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath, JSONBody

from tandem.contracts.contacts import EmailWrong, PhoneWrong
from tandem.crm.sales.domain.forms import Form, FormConsent, FormField
from tandem.crm.sales.domain.proofs import ProofWrong, Puzzle
from tandem.crm.sales.domain.submissions import MailboxDisposable, NewSubmission, Receipt
from tandem.crm.sales.service import forms, submissions
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Invalid, NotFound, Refusal, TooManyRequests
from tandem.kernel.http import PUBLIC, Now, Store, limited, refusals
from tandem.kernel.http.access import client_address
from tandem.kernel.limits import Limit, Limiter

AnyRequest = Request[Any, Any, Any]
ADDRESS_LIMIT = Limit(name="form", count=30, seconds=60)
NETWORK_LIMIT = Limit(name="form_network", count=40, seconds=300)
FORM_LIMIT = Limit(name="form_total", count=600, seconds=60)
BYTES_MAX = 64 * 1024


class OriginForeign(Forbidden):
    """This form may not stand on the page that sent it."""

    code = "origin_not_allowed"


class PublicForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of somebody's own needs to draw the form."""

    slug: str
    title: str
    intro: str
    button: str
    fields: list[FormField]
    consents: list[FormConsent]
    needs_confirmation: bool


class PublicFormsController(Controller):
    path = "/v1/public/forms/{slug:str}"
    tags = ("public",)

    @get("/", opt=PUBLIC, responses=refusals(NotFound))
    async def get_form(
        self, request: AnyRequest, slug: FromPath[str], database: Store
    ) -> Response[PublicForm]:
        form, _ = await _open(database, slug)
        shown = PublicForm(**{name: getattr(form, name) for name in PublicForm.__struct_fields__})
        return Response(shown, headers=_cors(request, form))

    @get("/challenge", opt=PUBLIC, responses=refusals(NotFound))
    async def get_challenge(
        self, request: AnyRequest, slug: FromPath[str], database: Store, now: Now
    ) -> Response[Puzzle]:
        """For each place from 0 to `count` - 1, find a whole number so that the SHA-256 of
        `challenge.place.number` begins with `bits` zero bits. Good for one submission."""
        form, org = await _open(database, slug)
        async with database.transaction(org) as tx:
            puzzle = await forms.puzzle(tx, form, now=now)
        return Response(puzzle, headers=_cors(request, form))

    @post(
        "/submissions",
        opt={**PUBLIC, "cross_site": True, **limited(ADDRESS_LIMIT)},
        status_code=202,
        request_max_body_size=BYTES_MAX,
        responses=refusals(
            NotFound, OriginForeign, Invalid, EmailWrong, PhoneWrong, MailboxDisposable, ProofWrong
        ),
    )
    async def submit(
        self,
        request: AnyRequest,
        slug: FromPath[str],
        data: JSONBody[NewSubmission],
        database: Store,
        now: Now,
    ) -> Response[Receipt]:
        """Send the form. Repeating the very same submission is one."""
        form, org = await _open(database, slug)
        headers = _cors(request, form)
        try:
            _check_origin(request, form)
            network = network_of(client_address(request.scope))
            _check_rate(request.app.state.limiter, form, network)
            async with database.transaction(org) as tx:
                receipt = await submissions.receive(
                    tx,
                    form,
                    data,
                    network=network,
                    user_agent=request.headers.get("user-agent", ""),
                    now=now,
                )
        except Refusal as refusal:
            refusal.headers = {**refusal.headers, **headers}
            raise
        return Response(receipt, status_code=202, headers=headers)

    @route(
        ["/", "/challenge", "/submissions"],
        http_method=[HttpMethod.OPTIONS],
        opt=PUBLIC,
        status_code=204,
        include_in_schema=False,
    )
    async def preflight(
        self, request: AnyRequest, slug: FromPath[str], database: Store
    ) -> Response[None]:
        """A browser asks before it sends JSON from another site."""
        form, _ = await _open(database, slug)
        return Response(None, status_code=204, headers=_cors(request, form))


async def _open(database: Database, slug: str) -> tuple[Form, Actor]:
    found = await forms.find_address(database, slug)
    org = Actor.public(found.org_id)
    async with database.transaction(org) as tx:
        return await forms.open_form(tx, found.id), org


def _is_own(request: AnyRequest, origin: str) -> bool:
    return origin.partition("://")[2] == request.headers.get("host", "")


def _check_origin(request: AnyRequest, form: Form) -> None:
    """A browser always says where a form is sent from; whoever says nothing is no page."""
    origin = request.headers.get("origin", "")
    if origin and origin not in form.allowed_origins and not _is_own(request, origin):
        raise OriginForeign("This form may not be sent from this page.", permission="origin")


def _cors(request: AnyRequest, form: Form) -> dict[str, str]:
    headers = {"cache-control": "no-store", "vary": "origin"}
    origin = request.headers.get("origin", "")
    if origin in form.allowed_origins:
        headers |= {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": "content-type",
            "access-control-max-age": "600",
            "cross-origin-resource-policy": "cross-origin",
        }
    return headers


def _check_rate(limiter: Limiter, form: Form, network: str) -> None:
    """Beside the limit per address: one per neighbourhood and form, one per form."""
    for limit, who in ((NETWORK_LIMIT, f"{form.id}:{network}"), (FORM_LIMIT, str(form.id))):
        verdict = limiter.take(limit, who)
        if not verdict.is_allowed:
            refusal = TooManyRequests(
                f"Too many at once. Try again in {verdict.reset_seconds} s.",
                retry_after_seconds=verdict.reset_seconds,
            )
            refusal.headers = verdict.headers()
            raise refusal


def network_of(address: str) -> str:
    """The neighbourhood of an address: /24 for IPv4, /48 for IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    bits = 24 if found.version == 4 else 48
    return str(ipaddress.ip_network(f"{found}/{bits}", strict=False))
