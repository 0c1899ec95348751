"""A signed token before its signature is looked at: only what can be read in one way is read at all
(RFC 7515, RFC 8725). Libraries are lenient here, each in its own way."""

import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

LENGTH_MAX = 16_384
RSA_BITS_MIN = 2048
COMPACT = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{16,}")
"""Three parts of base64url without padding (RFC 7515, s.2 and 7.1), none of them empty."""
NEVER = frozenset({"crit", "b64", "zip", "enc"})
"""Extensions that change what a token means: we know none of them (RFC 7515, s.4.1.11)."""


def check_compact(token: str) -> dict[str, Any]:
    """The header. ValueError for what is no plain signed token, or reads in more than one way."""
    if len(token) > LENGTH_MAX or not COMPACT.fullmatch(token):
        raise ValueError("no compact token")
    header, payload, _ = (_decoded(part) for part in token.split("."))
    read, claims = _object(header), _object(payload)
    if not NEVER.isdisjoint(read) or read.get("typ", "JWT") not in {"JWT", "jwt"}:
        raise ValueError("an extension that is not known")
    if read.get("cty") is not None or not isinstance(read.get("alg"), str):
        raise ValueError("a token within a token, or without its algorithm")
    if any(isinstance(one, float) and not math.isfinite(one) for one in claims.values()):
        raise ValueError("a time that never comes")
    return read


def fitting(keys: dict[str, Any], alg: str) -> list[dict[str, Any]]:
    """The keys of a set that may sign with this algorithm: made for signing, long enough, and not
    said to be for another one. ValueError where there is none."""
    found = [key for key in keys["keys"] if isinstance(key, dict) and _fits(key, alg)]
    if not found:
        raise ValueError("no key for this")
    return found


def _fits(key: dict[str, Any], alg: str) -> bool:
    if key.get("use", "sig") != "sig" or key.get("alg", alg) != alg or key.get("kty") == "oct":
        return False
    if key.get("kty") != "RSA":
        return True
    modulus = int.from_bytes(urlsafe_b64decode(key["n"] + "=" * (-len(key["n"]) % 4)))
    return modulus.bit_length() >= RSA_BITS_MIN


def _decoded(part: str) -> bytes:
    raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if len(part) % 4 == 1 or _spelt(raw) != part:
        raise ValueError("base64url that says one thing in two ways")
    return raw


def _spelt(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _object(raw: bytes) -> dict[str, Any]:
    read = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    if not isinstance(read, dict):
        raise ValueError("no object")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name that is there twice")
    return made


def _refuse(said: str) -> Any:
    raise ValueError(said)
