"""Webhooks as an administrator registers them, signed where a secret is set.

`X-Hub-Signature: sha256=` over the raw body, `X-Atlassian-Webhook-Identifier` the same across
retries. https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

import hashlib
import hmac
import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira.entities import BRIEF, comment_json, issue_json, person_json
from tandem.sandbox.jira.site import Person
from tandem.sandbox.webhook_queue import Delivery


def sign(delivery: Delivery, secret: str) -> Mapping[str, str]:
    headers = {
        "x-atlassian-webhook-identifier": delivery.event_id,
        "x-atlassian-webhook-flow": "Primary",
    }
    if delivery.attempts:
        headers["x-atlassian-webhook-retry"] = str(delivery.attempts)
    if secret:
        digest = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
        headers["x-hub-signature"] = f"sha256={digest}"
    return headers


def tell_issue(
    deps: Dependencies,
    event: str,
    row: sqlite3.Row,
    by: Person,
    changes: Sequence[Mapping[str, Any]] = (),
) -> None:
    body: dict[str, Any] = {
        "webhookEvent": f"jira:{event}",
        "issue_event_type_name": event.replace("issue_updated", "issue_generic"),
        "user": person_json(deps, by),
        "issue": issue_json(deps, row, version=2),
    }
    if changes:
        body["changelog"] = {"id": str(uuid.uuid4().int % 10**6), "items": list(changes)}
    _send(deps, f"jira:{event}", body)


def tell_comment(deps: Dependencies, event: str, comment: sqlite3.Row, row: sqlite3.Row) -> None:
    """The fault `comment_without_issue` leaves the issue out, as one known variant does."""
    body: dict[str, Any] = {
        "webhookEvent": event,
        "comment": comment_json(deps, comment, version=2),
        "eventType": "primaryAction",
    }
    if deps.faults.take("jira", row["key"], {"comment_without_issue"}) is None:
        body["issue"] = issue_json(deps, row, version=2, wanted=BRIEF)
    _send(deps, event, body)


def change(field: str, before: tuple[str, str], after: tuple[str, str]) -> dict[str, Any]:
    """One entry of a changelog; each side is (id, words)."""
    return {
        "field": field,
        "fieldtype": "jira",
        "fieldId": field,
        "from": before[0],
        "fromString": before[1],
        "to": after[0],
        "toString": after[1],
    }


def _send(deps: Dependencies, event: str, body: dict[str, Any]) -> None:
    body = {"timestamp": int(deps.clock.now().timestamp() * 1000), **body}
    raw = json.dumps(body, separators=(",", ":")).encode()
    for hook in deps.store.rows("select * from jira_webhook order by id"):
        wanted = json.loads(hook["events"])
        if wanted and event not in wanted:
            continue
        deps.webhooks.enqueue(
            "jira",
            url=hook["url"],
            event=event,
            event_id=str(uuid.uuid4()),
            body=raw,
            secret=hook["secret"],
            old_secret=hook["old_secret"],
        )
