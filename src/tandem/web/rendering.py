"""Templates, their filters, and the response that carries a page with its security headers."""

import functools
import gzip
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from babel.dates import format_date, format_datetime
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from tandem.contracts.contacts import spoken_phone
from tandem.kernel import fields, wording
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.http.fields import loose_names
from tandem.kernel.money import in_figures
from tandem.scm.invoicing.domain.states import state_name
from tandem.web.company import Company
from tandem.web.console.places import SETTINGS
from tandem.web.files import asset_url, import_map
from tandem.web.shown import FREE, Inputs, inputs_of

AnyRequest = Request[Any, Any, Any]
LOCALE = "en_IN"
ZONE = "Asia/Kolkata"
"""Of pages that are no company's."""
TOAST_COOKIE = "tandem_toast"
IN_ADDRESSES = "!#$%&'()*+,/:;=?@[]~"
"""What stands for itself in an address (RFC 3986), and what is escaped already."""
WORTH_COMPRESSING = 900

_zone: ContextVar[str] = ContextVar("zone", default=ZONE)
"""Of the page that is being written: macros are imported without its context."""
_inputs: ContextVar[Inputs] = ContextVar("inputs", default=FREE)
"""What its forms keep back from whoever reads the page."""

money = in_figures
words = wording.words


def compact_money(minor: int, currency: str = "INR") -> str:
    """₹1.23 Cr, ₹4.5 L on cards; the exact figure belongs into the tooltip."""
    rupees = abs(minor) / 100
    sign = "−" if minor < 0 else ""
    for size, name in ((1e7, "Cr"), (1e5, "L")):
        if currency == "INR" and rupees >= size:
            return f"{sign}₹{rupees / size:.2f} {name}"
    return money(minor, currency)


def moment(at: datetime | None, zone: str = "") -> Markup:
    """A `<time>`: short in the company's zone, the exact instant in its tooltip."""
    if at is None:
        return Markup("–")
    local = at.astimezone(ZoneInfo(zone or _zone.get()))
    same_year = local.year == clock.now().year
    short = format_datetime(local, "d MMM, HH:mm" if same_year else "d MMM y, HH:mm", locale=LOCALE)
    exact = format_datetime(local, "EEEE d MMMM y, HH:mm:ss zzz", locale=LOCALE)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, short)


def hour(at: datetime | None, zone: str = "") -> Markup:
    """The clock's time alone while it is today; else as `moment`."""
    if at is None:
        return Markup("–")
    local = at.astimezone(ZoneInfo(zone or _zone.get()))
    if local.date() != clock.now().astimezone(local.tzinfo).date():
        return moment(at, zone)
    exact = format_datetime(local, "EEEE d MMMM y, HH:mm:ss zzz", locale=LOCALE)
    return Markup('<time datetime="{}" title="{}">{:%H:%M}</time>').format(
        at.isoformat(), exact, local
    )


def day(on: date | None) -> Markup:
    if on is None:
        return Markup("–")
    short = format_date(on, "EEE d MMM", locale=LOCALE)
    exact = format_date(on, "EEEE d MMMM y", locale=LOCALE)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(on.isoformat(), exact, short)


def place(code: str | None) -> str:
    """A place of supply as papers have it: Karnataka (29)."""
    return f"{state_name(code)} ({code})" if code else "–"


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; decorative unless it has a label."""
    described = Markup('role="img" aria-label="{}"').format(label) if label else "aria-hidden=true"
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(
        described, asset_url("icons.svg"), name
    )


@functools.cache
def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("tandem.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = {
        "money": money,
        "compact_money": compact_money,
        "moment": moment,
        "hour": hour,
        "day": day,
        "phone": lambda text: spoken_phone(text) if text else text,
        "place": place,
        "words": words,
    }
    strict = {name: made.filters[name] for name in ("abs", "float", "format", "int", "round")}
    made.filters |= {name: _passing(change) for name, change in (strict | own).items()}
    made.globals |= {
        "asset": asset_url,
        "icon": icon,
        "import_map": import_map,
        "settings_pages": SETTINGS,
        "kept_input": lambda name: _inputs.get().state(name),
    }
    return made


def _passing(change: Callable[..., Any]) -> Callable[..., Any]:
    """What is kept back goes through a filter as it is."""

    @functools.wraps(change)
    def changed(*given: Any, **named: Any) -> Any:
        if any(one is fields.KEPT for one in given):
            return fields.KEPT
        return change(*given, **named)

    return changed


def render(template: str, *, zone: str = ZONE, inputs: Inputs = FREE, **context: Any) -> str:
    """Clock times stand in this zone; forms have no input for what `inputs` keep back."""
    before = _zone.set(zone)
    inputs_before = _inputs.set(inputs)
    try:
        return environment().get_template(template).render(zone=zone, **context)
    finally:
        _zone.reset(before)
        _inputs.reset(inputs_before)


def _opt_of(request: AnyRequest) -> Mapping[str, Any]:
    """What its route says of itself; nothing where no route takes the method (405)."""
    handler = request.scope.get("route_handler")
    return {} if handler is None else handler.opt


def page(request: AnyRequest, template: str, *, status: int = 200, **context: Any) -> Response[Any]:
    """A whole page, or a part of one for htmx, with its nonce and content security policy.

    Templates find `actor`, `path`, `query`, `nonce`, `is_part` (asked for by htmx), `settings`,
    `zone` and `has_page` beside `context`, and `toast`, the note that a form left for this page.
    """
    nonce = secrets.token_urlsafe(12)
    toast = _left_toast(request)
    actor: Actor | None = request.scope["state"].get("actor")
    settings = request.app.state.settings
    opt = _opt_of(request)
    if actor is not None and actor.hidden:
        loose = loose_names(opt, actor.hidden)
        context = fields.shown(actor.hidden, context, loose)
    company = context.get("company")
    zone = company.zone if isinstance(company, Company) else zone_of(request)
    body = render(
        template,
        zone=zone,
        inputs=inputs_of(opt, actor),
        actor=actor,
        path=request.url.path,
        query=request.url.query,
        nonce=nonce,
        is_part=is_part(request),
        settings=settings,
        toast=toast,
        has_page=functools.partial(has_page, request),
        **context,
    )
    has_map = bool(context.get("has_map"))
    headers = {**SECURITY_HEADERS, "content-security-policy": policy(nonce, settings, has_map)}
    answer = packed(request, body, status=status, headers=headers)
    if toast:
        answer.delete_cookie(TOAST_COOKIE)
    return answer


def zone_of(request: AnyRequest) -> str:
    """The IANA name of the clock that whoever asks goes by: their company's."""
    return str(request.scope["state"].get("zone", ZONE))


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """The form that takes back what was just done."""

    action: str
    values: dict[str, str]


class Toast(msgspec.Struct, frozen=True, kw_only=True):
    """A short note about what was just done, where it is, and how it is taken back."""

    text: str
    href: str = ""
    undo: Undo | None = None


def _left_toast(request: AnyRequest) -> Toast | None:
    """What the form before this page left to say. Parts that scripts ask for leave it alone."""
    left = request.cookies.get(TOAST_COOKIE)
    if not left or request.headers.get("hx-request"):
        return None
    try:
        return msgspec.json.decode(unquote(left), type=Toast)
    except msgspec.MsgspecError:
        return None


def packed(
    request: AnyRequest, body: str, *, status: int = 200, headers: dict[str, str]
) -> Response[Any]:
    """HTML, compressed where the browser takes it and it is worth it. Never for streams."""
    content = body.encode()
    if len(content) > WORTH_COMPRESSING and "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, 5, mtime=0)
        headers = {**headers, "content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(content, status_code=status, media_type=MediaType.HTML, headers=headers)


def has_page(request: AnyRequest, path: str) -> bool:
    """Is there a page at this address? Navigation shows only what exists."""
    known: frozenset[str] = frozenset(route.path for route in request.app.routes)
    return path in known


def is_part(request: AnyRequest) -> bool:
    """htmx asks for a part of the page (and not for the whole one, boosted or from history)."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-request-type", "partial") == "partial"
    )


def redirect(
    request: AnyRequest, to: str, *, toast: str = "", link: str = "", undo: Undo | None = None
) -> Response[None]:
    """After a form: 303 for a browser, `HX-Redirect` for htmx, so the address bar follows.

    `toast` is a short note for the next page, which links to `link` and offers `undo`. Whatever
    stands in `to` stays one line of the answer's head.
    """
    to = quote(to, safe=IN_ADDRESSES)
    answer: Response[None]
    if request.headers.get("hx-request") == "true":
        answer = Response(None, status_code=200, headers={"HX-Redirect": to})
    else:
        answer = Response(None, status_code=303, headers={"location": to})
    if toast:
        note = quote(msgspec.json.encode(Toast(text=toast, href=link, undo=undo)).decode())
        answer.cookies.append(Cookie(key=TOAST_COOKIE, value=note, max_age=60, samesite="lax"))
    return answer


SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "permissions-policy": "geolocation=(self), camera=(self), microphone=()",
    "cache-control": "no-store",
}


def policy(nonce: str, settings: Any, has_map: bool = False) -> str:
    """Content-Security-Policy: our own files; the payment provider only where it is configured,
    Google only on pages with a map and only with a browser key."""
    if has_map and settings.google_maps_browser_key:
        return google_policy(nonce, settings)
    checkout = _origin(settings.razorpay_checkout_url)
    tiles = _origin(settings.tiles_url)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}' {checkout}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob: {tiles}",
            f"connect-src 'self' {checkout}",
            f"frame-src 'self' {checkout} https://api.razorpay.com",
            f"form-action 'self' {checkout}",
            "frame-ancestors 'self'",
            "base-uri 'none'",
            "object-src 'none'",
        ]
    )


def google_policy(nonce: str, settings: Any) -> str:
    """As Google asks for its JavaScript API:
    https://developers.google.com/maps/documentation/javascript/content-security-policy"""
    google = "https://*.googleapis.com https://*.gstatic.com https://*.google.com"
    source = _origin(settings.google_maps_url)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}' 'strict-dynamic' 'unsafe-eval' blob: {google}",
            "style-src 'self' 'unsafe-inline' https://fonts.googleapis.com",
            f"img-src 'self' data: blob: {google} https://*.googleusercontent.com {source}",
            f"connect-src 'self' data: blob: {google} {source}",
            "font-src 'self' https://fonts.gstatic.com",
            "frame-src 'self' https://*.google.com",
            "worker-src 'self' blob:",
            "form-action 'self'",
            "frame-ancestors 'self'",
            "base-uri 'none'",
            "object-src 'none'",
        ]
    )


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3]) if "://" in url else ""
