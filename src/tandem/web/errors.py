"""Refusals for people: the same words as the API's, on a page, in a toast or beside the field."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException

from tandem.kernel.actor import FactorNeeded, Kind, StepUpNeeded
from tandem.kernel.errors import NotFound, Refusal, Unauthenticated
from tandem.kernel.http import problems
from tandem.web.rendering import page, redirect

log = structlog.get_logger()
AnyRequest = Request[Any, Any, Any]
API_PREFIXES = ("/v1", "/healthz", "/readyz", "/metrics")
DEAD = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
AGAIN = "#again"
"""Says to the page that its form was not taken yet (js/kept.js)."""


def _is_page(request: AnyRequest) -> bool:
    return not request.url.path.startswith(API_PREFIXES)


def answer_refusal(request: AnyRequest, refusal: Refusal) -> Response[Any]:
    if not _is_page(request):
        return problems.answer_refusal(request, refusal)
    if refusal.keeps_changes and (unit := request.scope.get("state", {}).get("unit")):
        unit.is_kept = True
    if isinstance(refusal, Unauthenticated):
        return _to_sign_in(request)
    if isinstance(refusal, FactorNeeded):
        return redirect(request, "/security", toast=refusal.detail)
    if isinstance(refusal, StepUpNeeded):
        return redirect(request, f"/security/confirm?next={quote(_page_of(request) + AGAIN)}")
    if request.headers.get("hx-request") == "true":
        return page(
            request, "parts/refusal.html", status=refusal.status, refusal=refusal, company=None
        )
    return _shown(request, refusal, refusal.status)


def _shown(request: AnyRequest, refusal: Refusal, status: int) -> Response[Any]:
    back = _came_from(request)
    if back and request.method != "GET":
        back += AGAIN
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    told = {"refusal": refusal, "is_ours": is_ours, "company": None, "back": back}
    told |= {"status_code": status, "is_public": _is_public(request)}
    return page(request, _template(request, status), status=status, **told)


def _template(request: AnyRequest, status: int) -> str:
    """Staff keep their navigation; a buyer's dead link says where else to look."""
    if _is_public(request):
        return "public/link_unknown.html" if status in DEAD else "error.html"
    actor = request.scope["state"].get("actor")
    is_staff = actor is not None and actor.kind is Kind.STAFF
    return "console/error.html" if is_staff else "error.html"


def _is_public(request: AnyRequest) -> bool:
    handler = request.scope.get("route_handler")
    return handler is not None and bool(handler.opt.get("public"))


def send_back(request: AnyRequest, to: str, refusal: Refusal) -> Response[None]:
    """To the page of the form: it says what was refused, and holds what was typed."""
    return redirect(request, to + AGAIN, toast=refusal.detail)


def _to_sign_in(request: AnyRequest) -> Response[Any]:
    """A form whose session ended meanwhile is found filled in again after signing in."""
    again = "" if request.method == "GET" else AGAIN
    to = f"/sign-in?next={quote(_page_of(request) + again)}"
    if request.headers.get("hx-request") == "true":
        return Response(None, status_code=200, headers={"HX-Redirect": to})
    return Response(None, status_code=303, headers={"location": to})


def _page_of(request: AnyRequest) -> str:
    """Where to go on after proving anew: this page, or the one its form stood on."""
    if request.method == "GET" and request.headers.get("hx-request") != "true":
        asked = request.url.query
        return f"{request.url.path}?{asked}" if asked else request.url.path
    return _came_from(request) or "/"


def _came_from(request: AnyRequest) -> str:
    """The page of ours where the link or form was; empty when it is none of ours, or this one."""
    came = urlsplit(request.headers.get("referer", ""))
    is_here = request.method == "GET" and came.path == request.url.path
    if came.netloc != request.url.netloc or not came.path or is_here:
        return ""
    return f"{came.path}?{came.query}" if came.query else came.path


def answer_http(request: AnyRequest, reason: HTTPException) -> Response[Any]:
    if not _is_page(request):
        return problems.answer_http(request, reason)
    refusal = Refusal(reason.detail or "This request could not be understood.")
    if isinstance(reason, NotFoundException):
        refusal = NotFound("There is no page at this address.")
    return _shown(request, refusal, reason.status_code)


def answer_crash(request: AnyRequest, reason: Exception) -> Response[Any]:
    if not _is_page(request):
        return problems.answer_crash(request, reason)
    log.error("page_failed", path=request.url.path, exc_info=reason)
    refusal = Refusal("Something went wrong on our side. Nothing was changed.")
    return _shown(request, refusal, 500)


HANDLERS: dict[Any, Any] = {
    **problems.HANDLERS,
    Refusal: answer_refusal,
    HTTPException: answer_http,
    Exception: answer_crash,
}
