"""Passkeys: what is kept of them, whom they are made for, and what a browser sends."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Unauthenticated
from tandem.kernel.patterns import whole

PASSKEYS_MAX = 20
LOOPBACK = frozenset({"127.0.0.1", "::1"})


class WrongPasskey(Unauthenticated):
    """Of another site, person or time, not verified, or a copy: one answer for all."""

    code = "wrong_passkey"

    def __init__(self) -> None:
        super().__init__("This passkey was not accepted. Try once more, or another way.")


class TooManyPasskeys(Conflict):
    code = "too_many_passkeys"


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """`is_backed_up`: a password manager keeps it; then losing the device loses nothing."""

    id: UUID
    name: str
    is_backup_eligible: bool
    is_backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class RelyingParty(msgspec.Struct, frozen=True, kw_only=True):
    """The site as browsers name it (WebAuthn level 3, s.13.4.9)."""

    id: str
    origin: str

    @classmethod
    def of(cls, base_url: str) -> "RelyingParty":
        """Passkeys know no IP addresses: on this machine they belong to `localhost`."""
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        if host not in LOOPBACK:
            return cls(id=host, origin=f"{parts.scheme}://{parts.netloc}")
        port = f":{parts.port}" if parts.port else ""
        return cls(id="localhost", origin=f"{parts.scheme}://localhost{port}")


Base64Url = Annotated[str, msgspec.Meta(max_length=16_384, pattern=whole(r"[A-Za-z0-9_-]*=*"))]


class Answered(msgspec.Struct, kw_only=True, omit_defaults=True):
    clientDataJSON: Base64Url  # noqa: N815  the names are the standard's
    attestationObject: Base64Url | None = None  # noqa: N815
    authenticatorData: Base64Url | None = None  # noqa: N815
    signature: Base64Url | None = None
    userHandle: Base64Url | None = None  # noqa: N815
    transports: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=20)]], msgspec.Meta(max_length=10)
    ] = []


class Credential(msgspec.Struct, kw_only=True):
    """`PublicKeyCredential.toJSON()`, as far as it is looked at."""

    id: Base64Url
    rawId: Base64Url  # noqa: N815
    type: Literal["public-key"]
    response: Answered
