"""What a company lets its directory do here."""

import msgspec

PERMISSION = "identity.scim"
DEFAULT_ROLE = "read_only"
NOWHERE = "scim.invalid"
"""Where somebody without any address is kept (RFC 2606): nobody signs in with it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`default_role_key`: what everybody new has. Without `allows_administrators` no group gives
    everything."""

    default_role_key: str
    allows_administrators: bool
