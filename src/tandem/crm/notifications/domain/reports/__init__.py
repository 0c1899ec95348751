"""What providers tell afterwards, in one language: read from each vendor's words, then applied.

Reports come late, twice and in any order; a message only ever goes on, never back.
"""

from collections.abc import Callable, Mapping, Sequence

from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.domain.reports.mailgun import read_mailgun
from tandem.crm.notifications.domain.reports.msg91 import read_msg91
from tandem.crm.notifications.domain.reports.postmark import read_postmark
from tandem.crm.notifications.domain.reports.report import (
    ENGAGEMENT,
    FAILURES,
    RANK,
    Inbound,
    Malformed,
    Report,
    What,
    is_progress,
)
from tandem.crm.notifications.domain.reports.sendgrid import read_sendgrid
from tandem.crm.notifications.domain.reports.ses import read_ses
from tandem.crm.notifications.domain.reports.twilio import read_twilio
from tandem.crm.notifications.domain.reports.whatsapp import read_whatsapp

__all__ = [
    "ENGAGEMENT",
    "FAILURES",
    "RANK",
    "READ",
    "Inbound",
    "Malformed",
    "Report",
    "What",
    "is_progress",
]

READ: Mapping[Kind, Callable[[bytes], Sequence[Report | Malformed | Inbound]]] = {
    Kind.SES: read_ses,
    Kind.SENDGRID: read_sendgrid,
    Kind.MAILGUN: read_mailgun,
    Kind.POSTMARK: read_postmark,
    Kind.TWILIO: read_twilio,
    Kind.MSG91: read_msg91,
    Kind.WHATSAPP: read_whatsapp,
}
