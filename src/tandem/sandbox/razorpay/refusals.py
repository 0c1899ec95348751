"""Razorpay's errors: `{"error": {code, description, source, step, reason, metadata, field}}`."""

from typing import Any


class RazorpayRefusal(Exception):
    """A no in the vendor's own shape."""

    def __init__(
        self,
        description: str,
        *,
        status: int = 400,
        field: str | None = None,
        source: str = "business",
        step: str = "payment_initiation",
        reason: str = "input_validation_failed",
    ) -> None:
        super().__init__(description)
        self.status = status
        error: dict[str, Any] = {
            "code": "BAD_REQUEST_ERROR",
            "description": description,
            "source": source,
            "step": step,
            "reason": reason,
            "metadata": {},
        }
        if field is not None:
            error["field"] = field
        self.body = {"error": error}


def unauthenticated() -> RazorpayRefusal:
    return RazorpayRefusal("Authentication failed", status=401, source="NA", step="NA", reason="NA")


def unknown_id() -> RazorpayRefusal:
    return RazorpayRefusal("The id provided does not exist")


def fault_body(status: int) -> dict[str, Any]:
    """What the vendor says when it is unwell, or had enough of us."""
    codes = {401: "BAD_REQUEST_ERROR", 429: "BAD_REQUEST_ERROR", 504: "GATEWAY_ERROR"}
    descriptions = {
        401: "Authentication failed",
        429: "Request failed. Please try after sometime.",
        504: "The gateway request timed out",
    }
    return {
        "error": {
            "code": codes.get(status, "SERVER_ERROR"),
            "description": descriptions.get(
                status,
                "We are facing some trouble completing your request at the moment. "
                "Please try again shortly.",
            ),
            "source": "NA",
            "step": "NA",
            "reason": "NA",
            "metadata": {},
        }
    }
