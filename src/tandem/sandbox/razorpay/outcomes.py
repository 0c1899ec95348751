"""What a payment in test mode ends in, by the details it is made with.

https://razorpay.com/docs/payments/payments/test-card-details and test-upi-details. `late` is the
sandbox's own: it fails now and is authorised later, by the movable clock.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from tandem.sandbox.razorpay.refusals import RazorpayRefusal

SUCCESS_UPI = "success@razorpay"
FAILURE_UPI = "failure@razorpay"
LATE_SECONDS_MAX = 5 * 86_400

CARDS: Mapping[str, str] = {
    "4100280000001007": "Visa",
    "5500670000001002": "MasterCard",
    "6527658900001005": "RuPay",
}
FAILING_CARDS: Mapping[str, tuple[str, str]] = {
    "4100280000080001": ("insufficient_funds", "Insufficient account balance."),
    "4100280000090000": ("payment_timed_out", "The payment was not completed on time."),
    "4100280000070002": ("payment_cancelled", "The payment was cancelled by the customer."),
    "4100280000060003": ("payment_declined", "The payment was declined by the bank."),
    "4100280000020007": ("gateway_technical_error", "The gateway had a technical problem."),
}


class Error(msgspec.Struct, frozen=True, kw_only=True):
    code: str = "BAD_REQUEST_ERROR"
    description: str
    source: str = "customer"
    step: str = "payment_authentication"
    reason: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`error` None is success. `late_seconds` turns a failure into a late authorisation."""

    method: str
    details: dict[str, Any]
    error: Error | None = None
    late_seconds: int | None = None


def outcome_of(form: Mapping[str, str]) -> Outcome:
    """Refuses what the checkout form itself would not let through."""
    match form.get("method"):
        case "upi":
            return _upi(form.get("vpa", "").strip())
        case "card":
            return _card(form.get("card_number", "").replace(" ", ""), form.get("otp", ""))
        case "netbanking":
            return _netbanking(form.get("bank", "HDFC"), form.get("outcome", "success"))
        case "late":
            return _late(form.get("late_seconds", ""))
        case _:
            raise RazorpayRefusal("The selected method is invalid.", field="method")


def _upi(vpa: str) -> Outcome:
    details = {"vpa": vpa, "acquirer_data": {"rrn": "104512340987"}}
    if vpa == SUCCESS_UPI:
        return Outcome(method="upi", details=details)
    if vpa == FAILURE_UPI:
        error = Error(
            description="Payment was unsuccessful. Try using another method.",
            source="bank",
            step="payment_authorization",
            reason="payment_failed",
        )
        return Outcome(method="upi", details=details, error=error)
    raise RazorpayRefusal("Invalid UPI ID. Please enter a valid one.", field="vpa")


def _card(number: str, otp: str) -> Outcome:
    network = CARDS.get(number) or ("Visa" if number in FAILING_CARDS else None)
    if network is None:
        raise RazorpayRefusal("Your card number is not one of the test cards.", field="card_number")
    card_id = f"card_{number[-4:]}SandboxOne"
    details = {
        "card_id": card_id,
        "card": {
            "id": card_id,
            "entity": "card",
            "name": "",
            "last4": number[-4:],
            "network": network,
            "type": "debit",
            "issuer": None,
            "international": False,
            "emi": False,
            "sub_type": "consumer",
        },
        "acquirer_data": {"auth_code": "828553"},
    }
    if number in FAILING_CARDS:
        reason, words = FAILING_CARDS[number]
        code = "GATEWAY_ERROR" if reason == "gateway_technical_error" else "BAD_REQUEST_ERROR"
        error = Error(code=code, description=words, source="bank", reason=reason)
        return Outcome(method="card", details=details, error=error)
    if not (otp.isdigit() and 4 <= len(otp) <= 10):
        words = "Payment processing failed because of incorrect OTP"
        error = Error(description=words, reason="incorrect_otp")
        return Outcome(method="card", details=details, error=error)
    return Outcome(method="card", details=details)


def _netbanking(bank: str, outcome: str) -> Outcome:
    details = {"bank": bank[:8], "acquirer_data": {"bank_transaction_id": "0125836177"}}
    if outcome == "success":
        return Outcome(method="netbanking", details=details)
    error = Error(
        description="Payment failed",
        source="bank",
        step="payment_authorization",
        reason="payment_failed",
    )
    return Outcome(method="netbanking", details=details, error=error)


def _late(seconds: str) -> Outcome:
    if not (seconds.isascii() and seconds.isdigit() and 0 < int(seconds) <= LATE_SECONDS_MAX):
        raise RazorpayRefusal("Authorise within five days.", field="late_seconds")
    error = Error(
        description="Payment was not completed on time.",
        source="bank",
        step="payment_authorization",
        reason="payment_timed_out",
    )
    return Outcome(
        method="upi",
        details={"vpa": SUCCESS_UPI, "acquirer_data": {"rrn": "104512340988"}},
        error=error,
        late_seconds=int(seconds),
    )
