"""Codes: mailed ones, those of a clock, and those for the day the phone is lost."""

import hashlib
import hmac
import secrets
from datetime import datetime
from uuid import UUID

import msgspec
import pyotp

from tandem.kernel.errors import Unauthenticated

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""One step back or ahead: RFC 6238 s.5.2 asks for one at most."""
DIGITS = 6
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_LENGTH = 10


class WrongCode(Unauthenticated):
    """Wrong, used already, or too late: one answer for all."""

    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__("This code is not right, or no longer.", field="code")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What to mail to whom, and in which company's name."""

    company_id: UUID
    company_name: str
    email: str
    name: str
    secret: str
    dedupe: str


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 s.4 recommends."""
    return pyotp.random_base32(32)


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """RFC 4226 with the step of RFC 6238 as its counter."""
    return pyotp.HOTP(secret, digits=digits).at(step)


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step that the code belongs to, if it is near and later than the last one accepted.

    All steps are compared whatever the result, so that the answer's time tells nothing.
    """
    current = step_of(now)
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def enrolment_address(secret: str, *, email: str, issuer: str) -> str:
    """What the QR code says: otpauth://totp/…"""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def new_mailed_code() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def new_recovery_codes() -> list[str]:
    """Ten of some 49 bits each, without letters that look like others."""
    made = [
        "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    return [f"{code[:5]}-{code[5:]}" for code in made]


def plain_code(typed: str) -> str:
    """As it was made: spaces and dashes are for the eye."""
    return "".join(typed.split()).replace("-", "").lower()[:64]


def hash_of_code(code: str, subject: UUID) -> bytes:
    """Bound to what it opens: mailed codes, which live for minutes and are tried five times."""
    return hashlib.sha256(subject.bytes + plain_code(code).encode()).digest()
