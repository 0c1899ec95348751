"""Webhooks: `X-Razorpay-Signature` is hex HMAC-SHA256 over the raw body, `x-razorpay-event-id` the
event's own id. https://razorpay.com/docs/webhooks/validate-test"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay.account import read_account
from tandem.sandbox.razorpay.ledger import ALPHABET, new_id, now_seconds
from tandem.sandbox.webhook_queue import Delivery

ACCOUNT_ID = "acc_TandemSandbox1"
assert set("TandemSandbox1") <= set(ALPHABET), "shaped like the vendor's"


def sign(delivery: Delivery, secret: str) -> Mapping[str, str]:
    digest = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return {"x-razorpay-signature": digest, "x-razorpay-event-id": delivery.event_id}


def tell(deps: Dependencies, event: str, **entities: dict[str, Any]) -> None:
    """Queue an event about these entities as they are now; nobody listens without an address."""
    account = read_account(deps)
    if account.webhook_url is None:
        return
    envelope = {
        "entity": "event",
        "account_id": ACCOUNT_ID,
        "event": event,
        "contains": list(entities),
        "payload": {name: {"entity": entity} for name, entity in entities.items()},
        "created_at": now_seconds(deps),
    }
    deps.webhooks.enqueue(
        "razorpay",
        url=account.webhook_url,
        event=event,
        event_id=new_id("evt").removeprefix("evt_"),
        body=json.dumps(envelope, separators=(",", ":")).encode(),
        secret=account.webhook_secret,
        old_secret=account.old_webhook_secret,
    )
