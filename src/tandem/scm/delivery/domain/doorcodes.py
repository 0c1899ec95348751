"""The one-time code at the door: HOTP (RFC 4226) over a secret that never leaves the service."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid, TooManyRequests
from tandem.kernel.patterns import whole
from tandem.scm.delivery.domain.statuses import AT_THE_DOOR, Status

DIGITS = 6
TRIES_MAX = 5
SENDS_MAX = 4
"""The first and three more, per delivery."""
SEND_GAP = timedelta(seconds=60)
SECRET_BYTES = 20

Code = Annotated[str, msgspec.Meta(pattern=whole(r"[0-9]{6}"))]


class DoorCode(msgspec.Struct, frozen=True, kw_only=True):
    """`generation` is the HOTP counter: a new code after a lock, the old one is dead."""

    delivery_id: UUID
    secret: bytes
    generation: int
    tries: int
    sends: int
    sent_at: datetime | None
    verified_at: datetime | None

    @property
    def is_locked(self) -> bool:
        return self.verified_at is None and self.tries >= TRIES_MAX

    def digits(self) -> str:
        return hotp(self.secret, self.generation)


class WrongDoorCode(Invalid):
    """The try was counted, and stays counted."""

    code = "wrong_door_code"
    keeps_changes = True


class DoorCodeLocked(Conflict):
    code = "door_code_locked"


class NotAtTheDoor(Conflict):
    code = "not_at_the_door"


class TooManySends(TooManyRequests):
    code = "too_many_door_codes"


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def hotp(secret: bytes, counter: int) -> str:
    """RFC 4226, section 5.3, six digits."""
    digest = hmac.new(secret, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def check_usable(door_code: DoorCode, status: Status) -> None:
    if status not in AT_THE_DOOR:
        raise NotAtTheDoor(
            "The door code counts only while the driver is arriving or has arrived.",
            delivery_status=status,
        )
    if door_code.is_locked:
        raise DoorCodeLocked(
            f"Locked after {TRIES_MAX} wrong codes. Dispatch can send the buyer a new one."
        )


def is_right(door_code: DoorCode, given: str) -> bool:
    return hmac.compare_digest(door_code.digits().encode(), given.encode())


def check_sendable(door_code: DoorCode, now: datetime) -> None:
    if door_code.sends >= SENDS_MAX:
        raise TooManySends(f"The code was sent {SENDS_MAX} times. Call the buyer instead.")
    if door_code.sent_at is not None and now - door_code.sent_at < SEND_GAP:
        wait = SEND_GAP - (now - door_code.sent_at)
        raise TooManySends(
            "The code was sent a moment ago.",
            retry_after_seconds=max(1, round(wait.total_seconds())),
        )
