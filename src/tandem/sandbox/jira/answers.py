"""From a request to an answer: who calls, what was sent, and the vendor's refusals."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Response

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira.access import AnyRequest, check_caller, note_call
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.jira.site import Person

Act = Callable[[Person, dict[str, Any]], Any]
VERSIONS = {"3": 3, "2": 2, "latest": 2}


async def answer(
    deps: Dependencies, request: AnyRequest, act: Act, *, status: int = 200
) -> Response[Any]:
    """`act` gets the caller and the JSON body. A bad credential is told before a bad body."""
    try:
        by = check_caller(deps, request)
        found = act(by, await _body(request))
    except JiraRefusal as refusal:
        return refused(deps, request, refusal)
    note_call(deps, request, status)
    return Response(None if status == 204 else found, status_code=status)


def refused(deps: Dependencies, request: AnyRequest, refusal: JiraRefusal) -> Response[Any]:
    note_call(deps, request, refusal.status)
    headers = {}
    if refusal.retry_after_seconds is not None:
        headers = {
            "retry-after": str(refusal.retry_after_seconds),
            "ratelimit-reason": "jira-per-issue-on-write",
        }
    return Response(refusal.body, status_code=refusal.status, headers=headers)


def version_of(text: str) -> int:
    if text not in VERSIONS:
        raise JiraRefusal("null for uri", status=404)
    return VERSIONS[text]


async def _body(request: AnyRequest) -> dict[str, Any]:
    raw = await request.body()
    is_json = request.headers.get("content-type", "").startswith("application/json")
    if not raw or not is_json:
        return {}
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError as wrong:
        raise JiraRefusal(
            "There was an error parsing JSON. Check that your request body is valid."
        ) from wrong
    return found if isinstance(found, dict) else {"value": found}
