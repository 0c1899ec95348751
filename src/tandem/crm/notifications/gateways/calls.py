"""One call to a webhook's address, and what each kind of answer means for it.

Only 2xx has taken it (Standard Webhooks); 410 takes nothing ever again, another 4xx not this one,
and 5xx may another time. After silence, once the connection stood, nobody knows.
"""

from datetime import timedelta

from tandem.crm.notifications.domain.calls import Call
from tandem.crm.notifications.gateways.port import HandOver, Refused, TryLater
from tandem.kernel.guard import AddressRefused, Guard, NoAnswer
from tandem.kernel.outbound import OutcomeUnknown

BUSY = frozenset({408, 425, 429, 503})
GONE = 410
WAIT_SECONDS_MAX = 3600
WAIT_USUAL = timedelta(seconds=10)


class Gone(Refused):
    """Nothing is taken there any more."""


async def post(guard: Guard, call: Call, body: str, *, hand_over: HandOver) -> None:
    """Once and never again. Raises Refused, TryLater or OutcomeUnknown; see gateways.port."""
    try:
        await guard.check(call.url)
    except AddressRefused as reason:
        raise TryLater("The address is not one that calls may go to, or is not found.") from reason
    await hand_over()
    try:
        answer = await guard.send(
            "POST", call.url, content=body.encode(), headers=dict(call.headers)
        )
    except NoAnswer as reason:
        if reason.is_unsent:
            raise TryLater("The address cannot be reached.") from reason
        raise OutcomeUnknown(f"No answer: {reason.reason}.") from reason
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"The address answered {status}."
    if status == GONE:
        raise Gone("The address answered 410, gone.")
    if status in BUSY:
        raise TryLater(said, retry_after=_wait(answer.retry_after))
    if status < 500:
        raise Refused(said)
    raise TryLater(said, is_about_message=True)


def _wait(said: str) -> timedelta:
    """`Retry-After` in seconds, at most an hour."""
    is_number = said.isascii() and said.isdigit()
    return timedelta(seconds=min(int(said[:9]), WAIT_SECONDS_MAX)) if is_number else WAIT_USUAL
