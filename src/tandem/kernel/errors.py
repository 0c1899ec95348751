"""Every refusal the suite can express: one class per reason, one HTTP status per family."""

from collections.abc import Sequence
from typing import Any, ClassVar


class Refusal(Exception):
    """An expected "no": the caller can read it and act on it. Never a crash, never a page."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    keeps_changes: ClassVar[bool] = False
    """True where the refusal itself must be remembered: a wrong code, a failed login."""

    def __init__(self, detail: str, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.facts = facts
        self.headers: dict[str, str] = {}

    def problem(self) -> dict[str, Any]:
        """RFC 9457 problem details: stable `code`, the field at fault as a JSON path, and facts,
        none of which takes the place of a member that has its meaning."""
        located = {"field": self.field} if self.field else {}
        members = {
            "type": f"urn:tandem:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **located,
        }
        return {**members, **self.facts, **members}


class Unauthenticated(Refusal):
    status = 401
    code = "unauthenticated"


class Forbidden(Refusal):
    status = 403
    code = "forbidden"


class NotFound(Refusal):
    status = 404
    code = "not_found"


class Conflict(Refusal):
    status = 409
    code = "conflict"


class Gone(Refusal):
    status = 410
    code = "gone"


class StaleVersion(Refusal):
    """`If-Match` named a version that is no longer the current one."""

    status = 412
    code = "stale_version"


class TooLarge(Refusal):
    status = 413
    code = "too_large"


class Invalid(Refusal):
    """The request was understood and breaks a rule of the field it names."""

    status = 422
    code = "invalid"

    def __init__(
        self,
        detail: str,
        *,
        field: str | None = None,
        errors: Sequence[dict[str, str]] = (),
        **facts: Any,
    ) -> None:
        if errors:
            facts["errors"] = list(errors)
        super().__init__(detail, field=field, **facts)


class TooManyRequests(Refusal):
    status = 429
    code = "too_many_requests"


class Unavailable(Refusal):
    """An outside system we need did not answer; trying again later is right."""

    status = 503
    code = "unavailable"


class IllegalMove(Conflict):
    """A state machine was asked for a move it does not have."""

    code = "illegal_transition"

    def __init__(self, thing: str, source: str, target: str, allowed: Sequence[str]) -> None:
        options = f" From here it can become {', '.join(allowed)}." if allowed else ""
        facts: dict[str, Any] = {"from": source, "to": target, "allowed": list(allowed)}
        super().__init__(
            f"{thing} is {source}; it cannot become {target}.{options}",
            field=None,
            **facts,
        )
