"""The sandbox speaks to this machine only."""

from ipaddress import ip_address
from urllib.parse import urlsplit


class NotLoopback(ValueError):
    """An address outside this machine was given to the sandbox."""


def check_loopback(url: str) -> None:
    """Raise NotLoopback unless the URL is http(s) to localhost, 127.0.0.0/8 or ::1. Other names
    are refused unresolved: what they mean can change between the check and the call."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not _is_loopback(host):
        raise NotLoopback(f"The sandbox only calls addresses on this machine, not {host or url!r}.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
