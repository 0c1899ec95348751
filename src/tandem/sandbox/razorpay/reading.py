"""Requests as the vendor reads them: basic credentials, JSON bodies, paging."""

import base64
import binascii
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any

from litestar import Request

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unauthenticated

CURRENCIES = frozenset({"INR", "USD", "EUR", "GBP", "SGD", "AED", "MYR", "JPY", "KWD", "BHD"})
AMOUNT_MIN = 100
NOTES_MAX = 15
NOTE_LENGTH_MAX = 256

AnyRequest = Request[Any, Any, Any]


def check_caller(deps: Dependencies, request: AnyRequest) -> None:
    """Basic `key_id:key_secret`."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = f"{deps.settings.razorpay_key_id}:{deps.settings.razorpay_key_secret}"
    try:
        shown = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        shown = b""
    if scheme.lower() != "basic" or not hmac.compare_digest(shown, expected.encode()):
        raise unauthenticated()


async def read_json(request: AnyRequest) -> dict[str, Any]:
    body = await request.body()
    if not body:
        return {}
    try:
        given = json.loads(body)
    except ValueError as reason:
        raise RazorpayRefusal("The request body is not valid JSON") from reason
    if not isinstance(given, dict):
        raise RazorpayRefusal("The request body is not valid JSON")
    return given


def check_fields(given: Mapping[str, Any], known: Collection[str]) -> None:
    extra = [name for name in given if name not in known]
    if extra:
        raise RazorpayRefusal(f"{', '.join(extra)} is/are not required and should not be sent")


def read_amount(given: Mapping[str, Any], currency: str, *, field: str = "amount") -> int:
    amount = given.get(field)
    if amount is None or amount == "":
        raise RazorpayRefusal(f"The {field} field is required.", field=field)
    if isinstance(amount, str) and amount.isdigit():
        amount = int(amount)
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise RazorpayRefusal(f"The {field} must be an integer.", field=field)
    if amount < AMOUNT_MIN:
        raise RazorpayRefusal(f"The {field} must be at least {currency} 1.00", field=field)
    if amount > 10**12:
        raise RazorpayRefusal("Amount exceeds maximum amount allowed.", field=field)
    return amount


def read_currency(given: Mapping[str, Any]) -> str:
    currency = given.get("currency")
    if not currency:
        raise RazorpayRefusal("The currency field is required.", field="currency")
    if currency not in CURRENCIES:
        raise RazorpayRefusal("Currency is not supported", field="currency")
    return str(currency)


def read_notes(given: Mapping[str, Any]) -> dict[str, Any]:
    notes = given.get("notes") or {}
    if not isinstance(notes, dict):
        raise RazorpayRefusal("The notes must be an array.", field="notes")
    if len(notes) > NOTES_MAX:
        raise RazorpayRefusal(
            "Number of fields in notes should be less than or equal to 15", field="notes"
        )
    if any(len(str(value)) > NOTE_LENGTH_MAX for value in notes.values()):
        raise RazorpayRefusal("Note value cannot be greater than 256 characters", field="notes")
    return notes


def read_text(given: Mapping[str, Any], field: str, *, length_max: int) -> str | None:
    text = given.get(field)
    if text is None:
        return None
    if not isinstance(text, str):
        raise RazorpayRefusal(f"The {field} must be a string.", field=field)
    if len(text) > length_max:
        raise RazorpayRefusal(
            f"The {field} may not be greater than {length_max} characters.", field=field
        )
    return text


def read_page(query: Mapping[str, Any]) -> tuple[int, int]:
    """`count` (10 unless told, 100 at most) and `skip`."""
    return read_number(query, "count", 10, 100), read_number(query, "skip", 0, 10**9)


def read_number(query: Mapping[str, Any], field: str, default: int, largest: int) -> int:
    """A whole number of the query, without a sign."""
    given = query.get(field)
    if given is None:
        return default
    if not str(given).isdigit() or int(given) > largest:
        raise RazorpayRefusal(f"The {field} may not be greater than {largest}.", field=field)
    return int(given)
