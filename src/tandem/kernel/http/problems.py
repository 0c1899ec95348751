"""Every "no" as RFC 9457 problem details, with a stable `code` and the field at fault."""

import re
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from tandem.kernel.errors import Refusal

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"

CODES = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}

AnyRequest = Request[Any, Any, Any]
_NAMED = re.compile(r"^Object (?:missing required|contains unknown) field `([^`]{1,80})`")


def refusals(*kinds: type[Refusal]) -> dict[int, ResponseSpec]:
    """Document a route's refusals in OpenAPI from the classes that raise them."""
    codes: dict[int, list[str]] = {}
    for kind in kinds:
        codes.setdefault(kind.status, []).append(kind.code)
    return {
        status: ResponseSpec(
            dict[str, Any],
            description=" or ".join(listed),
            generate_examples=False,
            media_type=MEDIA_TYPE,
        )
        for status, listed in codes.items()
    }


def problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None, **facts: Any
) -> Response[dict[str, Any]]:
    body = {
        "type": f"urn:tandem:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        **facts,
    }
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def answer_refusal(request: AnyRequest, refusal: Refusal) -> Response[dict[str, Any]]:
    if refusal.keeps_changes and (unit := request.scope.get("state", {}).get("unit")):
        unit.is_kept = True
    return Response(
        refusal.problem(),
        status_code=refusal.status,
        media_type=MEDIA_TYPE,
        headers={name: str(value) for name, value in refusal.headers.items()},
    )


def answer_validation(request: AnyRequest, reason: ValidationException) -> Response[dict[str, Any]]:
    """What msgspec refused: 422 with one entry per field. Malformed JSON is a 400."""
    errors = [_named(request, _located(item)) for item in (reason.extra or [])]
    if not errors or any("malformed" in error["message"].lower() for error in errors):
        detail = errors[0]["message"] if errors else str(reason.detail)
        return problem(400, "malformed_request", detail)
    first = errors[0]
    return problem(
        422,
        "invalid",
        f"{first['field']}: {first['message']}" if first["field"] else first["message"],
        field=first["field"],
        errors=errors,
    )


def _named(request: AnyRequest, error: dict[str, str]) -> dict[str, str]:
    """A parameter by the name that callers know: `from`, not what the code calls it."""
    handler = request.scope.get("route_handler")
    known = handler.parsed_fn_signature.parameters.get(error["field"]) if handler else None
    name = getattr(known.kwarg_definition, "name", None) if known else None
    return {**error, "field": name} if name else error


def _located(item: Any) -> dict[str, str]:
    """A field that is missing, or that nobody knows, is named itself, not what it belongs in."""
    if not isinstance(item, dict):
        return {"field": "", "message": str(item)}
    field, message = str(item.get("key", "")), str(item.get("message", "invalid"))
    if (field, message) == ("data", "'data'"):
        return {"field": "", "message": "The body is empty. Send it as JSON."}
    if named := _NAMED.search(message):
        inside = "" if field == "data" else field
        field = f"{inside}.{named[1]}".lstrip(".")
    return {"field": field, "message": message}


def answer_http(_: AnyRequest, reason: HTTPException) -> Response[dict[str, Any]]:
    code = CODES.get(reason.status_code, "refused")
    return problem(reason.status_code, code, reason.detail or code, headers=reason.headers)


def answer_nesting(request: AnyRequest, reason: RecursionError) -> Response[dict[str, Any]]:
    """Only a body nested thousands deep gets here: reading it is what runs out of stack."""
    log.warning("request_nested_too_deep", path=request.url.path, method=request.method)
    return problem(400, "malformed_request", "The body is nested too deeply.")


def answer_crash(request: AnyRequest, reason: Exception) -> Response[dict[str, Any]]:
    """A bug or a lost database: logged with its trace, told without any of it."""
    log.error("request_failed", path=request.url.path, method=request.method, exc_info=reason)
    return problem(500, "internal_error", "Something went wrong on our side. Nothing was changed.")


HANDLERS: dict[Any, Any] = {
    Refusal: answer_refusal,
    ValidationException: answer_validation,
    HTTPException: answer_http,
    RecursionError: answer_nesting,
    Exception: answer_crash,
}
