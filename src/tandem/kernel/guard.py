"""HTTP to addresses that people give: never to our own network, however the address is spelt.

The name is resolved here, every address of it must be public, and the connection goes to the very
address that was looked at (so a name that changes its mind gains nothing). Each redirect is looked
at anew. Size and time are bounded. What comes back to a person says that it failed, not what is
behind it.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2 as httpx
import msgspec

from tandem.kernel.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

SECONDS_MAX = 10.0
BYTES_MAX = 64 * 1024
REDIRECTS_MAX = 3
URL_LENGTH_MAX = 2000
PORTS_BELOW_1024 = frozenset({80, 443})
MAIL_PORTS = frozenset({25, 143, 465, 587, 993})
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)*{_LABEL}")
_NUMBERISH = re.compile(r"0x[0-9a-f]*|\d+")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(Invalid):
    """One sentence for all that is not public, so that nobody can map our network with it."""

    code = "address_refused"


class NoAnswer(Exception):
    """`reason` is one of refused, unreachable, too_slow, too_large, redirected_too_often.

    `is_unsent`: there was no connection, so the other side surely has nothing of the request.
    """

    def __init__(self, reason: str, *, is_unsent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_unsent = is_unsent


class Answer(msgspec.Struct, frozen=True):
    """`body` is cut at nothing: a longer one is NoAnswer. `retry_after` as the header has it."""

    status: int
    body: bytes
    retry_after: str = ""


class Target(msgspec.Struct, frozen=True):
    """A URL that was looked at, and the one address that a connection may go to."""

    url: str
    host: str
    port: int
    address: str
    scheme: str


async def look_up(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Guard:
    """`allowed`: networks of the installation's own that its owner opened (CIDR)."""

    def __init__(
        self,
        allowed: Sequence[str] = (),
        resolve: Resolver = look_up,
        *,
        seconds: float = SECONDS_MAX,
    ) -> None:
        self._allowed = [ipaddress.ip_network(network) for network in allowed]
        self._resolve = resolve
        self._seconds = seconds

    async def check(self, url: str) -> Target:
        """Look at a URL; raises AddressRefused. Asked at saving and again for each sending."""
        parts = _parse(url)
        host = (parts.hostname or "").rstrip(".").lower()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if port < 1024 and port not in PORTS_BELOW_1024:
            raise _refused()
        addresses = await self._addresses(host, port)
        own = [self._is_allowed(address) for address in addresses]
        if not addresses or not all(
            is_own or is_public(address) for is_own, address in zip(own, addresses, strict=True)
        ):
            raise _refused()
        if parts.scheme == "http" and not all(own):
            raise _refused()
        return Target(url, host, port, str(addresses[0]), parts.scheme)

    async def address_of(self, host: str, port: int) -> str:
        """The address that a connection of another kind than HTTP may go to (a mail server's).

        Raises AddressRefused. Ports below 1024 are those of mail.
        """
        named = host.rstrip(".").lower()
        if port < 1024 and port not in MAIL_PORTS:
            raise _refused()
        addresses = await self._addresses(named, port)
        if not addresses or not all(
            self._is_allowed(address) or is_public(address) for address in addresses
        ):
            raise _refused()
        return str(addresses[0])

    async def _addresses(self, host: str, port: int) -> list[Address]:
        literal = _literal(host)
        if literal is not None:
            return [literal]
        if not _HOST.fullmatch(host) or _NUMBERISH.fullmatch(host.rpartition(".")[2]):
            raise _refused()
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolve(host, port)
        except (OSError, TimeoutError, UnicodeError) as reason:
            raise _refused() from reason
        return [ipaddress.ip_address(address.partition("%")[0]) for address in found]

    def _is_allowed(self, address: Address) -> bool:
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._allowed)

    async def send(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        redirects: int = 0,
    ) -> Answer:
        """One request within the limits. A redirect is an answer unless `redirects` follow it."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(method, url, content, dict(headers or {}), redirects)
        except TimeoutError as reason:
            raise NoAnswer("too_slow") from reason
        except AddressRefused as reason:
            raise NoAnswer("refused", is_unsent=True) from reason
        except (httpx.ConnectError, httpx.ConnectTimeout) as reason:
            raise NoAnswer("unreachable", is_unsent=True) from reason
        except httpx.TransportError as reason:
            raise NoAnswer("unreachable") from reason

    async def _follow(
        self, method: str, url: str, content: bytes, headers: dict[str, str], redirects: int
    ) -> Answer:
        assert redirects <= REDIRECTS_MAX, "few are enough"
        for _ in range(redirects + 1):
            answer, onwards = await self._once(method, await self.check(url), content, headers)
            if not redirects or onwards is None:
                return answer
            url = urljoin(url, onwards)
        raise NoAnswer("redirected_too_often")

    async def _once(
        self, method: str, target: Target, content: bytes, headers: dict[str, str]
    ) -> tuple[Answer, str | None]:
        default = 443 if target.scheme == "https" else 80
        named = target.host if target.port == default else f"{target.host}:{target.port}"
        sent = {**headers, "host": named, "accept-encoding": "identity"}
        async with (
            httpx.AsyncClient(
                timeout=self._seconds, follow_redirects=False, trust_env=False, verify=_trust()
            ) as client,
            client.stream(
                method,
                _pinned(target),
                content=content,
                headers=sent,
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > BYTES_MAX:
                    raise NoAnswer("too_large")
            onwards = answer.headers.get("location") if answer.is_redirect else None
            wait = answer.headers.get("retry-after", "")
            return Answer(answer.status_code, bytes(body), wait), onwards


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are good: read once, it takes as long as a call."""
    return httpx.create_ssl_context(trust_env=False)


def _pinned(target: Target) -> str:
    """The same URL with the address that was looked at in place of the name."""
    address = f"[{target.address}]" if ":" in target.address else target.address
    parts = urlsplit(target.url)
    return parts._replace(netloc=f"{address}:{target.port}", fragment="").geturl()


def _parse(url: str) -> SplitResult:
    """Refuses what only confuses: other schemes, user names, odd characters, foreign scripts."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as reason:
        raise _refused() from reason
    if parts.scheme not in {"https", "http"} or not parts.hostname or "\\" in url:
        raise _refused()
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _refused()
    return parts


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Reachable by everybody, looked at through every way to wrap an IPv4 address in IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.teredo is not None:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if int(address) >> 32 == 0:  # ::a.b.c.d, given up by RFC 4291
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _refused() -> AddressRefused:
    return AddressRefused(
        "Give a public https address, such as https://shop.example.com/hooks.", field="url"
    )
