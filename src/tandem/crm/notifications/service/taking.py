"""One message on its way out, and every way that can end. No transaction is open meanwhile."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec

from tandem.crm.notifications.domain.messages import SITE, Channel, Message
from tandem.crm.notifications.domain.outgoing import Content
from tandem.crm.notifications.domain.texts import segments
from tandem.crm.notifications.gateways.port import (
    AddressDead,
    HourWrong,
    KeysRefused,
    Leaving,
    Refused,
    Site,
    TryLater,
)
from tandem.crm.notifications.service import carrying
from tandem.crm.notifications.service.handing import LeaseLost
from tandem.crm.notifications.service.leaving import Result
from tandem.crm.notifications.service.roads import Roads
from tandem.kernel.jobs import Work
from tandem.kernel.outbound import OutcomeUnknown

TRY_SECONDS_MAX = 90.0
"""Below the lease, so that nobody else takes a message that is still in hand."""


class NotYet(Exception):
    """Its stream was paused, or has had its share: nothing was tried."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


async def take(
    work: Work,
    message: Message,
    content: Content,
    *,
    hand_over: carrying.HandOverTo,
    roads: Roads | None = None,
) -> Result | None:
    """Carry it to the other side; None when it is in somebody else's hand by now."""
    base_url = work.get(Site).base_url
    leaving = Leaving(
        message=_worded(message, content, base_url),
        org_id=work.org_id,
        headers={name: value.replace(SITE, base_url) for name, value in content.headers.items()},
        unshortened=content.unshortened.replace(SITE, base_url),
    )
    if _is_longer_for_it(leaving):
        leaving = leaving.saying(leaving.unshortened)
    try:
        async with asyncio.timeout(TRY_SECONDS_MAX):
            carried = await carrying.carry(work, leaving, hand_over=hand_over, roads=roads)
    except LeaseLost:
        return None
    except NotYet as wait:
        return Result(message=message, outcome="not_yet", until=wait.until)
    except HourWrong as wait:
        return Result(
            message=message,
            outcome="held",
            reason=wait.reason,
            detail=str(wait),
            until=wait.until,
        )
    except AddressDead as refusal:
        return Result(message=message, outcome="bounced", detail=str(refusal))
    except Refused as refusal:
        return Result(message=message, outcome="refused", detail=str(refusal))
    except TryLater as later:
        return Result(
            message=message,
            outcome="later" if later.is_about_message else "outage",
            detail=str(later) or _WORDS.get(type(later), "It cannot be taken now."),
            retry_after=later.retry_after,
        )
    except (OutcomeUnknown, TimeoutError) as silence:
        detail = str(silence) or "No answer in time."
        return Result(message=message, outcome="unknown", detail=detail)
    return Result(message=message, outcome="sent", provider_message_id=carried.provider_message_id)


_WORDS: Mapping[type[TryLater], str] = {KeysRefused: "The keys are not accepted."}


def _is_longer_for_it(leaving: Leaving) -> bool:
    """To know of a click is not worth another part of a text."""
    message, written = leaving.message, leaving.unshortened
    is_text = message.channel is Channel.SMS and written != ""
    return is_text and segments(message.text) > segments(written)


def _worded(message: Message, content: Content, base_url: str) -> Message:
    return msgspec.structs.replace(
        message, subject=content.subject, text=content.text, html=content.html
    ).with_links_to(base_url)
