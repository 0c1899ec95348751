"""DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, over the headers that say what it is.

A signature is made over the very bytes that leave, so it is the last thing that is done to a
letter. What may be read in a mail program, and what a mail program acts upon, is signed once more
than it is there: nobody on the way can add a second one. No time of signing is told: nobody asks
for it, and a clock that is wrong would make the letter look forged.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

Algorithm = Literal["rsa", "ed25519"]
NAMES: Mapping[Algorithm, str] = {"rsa": "rsa-sha256", "ed25519": "ed25519-sha256"}
RSA_BITS = 2048
KEYS_MAX = 2
"""Signatures on one letter: one of each algorithm."""

NEVER_TWICE = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
)
SIGNED = (
    *NEVER_TWICE,
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
)
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n)")
_BLANKS = re.compile(rb"[ \t]+")
_BLANKS_AT_END = re.compile(rb"[ \t]+(?=\r\n)")
_WIDTH = 70


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """`selector._domainkey.domain` has the public half. Never shown and never stored as it is."""

    domain: str
    selector: str
    algorithm: Algorithm
    private: "rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey"

    def __repr__(self) -> str:
        return f"<SigningKey {self.selector}._domainkey.{self.domain}>"


Signing = Mapping[str, Sequence[SigningKey]]
"""A company's keys by the domain that a letter is from."""


class NewPair(msgspec.Struct, frozen=True, kw_only=True):
    """`private` is PKCS #8 in DER; `public` is what stands after `p=` in the record."""

    private: bytes
    public: str

    def __repr__(self) -> str:
        return "<NewPair>"


def new_pair(algorithm: Algorithm) -> NewPair:
    """Takes up to half a second for RSA: not for the event loop."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "rsa":
        private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    else:
        private = ed25519.Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
    return NewPair(
        private=private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        public=base64.b64encode(public).decode(),
    )


def read_key(domain: str, selector: str, algorithm: Algorithm, private: bytes) -> SigningKey:
    """From the DER that `new_pair` made."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    # What we made and sealed ourselves is not proven prime again at each reading.
    key = serialization.load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey), "only these are made"
    return SigningKey(domain=domain, selector=selector, algorithm=algorithm, private=key)


def signed(letter: bytes, keys: Sequence[SigningKey]) -> bytes:
    """The letter with one signature of each key before it. Its line ends are made CRLF."""
    whole = _LINE_END.sub(b"\r\n", letter)
    if not keys:
        return whole
    head, _, body = whole.partition(b"\r\n\r\n")
    names, canonical = _headers(head)
    body_hash = base64.b64encode(hashlib.sha256(_body(body)).digest()).decode()
    made = [_signature(key, names, canonical, body_hash) for key in keys[:KEYS_MAX]]
    return b"".join(made) + whole


def _headers(head: bytes) -> tuple[list[str], bytes]:
    """Which are signed, in order, and what is hashed of them."""
    found: dict[str, list[bytes]] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        found.setdefault(name.strip().lower().decode("ascii", "replace"), []).append(value)
    present = [name for name in SIGNED if name in found]
    # A name beyond those that are there adds nothing to the hash (RFC 6376 section 5.4.2).
    canonical = b"".join(_relaxed(name, found[name][-1]) for name in present)
    return [*present, *(name for name in NEVER_TWICE if name in found)], canonical


def _relaxed(name: str, value: bytes) -> bytes:
    unfolded = value.replace(b"\r\n", b"")
    return name.encode() + b":" + _BLANKS.sub(b" ", unfolded).strip() + b"\r\n"


def _body(body: bytes) -> bytes:
    """RFC 6376 section 3.4.4: blanks one wide, none at an end, no empty lines last."""
    narrow = _BLANKS.sub(b" ", _BLANKS_AT_END.sub(b"", body + b"\r\n"))
    kept = narrow.rstrip(b"\r\n").removesuffix(b" ")
    return kept + b"\r\n" if kept else b""


def _signature(key: SigningKey, names: Sequence[str], canonical: bytes, body_hash: str) -> bytes:
    value = (
        f" v=1; a={NAMES[key.algorithm]}; c=relaxed/relaxed;\r\n"
        f"\td={key.domain}; s={key.selector};\r\n"
        f"\th={_folded(names)};\r\n\tbh={body_hash};\r\n\tb="
    ).encode()
    # The signature's own header comes last, without its value and without a line end.
    over = canonical + _relaxed("dkim-signature", value).removesuffix(b"\r\n")
    made = base64.b64encode(_sign(key.private, over)).decode()
    lines = [made[at : at + _WIDTH] for at in range(0, len(made), _WIDTH)]
    return b"DKIM-Signature:" + value + "\r\n\t ".join(lines).encode() + b"\r\n"


def _sign(private: "rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey", over: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(over, padding.PKCS1v15(), hashes.SHA256())
    return private.sign(hashlib.sha256(over).digest())


def _folded(names: Sequence[str]) -> str:
    lines, line = [], ""
    for name in names:
        if line and len(line) + len(name) > _WIDTH:
            lines.append(line)
            line = ""
        line = f"{line}:{name}" if line or lines else name
    return "\r\n\t ".join([*lines, line])
