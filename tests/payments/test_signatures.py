"""The vendor's own signature vectors (razorpay-python, MIT, tests/test_client_utility.py), and the
vendor's own code as a second opinion."""

import pytest
import razorpay  # type: ignore[import-untyped]  # the vendor ships no types
from hypothesis import given
from hypothesis import strategies as st
from razorpay.errors import (  # type: ignore[import-untyped]
    SignatureVerificationError,
)

from tandem.kernel.signatures import is_signed, sign
from tandem.scm.payments.gateways.razorpay import RazorpayGateway

RETURN_SIGNATURE = "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89"
LINK_SIGNATURE = "07ae18789e35093e51d0a491eb9922646f3f82773547e5b0f67ee3f2d3bf7d5b"
WEBHOOK_SIGNATURE = "d60e67fd884556c045e9be7dad57903e33efc7172c17c6e3ef77db42d2b366e9"

WEBHOOK_BODY = b"""{
  "event": "payment.authorized",
  "entity": "event",
  "contains": [
    "payment"
  ],
  "payload": {
    "payment": {
      "entity": {
        "id": "pay_6koWN7bvxujzxM",
        "entity": "payment",
        "amount": 1000000,
        "currency": "INR",
        "status": "captured",
        "order_id": "order_100000000order",
        "international": false,
        "method": "card",
        "amount_refunded": 0,
        "refund_status": null,
        "captured": true,
        "description": "random description",
        "card_id": "card_6koWNAT6LASUqy",
        "bank": null,
        "wallet": null,
        "vpa": null,
        "email": "a@b.com",
        "contact": "+919999999999",
        "notes": {
          "merchant_order_id": "random order id"
        },
        "fee": 23000,
        "service_tax": 3000,
        "error_code": null,
        "error_description": null,
        "created_at": 1479978483
      }
    }
  },
  "created_at": 1400826760
}
"""
"""tests/mocks/fake_payment_authorized_webhook.json, byte for byte."""


def gateway(*, key: str = "key_secret", hook: str = "key_secret", old: str = "") -> RazorpayGateway:
    return RazorpayGateway(
        key_id="rzp_test_x",
        key_secret=key,
        webhook_secret=hook,
        webhook_secret_previous=old,
        base_url="http://127.0.0.1:1",
        script_url="",
        return_base_url="http://test",
    )


def test_the_vendors_return_signature_is_ours() -> None:
    assert sign("key_secret", b"fake_order_id|fake_payment_id") == RETURN_SIGNATURE
    assert gateway().is_genuine_return(
        provider_order_id="fake_order_id",
        provider_payment_id="fake_payment_id",
        signature=RETURN_SIGNATURE,
    )


def test_the_vendors_payment_link_signature_is_ours() -> None:
    message = b"plink_IH3cNucfVEgV68|TSsd1989|paid|pay_IH3d0ara9bSsjQ"
    assert sign("EnLs21M47BllR3X8PSFtjtbd", message) == LINK_SIGNATURE


def test_the_vendors_webhook_body_is_genuine_to_the_last_byte() -> None:
    assert gateway().is_genuine_webhook(WEBHOOK_BODY, WEBHOOK_SIGNATURE)
    assert not gateway().is_genuine_webhook(WEBHOOK_BODY.rstrip(b"\n"), WEBHOOK_SIGNATURE)


@pytest.mark.parametrize("signature", ["", "é" * 64, "0" * 64, WEBHOOK_SIGNATURE.upper()])
def test_other_signatures_are_not(signature: str) -> None:
    assert not gateway().is_genuine_webhook(WEBHOOK_BODY, signature)


def test_the_previous_secret_counts_as_long_as_it_is_set() -> None:
    assert gateway(hook="new", old="key_secret").is_genuine_webhook(WEBHOOK_BODY, WEBHOOK_SIGNATURE)
    assert not gateway(hook="new").is_genuine_webhook(WEBHOOK_BODY, WEBHOOK_SIGNATURE)
    assert not gateway(hook="").is_genuine_webhook(WEBHOOK_BODY, sign("", WEBHOOK_BODY))


@given(body=st.text(max_size=200), secret=st.text(min_size=1, max_size=40))
def test_the_vendors_own_code_agrees_with_ours(body: str, secret: str) -> None:
    utility = razorpay.Client(auth=("rzp_test_x", "key_secret")).utility
    signature = sign(secret, body.encode())
    assert utility.verify_webhook_signature(body, signature, secret)
    assert is_signed([secret], body.encode(), signature)
    with pytest.raises(SignatureVerificationError):
        utility.verify_webhook_signature(body + "x", signature, secret)
    assert not is_signed([secret], (body + "x").encode(), signature)
