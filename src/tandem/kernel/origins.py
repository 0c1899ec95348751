"""Origins of other sites, as people write them down for frames and scripts."""

import re
from urllib.parse import urlsplit

from tandem.kernel.errors import Invalid

_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?")


def read_origin(text: str) -> str:
    """`https://www.example.com`; plain http only for the machine itself."""
    origin = text.strip().lower().rstrip("/")
    host = urlsplit(origin).hostname or ""
    is_local = host in ("localhost", "127.0.0.1")
    if not _ORIGIN.fullmatch(origin) or (origin.startswith("http:") and not is_local):
        raise Invalid("Write an origin as https://www.example.com.", field="allowed_origins")
    return origin
