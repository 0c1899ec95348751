"""Who is calling: an e-mail with an API token, a personal access token, or OAuth 2 with refresh.

Every call is kept in a list, so that a test can ask what arrived and when.
"""

import base64
import binascii
import secrets
import time
from typing import Any

from litestar import Request

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import site
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.jira.site import Person

AnyRequest = Request[Any, Any, Any]
ACCESS_SECONDS = 3600
CALLS_KEPT = 5_000


def check_caller(deps: Dependencies, request: AnyRequest) -> Person:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    person = None
    if scheme == "Basic":
        person = _by_token(deps, value)
    elif scheme == "Bearer":
        person = _by_bearer(deps, value)
    if person is None:
        raise JiraRefusal("Client must be authenticated to access this resource.", status=401)
    return person


def _by_token(deps: Dependencies, value: str) -> Person | None:
    try:
        email, _, token = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if token != deps.settings.jira_api_token:
        return None
    return next((one for one in site.PEOPLE if one.email == email), None)


def _by_bearer(deps: Dependencies, value: str) -> Person | None:
    if value == deps.settings.jira_pat:
        return site.SUITE
    row = deps.store.row(
        "select expires_at from jira_token where token = ? and kind = 'access'", (value,)
    )
    if row is None or row["expires_at"] < deps.clock.now().timestamp():
        return None
    return site.SUITE


def refresh(deps: Dependencies, given: dict[str, Any]) -> dict[str, Any]:
    """Rotating refresh tokens, as the vendor's: each works once.

    https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
    """
    settings = deps.settings
    known = (settings.jira_client_id, settings.jira_client_secret)
    if (given.get("client_id"), given.get("client_secret")) != known:
        raise OAuthRefusal("access_denied", status=401)
    old = str(given.get("refresh_token", ""))
    with deps.store.transaction():
        row = deps.store.row(
            "select is_used from jira_token where token = ? and kind = 'refresh'", (old,)
        )
        is_first = row is None and old == settings.jira_refresh_token
        if not is_first and (row is None or row["is_used"]):
            raise OAuthRefusal("unauthorized_client", status=403)
        deps.store.run(
            """insert into jira_token (token, kind, is_used) values (?, 'refresh', 1)
                   on conflict (token) do update set is_used = 1""",
            (old,),
        )
        return _issue_tokens(deps)


def _issue_tokens(deps: Dependencies) -> dict[str, Any]:
    access, following = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    expires_at = deps.clock.now().timestamp() + ACCESS_SECONDS
    deps.store.run(
        "insert into jira_token (token, kind, expires_at) values (?, 'access', ?)",
        (access, expires_at),
    )
    deps.store.run("insert into jira_token (token, kind) values (?, 'refresh')", (following,))
    return {
        "access_token": access,
        "refresh_token": following,
        "expires_in": ACCESS_SECONDS,
        "scope": "read:jira-work write:jira-work offline_access",
        "token_type": "Bearer",
    }


class OAuthRefusal(JiraRefusal):
    def __init__(self, error: str, *, status: int) -> None:
        super().__init__(error, status=status)
        self.body = {"error": error, "error_description": error.replace("_", " ")}


def note_call(deps: Dependencies, request: AnyRequest, status: int) -> None:
    path = request.url.path.removeprefix("/jira")
    call_id = deps.store.insert(
        "insert into jira_call (at, method, path, status) values (?, ?, ?, ?)",
        (time.time(), request.method, path, status),
    )
    deps.store.run("delete from jira_call where id <= ?", (call_id - CALLS_KEPT,))
