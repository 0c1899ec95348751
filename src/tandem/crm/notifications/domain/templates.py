"""The words of every message: files under `templates/`, one folder each.

`subject.txt`, `email.txt` and `email.html` make the e-mail, `sms.txt` the text. The sandbox lets a
template read its parameters and nothing else; HTML escapes them.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from tandem.crm.notifications.domain.messages import SITE, Channel
from tandem.crm.notifications.domain.texts import one_line

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

PARAMETERS_MAX = 40
PARAMETER_LENGTH_MAX = 500
SUBJECT_LENGTH_MAX = 150
SMS_LENGTH_MAX = 1_600

BOTH = frozenset({Channel.EMAIL, Channel.SMS})
EMAIL_ONLY = frozenset({Channel.EMAIL})
SMS_ONLY = frozenset({Channel.SMS})


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """`dlt_template_id`: under which an Indian operator registered the text, once it has."""

    channels: frozenset[Channel]
    dlt_template_id: str = ""


TEMPLATES: Mapping[str, Template] = {
    "order_placed": Template(channels=BOTH),
    "order_confirmed": Template(channels=BOTH),
    "invoice_issued": Template(channels=EMAIL_ONLY),
    "order_shipped": Template(channels=BOTH),
    "out_for_delivery": Template(channels=BOTH),
    "arriving": Template(channels=SMS_ONLY),
    "door_code": Template(channels=BOTH),
    "order_delivered": Template(channels=BOTH),
    "order_cancelled": Template(channels=BOTH),
    "refund_processed": Template(channels=BOTH),
    "late_payment_revived": Template(channels=BOTH),
    "late_payment_refunded": Template(channels=BOTH),
    "surplus_refunded": Template(channels=BOTH),
    "quote_sent": Template(channels=BOTH),
    "quote_expiring": Template(channels=BOTH),
    "driver_code": Template(channels=SMS_ONLY),
    "complaint_opened": Template(channels=BOTH),
    "complaint_answered": Template(channels=BOTH),
    "complaint_resolved": Template(channels=BOTH),
    "invitation": Template(channels=EMAIL_ONLY),
    "form_confirmation": Template(channels=EMAIL_ONLY),
    "sign_in_code": Template(channels=EMAIL_ONLY),
    "buyer_code": Template(channels=BOTH),
    "password_reset": Template(channels=EMAIL_ONLY),
    "account_notice": Template(channels=EMAIL_ONLY),
    "campaign_notice": Template(channels=EMAIL_ONLY),
    "more_of_the_same": Template(channels=BOTH),
    "text_stopped": Template(channels=SMS_ONLY),
    "text_resumed": Template(channels=SMS_ONLY),
    "text_help": Template(channels=SMS_ONLY),
}


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` and `html` are empty for a text message."""

    subject: str
    text: str
    html: str


def render(template: str, channel: Channel, parameters: Mapping[str, str]) -> Words:
    """Fill a template. A parameter it names and nobody gave is a bug and raises."""
    assert len(parameters) <= PARAMETERS_MAX, "a message is a few facts, not a document"
    given = {name: _value(name, value) for name, value in parameters.items()}
    if channel is Channel.SMS:
        text = " ".join(_fill(f"{template}/sms.txt", given).split())
        return Words(subject="", text=text[:SMS_LENGTH_MAX], html="")
    subject = one_line(_fill(f"{template}/subject.txt", given), SUBJECT_LENGTH_MAX)
    text = _fill(f"{template}/email.txt", given).strip() + "\n"
    html = _fill(f"{template}/email.html", {**given, "subject": subject})
    return Words(subject=subject, text=text, html=html)


def _value(name: str, value: str) -> str:
    """A `…_link` is a path of ours; anything else is a fact on one line."""
    if name.endswith("_link"):
        assert value.startswith("/"), f"{name} leads into this installation and nowhere else"
        return f"{SITE}{value}"
    return one_line(value, PARAMETER_LENGTH_MAX)


def _fill(name: str, given: Mapping[str, str]) -> str:
    return _environment().get_template(name).render(given)


@cache
def _environment() -> "ImmutableSandboxedEnvironment":
    from jinja2 import PackageLoader, StrictUndefined  # 3 MB, for the first message
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("tandem.crm.notifications", "templates"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
