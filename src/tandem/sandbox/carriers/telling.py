"""Reports to whoever gave an address for them."""

from urllib.parse import urlencode

import msgspec

from tandem.sandbox.carriers import signing
from tandem.sandbox.carriers.events import body_of
from tandem.sandbox.carriers.letters import Hook, Letter, find_hook
from tandem.sandbox.dependencies import Dependencies

AFTER_SECONDS = 0.3
FORM = "application/x-www-form-urlencoded"
ENDS = {"bounce": "bounced", "soft": "soft_bounced", "complain": "complained"}


def outcome_of(recipient: str) -> str:
    return ENDS.get(recipient.partition("@")[0].casefold(), "delivered")


def tell(deps: Dependencies, letter: Letter, event: str, *, after: float = AFTER_SECONDS) -> bool:
    """Queue a report; False without an address for it."""
    hook = find_hook(deps.store, letter.vendor)
    if hook is None:
        return False
    body = body_of(letter.vendor, letter, event)
    match letter.vendor:
        case "mailgun":
            body = signing.mailgun(signing.MAILGUN_KEY, msgspec.json.decode(body))
        case "ses":
            body = signing.sns_notification(body, base_url=deps.settings.base_url)
        case "msg91":
            body = urlencode({"data": body.decode()}).encode()
        case _:
            pass
    send(deps, hook, event=event, event_id=f"{letter.id}.{event}", body=body, after=after)
    return True


def send(
    deps: Dependencies, hook: Hook, *, event: str, event_id: str, body: bytes, after: float = 0
) -> None:
    kinds = {"msg91": FORM, "ses": "text/plain; charset=UTF-8"}
    deps.webhooks.enqueue(
        hook.vendor,
        url=hook.url,
        event=event,
        event_id=event_id,
        body=body,
        secret=hook.secret or hook.vendor,
        content_type=kinds.get(hook.vendor, "application/json"),
        not_before_seconds=after,
    )
