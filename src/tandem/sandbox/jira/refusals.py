"""Jira's errors: `{"errorMessages": [...], "errors": {field: message}}`."""

from typing import Any


class JiraRefusal(Exception):
    def __init__(
        self,
        *messages: str,
        status: int = 400,
        errors: dict[str, str] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(*messages)
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.body: dict[str, Any] = {"errorMessages": list(messages), "errors": errors or {}}


def no_issue() -> JiraRefusal:
    return JiraRefusal("Issue does not exist or you do not have permission to see it.", status=404)


def missing(what: str) -> JiraRefusal:
    return JiraRefusal(f"The {what} was not found.", status=404)


def fault_body(status: int) -> dict[str, Any]:
    """What the vendor says when it is unwell, or had enough of us."""
    words = {
        401: "Client must be authenticated to access this resource.",
        429: "Rate limit exceeded.",
        503: "The service is temporarily unavailable.",
    }
    return {"errorMessages": [words.get(status, "Internal server error")], "errors": {}}
