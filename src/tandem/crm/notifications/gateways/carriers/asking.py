"""One HTTP call that hands a message over, and what each kind of answer means for it.

Sure that it was not taken: no connection, 4xx, 429 and 503. Everything else that is no answer in
2xx, a 500 included, may have been taken: vendors do not promise that a failure came first.
"""

from datetime import timedelta
from typing import Any

from tandem.crm.notifications.gateways.port import HandOver, KeysRefused, Refused, TryLater
from tandem.kernel.outbound import NotSent, Outbound, OutcomeUnknown

BUSY = frozenset({429, 503})
KEYS = frozenset({401, 403})
WAIT_SECONDS_MAX = 3600


async def hand(
    outbound: Outbound, path: str, *, hand_over: HandOver, vendor: str, **content: Any
) -> Any:
    """POST once and never again. Raises as `Carrier.send` does."""
    await hand_over()
    try:
        answer = await outbound.send("POST", path, is_repeatable=False, **content)
    except NotSent as reason:
        raise TryLater(f"{vendor} cannot be reached: {reason}") from reason
    return judged(answer, vendor)


async def ask(outbound: Outbound, path: str, *, vendor: str, **content: Any) -> Any:
    """GET something that only good keys may see."""
    try:
        answer = await outbound.send("GET", path, **content)
    except NotSent as reason:
        raise TryLater(f"{vendor} cannot be reached: {reason}") from reason
    return judged(answer, vendor)


def judged(answer: Any, vendor: str) -> Any:
    """The same answer when it is 2xx; raises what it means else."""
    status = answer.status_code
    if 200 <= status < 300:
        return answer
    said = f"{vendor} {status}: {answer.text[:300]}"
    if status in BUSY:
        raise TryLater(said, retry_after=wait_of(answer) or timedelta(seconds=10))
    if status in KEYS:
        raise KeysRefused(said)
    if 400 <= status < 500:
        raise Refused(said)
    raise OutcomeUnknown(said)


def wait_of(answer: Any) -> timedelta | None:
    """`Retry-After` in seconds, at most an hour."""
    said = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(said), WAIT_SECONDS_MAX)) if said.isdigit() else None


def json_of(answer: Any, vendor: str) -> dict[str, Any]:
    """Taken, but nobody knows as what, is not known: OutcomeUnknown."""
    try:
        body = answer.json()
    except ValueError as reason:
        raise OutcomeUnknown(f"{vendor} answered without JSON.") from reason
    if not isinstance(body, dict):
        raise OutcomeUnknown(f"{vendor} answered something else.")
    return body
