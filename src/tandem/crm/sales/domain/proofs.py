"""Proof of work: a puzzle that costs a browser a second and a flood a fortune. No third party.

The server signs a challenge and forgets it. Whoever sends the form shows, for each of `count`
places, a number whose SHA-256 over `challenge.place.number` begins with `bits` zero bits: on
average count x 2^bits hashes, with little spread; checking takes count hashes. A challenge is good
for one form, for one submission, until it expires.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole
from tandem.kernel.signatures import is_signed, sign

GOOD_FOR = timedelta(hours=2)
COUNT = 16
BITS: Mapping[str, int] = {"light": 9, "normal": 12, "hard": 14}
"""About 8,000, 65,000 and 260,000 hashes."""
NUMBER_MAX = 2**53

Challenge = Annotated[str, msgspec.Meta(max_length=300, pattern=whole(r"[A-Za-z0-9_.-]*"))]
Numbers = Annotated[
    list[Annotated[int, msgspec.Meta(ge=0, lt=NUMBER_MAX)]], msgspec.Meta(max_length=COUNT)
]


class Puzzle(msgspec.Struct, frozen=True, kw_only=True):
    """Find `count` numbers; the challenge names everything else. Algorithm: SHA-256."""

    challenge: str
    count: int
    bits: int
    expires_at: datetime


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    challenge: Challenge = ""
    numbers: Numbers = []


class ProofWrong(Invalid):
    """The puzzle is not solved, or not this one: ask for a new challenge and solve that."""

    code = "proof_wrong"


class _Body(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    form_id: UUID
    salt: str
    begun_ms: int
    bits: int


def set_puzzle(form_id: UUID, effort: str, key: str, now: datetime) -> Puzzle:
    body = _Body(
        form_id=form_id,
        salt=secrets.token_urlsafe(12),
        begun_ms=int(now.timestamp() * 1000),
        bits=BITS[effort],
    )
    packed = base64.urlsafe_b64encode(msgspec.json.encode(body)).decode().rstrip("=")
    return Puzzle(
        challenge=f"{packed}.{sign(key, packed.encode())}",
        count=COUNT,
        bits=body.bits,
        expires_at=now + GOOD_FOR,
    )


def check_proof(proof: Proof, form_id: UUID, effort: str, key: str, now: datetime) -> timedelta:
    """How long ago the challenge was set. Refuses what we did not set for this form, what is too
    old, too easy or not solved."""
    body = _body_of(proof.challenge, key)
    age = now - datetime.fromtimestamp(body.begun_ms / 1000, tz=now.tzinfo)
    if body.form_id != form_id or body.bits < BITS[effort]:
        raise ProofWrong("This challenge is another form's. Ask for a new one.", field="proof")
    if not timedelta(seconds=-1) <= age <= GOOD_FOR:
        raise ProofWrong("This challenge is too old. Ask for a new one.", field="proof")
    if not is_solved(proof.challenge, proof.numbers, body.bits):
        raise ProofWrong("The challenge is not solved.", field="proof")
    return age


def is_solved(challenge: str, numbers: Sequence[int], bits: int) -> bool:
    if len(numbers) != COUNT:
        return False
    return all(
        _zeros(f"{challenge}.{place}.{number}") >= bits for place, number in enumerate(numbers)
    )


def solve(challenge: str, bits: int) -> list[int]:
    """What the browser's worker does; here for callers without a browser, and for tests."""
    numbers = []
    for place in range(COUNT):
        number = 0
        while _zeros(f"{challenge}.{place}.{number}") < bits:
            number += 1
        numbers.append(number)
    return numbers


def _zeros(text: str) -> int:
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return 256 - digest.bit_length()


def _body_of(challenge: str, key: str) -> _Body:
    packed, _, signature = challenge.partition(".")
    if not is_signed([key], packed.encode(), signature):
        raise ProofWrong("Ask for a challenge and solve it first.", field="proof")
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return msgspec.json.decode(raw, type=_Body)
    except (ValueError, binascii.Error) as reason:
        raise AssertionError("signed by us and not readable") from reason
