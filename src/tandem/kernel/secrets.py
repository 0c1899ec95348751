"""Secrets at rest: sealed with AES-256-GCM, bound to their company, purpose and row, re-keyable.

An envelope: each value has a data key of its own, and that key is wrapped by the first key of the
ring (`TANDEM_SECRET_KEYS`). Rotation wraps data keys anew and never sees a secret. Columns that
hold sealed values are of the type `kernel.sealed`, so that none is forgotten when keys change.

    1 byte  version · 4 bytes key id · 12 bytes nonce · 48 bytes wrapped data key · sealed value
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
_NOBODY = UUID(int=0)
KEY_BYTES = 32
_ID_BYTES, _NONCE_BYTES, _TAG_BYTES = 4, 12, 16
_SIGNATURE_MIN = 16
_WRAPPED_AT = len(VERSION) + _ID_BYTES
_VALUE_AT = _WRAPPED_AT + _NONCE_BYTES + KEY_BYTES + _TAG_BYTES
_ONCE = bytes(_NONCE_BYTES)
"""A data key seals one value only, so its nonce may be constant (NIST SP 800-38D, 8.2)."""


class SecretsWrong(Exception):
    """The ring cannot be read from the settings; the message says how a key looks."""


class CannotOpen(Exception):
    """No key of the ring opens this, or it was sealed for another company, purpose or row."""


def new_key() -> str:
    """A fresh key as it stands in `TANDEM_SECRET_KEYS`: 32 random bytes, base64url."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


class Keyring:
    """The first key seals; every key opens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise SecretsWrong(f"A secret key has {KEY_BYTES} bytes, and there is at least one.")
        self._first = _id_of(keys[0])
        self._signing = [hmac.new(key, b"signing", hashlib.sha256).digest() for key in keys]
        self._keys = {_id_of(key): AESGCM(key) for key in keys}

    @classmethod
    def read(cls, listed: str, *, fallback: str) -> "Keyring":
        """Keys listed with commas, newest first.

        The key derived from `fallback` (`TANDEM_SECRET_KEY`) stands last: what was sealed before
        there was a list still opens, and an installation without a list seals with it.
        """
        derived = hmac.new(fallback.encode(), b"secrets at rest", hashlib.sha256).digest()
        return cls([*(_decode(part) for part in listed.split(",") if part.strip()), derived])

    @property
    def first_key_id(self) -> bytes:
        return self._first

    def seal(self, plain: bytes, *, org_id: UUID, purpose: str, subject: str = "") -> bytes:
        """`subject` ties the value to its row, so that nobody can move it to another."""
        data_key = os.urandom(KEY_BYTES)
        value = AESGCM(data_key).encrypt(_ONCE, plain, _bond(org_id, purpose, subject))
        return self._wrap(data_key) + value

    def unseal(self, sealed: bytes, *, org_id: UUID, purpose: str, subject: str = "") -> bytes:
        """Raises CannotOpen, which never says what it saw."""
        data_key = self._unwrap(sealed)
        try:
            return AESGCM(data_key).decrypt(
                _ONCE, sealed[_VALUE_AT:], _bond(org_id, purpose, subject)
            )
        except InvalidTag as reason:
            raise CannotOpen("sealed for something else, or changed since") from reason

    def reseal(self, sealed: bytes) -> bytes:
        """The same value under the first key. Raises CannotOpen."""
        return self._wrap(self._unwrap(sealed)) + sealed[_VALUE_AT:]

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        """32 bytes that only this installation can make: for links without a row of their own."""
        return _signature(self._signing[0], message, purpose)

    def is_signed(self, message: bytes, signature: bytes, *, purpose: str) -> bool:
        """Whether a key of the ring made it, or its beginning of 16 bytes and more."""
        wide = len(signature)
        made = [_signature(key, message, purpose)[:wide] for key in self._signing]
        return wide >= _SIGNATURE_MIN and True in [
            hmac.compare_digest(one, signature) for one in made
        ]

    def _wrap(self, data_key: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        head = VERSION + self._first
        return head + nonce + self._keys[self._first].encrypt(nonce, data_key, head)

    def _unwrap(self, sealed: bytes) -> bytes:
        head = sealed[:_WRAPPED_AT]
        key = self._keys.get(key_id_of(sealed))
        if head[:1] != VERSION or key is None:
            raise CannotOpen("sealed with a key that is not in TANDEM_SECRET_KEYS")
        nonce, wrapped = sealed[_WRAPPED_AT:][:_NONCE_BYTES], sealed[:_VALUE_AT]
        try:
            return key.decrypt(nonce, wrapped[_WRAPPED_AT + _NONCE_BYTES :], head)
        except (InvalidTag, ValueError) as reason:
            raise CannotOpen("changed since it was sealed") from reason


def key_id_of(sealed: bytes) -> bytes:
    return sealed[len(VERSION) : _WRAPPED_AT]


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"key id" + key).digest()[:_ID_BYTES]


def _bond(org_id: UUID, purpose: str, subject: str) -> bytes:
    """Each part with its length, so that no two bonds read alike."""
    parts = (org_id.bytes, purpose.encode(), subject.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _signature(key: bytes, message: bytes, purpose: str) -> bytes:
    return hmac.new(key, _bond(_NOBODY, purpose, "") + message, hashlib.sha256).digest()


def _decode(listed: str) -> bytes:
    text = listed.strip()
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as reason:
        raise SecretsWrong("A secret key is 32 bytes in base64url.") from reason
    if len(key) != KEY_BYTES:
        raise SecretsWrong("A secret key is 32 bytes in base64url.")
    return key


_held: Keyring | None = None


def hold(ring: Keyring) -> None:
    """Give this process its ring. Only the composition root does."""
    global _held
    _held = ring


def held() -> Keyring:
    assert _held is not None, "this process was not given its secret keys (app.wiring)"
    return _held


def seal(plain: bytes, *, org_id: UUID, purpose: str, subject: str = "") -> bytes:
    """Seal for a `kernel.sealed` column; `purpose` is `service.what`, `subject` the row's id."""
    return held().seal(plain, org_id=org_id, purpose=purpose, subject=subject)


def unseal(sealed: bytes, *, org_id: UUID, purpose: str, subject: str = "") -> bytes:
    """What was sealed for exactly this. Raises CannotOpen."""
    return held().unseal(sealed, org_id=org_id, purpose=purpose, subject=subject)


def sign(message: bytes, *, purpose: str) -> bytes:
    """`purpose` is `service.what`: a signature for one is none for another."""
    return held().sign(message, purpose=purpose)


def is_signed(message: bytes, signature: bytes, *, purpose: str) -> bool:
    return held().is_signed(message, signature, purpose=purpose)
