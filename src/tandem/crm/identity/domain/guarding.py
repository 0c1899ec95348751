"""How often somebody may try, and what a network is."""

import hashlib
import ipaddress

import msgspec

from tandem.kernel.errors import TooManyRequests


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """A token bucket: `burst` tries at once, refilled with `per_hour`."""

    kind: str
    burst: int
    per_hour: int

    @property
    def wait_seconds(self) -> int:
        return 3600 // self.per_hour + 1


BY_ACCOUNT = Allowance(kind="account", burst=10, per_hour=60)
"""From browsers that never signed in to it: 70 in the first hour, 60 in each one after."""
BY_BROWSER = Allowance(kind="browser", burst=10, per_hour=30)
"""From a browser that did. Nobody else draws on it, so nobody can lock its owner out."""
BY_NETWORK = Allowance(kind="network", burst=60, per_hour=240)
"""Failed ones from an IPv4 address or an IPv6 /64, whatever the account: a spray ends here."""
BY_REGION = Allowance(kind="region", burst=600, per_hour=2_400)
"""From an IPv4 /24 or an IPv6 /48, for whoever rotates through a network of their own."""
MAIL_TO = Allowance(kind="mail_to", burst=5, per_hour=5)
MAIL_FROM = Allowance(kind="mail_from", burst=20, per_hour=60)
FACTOR = Allowance(kind="factor", burst=10, per_hour=6)
"""Second factors of one person, by who has the password already: a million codes take 19 years."""


class TooManyTries(TooManyRequests):
    """Said of an address whether or not anybody has it."""

    code = "too_many_tries"


def network_of(address: str) -> str:
    """What one household or machine has: the IPv4 address, the IPv6 /64 (RFC 6177)."""
    return _prefix(address, 32, 64)


def region_of(address: str) -> str:
    return _prefix(address, 24, 48)


def _prefix(address: str, bits_4: int, bits_6: int) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    bits = bits_4 if parsed.version == 4 else bits_6
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def subject_of(text: str) -> bytes:
    """Buckets keep no addresses, only what tells them apart."""
    return hashlib.sha256(text.encode()).digest()[:16]
