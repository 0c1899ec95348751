"""One HTTP call to Jira and its outcome as a value."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from tandem.kernel.outbound import NotSent, Outbound, OutcomeUnknown
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind

CALL_SECONDS_MAX = 30.0
DETAIL_MAX = 500
NOT_DONE = frozenset({429, 503})
"""Refused before anything was worked on."""


class _Errors(msgspec.Struct):
    """Jira's own shape, and those of the service desk and of OAuth."""

    errorMessages: list[str] = []  # noqa: N815 - the vendor's name
    errors: dict[str, Any] = {}
    errorMessage: str = ""  # noqa: N815 - the vendor's name
    error_description: str = ""


async def call(outbound: Outbound, method: str, path: str, **content: Any) -> bytes | Trouble:
    """The body of a good answer. Never sent twice: who asked decides about that."""
    is_read = method == "GET" or path.endswith("search/jql")
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            answer = await outbound.send(method, path, is_repeatable=False, **content)
    except NotSent as reason:
        return Trouble(
            kind=TroubleKind.LATER, detail=f"Jira is out of reach: {reason}"[:DETAIL_MAX]
        )
    except (OutcomeUnknown, TimeoutError) as reason:
        kind = TroubleKind.LATER if is_read else TroubleKind.UNKNOWN
        return Trouble(kind=kind, detail=f"No answer: {reason}"[:DETAIL_MAX])
    status = answer.status_code
    if 200 <= status < 300:
        return bytes(answer.content)
    detail, errors = _words(answer.content, status)
    if status in NOT_DONE or (status >= 500 and is_read):
        wait = _wait(answer.headers.get("retry-after", ""))
        return Trouble(
            kind=TroubleKind.LATER,
            detail=detail,
            retry_after_seconds=wait,
            is_about_issue="per-issue" in answer.headers.get("ratelimit-reason", ""),
        )
    if status >= 500 or 300 <= status < 400:
        return Trouble(kind=TroubleKind.UNKNOWN, detail=detail)
    kind = {
        401: TroubleKind.UNAUTHORIZED,
        403: TroubleKind.FORBIDDEN,
        404: TroubleKind.MISSING,
        410: TroubleKind.MISSING,
    }.get(status, TroubleKind.REFUSED)
    return Trouble(kind=kind, detail=detail, errors=errors)


def unreadable(reason: object, *, is_read: bool) -> Trouble:
    kind = TroubleKind.LATER if is_read else TroubleKind.UNKNOWN
    return Trouble(kind=kind, detail=f"An answer that cannot be read: {reason}"[:DETAIL_MAX])


def _words(content: bytes, status: int) -> tuple[str, dict[str, str]]:
    try:
        given = msgspec.json.decode(content, type=_Errors)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        given = _Errors()
    errors = {name: str(words)[:DETAIL_MAX] for name, words in list(given.errors.items())[:20]}
    said = [
        *given.errorMessages,
        given.errorMessage,
        given.error_description,
        *(f"{name}: {words}" for name, words in errors.items()),
    ]
    return (" ".join(part for part in said if part) or f"HTTP {status}")[:DETAIL_MAX], errors


def _wait(retry_after: str) -> float | None:
    """Seconds, or a date (RFC 9110, 10.2.3)."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
