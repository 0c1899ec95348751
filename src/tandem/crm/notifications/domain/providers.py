"""Who carries messages: the kinds there are, what each needs to know, and which one comes first."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.breakers import Breaker, Reason
from tandem.kernel.errors import Conflict, Invalid, NotFound
from tandem.kernel.patterns import whole

PROVIDERS_MAX = 20
VALUE_LENGTH_MAX = 4_000


class Kind(StrEnum):
    SMTP = "smtp"
    SES = "ses"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"
    TWILIO = "twilio"
    MSG91 = "msg91"
    WHATSAPP = "whatsapp"


CHANNEL_OF: Mapping[Kind, str] = {
    Kind.SMTP: "email",
    Kind.SES: "email",
    Kind.SENDGRID: "email",
    Kind.MAILGUN: "email",
    Kind.POSTMARK: "email",
    Kind.TWILIO: "sms",
    Kind.MSG91: "sms",
    Kind.WHATSAPP: "whatsapp",
}

TITLES: Mapping[Kind, str] = {
    Kind.SMTP: "SMTP server",
    Kind.SES: "Amazon SES",
    Kind.SENDGRID: "SendGrid",
    Kind.MAILGUN: "Mailgun",
    Kind.POSTMARK: "Postmark",
    Kind.TWILIO: "Twilio",
    Kind.MSG91: "MSG91",
    Kind.WHATSAPP: "WhatsApp Cloud",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Something a provider has to know. `pattern` is for the whole value."""

    name: str
    label: str
    hint: str = ""
    pattern: str = r"[\x21-\x7e]{1,500}"
    is_secret: bool = False
    is_needed: bool = True


_EMAIL = r"[^\s@<>\"(),:;\\\[\]]{1,64}@[a-zA-Z0-9.-]{1,190}"
_FROM = Part(name="from_address", label="From address", pattern=_EMAIL)


def _secret(name: str, label: str, hint: str = "", *, is_needed: bool = True) -> Part:
    return Part(name=name, label=label, hint=hint, is_secret=True, is_needed=is_needed)


PARTS: Mapping[Kind, tuple[Part, ...]] = {
    Kind.SMTP: (
        _FROM,
        Part(
            name="url",
            label="Server",
            hint="smtp://mail.example.com:587 (STARTTLS) or smtps://mail.example.com",
            pattern=r"smtps?://[a-zA-Z0-9.\[\]:-]{1,300}",
        ),
        Part(name="user", label="User name", is_needed=False),
        _secret("password", "Password", is_needed=False),
        Part(
            name="bounce_address",
            label="Bounce mailbox",
            hint="bounces@example.com, with sub-addresses (bounces+…)",
            pattern=_EMAIL,
            is_needed=False,
        ),
        Part(
            name="imap_url",
            label="Read it by IMAP",
            hint="imaps://imap.example.com; empty: the server posts what comes back",
            pattern=r"imaps?://[a-zA-Z0-9.\[\]:-]{1,300}",
            is_needed=False,
        ),
        Part(name="imap_user", label="Its user name", is_needed=False),
        _secret("imap_password", "Its password", is_needed=False),
        Part(
            name="imap_folder",
            label="Its folder",
            hint="INBOX unless you move them",
            pattern=r"[A-Za-z0-9 ._/-]{1,100}",
            is_needed=False,
        ),
    ),
    Kind.SES: (
        _FROM,
        Part(name="region", label="Region", hint="ap-south-1", pattern=r"[a-z]{2}(-[a-z]+)+-\d"),
        Part(name="access_key_id", label="Access key id", pattern=r"[A-Z0-9]{16,128}"),
        _secret("secret_access_key", "Secret access key"),
        Part(name="configuration_set", label="Configuration set", is_needed=False),
        Part(
            name="topic_arn",
            label="SNS topic of the reports",
            hint="arn:aws:sns:ap-south-1:123456789012:mail",
            pattern=r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}",
            is_needed=False,
        ),
    ),
    Kind.SENDGRID: (
        _FROM,
        _secret("api_key", "API key"),
        Part(
            name="verification_key",
            label="Verification key of the event webhook",
            hint="Settings → Mail settings → Event webhook → Signed",
            pattern=r"[A-Za-z0-9+/=]{80,300}",
            is_needed=False,
        ),
    ),
    Kind.MAILGUN: (
        _FROM,
        Part(name="domain", label="Sending domain", pattern=r"[a-zA-Z0-9.-]{3,190}"),
        Part(name="region", label="Region", hint="us or eu", pattern=r"us|eu"),
        _secret("api_key", "Sending API key"),
        _secret("signing_key", "Webhook signing key", is_needed=False),
    ),
    Kind.POSTMARK: (
        _FROM,
        _secret("server_token", "Server API token"),
        Part(
            name="stream",
            label="Message stream",
            hint="outbound unless you made your own",
            pattern=r"[a-z][a-z0-9_-]{0,29}",
            is_needed=False,
        ),
    ),
    Kind.TWILIO: (
        Part(name="account_sid", label="Account SID", pattern=r"AC[0-9a-f]{32}"),
        _secret("auth_token", "Auth token"),
        Part(
            name="sender",
            label="Sender",
            hint="+15005550006, a name, or a messaging service (MG…)",
            pattern=r"[\x20-\x7e]{1,40}",
        ),
        Part(
            name="answers",
            label="Who answers STOP",
            hint="tandem, where Twilio's own opt-out handling is switched off; else Twilio does",
            pattern=r"(tandem|twilio)",
            is_needed=False,
        ),
    ),
    Kind.MSG91: (
        _secret("auth_key", "Auth key"),
        Part(
            name="sender",
            label="Header",
            hint="The six letters registered with DLT",
            pattern=r"[A-Za-z0-9]{6}",
        ),
    ),
    Kind.WHATSAPP: (
        Part(name="phone_number_id", label="Phone number id", pattern=r"\d{5,25}"),
        _secret("access_token", "Access token"),
        _secret("app_secret", "App secret", "Signs the reports"),
    ),
}
assert PARTS.keys() == CHANNEL_OF.keys() == TITLES.keys() == set(Kind), "every kind is described"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """`rank` 1 is asked first; those of one rank share the messages by `weight`.

    `is_stand_in`: the sandbox on this machine plays the vendor.
    """

    id: UUID
    name: str
    channel: str
    kind: Kind
    config: dict[str, str]
    rank: int
    weight: int
    is_active: bool
    is_stand_in: bool
    failures: int
    openings: int
    closed_because: Reason
    closed_until: datetime | None
    last_error: str
    last_error_at: datetime | None
    last_taken_at: datetime | None
    version: int
    created_at: datetime

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def breaker(self) -> Breaker:
        return Breaker(
            failures=self.failures,
            openings=self.openings,
            reason=self.closed_because,
            until=self.closed_until,
        )

    def health(self, now: datetime) -> str:
        """off, keys_refused, resting, troubled, good or unused."""
        if not self.is_active:
            return "off"
        if self.closed_because is Reason.KEYS:
            return "keys_refused"
        if not self.breaker.may_send(now):
            return "resting"
        if self.failures or self.closed_because is Reason.TROUBLE:
            return "troubled"
        return "good" if self.last_taken_at else "unused"


class Carriage(msgspec.Struct, frozen=True, kw_only=True):
    """A message was, or was about to be, in this provider's hands."""

    provider_id: UUID
    name: str
    at: datetime


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=whole(r"[^\x00-\x1f]+"))]
Place = Annotated[int, msgspec.Meta(ge=1, le=100)]
Value = Annotated[str, msgspec.Meta(max_length=VALUE_LENGTH_MAX)]
Values = Annotated[dict[str, Value], msgspec.Meta(max_length=20)]


class NewProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`values` hold what the kind needs, secrets too; these are sealed and never shown again."""

    name: Name
    kind: Kind
    values: Values
    rank: Place = 1
    weight: Place = 1
    is_active: bool = True
    is_stand_in: bool = False


class ProviderChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret that is left out or empty stays as it is."""

    name: Name
    values: Values
    rank: Place = 1
    weight: Place = 1
    is_active: bool = True


class ProviderMissing(NotFound):
    code = "provider_not_found"


class ProviderNameTaken(Conflict):
    code = "provider_name_taken"


class TooManyProviders(Conflict):
    code = "too_many_providers"


class NoStandIn(Conflict):
    """There is no sandbox beside this installation."""

    code = "no_stand_in"


def checked_values(
    kind: Kind, values: Mapping[str, str], *, kept: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """(what anybody may see, what is sealed). `kept` are the secrets there are already.

    Refuses what is missing, unknown or malformed, naming the field.
    """
    parts = {part.name: part for part in PARTS[kind]}
    if unknown := sorted(values.keys() - parts.keys()):
        raise Invalid(f"{TITLES[kind]} has no such setting.", field=f"values.{unknown[0][:60]}")
    plain: dict[str, str] = {}
    sealed: dict[str, str] = {}
    for name, part in parts.items():
        value = values.get(name, "").strip() or (kept.get(name, "") if part.is_secret else "")
        if not value and part.is_needed:
            raise Invalid(f"{part.label} is needed.", field=f"values.{name}")
        if value and re.fullmatch(part.pattern, value) is None:
            hint = f" {part.hint}" if part.hint and not part.is_secret else ""
            raise Invalid(f"{part.label} does not look right.{hint}", field=f"values.{name}")
        (sealed if part.is_secret else plain)[name] = value
    return plain, sealed


def in_order(providers: Sequence[Provider], message_id: UUID) -> list[Provider]:
    """By rank; within one by weight, and each message in the same order at every try.

    Weighted rendezvous hashing: a share of 3 to 1 holds over many messages without a counter.
    """
    return sorted(
        providers, key=lambda one: (one.rank, -_score(one.id, one.weight, message_id), one.id)
    )


def _score(provider_id: UUID, weight: int, message_id: UUID) -> float:
    digest = hashlib.sha256(provider_id.bytes + message_id.bytes).digest()
    share = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 2)
    return -weight / math.log(share)
